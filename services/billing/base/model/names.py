"""Names of plans and rate sheets, and what is wrong with one that was typed."""

import unicodedata

from contracts.base import FieldError
from contracts.billing import NAME_CHARACTERS_MAX
from contracts.values import FILLERS, is_blank, is_readable


def check_text(text: str, pointer: str, what: str, *, required: str = "") -> list[FieldError]:
    """Return what is wrong with a trimmed text in people's own words, such as a note.

    `what` names it in the sentence, `required` is the sentence where there must be one.
    """
    if required and is_blank(text):
        return [FieldError(pointer=pointer, type="required", detail=required)]
    if is_readable(text):
        return []
    detail = f"Retype {what}. It has characters that can't be shown."
    return [FieldError(pointer=pointer, type="invalid-characters", detail=detail)]


def check_plan_name(name: str) -> list[FieldError]:
    """Return what is wrong with a plan's name: the rule is that of account names (SPEC 1)."""
    strange = sorted({c for c in name if not _is_letter_or_digit(c) and c not in " .,&'-"})
    if strange:
        shown = " ".join(strange[:5])
        detail = f"Use letters, digits, spaces and . , & ' - in the plan name, not {shown}"
        return [FieldError(pointer="/plan/name", type="invalid-characters", detail=detail)]
    return _check("/plan/name", name, "plan name")


def check_sheet_name(name: str) -> list[FieldError]:
    """Return what is wrong with a rate sheet's name: it may hold any sign that can be read."""
    if not is_readable(name):
        detail = "Retype the name. It has characters that can't be shown."
        return [FieldError(pointer="/name", type="invalid-characters", detail=detail)]
    return _check("/name", name, "rate sheet name")


def _check(pointer: str, name: str, what: str) -> list[FieldError]:
    if not name:
        return [FieldError(pointer=pointer, type="required", detail=f"Enter the {what}.")]
    if len(name) > NAME_CHARACTERS_MAX:
        detail = f"Shorten the {what} to {NAME_CHARACTERS_MAX} characters."
        return [FieldError(pointer=pointer, type="too-long", detail=detail)]
    if not any(_is_letter_or_digit(character) for character in name):
        detail = f"Use at least one letter or digit in the {what}."
        return [FieldError(pointer=pointer, type="invalid-characters", detail=detail)]
    return []


def _is_letter_or_digit(character: str) -> bool:
    """Letters of any script, with the marks that belong to them, and digits."""
    category = unicodedata.category(character)
    return character not in FILLERS and (category[0] in "LM" or category == "Nd")
