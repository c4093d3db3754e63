"""How invoices and the portal write money, numbers and days."""

from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date
from babel.numbers import (
    format_currency,
    format_decimal,
    get_currency_precision,
    get_currency_symbol,
)

from contracts.exact_rates import rate_text
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


def percent(micros: int) -> str:
    """Write a percentage in micro-units: `7.5%`."""
    written = format_decimal(Decimal(micros) / MICROS_PER_UNIT, format="0.####", locale=LOCALE)
    return f"{written}%"


def rate(micros: int, currency: str, exact: int | None = None) -> str:
    """Write a price per minute with at least 4 decimals and none dropped: `$0.0210`.

    `exact` is the rate in hundredths of micro-units, where it has more decimals than micro-units.
    """
    text = rate_text(micros, exact)
    decimals = max(PRICE_DECIMALS, len(text.partition(".")[2]))
    return _amount(Decimal(text), currency, decimals)


def decimals(currency: str) -> str:
    """Say how many decimals an amount in a currency may have, as a hint beside a field."""
    places = get_currency_precision(currency)
    return f"at most {places} decimals" if places else "no decimals"


def symbol(currency: str) -> str:
    """Return what stands in front of an amount, such as `$`."""
    return get_currency_symbol(currency, LOCALE)


def count(number: int) -> str:
    """Write a whole number with its thousands apart: `1,300`."""
    return format_decimal(number, locale=LOCALE).replace("-", MINUS)


def _written(micros: int, currency: str, decimals: int) -> str:
    return _amount(_rounded(micros, decimals), currency, decimals)


def _amount(amount: Decimal, currency: str, decimals: int) -> str:
    written = format_currency(
        amount,
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


def day(moment: datetime | date, zone: str = "UTC") -> str:
    """Write a day as seen in the zone: `22 Nov 2026`."""
    local = moment.astimezone(ZoneInfo(zone)) if isinstance(moment, datetime) else moment
    return format_date(local, "d MMM y", locale=LOCALE)


def period(start: date, end: date) -> str:
    """Write the days from `start` up to the day before `end`: `1 – 31 Oct 2026`."""
    last = end - timedelta(days=1)
    if start >= last:
        return day(start)
    pattern = (
        "d MMM y" if start.year != last.year else "d MMM" if start.month != last.month else "d"
    )
    return f"{format_date(start, pattern, locale=LOCALE)} – {day(last)}"


def plural(number: int, one: str, many: str = "") -> str:
    """Write a number with its noun: `1 user`, `1,200 users`."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"
