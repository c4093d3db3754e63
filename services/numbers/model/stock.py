"""How a stock list is read, row by row, and what a number is found by."""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Final, NamedTuple, cast

import phonenumbers
from babel import Locale
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType, geocoder

from contracts.numbers import NewNumber, RefusedNumber
from contracts.values import micros
from services.numbers.model.numbers import E164

_FEE: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,4})?")
_COUNTRIES: Final = cast("Mapping[str, str]", Locale("en").territories)
_PLACES_BY_TYPE: Final = {
    PhoneNumberType.MOBILE: "Mobile",
    PhoneNumberType.TOLL_FREE: "Toll-free",
    PhoneNumberType.PREMIUM_RATE: "Premium rate",
    PhoneNumberType.SHARED_COST: "Shared cost",
    PhoneNumberType.VOIP: "Internet telephony",
    PhoneNumberType.PERSONAL_NUMBER: "Personal number",
    PhoneNumberType.PAGER: "Pager",
    PhoneNumberType.UAN: "Company number",
    PhoneNumberType.VOICEMAIL: "Voicemail",
}
FOLDED_TEXTS: Final = 4_096
"""How many texts are remembered: a list of numbers names few places many times."""


class StockItem(NamedTuple):
    """A good row of a stock list."""

    line: int
    typed: str
    number: str
    country: str | None
    place: str
    setup_fee: int
    monthly_fee: int

    def refused_as_taken(self) -> RefusedNumber:
        """Refuse the row because the number exists; whose it is, is nobody's business."""
        return RefusedNumber(
            line=self.line,
            number=self.typed,
            type="number-taken",
            detail=f"{self.number} is in the system already.",
        )


class StockList(NamedTuple):
    """A stock list as read: what can be taken, and what cannot and why."""

    items: tuple[StockItem, ...]
    refused: tuple[RefusedNumber, ...]


@lru_cache(maxsize=1)
def read_stock(rows: tuple[NewNumber, ...], country: str) -> StockList:
    """Read raw rows; numbers without a country code are numbers of `country`.

    Ten thousand rows take about half a second of the five that a transaction may last, so the last
    list is remembered: a transaction that is tried again does not read it again.
    """
    items: dict[str, StockItem] = {}
    refused: list[RefusedNumber] = []
    for row in rows:
        read = _read_row(row, country)
        if isinstance(read, StockItem) and read.number in items:
            first = items[read.number].line
            detail = f"{read.number} is in line {first} already."
            read = RefusedNumber(
                line=row.line, number=row.number, type="duplicate-row", detail=detail
            )
        if isinstance(read, StockItem):
            items[read.number] = read
        else:
            refused.append(read)
    return StockList(tuple(items.values()), tuple(refused))


def _read_row(row: NewNumber, country: str) -> StockItem | RefusedNumber:
    read = read_number(row.number, country)
    setup_fee, monthly_fee = _read_fee(row.setup_fee), _read_fee(row.monthly_fee)
    if read is not None and setup_fee is not None and monthly_fee is not None:
        return StockItem(row.line, row.number, *read, setup_fee, monthly_fee)
    faults = (
        (read, "This is no valid phone number; write it like +442079460018."),
        (setup_fee, "The set-up fee must be 0 or more with up to 4 decimals, such as 4.50."),
        (monthly_fee, "The monthly fee must be 0 or more with up to 4 decimals, such as 4.50."),
    )
    return RefusedNumber(
        line=row.line,
        number=row.number,
        type="invalid-number" if read is None else "invalid-fee",
        detail=" ".join(detail for value, detail in faults if value is None),
    )


def read_number(text: str, country: str) -> tuple[str, str | None, str] | None:
    """Return a valid number as E.164, its country, and its place; None when it is no number.

    The country is None for international numbers like +800. The place is the city or area in
    English, or else the kind of number, such as "Toll-free".
    """
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    kind = phonenumbers.number_type(number)
    if number.extension or kind == PhoneNumberType.UNKNOWN:
        return None
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if E164.fullmatch(e164) is None:
        return None  # some countries have numbers that are longer than E.164 allows
    region = phonenumbers.region_code_for_number(number)
    if region is None or region == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY:
        return e164, None, _PLACES_BY_TYPE.get(kind, "")
    return e164, region, _city_of(number, kind, region) or _PLACES_BY_TYPE.get(kind, "")


def _city_of(number: PhoneNumber, kind: int, region: str) -> str:
    if not phonenumbers.is_number_type_geographical(kind, number.country_code or 0):
        return ""
    city = geocoder.description_for_valid_number(number, "en")
    return "" if city == _geocoders_name(region) else city


@cache
def _geocoders_name(region: str) -> str:
    """Return how the geocoder calls a country: what it says where it knows no city."""
    example = phonenumbers.example_number(region)
    return geocoder.country_name_for_number(example, "en") if example else ""


def _read_fee(text: str) -> int | None:
    """Return a fee in micro-units (an empty cell is no fee), or None when it is none."""
    text = text.strip()
    if not text:
        return 0
    return micros(text) if _FEE.fullmatch(text) else None


@lru_cache(FOLDED_TEXTS)
def folded(text: str) -> str:
    """Return the words of a text as they are compared: lower case, no accents, single spaces."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(re.findall(r"\w+", "".join(c for c in plain if not unicodedata.combining(c))))


def label_of(number: str, place: str, country: str | None) -> str:
    """Return what a number is found by: its digits, then the words of place and country."""
    name = _COUNTRIES.get(country or "", "")
    return f"{number[1:]} {folded(place)} {folded(name)}"
