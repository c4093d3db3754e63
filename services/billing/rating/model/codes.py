"""Prefixes as carriers write them: several in one cell, ranges, and what is dialled before them."""

import re
from typing import Final

from services.billing.base.model.country import calling_code

CODES_PER_CELL_MAX: Final = 1_000
PREFIX_DIGITS_MAX: Final = 15

_SCIENTIFIC: Final = re.compile(r"[+-]?\d+([.,]\d+)?[eE][+-]?\d+", re.ASCII)
_SEPARATORS: Final = re.compile(r"\s*[,;/|&]\s*")
_RANGE: Final = re.compile(r"(\S+?)\s*(?:-|–|—|\.\.+|\bto\b)\s*(\S+)")
_THOUSANDS: Final = re.compile(r"[1-9]\d{0,2}(,\d{3})+", re.ASCII)
_DIGITS: Final = re.compile(r"[1-9]\d*", re.ASCII)
_DIALLED: Final = re.compile(r"\+|00|011(?=[1-9])")
"""What stands before a country code where calls abroad are dialled."""


def prefixes_of(text: str) -> list[str]:
    """Return the prefixes that a cell names, each once; ValueError with a sentence otherwise."""
    if _SCIENTIFIC.fullmatch(text):
        message = (
            "The prefix is in scientific notation, so its last digits are lost. Format the column "
            "as text in the spreadsheet and export it again."
        )
        raise ValueError(message)
    if _THOUSANDS.fullmatch(text):
        message = (
            f"“{text}” may be one prefix or several. Write {text.replace(',', '')} or "
            f"{text.replace(',', '; ')}."
        )
        raise ValueError(message)
    found: dict[str, None] = {}
    for part in filter(None, _SEPARATORS.split(text)):
        ends = _RANGE.fullmatch(part)
        codes = _range(ends[1], ends[2]) if ends else [_code(part)]
        found.update(dict.fromkeys(codes))
        if len(found) > CODES_PER_CELL_MAX:
            raise ValueError(_TOO_MANY)
    if not found:
        message = "The cell names no prefix. Write 1 to 15 digits, country code first."
        raise ValueError(message)
    return list(found)


_TOO_MANY: Final = f"A cell may name {CODES_PER_CELL_MAX:,} prefixes at most. Use shorter ones."


def _range(first: str, last: str) -> list[str]:
    begin, end = _code(first), _code(last)
    # 33-45 is how some write the area 45 of France; a range lies within one calling code
    if len(begin) != len(end) or int(begin) >= int(end) or calling_code(begin) != calling_code(end):
        message = (
            f"“{first}-{last}” is no range of prefixes in one country. Write both ends with all "
            "digits, the lower one first, such as 1201-1203."
        )
        raise ValueError(message)
    if int(end) - int(begin) >= CODES_PER_CELL_MAX:
        raise ValueError(_TOO_MANY)
    return [check_code(str(code)) for code in range(int(begin), int(end) + 1)]


def _code(text: str) -> str:
    dialled = _DIALLED.match(text)
    return check_code(text[dialled.end() :] if dialled else text)


def check_code(digits: str) -> str:
    """Return a prefix that a number can begin with; ValueError with a sentence otherwise."""
    if digits.startswith("0"):
        message = "A prefix begins with the country code, without zeros before it."
        raise ValueError(message)
    if _DIGITS.fullmatch(digits) is None or len(digits) > PREFIX_DIGITS_MAX:
        message = "Write the prefix as 1 to 15 digits, country code first, such as 4420."
        raise ValueError(message)
    if digits.startswith(("10", "11")):
        message = (
            f"No number begins with {digits[:2]} after the +. If {digits[:2]} is what is dialled "
            "for calls abroad, take it off."
        )
        raise ValueError(message)
    return digits
