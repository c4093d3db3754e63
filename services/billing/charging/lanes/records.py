"""Records of calls as they come from the switch; a bad one among them stands alone."""

import json
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from pydantic import JsonValue, TypeAdapter, ValidationError

from contracts.calls import RECORDS_PER_MESSAGE_MAX, CallEnded

REASON_CHARACTERS_MAX: Final = 500
_RECORDS: Final = TypeAdapter(list[CallEnded])


class Malformed(NamedTuple):
    """A record that is none, as it came."""

    record: dict[str, JsonValue]
    detail: str


Record = CallEnded | Malformed


def read(body: bytes) -> Sequence[Record]:
    """Return the records of a message: one object, or an array of up to 100.

    ValueError when the message is no JSON, or nothing in it could be a record.
    """
    try:
        if body[:1] == b"[":
            records = _RECORDS.validate_json(body)
        else:
            records = [CallEnded.model_validate_json(body)]
    except ValidationError:
        return _one_by_one(body)
    if not 1 <= len(records) <= RECORDS_PER_MESSAGE_MAX:
        message = f"a message holds 1 to {RECORDS_PER_MESSAGE_MAX} records, not {len(records)}"
        raise ValueError(message)
    return records


def _one_by_one(body: bytes) -> Sequence[Record]:
    found: Any = json.loads(body)
    items: list[Any] = found if isinstance(found, list) else [found]  # pyright: ignore[reportUnknownVariableType] - what it holds is looked at below
    if not 1 <= len(items) <= RECORDS_PER_MESSAGE_MAX:
        message = f"a message holds 1 to {RECORDS_PER_MESSAGE_MAX} records, not {len(items)}"
        raise ValueError(message)
    if not all(isinstance(item, dict) for item in items):
        message = "a record is a JSON object"
        raise ValueError(message)
    return [record_of(item) for item in items]


def record_of(item: dict[str, JsonValue]) -> Record:
    """Return the record that a JSON object is, or why it is none."""
    try:
        return CallEnded.model_validate_json(json.dumps(item))
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        lines = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults]
        return Malformed(_writable(item), "; ".join(lines)[:REASON_CHARACTERS_MAX])


def _writable(item: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Return an object without halves of characters, which JSON can escape but nobody can write."""
    text = json.dumps(item, ensure_ascii=False)
    return json.loads(text.encode(errors="surrogatepass").decode(errors="replace"))
