"""Every kind of message that a broken or hostile neighbour may send, made from the contracts."""

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from aiormq.abc import FieldValue
from pamqp.commands import Basic

import contracts
from contracts.base import Message
from services.chassis import wire

EXAMPLES: Final = Path(contracts.__file__).parent / "examples"
DEEP_LEVELS: Final = 10_000
LARGE_BYTES: Final = 5_000_000
FORGED: Final = "eyJhbGciOiJFZDI1NTE5In0.eyJpZCI6InVzcl8xIn0.AAAA"


class Broken(NamedTuple):
    """A message and what is wrong with it; `kept` says that it must be among the dead letters."""

    fault: str
    body: bytes
    properties: Basic.Properties
    kept: bool


class RawProperties(Basic.Properties):
    """Properties as no library of ours would write them: the bytes on the line."""

    raw = b""

    def marshal(self) -> bytes:
        """Return the bytes."""
        return self.raw


def raw(flags: int, rest: bytes) -> Basic.Properties:
    """Return properties with these flags (AMQP 0-9-1, 4.2.6.1) and bytes."""
    properties = RawProperties()
    properties.raw = flags.to_bytes(2) + rest
    return properties


def properties_of(kind: type[Message], **others: Any) -> Basic.Properties:  # noqa: ANN401 - each property has a type of its own
    """Return the properties of an ordinary message, but for these."""
    usual: dict[str, Any] = {
        "message_id": uuid.uuid4().hex,
        "message_type": kind.topic,
        "content_type": wire.JSON_TYPE,
        "correlation_id": uuid.uuid4().hex,
        "timestamp": datetime.now(UTC),
    }
    return Basic.Properties(**{**usual, **others})


def bodies(kind: type[Message]) -> Iterator[tuple[str, bytes]]:
    """Yield bodies that may be none of this kind."""
    yield "empty", b""
    yield "not JSON", b"account closed"
    yield "half of JSON", b'{"account_id": "acc_'
    yield "not UTF-8", b'{"account_id": "\xff\xfe"}'
    yield "UTF-16", '{"account_id": "acc_1"}'.encode("utf-16")
    yield "null bytes", b"\x00" * 64
    yield "an array", b"[]"
    yield "a text", b'"account closed"'
    yield "null", b"null"
    yield "no fields", b"{}"
    yield "deep", b"[" * DEEP_LEVELS + b"]" * DEEP_LEVELS
    nested = b'{"a":' * DEEP_LEVELS + b"1" + b"}" * DEEP_LEVELS
    yield "deep inside", b'{"account_id":' + nested + b"}"
    fields = list(kind.model_fields)
    for name, value in (
        ("wrong types", {"nested": [None]}),
        ("huge numbers", 10**400),
        ("negative numbers", -(2**70)),
        ("null texts", "\x00"),
        ("long texts", "x" * 20_000),
    ):
        yield name, json.dumps(dict.fromkeys(fields, value)).encode()
    yield "halves of characters", json.dumps(dict.fromkeys(fields, "\ud800")).encode()
    yield "not a number", json.dumps(dict.fromkeys(fields, float("nan"))).encode()


def messages(kind: type[Message], victim: str) -> Iterator[Broken]:
    """Yield broken messages of a kind; `victim` is a queue that must get none of the answers."""
    dead = not _is_query(kind)
    for fault, body in bodies(kind):
        yield Broken(fault, body, properties_of(kind), dead and not _is_valid(kind, body))
    nothing = b"not JSON"
    for fault, others in (
        ("no id", {"message_id": None}),
        ("no type", {"message_type": None}),
        ("a wrong type", {"message_type": "x" * 255}),
        ("another content", {"content_type": "image/png", "content_encoding": "gzip"}),
        ("no correlation", {"correlation_id": None, "reply_to": victim}),
        ("another's queue to answer to", {"reply_to": victim}),
        ("a forged address to answer to", {"reply_to": f"{wire.REPLY_QUEUE}.g2dkAA==.forged=="}),
        ("long properties", {"correlation_id": "ü" * 127, "message_type": "ü" * 127}),
    ):
        kept = dead and others.get("message_id", "") is not None
        yield Broken(fault, nothing, properties_of(kind, **others), kept)
    example = (EXAMPLES / kind.topic / "001.json").read_bytes()
    for fault, headers in _headers():
        signed = headers.get(wire.PRINCIPAL_HEADER)
        body = example if signed else nothing
        yield Broken(fault, body, properties_of(kind, headers=headers), dead)
    timestamp, message_id = 0x0040, 0x0080
    yield Broken("a time beyond all", nothing, raw(timestamp, b"\x7f" * 8), kept=False)
    yield Broken("an id not UTF-8", nothing, raw(message_id, b"\x02\xff\xfe"), kept=False)


def _headers() -> Iterator[tuple[str, dict[str, FieldValue]]]:
    yield "a forged principal", {wire.PRINCIPAL_HEADER: FORGED}
    yield "a principal that is none", {wire.PRINCIPAL_HEADER: "\x00ü." * 50}
    yield "a principal of an odd type", {wire.PRINCIPAL_HEADER: {"id": ["usr_1", 1.5, None]}}
    yield (
        "headers of odd types",
        {
            wire.TRAIL_HEADER: [1, {"a": bytearray(b"\xff")}],
            wire.FINGERPRINT_HEADER: 2**62,
            wire.RECEIPT_ONLY_HEADER: None,
            wire.CHECK_ONLY_HEADER: [None],
            wire.REASON_HEADER: datetime(2026, 1, 1, tzinfo=UTC),
            wire.QUEUE_HEADER: {"x": "y"},
            "x-death": "yesterday",
        },
    )
    yield "a long trail", {wire.TRAIL_HEADER: "ü" * 50_000}


def _is_valid(kind: type[Message], body: bytes) -> bool:
    try:
        kind.model_validate_json(body)
    except ValueError:
        return False
    return True


def _is_query(kind: type[Message]) -> bool:
    return wire.is_lost_with_broker(kind)


def large(kind: type[Message]) -> Broken:
    """Return a message of five megabytes."""
    body = json.dumps(dict.fromkeys(kind.model_fields, "x" * LARGE_BYTES)).encode()
    return Broken("large", body, properties_of(kind), kept=not _is_query(kind))
