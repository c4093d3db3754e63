"""What becomes of a call of a file: charged, set aside for a person, or nothing to charge."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from pydantic import ValidationError

from contracts.call_files import ACCOUNT_IGNORED, FileCall, Naming
from contracts.call_files.accounts import field_of
from contracts.call_files.legs import Outcome as CallOutcome
from contracts.calls import CallEnded, DialFormat

Status = Literal["charged", "rejected", "not-answered", "not-outbound", "ignored"]


NOTHING: Final[Mapping[CallOutcome, Status]] = {
    "not-answered": "not-answered",
    "not-outbound": "not-outbound",
}


class Outcome(NamedTuple):
    """What becomes of a call."""

    call: FileCall
    status: Status
    account: str = ""
    record: CallEnded | None = None
    """What billing is sent of a call that is to be charged."""

    detail: str = ""


def outcome_of(call: FileCall, naming: Naming, dial_format: DialFormat | None) -> Outcome:
    """Return what becomes of a call."""
    if (status := NOTHING.get(call.outcome)) is not None:
        return Outcome(call, status, detail=call.detail)
    account = naming.account_of(call.leg)
    if account == ACCOUNT_IGNORED:
        return Outcome(call, "ignored")
    if call.outcome == "unclear":
        return Outcome(call, "rejected", account, detail=call.detail)
    if not account:
        code = naming.code_of(call.leg)[:40]
        detail = f"“{code}” is no account that was explained." if code else "It names no account."
        return Outcome(call, "rejected", detail=detail)
    leg = call.leg
    by_realm = field_of(account) == "realm"
    try:
        record = CallEnded(
            call_id=leg.call_id,
            account_id=None if by_realm else account,
            realm=account if by_realm else None,
            caller=leg.caller,
            destination=leg.destination,
            dial_format=dial_format,
            answered_at=leg.answered_at,
            seconds=leg.seconds,
        )
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        detail = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in faults)
        return Outcome(call, "rejected", account, detail=detail)
    return Outcome(call, "charged", account, record, call.detail)
