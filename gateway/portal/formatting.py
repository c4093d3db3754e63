"""How the portal writes money, times, phone numbers and countries: the template filters."""

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

import phonenumbers
from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import (
    format_currency,
    format_decimal,
    get_currency_precision,
    get_currency_symbol,
)
from phonenumbers import PhoneNumberFormat

from contracts.accounts import Administrator
from contracts.values import MICROS_PER_UNIT

LOCALE = "en"
PRICE_DECIMALS = 4
MINUS = "\N{MINUS SIGN}"


def money(micros: int, currency: str) -> str:
    """Write micro-units as money with the currency's own decimals, half up: `$12.50`."""
    return _written(micros, currency, get_currency_precision(currency))


def price(micros: int, currency: str) -> str:
    """Write a price of up to 4 decimals, none dropped: `$14.00`, but `$0.0125`."""
    few = get_currency_precision(currency)
    many = max(few, PRICE_DECIMALS)
    short = _rounded(micros, few) == _rounded(micros, many)
    return _written(micros, currency, few if short else many)


def rate(micros: int, currency: str) -> str:
    """Write a price per minute, always with 4 decimals so that a column lines up: `$0.0210`."""
    return _written(micros, currency, PRICE_DECIMALS)


def symbol(currency: str) -> str:
    """Return what stands in front of an amount, such as `$`."""
    return get_currency_symbol(currency, LOCALE)


def count(number: int) -> str:
    """Write a whole number with its thousands apart: `1,300`."""
    return format_decimal(number, locale=LOCALE).replace("-", MINUS)


def _written(micros: int, currency: str, decimals: int) -> str:
    written = format_currency(
        _rounded(micros, decimals),
        currency,
        format=_money_pattern(decimals, spaced=symbol(currency)[-1].isalpha()),
        locale=LOCALE,
        currency_digits=False,
    )
    return written.replace("-", MINUS)


def _rounded(micros: int, decimals: int) -> Decimal:
    """Round before formatting: Babel would round half to even."""
    exact = Decimal(micros) / MICROS_PER_UNIT
    rounded = exact.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    return abs(rounded) if rounded.is_zero() else rounded  # zero has no sign


@cache
def _money_pattern(decimals: int, *, spaced: bool) -> str:
    """Return the locale's own pattern, widened to the decimals: the sign stays where it belongs."""
    pattern: str = Locale.parse(LOCALE).currency_formats["standard"].pattern
    if spaced:  # a symbol of letters must not run into the digits
        pattern = pattern.replace("¤", "¤\N{NO-BREAK SPACE}")
    return pattern.replace("0.00", f"0.{'0' * decimals}" if decimals else "0")


def decimal_number(number: float) -> str:
    """Write a number with up to two decimals: `1,612.4`."""
    return format_decimal(round(number, 2), format="#,##0.##", locale=LOCALE)


def duration(seconds: int) -> str:
    """Write how long something lasted: `41 s`, `3 m 41 s`, `1 h 02 m 00 s`."""
    hours, rest = divmod(seconds, 3_600)
    minutes, rest = divmod(rest, 60)
    if hours:
        return f"{hours} h {minutes:02d} m {rest:02d} s"
    return f"{minutes} m {rest:02d} s" if minutes else f"{rest} s"


def phone(e164: str) -> str:
    """Write a stored number as people read it: `+1 415-555-0142`; what is no number as it is."""
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return e164
    return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)


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


@cache
def _territories() -> dict[str, str]:
    return dict(Locale.parse(LOCALE).territories)


def day(moment: datetime | date, zone: str = "UTC") -> str:
    """Write a day as seen in the zone: `22 Nov 2026`."""
    local = moment.astimezone(ZoneInfo(zone)) if isinstance(moment, datetime) else moment
    return format_date(local, "d MMM y", locale=LOCALE)


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


def plural(number: int, one: str, many: str = "") -> str:
    """Write a number with its noun: `1 user`, `1,200 users`."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


FILTERS = {
    "clock": clock,
    "count": count,
    "country_name": country_name,
    "day": day,
    "decimal_number": decimal_number,
    "dialling_code": dialling_code,
    "duration": duration,
    "full_name": full_name,
    "initials": initials,
    "moment": moment,
    "money": money,
    "phone": phone,
    "phone_country": phone_country,
    "plural": plural,
    "price": price,
    "rate": rate,
    "second": second,
    "symbol": symbol,
}
