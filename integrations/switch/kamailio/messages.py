"""The messages of `accounts-manager.cfg`: forms in, `name=value;…` out, which Kamailio can read."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, unquote

from contracts.calls import RECORD_SECONDS_MAX, CallEnded, DialFormat
from integrations.switch.model import AskedCall, Permission, RunningCall
from integrations.switch.refusals import sip_answer

FIELDS_MAX: Final = 20
LINES_MAX: Final = 500
CALLER_CHARACTERS_MAX: Final = 64
"""Of `CallEnded`: a caller writes its own name, and a long one must not keep its call free."""

Form = Mapping[str, str]


def read_form(text: str) -> Form:
    """Return the fields of a form; raises ValueError.

    As Kamailio writes it with `s.escape.param`: a plus is a plus, not a space.
    """
    pairs = [pair.partition("=") for pair in text.split("&", FIELDS_MAX)]
    if len(pairs) > FIELDS_MAX:
        raise ValueError("too many fields")
    return {name: unquote(value) for name, _, value in pairs}


def asked_call(form: Form) -> AskedCall:
    """Return the call that is asked for; raises KeyError."""
    return AskedCall(
        switch_call_id=form["id"],
        caller=form.get("caller", "")[:CALLER_CHARACTERS_MAX],
        destination=form["to"],
        account_id=form.get("account") or None,
        realm=form.get("realm") or None,
        internal=form.get("internal") == "1",
    )


def permission_text(permission: Permission) -> bytes:
    """Return a permission as Kamailio reads it."""
    if permission.reason is not None:
        code, phrase = sip_answer(permission.reason)
        phrase = quote(phrase)  # Kamailio's parameters end at a space
        return f"granted=0;code={code};phrase={phrase};reason={permission.reason}".encode()
    emergency = int(permission.is_emergency)
    return (
        f"granted=1;call={permission.call_id};account={permission.account_id};"
        f"seconds={permission.seconds};emergency={emergency}"
    ).encode()


def running_call(form: Form) -> RunningCall:
    """Return a call that was answered; raises KeyError or ValueError."""
    return RunningCall(
        call_id=form["call"],
        switch_call_id=form["id"],
        account_id=form["account"],
        realm=form["realm"],
        caller=form["caller"][:CALLER_CHARACTERS_MAX],
        destination=form["to"],
        answered_at=_moment(form["at"]),
        seconds=int(form["seconds"]),
        is_emergency=form["emergency"] == "1",
        handle=form["handle"],
    )


def ended_call(form: Form, dial_format: DialFormat | None) -> CallEnded | None:
    """Return the record of a call that has ended; raises KeyError or ValueError.

    Started seconds count whole. Without `at` it was never answered. None: no account is named, so
    there is nobody to charge; only emergency calls may be made like that.
    """
    if not form["account"] and not form["realm"]:
        return None
    answered_at = _moment(form["at"]) if form["at"] else None
    seconds = 0
    if answered_at is not None:
        lasted = (_moment(form["until"]) - answered_at).total_seconds()
        seconds = min(max(math.ceil(lasted), 0), RECORD_SECONDS_MAX)
    return CallEnded(
        call_id=form["call"],
        account_id=form["account"] or None,
        realm=form["realm"] or None,
        caller=form["caller"][:CALLER_CHARACTERS_MAX],
        destination=form["to"],
        dial_format=dial_format,
        answered_at=answered_at,
        seconds=seconds,
    )


def _moment(text: str) -> datetime:
    """Return a time that is written as seconds since 1970."""
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(f"{text} is no time") from error
