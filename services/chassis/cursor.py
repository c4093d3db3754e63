"""Opaque cursors: where a page ended, in a form that callers only hand back."""

import base64
import binascii
from typing import Annotated, Final

from pydantic import Field, TypeAdapter, ValidationError

from contracts.base import Refused

CURSOR_CHARACTERS_MAX: Final = 2_000

# numbers as the database has them, and their negatives: a larger one would break the query
_Number = Annotated[int, Field(gt=-(2**63), lt=2**63)]
_POSITION: Final = TypeAdapter(tuple[str | _Number, ...])


def cursor_of(*position: str | int) -> str:
    """Return the cursor of a position: the sort values of the last item shown."""
    return base64.urlsafe_b64encode(_POSITION.dump_json(position)).decode().rstrip("=")


def position_of(cursor: str, *kinds: type[str] | type[int]) -> tuple[str | int, ...]:
    """Return the position of a cursor, whose parts must be of these kinds; Refused otherwise."""
    refusal = Refused("invalid-cursor", "This cursor isn’t valid. Start again without one.")
    if len(cursor) > CURSOR_CHARACTERS_MAX:
        raise refusal
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        parts = _POSITION.validate_json(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValidationError, ValueError) as error:
        raise refusal from error
    if tuple(type(part) for part in parts) != kinds:
        raise refusal
    return parts
