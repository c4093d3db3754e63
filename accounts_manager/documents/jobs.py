"""What printer and worker send each other through pipes: a length, then so many bytes.

A page as HTML goes to the worker, a PDF comes back.
"""

import struct
from typing import Final

FRAME_BYTES_MAX: Final = 16_000_000
HEAD: Final = struct.Struct(">I")
PRINTED: Final = b"\x01"
"""Before a PDF; before the reason why there is none stands `FAILED`."""

FAILED: Final = b"\x00"


def framed(content: bytes) -> bytes:
    """Return content with its length before it."""
    assert len(content) <= FRAME_BYTES_MAX, "what is printed has limits of its own"
    return HEAD.pack(len(content)) + content


def length_of(head: bytes) -> int:
    """Return how many bytes follow a head; ValueError when no frame is as long."""
    (length,) = HEAD.unpack(head)
    if length > FRAME_BYTES_MAX:
        message = f"a frame of {length} bytes"
        raise ValueError(message)
    return length
