"""Detail files of FreeRADIUS: each Accounting-Request as lines, of which Stops are calls."""

import re
from typing import Final
from zoneinfo import ZoneInfo

from contracts.call_files import Leg, leg_of
from contracts.calls import CALL_ID_CHARACTERS_MAX

_ATTRIBUTE: Final = re.compile(r"\s+([A-Za-z][A-Za-z0-9-]*)(?::\d+)? [:+]?= (.*)")
_MEANINGS: Final = ("call_id", "account", "caller", "destination", "answered_at", "seconds")
_ADDRESS: Final = re.compile(r"(?:sips?|tel):([^@;]*)(?:@([^;:]*))?.*", re.IGNORECASE)


def leg_of_detail(line: int, text: str, zone: ZoneInfo | None) -> Leg | None:
    """Return the leg that an entry is; None for one that ends no call."""
    told: dict[str, str] = {}
    for one in text.splitlines():
        if found := _ATTRIBUTE.fullmatch(one):
            told.setdefault(found[1], _plain(found[2]))
    if not told:
        return Leg(line, "", fault="The entry isn't one of a detail file.")
    if told.get("Acct-Status-Type") not in {"Stop", "2"}:
        return None
    seconds = told.get("Acct-Session-Time", "")
    cells = (
        _call_id(told),
        _account(told.get("User-Name", "")),
        _number(told.get("Calling-Station-Id", "")),
        _number(told.get("Called-Station-Id", "")),
        _answered_at(told, seconds),
        seconds,
    )
    return leg_of(line, cells, _MEANINGS, zone)


def _plain(text: str) -> str:
    text = text.strip()
    is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1].replace('\\"', '"') if is_quoted else text


def _call_id(told: dict[str, str]) -> str:
    """Return an id that other NAS don't use as well."""
    session_id = told.get("Acct-Session-Id", "")
    nas = told.get("NAS-Identifier") or told.get("NAS-IP-Address") or ""
    if not session_id:
        return ""
    whole = f"{session_id}@{nas}" if nas else session_id
    if len(whole) <= CALL_ID_CHARACTERS_MAX:
        return whole
    return told.get("Acct-Unique-Session-Id") or whole  # too long: the leg says so


def _account(user_name: str) -> str:
    """Return what names the account: the realm where there's one."""
    if found := _ADDRESS.fullmatch(user_name):
        return found[2] or found[1]
    return user_name.rpartition("@")[2]


def _number(station: str) -> str:
    found = _ADDRESS.fullmatch(station)
    return found[1] if found else station


def _answered_at(told: dict[str, str], seconds: str) -> str:
    """Return when the call was answered, from when it ended."""
    stamp = told.get("Timestamp", "")
    delay = told.get("Acct-Delay-Time", "0")
    if not (stamp.isdecimal() and seconds.isdecimal() and delay.isdecimal()):
        return ""
    return str(int(stamp) - int(delay) - int(seconds))
