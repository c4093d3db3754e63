"""Records of calls as JSON: what mod_json_cdr of FreeSWITCH writes, and Kazoo's CDRs."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Final, Literal, NamedTuple
from urllib.parse import unquote

from pydantic import JsonValue

from contracts.call_files.rows import Leg, leg_of

JsonFormat = Literal["freeswitch-json", "kazoo-json"]

_BLANK: Final = re.compile(r"[\s,]*")
_DIGITS: Final = re.compile(r"\d{1,6}", re.ASCII)
_GREGORIAN: Final = re.compile(r"6\d{10}", re.ASCII)
_EPOCH: Final = re.compile(r"\d{10}", re.ASCII)
_FROM_YEAR_0_TO_1970_SECONDS: Final = 62_167_219_200
_DECODER: Final = json.JSONDecoder()


class JsonRecord(NamedTuple):
    """An object of a file, and where it begins."""

    line: int
    """Inside an envelope: which of its records it is, from 1 on."""

    value: Mapping[str, JsonValue]


def json_records(text: str, records_max: int) -> list[JsonRecord]:
    """Return the records of a text: one object, several one after the other, or an array.

    Also the envelope `{"data": […]}` of Kazoo's API. ValueError with a sentence for anything else.
    """
    try:
        found = list(islice(_objects(text), records_max + 1))
    except _FileError:
        raise
    except (ValueError, RecursionError) as error:
        line = text.count("\n", 0, getattr(error, "pos", 0)) + 1
        message = f"The file isn't valid JSON (line {line}). Export it again."
        raise _FileError(message) from error
    if len(found) > records_max:
        message = f"The file has more than {records_max:,} records. Split it."
        raise _FileError(message)
    if not found:
        message = "The file has no records. Choose the file that has the calls."
        raise _FileError(message)
    return found


class _FileError(ValueError):
    """A file that can't be read, in a sentence."""


def _objects(text: str) -> Iterator[JsonRecord]:
    start = text.find("[") + 1 if text.lstrip().startswith("[") else 0
    end = len(text.rstrip().removesuffix("]")) if start else len(text)
    position, line, counted = start, 1, 0
    while True:
        found = _BLANK.match(text, position)
        position = found.end() if found else position
        if position >= end:
            return
        line, counted = line + text.count("\n", counted, position), position
        decoded: tuple[JsonValue, int] = _DECODER.raw_decode(text, position)
        value, position = decoded
        data = value.get("data") if isinstance(value, dict) else None
        if isinstance(data, list):
            for number, one in enumerate(data, start=1):
                yield JsonRecord(number, _object(one, number))
        else:
            yield JsonRecord(line, _object(value, line))


def _object(value: JsonValue, line: int) -> Mapping[str, JsonValue]:
    if not isinstance(value, dict):
        message = f"Each record is a JSON object, but the one at line {line} isn't."
        raise _FileError(message)
    return value


def fitting_json(record: JsonRecord) -> JsonFormat | None:
    """Return the format that a record seems to have."""
    if isinstance(record.value.get("variables"), dict):
        return "freeswitch-json"
    if "billing_seconds" in record.value and "call_id" in record.value:
        return "kazoo-json"
    return None


def leg_of_json(name: JsonFormat, record: JsonRecord) -> Leg:
    """Return the leg that a record of a format is."""
    fields = _READERS[name](record.value)
    if fields is None:
        return Leg(record.line, "", fault="The record isn't one of this format.")
    told = {meaning: text for meaning, text in fields.items() if text is not None}
    return leg_of(record.line, list(told.values()), list(told), None)


def _text(value: JsonValue, *path: str) -> str:
    """Return the text at a path, empty when there is none."""
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).strip()


# --- FreeSWITCH --------------------------------------------------------------------------------


def _freeswitch(record: Mapping[str, JsonValue]) -> dict[str, str | None] | None:
    variables = record.get("variables")
    if not isinstance(variables, dict):
        return None

    def told(*names: str) -> str:
        found = (_text(variables, name) for name in names)
        # mod_json_cdr encodes values unless its setting says otherwise
        return unquote(next(filter(None, found), ""))

    flow = record.get("callflow")
    # the newest first, as `${destination_number}` of the CSV templates
    first = flow[0] if isinstance(flow, list) and flow else flow
    profile = first.get("caller_profile") if isinstance(first, dict) else None
    answered = told("answer_epoch", "answer_stamp")
    return {
        "call_id": told("call_uuid", "uuid"),
        "account": told("accountcode", "domain_name", "sip_auth_realm"),
        "caller": unquote(_text(profile, "caller_id_number")) or told("caller_id_number"),
        "destination": unquote(_text(profile, "destination_number")) or told("destination_number"),
        "answered_at": "" if answered == "0" else answered,
        "seconds": told("billsec"),
        "hangup_cause": told("hangup_cause"),
        # an outbound leg counts first; the leg that came in counts if it was put through to one
        "direction": "outbound" if told("direction") == "outbound" else None,
        "called_channel": None
        if told("direction") == "outbound" or told("bridge_uuid", "last_bridge_to", "signal_bond")
        else "",
    }


# --- Kazoo -------------------------------------------------------------------------------------


def _kazoo(record: Mapping[str, JsonValue]) -> dict[str, str | None] | None:
    value: JsonValue = dict(record)
    call_id = _text(value, "call_id")
    seconds = _text(value, "billing_seconds")
    if not call_id or not _DIGITS.fullmatch(seconds):
        return None
    direction = _text(value, "call_direction") or _text(value, "direction")
    variables = "custom_channel_vars"
    resource = _text(value, variables, "resource_type")
    is_device = bool(_text(value, "authorizing_id") or _text(value, variables, "authorizing_id"))
    came_in = resource == "offnet-origination" or (
        _text(value, variables, "authorizing_type") == "resource"
    )
    went_out = direction == "outbound" and resource == "offnet-termination"
    other = _text(value, "other_leg_call_id") if direction == "outbound" else ""
    return {
        "call_id": _text(value, "interaction_id") or other or call_id,
        "account": _text(value, variables, "account_realm")
        or _text(value, variables, "realm")
        or _text(value, "from").rpartition("@")[2]
        or _text(value, variables, "account_id"),
        "caller": _text(value, "caller_id_number"),
        "destination": _text(value, "dialed_number")
        or _text(value, "request").partition("@")[0]
        or _text(value, "to").partition("@")[0],
        "answered_at": _answered(value, int(seconds)),
        "seconds": seconds,
        "hangup_cause": _text(value, "hangup_cause"),
        "direction": "outbound" if went_out else None,
        # a leg that a device of ours began, unless it's one that came in from a carrier
        "called_channel": None
        if went_out or (direction == "inbound" and is_device and not came_in)
        else "",
    }


def _answered(value: JsonValue, seconds: int) -> str:
    """Return when a leg was answered: its record is made when it ends, and says when that was."""
    ended = _text(value, "unix_timestamp")
    if _EPOCH.fullmatch(ended):
        return str(int(ended) - seconds)
    ended = _text(value, "timestamp")
    if _GREGORIAN.fullmatch(ended):
        return str(int(ended) - _FROM_YEAR_0_TO_1970_SECONDS - seconds)
    return ""


_READERS: Final[
    Mapping[JsonFormat, Callable[[Mapping[str, JsonValue]], dict[str, str | None] | None]]
] = {"freeswitch-json": _freeswitch, "kazoo-json": _kazoo}
