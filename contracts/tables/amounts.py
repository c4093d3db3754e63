"""Amounts as people write them, read only where they can mean one thing."""

import re
from collections.abc import Iterable
from typing import Final

from contracts.tables.aliases import CURRENCIES

_SYMBOLS: Final = {
    "$": frozenset(("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "COP", "CLP", "TWD")),
    "US$": frozenset(("USD",)),
    "€": frozenset(("EUR",)),
    "£": frozenset(("GBP", "EGP")),
    "¥": frozenset(("JPY", "CNY")),
    "₹": frozenset(("INR",)),
    "zł": frozenset(("PLN",)),
}
_CENTS: Final = re.compile(r"[¢c]|ct|cts|cents?|p|pence", re.IGNORECASE)
_SIGNS: Final = {"\u2212": "-", "–": "-", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "’": "'"}
_PARTS: Final = re.compile(
    r"(?P<before>[^\d.,+-]*)(?P<sign>[+-]?)\s*(?P<before2>[^\d.,]*)"
    r"(?P<digits>[\d.,' ]*\d[\d.,' ]*?)\s*(?P<after>[^\d.,' ]*)",
    re.ASCII,
)
_PLAIN: Final = re.compile(r"\d*(\.\d+)?", re.ASCII)
_COMMA: Final = re.compile(r"\d*,\d+", re.ASCII)
_GROUPS_OF_COMMAS: Final = re.compile(r"[1-9]\d{0,2}(,\d{3})+(\.\d+)?", re.ASCII)
_GROUPS_OF_POINTS: Final = re.compile(r"[1-9]\d{0,2}(\.\d{3})+(,\d+)?", re.ASCII)
_GROUPS_OF_SPACES: Final = re.compile(r"[1-9]\d{0,2}([ ']\d{3})+([.,]\d+)?", re.ASCII)
_SCIENTIFIC: Final = re.compile(r"[+-]?\d+([.,]\d+)?[eE][+-]?\d+", re.ASCII)
_POINT: Final = re.compile(r"(\d*\.\d{1,2}|\d*\.\d{4,}|0?\.\d+|\d{4,}\.\d+)", re.ASCII)
"""A point that can only be a decimal one."""

_CERTAIN_COMMA: Final = re.compile(r"(\d*,\d{1,2}|\d*,\d{4,}|0?,\d+|\d{4,},\d+)", re.ASCII)
_AMOUNT_CHARACTERS_MAX: Final = 40
_ONE_GROUP: Final = re.compile(r"[1-9]\d{0,2},\d{3}", re.ASCII)


def read_amount(text: str, currency: str = "", *, decimal_comma: bool | None = None) -> str:
    """Return an amount of 0 or more as a plain decimal text such as `0.02`.

    Currency symbols and codes may stand before or behind it; ValueError with a sentence when it
    is in another currency than `currency` (ISO 4217; "" takes any), or can mean two things.
    `decimal_comma` says what a comma in `1,234` means; None refuses such an amount.
    """
    plain = text.strip()
    for sign, usual in _SIGNS.items():
        plain = plain.replace(sign, usual)
    if _SCIENTIFIC.fullmatch(plain):
        message = (
            "The amount is in scientific notation. Format the column as a number with decimals in "
            "the spreadsheet and export it again."
        )
        raise ValueError(message)
    found = _PARTS.fullmatch(plain) if len(plain) <= _AMOUNT_CHARACTERS_MAX else None
    if found is None:
        message = "This is not an amount. Write it with digits, such as 0.0321."
        raise ValueError(message)
    if found["sign"] == "-":
        message = "The amount is below 0. Enter 0 or more."
        raise ValueError(message)
    for part in (found["before"], found["before2"], found["after"]):
        _check_currency(part.strip(), currency)
    return _decimal(found["digits"].strip(), decimal_comma=decimal_comma)


def _check_currency(part: str, currency: str) -> None:
    if not part:
        return
    means = _SYMBOLS.get(part) or (frozenset((part.upper(),)) & CURRENCIES)
    if _CENTS.fullmatch(part):
        message = "The amount is in cents or pence. Write it in whole units, such as 0.02."
        raise ValueError(message)
    if not means:
        message = f"We don't know what “{part[:20]}” means beside the amount. Take it out."
        raise ValueError(message)
    if currency and currency not in means:
        message = f"The amount is in {part}, but prices are in {currency} here."
        raise ValueError(message)


def _decimal(digits: str, *, decimal_comma: bool | None) -> str:
    if _PLAIN.fullmatch(digits):
        text = digits
        if decimal_comma and _GROUPS_OF_POINTS.fullmatch(digits):
            message = f"“{digits}” may be thousands or decimals. Write it without a separator."
            raise ValueError(message)
    elif _ONE_GROUP.fullmatch(digits) and decimal_comma is None:
        message = (
            f"“{digits}” may be {digits.replace(',', '.')} or {digits.replace(',', '')}. "
            "Write the decimals behind a point."
        )
        raise ValueError(message)
    elif _COMMA.fullmatch(digits) and decimal_comma is not False:
        text = digits.replace(",", ".")
    elif _GROUPS_OF_COMMAS.fullmatch(digits):
        text = digits.replace(",", "")
    elif _GROUPS_OF_POINTS.fullmatch(digits):
        text = digits.replace(".", "").replace(",", ".")
    elif _GROUPS_OF_SPACES.fullmatch(digits):
        text = digits.replace(" ", "").replace("'", "").replace(",", ".")
    else:
        message = "This is not an amount. Write it with digits, such as 0.0321."
        raise ValueError(message)
    whole, _, decimals = text.partition(".")
    whole, decimals = whole.lstrip("0") or "0", decimals.rstrip("0")
    return f"{whole}.{decimals}" if decimals else whole


def decimal_comma_of(texts: Iterable[str], *, otherwise: bool | None = None) -> bool | None:
    """Return what a comma in the amounts of a column means, from those that leave no doubt.

    True: decimals; False: thousands; None: both are found. `otherwise` where nothing tells.
    """
    commas = points = False
    for text in texts:
        digits = text.strip(_BESIDE)
        if "," in digits:
            commas = commas or bool(
                _CERTAIN_COMMA.fullmatch(digits)
                or ("." in digits and _GROUPS_OF_POINTS.fullmatch(digits))
            )
            points = points or bool("." in digits and _GROUPS_OF_COMMAS.fullmatch(digits))
        elif "." in digits:
            points = points or bool(_POINT.fullmatch(digits))
    if commas and points:
        return None
    return commas if commas or points else otherwise


_BESIDE: Final = "".join({*"".join(_SYMBOLS), *"".join(CURRENCIES), " ", "\u00a0", "+"})
