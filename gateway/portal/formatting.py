"""How the portal writes money, times, phone numbers and countries: the template filters."""

import re
from datetime import datetime
from functools import cache, lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import phonenumbers
from babel import Locale
from babel.dates import format_datetime
from phonenumbers import PhoneNumberFormat

from accounts_manager.formatting import (
    LOCALE,
    count,
    day,
    decimal_number,
    decimals,
    duration,
    money,
    period,
    plural,
    price,
    rate,
    symbol,
)
from contracts.accounts import Administrator
from contracts.names import sort_key

READERS_COUNTRY: Final = "US"
"""Whose alphabet sorts what is written in English."""

_E164: Final = re.compile(r"(?<![\w+])\+[1-9]\d{6,14}(?!\w)", re.ASCII)


def phone(e164: str) -> str:
    """Write a stored number as people read it: `+1 415-555-0142`; what is no number as it is."""
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return e164
    return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)


def with_phones(text: str) -> str:
    """Write the stored numbers within a text as people read them."""
    return _E164.sub(lambda found: phone(found.group()), text)


@lru_cache(maxsize=10_000)
def phone_country(e164: str) -> str:
    """Return the ISO code of the country a number belongs to, or nothing for none."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(e164)) or ""
    except phonenumbers.NumberParseException:
        return ""


def dialling_code(country: str) -> str:
    """Return a country's calling code as dialled, `+91`; nothing for a place without one."""
    code = phonenumbers.country_code_for_region(country)
    return f"+{code}" if code else ""


def country_name(country: str) -> str:
    """Return the English name of an ISO code; the code itself when it has none."""
    return _territories().get(country, country)


def place_in_list(country: str) -> str:
    """Return what sorts countries by their English names, accents or not."""
    return sort_key(country_name(country), READERS_COUNTRY)


def is_country(code: str) -> bool:
    """Tell whether this is the ISO code of a country; the world and its parts have digits."""
    return code.isalpha() and code in _territories()


@cache
def _territories() -> dict[str, str]:
    return dict(Locale.parse(LOCALE).territories)


def moment(at: datetime, zone: str) -> str:
    """Write a time as seen in the zone: `22 Nov 2026, 09:14`."""
    return format_datetime(at.astimezone(ZoneInfo(zone)), "d MMM y, HH:mm", locale=LOCALE)


def second(at: datetime, zone: str) -> str:
    """Write a time to the second as seen in the zone: `22 Nov 2026, 09:14:06`."""
    return format_datetime(at.astimezone(ZoneInfo(zone)), "d MMM y, HH:mm:ss", locale=LOCALE)


def clock(at: datetime, zone: str) -> str:
    """Write the time of day as seen in the zone: `09:14`."""
    return format_datetime(at.astimezone(ZoneInfo(zone)), "HH:mm", locale=LOCALE)


def initials(name: str) -> str:
    """Return up to two capitals for the round mark beside a name."""
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


def full_name(person: Administrator) -> str:
    """Write an administrator's first and last name."""
    return f"{person.first_name} {person.last_name}"


FILTERS = {
    "clock": clock,
    "count": count,
    "country_name": country_name,
    "day": day,
    "decimal_number": decimal_number,
    "decimals": decimals,
    "dialling_code": dialling_code,
    "duration": duration,
    "full_name": full_name,
    "initials": initials,
    "moment": moment,
    "money": money,
    "period": period,
    "phone": phone,
    "phone_country": phone_country,
    "plural": plural,
    "price": price,
    "rate": rate,
    "second": second,
    "with_phones": with_phones,
    "symbol": symbol,
}
