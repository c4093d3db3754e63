"""Which countries a dialled prefix reaches, and what countries are called."""

import re
from functools import cache, lru_cache
from typing import Final

import phonenumbers
from babel import Locale
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneNumberType

from contracts.names import sort_key

LANGUAGE: Final = "en"
CALLING_CODE_DIGITS_MAX: Final = 3
AREA_DIGITS: Final = {"1": 3}
"""North America tells its countries apart by the three digits of the area."""

AREA_DIGITS_ELSEWHERE: Final = 5
AREAS_KEPT_MAX: Final = 50_000
_FILLINGS: Final = ("2345678901", "5550123456", "0000000000", "1111111111", "9012345678")
_KINDS: Final = tuple(kind for kind in range(11) if kind != PhoneNumberType.UNKNOWN)
_KIND_NAMES: Final = (
    *("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost"),
    *("voip", "personal_number", "pager", "uan", "voicemail"),
)
_NO_COUNTRY: Final = "001"
"""What phonenumbers calls the region of satellite and international networks."""


@cache
def country_names() -> dict[str, str]:
    """Return the English names of all countries that have telephone numbers, by ISO code."""
    territories = Locale(LANGUAGE).territories
    return {code: territories[code] for code in sorted(phonenumbers.SUPPORTED_REGIONS)}


def english_order(name: str) -> str:
    """Return what sorts the English names of countries, accents or not."""
    return sort_key(name, "")


@cache
def _codes_by_name() -> dict[str, str]:
    return {name.casefold(): code for code, name in country_names().items()}


def country_named(text: str) -> str | None:
    """Return the ISO code that a text means: a code or an English name, in any case."""
    code = text.upper()
    return code if code in country_names() else _codes_by_name().get(text.casefold())


def countries_beginning(text: str) -> tuple[str, ...]:
    """Return the codes of the countries whose name begins so, or whose code this is."""
    begin = text.casefold()
    found = (code for name, code in _codes_by_name().items() if name.startswith(begin))
    return tuple(sorted({*found, *([text.upper()] if text.upper() in country_names() else [])}))


def country_of_number(number: phonenumbers.PhoneNumber) -> str | None:
    """Return the country of a number; None for satellite and international networks."""
    region = phonenumbers.region_code_for_number(number)
    return None if region in {None, _NO_COUNTRY} else region


def calling_code(prefix: str) -> str | None:
    """Return the calling code that a prefix begins with; None if it is too short or has none."""
    return next(
        (
            prefix[:length]
            for length in range(1, CALLING_CODE_DIGITS_MAX + 1)
            if len(prefix) >= length and int(prefix[:length]) in COUNTRY_CODE_TO_REGION_CODE
        ),
        None,
    )


@lru_cache(AREAS_KEPT_MAX)
def countries_of_prefix(prefix: str) -> tuple[str, ...]:
    """Return the countries that numbers with this prefix are in; the main one comes first."""
    code = calling_code(prefix)
    if code is None:
        return _countries_of_codes(prefix)
    regions = _regions(int(code))
    if len(regions) <= 1 or prefix == code:
        return regions
    reached = _countries_of_area(code, prefix[: area_digits_of(code)])
    return tuple(region for region in regions if region in reached) or regions[:1]


def area_digits_of(code: str) -> int:
    """Return how many digits of a prefix with this calling code say where it leads."""
    if len(_regions(int(code))) <= 1:
        return len(code)
    return len(code) + AREA_DIGITS.get(code, AREA_DIGITS_ELSEWHERE)


@cache
def _countries_of_codes(beginning: str) -> tuple[str, ...]:
    """Return the countries of all calling codes that begin so."""
    codes = (
        code for code in sorted(COUNTRY_CODE_TO_REGION_CODE) if str(code).startswith(beginning)
    )
    return tuple(region for code in codes for region in _regions(code))


def _regions(code: int) -> tuple[str, ...]:
    return tuple(found for found in COUNTRY_CODE_TO_REGION_CODE[code] if found != _NO_COUNTRY)


@lru_cache(AREAS_KEPT_MAX)
def _countries_of_area(code: str, prefix: str) -> frozenset[str]:
    """Return those of the countries that share a calling code which numbers with a prefix reach.

    phonenumbers cannot match the beginning of a number, so two questions stand in for it: which
    country's example numbers begin so, and where numbers that are filled up from the prefix are.
    """
    if len(prefix) < len(code) + AREA_DIGITS.get(code, 0):
        areas = (_countries_of_area(code, f"{prefix}{digit}") for digit in range(10))
        return frozenset[str]().union(*areas)
    regions = _regions(int(code))
    reached = {region for region in regions if _has_example(region, prefix)}
    nationals = _filled_up(prefix.removeprefix(code), regions[0])
    # most areas are the main country's alone, which is told ten times faster than whose each is
    if reached <= {regions[0]} and not any(
        _may_be_of(region, national) for region in regions[1:] for national in nationals
    ):
        return frozenset(regions[:1])
    for national in nationals:
        number = phonenumbers.PhoneNumber(
            country_code=int(code),
            national_number=int(national),
            italian_leading_zero=national.startswith("0"),
        )
        reached.add(phonenumbers.region_code_for_number(number) or "")
    return frozenset(reached)


def _filled_up(beginning: str, main_region: str) -> list[str]:
    """Return national numbers that begin so, in each length that the main country has."""
    general = _metadata(main_region).general_desc
    assert general is not None, f"phonenumbers knows no lengths for {main_region}"
    return [
        (beginning + filling)[:length]
        for length in general.possible_length
        for filling in _FILLINGS
    ]


def _may_be_of(region: str, national: str) -> bool:
    """Tell whether a national number may be a country's; a no is certain."""
    pattern, is_whole = _pattern(region)
    return bool(pattern.fullmatch(national) if is_whole else pattern.match(national))


@cache
def _pattern(region: str) -> tuple[re.Pattern[str], bool]:
    """Return what the numbers of a country begin with, or else (True) look like as a whole.

    It is what `phonenumbers.region_code_for_number` goes by where countries share a calling code.
    """
    metadata = _metadata(region)
    if metadata.leading_digits:
        return re.compile(metadata.leading_digits), False
    kinds = (getattr(metadata, name) for name in _KIND_NAMES)
    patterns = [kind.national_number_pattern for kind in kinds if kind is not None]
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns if pattern)), True


def _metadata(region: str) -> phonenumbers.PhoneMetadata:
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    assert metadata is not None, f"phonenumbers knows no numbers of {region}"
    return metadata


@cache
def _examples(region: str) -> tuple[str, ...]:
    """Return example numbers of a region, in digits; freephone ones may be another's as well."""
    numbers = (phonenumbers.example_number_for_type(region, kind) for kind in _KINDS)
    own = [found for found in numbers if found and country_of_number(found) == region]
    form = phonenumbers.PhoneNumberFormat.E164
    return tuple(phonenumbers.format_number(number, form)[1:] for number in own)


def _has_example(region: str, prefix: str) -> bool:
    return any(example.startswith(prefix) for example in _examples(region))
