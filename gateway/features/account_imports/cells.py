"""What a cell of a file of accounts may hold, and the sentence about what it may not."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from contracts.billing import NUMBERS_PER_PLAN_MAX
from contracts.names import name_key
from contracts.tables import read_amount
from gateway.features.account_imports.country_texts import country_of

PART_CHARACTERS_MAX: Final = 80
"""Of one entry of a list in a cell."""

_BETWEEN: Final = re.compile(r"[;,|]")
_COUNT_FIRST: Final = re.compile(
    r"(?P<count>\d{1,3})\s*(?:[x×]\s+)?(?P<country>[^\d\s].*)", re.ASCII
)
_COUNT_LAST: Final = re.compile(
    r"(?P<country>[^\d]*?[^\d\s:=x×])[\s:=x×]*(?P<count>\d{1,3})", re.ASCII
)
_MINUTES: Final = re.compile(
    r"(?P<country>[^\d]*?[^\d\s:=])(?:[\s:=]*(?P<minutes>\d{1,9})(?:\s*(?:m|min|mins|minutes))?)?",
    re.ASCII,
)
_YES_OR_NO: Final = {
    **dict.fromkeys(("yes", "y", "true", "1"), True),
    **dict.fromkeys(("no", "n", "false", "0"), False),
}


class Context(NamedTuple):
    """What a cell must be read with."""

    currency: str
    rate_sheets: Mapping[str, str]
    """Ids by id and by the key of the name."""

    decimal_comma: bool | None = None


class SpareWish(NamedTuple):
    """So many numbers of a country from the stock."""

    country: str
    quantity: int


Found = Iterable[tuple[str, object]]
"""Values by the pointer of their field."""

Reader = Callable[[str, Context], Found]


def _text(pointer: str) -> Reader:
    def read(text: str, _: Context) -> Found:
        return [(pointer, text)]

    return read


def _full_name(text: str, _: Context) -> Found:
    first, _space, last = text.partition(" ")
    if not last.strip():
        message = "Write the first name and the last name, such as Ann Archer."
        raise ValueError(message)
    return [("/administrator/first_name", first), ("/administrator/last_name", last.strip())]


def _full_name_last_first(text: str, _: Context) -> Found:
    last, comma, first = text.partition(",")
    if not comma or not first.strip() or not last.strip():
        message = "Write the last name, a comma and the first name, such as Archer, Ann."
        raise ValueError(message)
    return [
        ("/administrator/first_name", first.strip()),
        ("/administrator/last_name", last.strip()),
    ]


def _users(text: str, _: Context) -> Found:
    if re.fullmatch(r"\d{1,9}", text, re.ASCII) is None:
        message = "Write the number of users as a whole number, such as 25."
        raise ValueError(message)
    return [("/plan/users", int(text))]


def _amount(pointer: str) -> Reader:
    def read(text: str, context: Context) -> Found:
        amount = read_amount(text, context.currency, decimal_comma=context.decimal_comma)
        return [(pointer, amount)]

    return read


def _rate_sheet(text: str, context: Context) -> Found:
    sheet = context.rate_sheets.get(text) or context.rate_sheets.get(name_key(text))
    if sheet is None:
        message = f"You have no rate sheet “{text[:60]}” that new plans can choose."
        raise ValueError(message)
    return [("/plan/rate_sheet_id", sheet)]


def _numbers(text: str, _: Context) -> Found:
    return [("/plan/numbers", [*_numbers_in(text)])]


def _numbers_in(text: str) -> Iterator[str]:
    for part in _BETWEEN.split(text):
        first, *others = part.split("+")
        if first.strip():
            yield first.strip()
        yield from (f"+{other.strip()}" for other in others)


def _parts(text: str) -> Iterator[str]:
    for part in filter(None, map(str.strip, _BETWEEN.split(text))):
        if len(part) > PART_CHARACTERS_MAX:
            message = "An entry of the list is too long. Separate entries with commas."
            raise ValueError(message)
        yield part


def _spare_numbers(text: str, _: Context) -> Found:
    wishes: dict[str, int] = {}
    for part in _parts(text):
        found = _COUNT_FIRST.fullmatch(part) or _COUNT_LAST.fullmatch(part)
        if found is None:
            message = "Write how many numbers of which country, such as 2 GB."
            raise ValueError(message)
        country = _country(found["country"])
        wishes[country] = wishes.get(country, 0) + int(found["count"])
    if sum(wishes.values()) > NUMBERS_PER_PLAN_MAX:
        message = f"An account can be opened with up to {NUMBERS_PER_PLAN_MAX} numbers."
        raise ValueError(message)
    return [("/spare_numbers", [SpareWish(*wish) for wish in wishes.items() if wish[1]])]


def _countries(text: str, _: Context) -> Found:
    opened: list[dict[str, object]] = []
    for part in _parts(text):
        found = _MINUTES.fullmatch(part)
        if found is None:
            message = "Write each country with its minutes, such as IN 300, GB 100."
            raise ValueError(message)
        minutes = int(found["minutes"] or 0)
        opened.append({"country": _country(found["country"]), "minutes": minutes})
    return [("/plan/countries", opened)]


def _country(text: str) -> str:
    country = country_of(text)
    if country is None:
        message = f"We don't know the country “{text.strip()[:60]}”. Write its code, such as GB."
        raise ValueError(message)
    return country


def _billing_country(text: str, _: Context) -> Found:
    return [("/billing_address/country", country_of(text) or text)]


def _yes_or_no(pointer: str) -> Reader:
    def read(text: str, _: Context) -> Found:
        if text.casefold() not in _YES_OR_NO:
            message = "Write yes or no."
            raise ValueError(message)
        return [(pointer, _YES_OR_NO[text.casefold()])]

    return read


def _domestic_policy(text: str, _: Context) -> Found:
    if text.casefold() not in ("included", "rated"):
        message = "Write included or rated."
        raise ValueError(message)
    return [("/plan/domestic_policy", text.casefold())]


def _currency(text: str, context: Context) -> Found:
    if text.upper() != context.currency:
        message = f"Your accounts are in {context.currency}. Take the row out, or correct it."
        raise ValueError(message)
    return []


STATABLE: Final = (
    *("first_name", "last_name", "phone", "users", "cost_per_user", "rate_sheet", "spare_numbers"),
    *("countries", "domestic_policy", "premium_allowed", "credit", "credit_note"),
    *("billing_country", "send_welcome"),
)
"""What may be said for all rows of a file that has no column for it."""

MONEY: Final = ("cost_per_user", "credit")
READERS: Final[Mapping[str, Reader]] = {
    "name": _text("/name"),
    "email": _text("/administrator/email"),
    "first_name": _text("/administrator/first_name"),
    "last_name": _text("/administrator/last_name"),
    "full_name": _full_name,
    "full_name_last_first": _full_name_last_first,
    "phone": _text("/administrator/phone"),
    "plan_name": _text("/plan/name"),
    "users": _users,
    "cost_per_user": _amount("/plan/cost_per_user"),
    "rate_sheet": _rate_sheet,
    "numbers": _numbers,
    "spare_numbers": _spare_numbers,
    "countries": _countries,
    "domestic_policy": _domestic_policy,
    "premium_allowed": _yes_or_no("/plan/premium_allowed"),
    "credit": _amount("/credit/amount"),
    "credit_note": _text("/credit/note"),
    "billing_line1": _text("/billing_address/line1"),
    "billing_line2": _text("/billing_address/line2"),
    "billing_locality": _text("/billing_address/locality"),
    "billing_region": _text("/billing_address/region"),
    "billing_postal_code": _text("/billing_address/postal_code"),
    "billing_country": _billing_country,
    "tax_id": _text("/tax_id"),
    "send_welcome": _yes_or_no("/send_welcome"),
    "currency": _currency,
}
"""By meaning."""

POINTERS: Final[Mapping[str, tuple[str, ...]]] = {
    "full_name": ("/administrator/first_name", "/administrator/last_name"),
    "full_name_last_first": ("/administrator/first_name", "/administrator/last_name"),
    "name": ("/name",),
    "email": ("/administrator/email",),
    "first_name": ("/administrator/first_name",),
    "last_name": ("/administrator/last_name",),
    "phone": ("/administrator/phone",),
    "plan_name": ("/plan/name",),
    "users": ("/plan/users",),
    "cost_per_user": ("/plan/cost_per_user",),
    "rate_sheet": ("/plan/rate_sheet_id",),
    "numbers": ("/plan/numbers",),
    "spare_numbers": ("/plan/numbers",),
    "countries": ("/plan/countries",),
    "domestic_policy": ("/plan/domestic_policy",),
    "premium_allowed": ("/plan/premium_allowed",),
    "credit": ("/credit",),
    "credit_note": ("/credit/note",),
    "billing_line1": ("/billing_address/line1",),
    "billing_line2": ("/billing_address/line2",),
    "billing_locality": ("/billing_address/locality",),
    "billing_region": ("/billing_address/region",),
    "billing_postal_code": ("/billing_address/postal_code",),
    "billing_country": ("/billing_address/country",),
    "tax_id": ("/tax_id",),
    "send_welcome": ("/send_welcome",),
    "currency": ("/currency",),
}
"""Which fields a meaning is about."""
