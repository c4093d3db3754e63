"""Opaque cursors: where a page ended, in a form that callers only hand back."""

import base64
import binascii
from typing import Final

import orjson

from contracts.base import Refused

CURSOR_CHARACTERS_MAX: Final = 2_000


def cursor_of(*position: str | int) -> str:
    """Return the cursor of a position: the sort values of the last item shown."""
    return base64.urlsafe_b64encode(orjson.dumps(position)).decode().rstrip("=")


def position_of(cursor: str, *kinds: type[str] | type[int]) -> tuple[str | int, ...]:
    """Return the position of a cursor, whose parts must be of these kinds; Refused otherwise."""
    refusal = Refused("invalid-cursor", "Begin again without a cursor; this one is not ours.")
    if len(cursor) > CURSOR_CHARACTERS_MAX:
        raise refusal
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        parts = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, orjson.JSONDecodeError, UnicodeEncodeError, ValueError) as error:
        raise refusal from error
    if (
        not isinstance(parts, list)
        or len(parts) != len(kinds)
        or any(type(part) is not kind for part, kind in zip(parts, kinds, strict=True))
    ):
        raise refusal
    return tuple(parts)
