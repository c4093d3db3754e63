"""Phone numbers as people write them, and the one sentence that says what is wrong with one."""

import re
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumber

from contracts.numbers import NumberFormat

_SCIENTIFIC: Final = re.compile(r"[+-]?\d+([.,]\d+)?[eE][+-]?\d+", re.ASCII)
_DECIMAL: Final = re.compile(r"\+?\d+[.,]0+", re.ASCII)
_RANGE: Final = re.compile(
    r"\+?\d[\d ]{5,}\d *(-|–|—|\.\.+|to|until) *\+?\d[\d ]{5,}\d", re.ASCII | re.IGNORECASE
)
_SEVERAL: Final = re.compile(r"\d{6,} *[,;/|] *\+?\d{6,}", re.ASCII)
_EXAMPLE: Final = "+442079460018"
_NO_NUMBER: Final = f"This is not a phone number. Write it like {_EXAMPLE}."


def parse_number(text: str, written: NumberFormat, country: str) -> PhoneNumber:
    """Return a phone number written in this format; ValueError with a sentence otherwise.

    A number with a plus sign is international in every format. `country` is the region of
    national ones, and of no others.
    """
    text = text.strip()
    _refuse_known_faults(text)
    if text.startswith("+"):
        return _parsed(text, None)
    if written == "national":
        return _parsed(text, country)
    digits = re.sub(r"\D", "", text, flags=re.ASCII)
    if not digits:
        raise ValueError(_NO_NUMBER)
    if digits.startswith("00"):
        message = f"The number begins with 00. Write + instead: +{digits[2:]}."
        raise ValueError(message)
    if digits.startswith("0"):
        message = (
            "The number begins with 0, so its country code is missing. Write it with + and the "
            f"country code, such as {_EXAMPLE}."
        )
        raise ValueError(message)
    if written == "without-plus":
        return _parsed(f"+{text}", None)
    message = (
        f"The number has no +. Write it like {_EXAMPLE}, or state that the column has numbers "
        "without + (number_without_plus or number_national)."
    )
    raise ValueError(message)


def _refuse_known_faults(text: str) -> None:
    if not text:
        message = f"The row has no number. Write it like {_EXAMPLE}."
        raise ValueError(message)
    if _SCIENTIFIC.fullmatch(text):
        message = (
            f"A spreadsheet has shortened this number to {text}, so its last digits are lost. "
            "Format the column as text there and export it again."
        )
        raise ValueError(message)
    if _DECIMAL.fullmatch(text):
        message = (
            "A spreadsheet has given this number decimals. Format the column as text there and "
            "export it again."
        )
        raise ValueError(message)
    if _RANGE.fullmatch(text):
        message = "This is a range of numbers. Write each number in a row of its own."
        raise ValueError(message)
    if _SEVERAL.search(text):
        message = "These are several numbers. Write each number in a row of its own."
        raise ValueError(message)


def _parsed(text: str, country: str | None) -> PhoneNumber:
    try:
        return phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        raise ValueError(_NO_NUMBER) from None
