"""What outsiders may write into a message's envelope, read so that nobody falls over it.

A message's properties cross the broker unread. One property that cannot be read costs the reader
its connection, and the message comes again on the next one; an answer to an address that RabbitMQ
cannot read costs the answerer its connection as well.
"""

import base64
import binascii
import struct
from functools import lru_cache
from typing import Final

import structlog
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from services.chassis import wire

_PID_TAILS: Final = {b"\x83X": 12, b"\x83g": 9}
"""Bytes after the node's name in a process id (Erlang's external term format, 12.21 and 12.6)."""

_NAME_LENGTHS: Final = {b"w": "B", b"s": "B", b"v": ">H", b"d": ">H"}

ADDRESSES_REMEMBERED: Final = 1_024
"""Each asker asks from one address for as long as it is connected."""

log = structlog.get_logger()


@lru_cache(maxsize=ADDRESSES_REMEMBERED)
def is_direct_reply(address: str) -> bool:
    """Tell whether an answer may go there: to one who asks with RabbitMQ's direct reply-to.

    The address is `amq.rabbitmq.reply-to.<process>.<key>`, with a process id of Erlang in Base64.
    Anything else is a queue, which might be anybody's, or breaks RabbitMQ.
    """
    prefix = f"{wire.REPLY_QUEUE}."
    process, dot, key = address.removeprefix(prefix).partition(".")
    if not (address.startswith(prefix) and dot and key) or "." in key:
        return False
    try:
        term = base64.b64decode(process, validate=True)
        form = _NAME_LENGTHS[term[2:3]]
        (length,) = struct.unpack_from(form, term, 3)
        return len(term) == 3 + struct.calcsize(form) + length + _PID_TAILS[term[:2]]
    except (binascii.Error, struct.error, KeyError, ValueError):
        return False


_read_header = ContentHeader.unmarshal


def _read_header_or_nothing(self: ContentHeader, data: bytes) -> None:
    try:
        _read_header(self, data)
    except (ValueError, OverflowError, OSError, RecursionError, struct.error, KeyError) as error:
        log.warning("properties of a message not readable", reason=type(error).__name__)
        self.properties = Basic.Properties()


def tolerate_unreadable_properties() -> None:
    """Read a message whose properties cannot be read as one that has none.

    pamqp raises, which ends the connection; it has no setting for that.
    """
    ContentHeader.unmarshal = _read_header_or_nothing
