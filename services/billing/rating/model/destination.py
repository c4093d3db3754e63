"""What was dialled: which kind of number it is, and where it leads (SPEC section 3, 1 to 3).

Everything about numbers comes from phonenumbers, which follows the national numbering plans.
"""

import re
from functools import lru_cache
from typing import Final, Literal, NamedTuple

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType
from phonenumbers.shortnumberinfo import (
    ShortNumberCost,
    expected_cost_for_region,
    is_carrier_specific_for_region,
    is_emergency_number,
    is_sms_service_for_region,
    is_valid_short_number_for_region,
)

from contracts.billing import CallKind, DestinationKind
from contracts.calls import DialFormat
from services.billing.base.model.country import country_of_number

DESTINATIONS_REMEMBERED: Final = 100_000
PREMIUM_TYPES: Final = frozenset(
    {
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.PERSONAL_NUMBER,
    }
)
PLACELESS_TYPES: Final = PREMIUM_TYPES | {PhoneNumberType.TOLL_FREE, PhoneNumberType.UAN}
"""Numbers that are a service, not a place: countries that share a calling code share them too."""

NATIONAL_CODE_DIGITS: Final = 3
"""Codes this short are assigned by the country, even where a carrier runs them."""

_CODE: Final = re.compile(r"[0-9*#]{2,5}")
"""What an account's own users dial each other by: SPEC's two to five digits, and feature codes."""

_PLUS: Final = ("+", "\uff0b")
_BETWEEN_DIGITS: Final = re.compile(r"[\s().\-/]+")

Kind = DestinationKind | Literal["invalid"]


class Destination(NamedTuple):
    """Where a call goes."""

    kind: Kind
    number: str
    """E.164 for a number, otherwise as it was dialled."""

    country: str | None
    """None for satellite and international networks, and within the account."""

    digits: str = ""
    """What prefixes of a rate sheet are compared with; empty when no row can fit."""

    bundle: str = ""
    """The country whose bundle pays for its seconds; empty when none does."""

    is_premium: bool = False
    """Whether the plan must allow premium numbers."""

    is_toll_free: bool = False
    """Whether whoever is called pays; the sheet of the account may rate it all the same, unless it
    is a short number."""

    @property
    def always_allowed(self) -> bool:
        """Whether the call may be made whatever the account's state, and costs nothing."""
        return self.kind in {"emergency", "extension"}

    def call_kind(self, home: str) -> CallKind:
        """Return what sort of call it is, of an account in a country."""
        if self.kind in ("emergency", "extension"):
            return self.kind
        if self.is_premium:
            return "premium"
        if self.is_toll_free:
            return "toll-free"
        return "domestic" if self.country == home else "international"


@lru_cache(maxsize=DESTINATIONS_REMEMBERED)
def destination_of(
    dialled: str, home: str, dial_format: DialFormat = "national", *, internal: bool = False
) -> Destination:
    """Return where a call goes that an account of a country dialled.

    `internal`: the switch knows the code as an extension of the account. It makes an extension of
    a public short number, and of nothing else: a longer number is never free by a switch's word.
    """
    text = dialled.strip()
    if not text.isascii():
        text = phonenumbers.normalize_digits_only(text, keep_non_digits=True)
    if not text.startswith(_PLUS):
        found = _code(_BETWEEN_DIGITS.sub("", text), home, dial_format, internal=internal)
        if found is not None:
            return found
    return _number(text, home, dial_format) or Destination("invalid", dialled, None)


def e164_of(text: str) -> str | None:
    """Return the number that an international one is, however it is written."""
    found = _number(text.strip(), "", "e164")
    return found.number if found else None


def _code(code: str, home: str, dial_format: DialFormat, *, internal: bool) -> Destination | None:
    """Return what was dialled if it is a code of the country or of the account."""
    if is_emergency_number(code, home):
        return Destination("emergency", code, home)
    short = _short_number(code, home)
    is_code = _CODE.fullmatch(code) is not None
    if internal and (is_code or short is not None):
        return Destination("extension", code, None)
    if short is not None:
        # what an international number begins with may be the digits of a longer short number
        number = None if is_code or dial_format == "national" else _number(code, home, dial_format)
        return number or short
    if not is_code:
        return None
    number = _number(code, home, dial_format)
    return number if number and number.is_premium else Destination("extension", code, None)


def _short_number(code: str, home: str) -> Destination | None:
    """Return the public short number of a country that a code is, if it is one."""
    calling_code = phonenumbers.country_code_for_region(home)
    if not calling_code or not (code.isascii() and code.isdecimal()):
        return None
    zeros = len(code) - len(code.lstrip("0").rjust(1, "0"))
    number = PhoneNumber(
        country_code=calling_code,
        national_number=int(code),
        italian_leading_zero=zeros > 0,
        number_of_leading_zeros=zeros,
    )
    if not is_valid_short_number_for_region(number, home):
        return None
    cost = expected_cost_for_region(number, home)
    is_listed = cost != ShortNumberCost.UNKNOWN_COST or len(code) <= NATIONAL_CODE_DIGITS
    # Some countries list whole ranges, such as all four digits from 2000 on, that carriers number
    # themselves or that take text messages only: those are not public numbers that can be called.
    if not is_listed and (
        is_carrier_specific_for_region(number, home) or is_sms_service_for_region(number, home)
    ):
        return None
    return Destination(
        kind="short",
        number=code,
        country=home,
        digits=f"{calling_code}{code}",
        is_premium=cost == ShortNumberCost.PREMIUM_RATE,
        is_toll_free=cost == ShortNumberCost.TOLL_FREE,
    )


def _number(text: str, home: str, dial_format: DialFormat) -> Destination | None:
    """Return the number that was dialled, if it is a valid one."""
    if dial_format == "e164" and not text.startswith(_PLUS):
        text = f"+{text.removeprefix('00')}"
    try:
        # without a country, no country's own way to dial abroad is taken for part of E.164
        number = phonenumbers.parse(text, None if dial_format == "e164" else home)
    except phonenumbers.NumberParseException:
        return None
    kind = phonenumbers.number_type(number)
    if kind == PhoneNumberType.UNKNOWN:  # not assigned in any country: no valid number
        return None
    country = country_of_number(number)
    if country != home and kind in PLACELESS_TYPES:
        country = home if phonenumbers.is_valid_number_for_region(number, home) else country
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    is_premium = kind in PREMIUM_TYPES
    bundle = "" if is_premium else country or ""
    is_toll_free = kind == PhoneNumberType.TOLL_FREE
    return Destination("number", e164, country, e164[1:], bundle, is_premium, is_toll_free)
