"""The name that confirms a step which cannot be undone."""

import unicodedata
from typing import Protocol

from contracts.base import FieldError, Refused


class Confirmed(Protocol):
    """A command that names what it ends for good."""

    @property
    def confirm_name(self) -> str | None:
        """The name that was sent; None when none was."""
        ...


def refuse_unconfirmed(command: Confirmed, name: str, noun: str) -> None:
    """Refuse a command unless it confirms this name; `noun` is what has it, such as "account".

    Space around and inside the name doesn't matter, case does.
    """
    if command.confirm_name is None:
        detail = f"Send the {noun}’s name as confirm_name. This can’t be undone."
        error = FieldError(pointer="/confirm_name", type="required", detail=detail)
        raise Refused("invalid-fields", detail, (error,))
    if " ".join(unicodedata.normalize("NFC", command.confirm_name).split()) != name:
        detail = f"Type the {noun}’s name exactly: {name}"
        error = FieldError(pointer="/confirm_name", type="name-does-not-match", detail=detail)
        raise Refused("name-does-not-match", detail, (error,))
