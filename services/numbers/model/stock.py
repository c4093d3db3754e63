"""How a stock list is read, row by row, and what a number is found by."""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Final, Literal, NamedTuple, cast

import phonenumbers
from babel import Locale
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType, geocoder

from contracts.numbers import NewNumber, NumberFormat, RefusedNumber
from contracts.values import micros
from services.numbers.model.numbers import E164
from services.numbers.model.written import parse_number

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


class ReadNumber(NamedTuple):
    """A valid number in E.164, and where it is."""

    number: str
    country: str | None
    locality: str


class StockItem(NamedTuple):
    """A good row of a stock list."""

    line: int
    typed: str
    number: str
    country: str | None
    locality: str
    setup_fee: int | None
    """None: the list has no such fees."""

    monthly_fee: int | None

    def refused(self, kind: Literal["number-taken", "not-spare"], detail: str) -> RefusedNumber:
        """Return the row as refused."""
        return RefusedNumber(line=self.line, number=self.typed, type=kind, detail=detail)


class StockList(NamedTuple):
    """A stock list as read: what can be taken, and what cannot and why."""

    items: tuple[StockItem, ...]
    refused: tuple[RefusedNumber, ...]


@lru_cache(maxsize=1)
def read_stock(
    rows: tuple[NewNumber, ...], country: str, written: NumberFormat = "plus"
) -> StockList:
    """Read raw rows, whose numbers are written in one format; national ones are of `country`.

    Ten thousand rows take about half a second of the five that a transaction may last, so the last
    list is remembered: a transaction that is tried again does not read it again.
    """
    items: dict[str, StockItem] = {}
    refused: list[RefusedNumber] = []
    for row in rows:
        read = _read_row(row, country, written)
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


def _read_row(row: NewNumber, country: str, written: NumberFormat) -> StockItem | RefusedNumber:
    faults: list[str] = []
    number: ReadNumber | None = None
    try:
        number = read_number(row.number, country, written)
    except ValueError as error:
        faults.append(str(error))
    fees: list[int | None] = []
    for name, text in (("set-up", row.setup_fee), ("monthly", row.monthly_fee)):
        fee = None if text is None else _read_fee(text)
        fees.append(fee)
        if text is not None and fee is None:
            faults.append(f"The {name} fee must be 0 or more with up to 4 decimals, such as 4.50.")
    if number is not None and not faults:
        return StockItem(row.line, row.number, *number, *fees)
    return RefusedNumber(
        line=row.line,
        number=row.number,
        type="invalid-number" if number is None else "invalid-fee",
        detail=" ".join(faults),
    )


def read_number(text: str, country: str, written: NumberFormat = "plus") -> ReadNumber:
    """Return a valid number as E.164, its country, and its locality; ValueError when it is none.

    The country is None for international numbers like +800. The locality is the city or area in
    English, or else the kind of number, such as "Toll-free".
    """
    number = parse_number(text, written, country)
    kind = phonenumbers.number_type(number)
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if number.extension:
        message = "The number has an extension. Write the number without it."
        raise ValueError(message)
    # some countries have numbers that are longer than E.164 allows
    if kind == PhoneNumberType.UNKNOWN or E164.fullmatch(e164) is None:
        message = f"{e164} is not a valid phone number. Check its digits."
        raise ValueError(message)
    region = phonenumbers.region_code_for_number(number)
    if region is None or region == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY:
        return ReadNumber(e164, None, _PLACES_BY_TYPE.get(kind, ""))
    locality = _city_of(number, kind, region) or _PLACES_BY_TYPE.get(kind, "")
    return ReadNumber(e164, region, locality)


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


def label_of(number: str, locality: str, country: str | None) -> str:
    """Return what a number is found by: its digits, then the words of locality and country."""
    name = _COUNTRIES.get(country or "", "")
    return f"{number[1:]} {folded(locality)} {folded(name)}"
