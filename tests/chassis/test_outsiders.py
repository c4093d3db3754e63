"""Envelopes that outsiders wrote: what is read of them, and where answers go."""

import struct

import pytest
from pamqp import frame
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from services.chassis import bus, wire
from services.chassis.outsiders import is_direct_reply

assert bus.log, "whoever has a bus reads what cannot be read"
NEW = "g1h2AA5yZXBseUA2ODc4MTMzNAAAcEoAAAAAaS8eQg=="


def test_one_who_asks_directly_is_answered() -> None:
    assert is_direct_reply(f"{wire.REPLY_QUEUE}.{NEW}.bm9ib2R5")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "billing.dead-letters",
        wire.REPLY_QUEUE,
        f"{wire.REPLY_QUEUE}.",
        f"{wire.REPLY_QUEUE}.{NEW}",
        f"{wire.REPLY_QUEUE}.{NEW}.",
        f"{wire.REPLY_QUEUE}.{NEW}.a.b",
        f"{wire.REPLY_QUEUE}.g2dkAA.forged==",
        f"{wire.REPLY_QUEUE}.g2dkAA==.forged==",
        f"{wire.REPLY_QUEUE}.ü.x",
        f"{wire.REPLY_QUEUE}.{NEW[:-4]}.x",
        f"{wire.REPLY_QUEUE}.AAAA{NEW}.x",
        f"{wire.REPLY_QUEUE}.gwAA.x",
    ],
)
def test_nobody_else_is(address: str) -> None:
    assert not is_direct_reply(address)


@pytest.mark.parametrize(
    ("flags", "rest"),
    [
        (0x0040, b"\x7f" * 8),
        (0x0040, b"\x7f"),
        (0x0080, b"\x02\xff\xfe"),
        (0x2000, b"\x00\x00\x00\x05\x01aZ\x00\x00"),
        (0x8000, b""),
    ],
    ids=["time", "half a time", "not UTF-8", "an unknown type", "nothing there"],
)
def test_properties_that_cannot_be_read_are_none(flags: int, rest: bytes) -> None:
    payload = struct.pack(">HxxQHH", Basic.frame_id, 5, flags, 0)[:14] + rest
    data = struct.pack(">BHI", 2, 1, len(payload)) + payload + b"\xce"
    consumed, channel, header = frame.unmarshal(data)
    assert (consumed, channel) == (len(data), 1)
    assert isinstance(header, ContentHeader)
    assert header.body_size == 5
    assert header.properties is not None
    assert dict(header.properties) == dict(Basic.Properties())
