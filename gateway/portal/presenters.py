"""From the services' answers to what pages show."""

from functools import cache
from typing import Final
from urllib.parse import urlsplit

import phonenumbers
from starlette.datastructures import URL, QueryParams

from contracts.values import PAGE_ITEMS_MAX, is_readable
from gateway.portal.formatting import country_name, place_in_list, plural
from gateway.portal.limits import SEARCH_CHARACTERS_MAX
from gateway.portal.views.parts import Choice, ListQuery, Pager

SECONDS_PER_MINUTE: Final = 60
CURSOR_CHARACTERS_MAX: Final = 2_000
ROWS_PER_PAGE: Final = 25
assert ROWS_PER_PAGE <= PAGE_ITEMS_MAX


def list_query(address: str | URL, *names: str) -> ListQuery:
    """Return what a list's address says; what it says beside these names is left out."""
    parts = urlsplit(str(address))
    parameters = QueryParams(parts.query)
    known: dict[str, str] = {}
    for name in names:
        most = CURSOR_CHARACTERS_MAX if name == "after" else SEARCH_CHARACTERS_MAX
        value = parameters.get(name, "").strip()[:most]
        if value and is_readable(value):
            known[name] = value
    return ListQuery(path=parts.path, parameters=known)


def pager(
    query: ListQuery,
    shown: int,
    total: int | None,
    noun: str,
    *,
    after: str | None,
    before: str | None,
) -> Pager:
    """Return which part of a list is shown, and the way to what comes after and before.

    `total` is None where they are not counted.
    """
    all_of_it = not after and not before
    if total is None:
        text = plural(shown, noun) + ("" if all_of_it else " on this page")
    elif all_of_it and shown == total:
        text = plural(total, noun)
    else:
        text = f"{shown:,} of {plural(total, noun)}"
    return Pager(
        text=text,
        previous_url=query.url(after=before) if before else "",
        next_url=query.url(after=after) if after else "",
    )


def first_pager(
    query: ListQuery,
    shown: int,
    noun: str,
    *,
    after: str | None,
    total: int | None = None,
    many: str = "",
) -> Pager:
    """Return the way through a list that knows no way back but to its beginning.

    `total` is how many it has on all pages, where they are counted: without it, a page says that it
    speaks of itself alone. `many` is the plural of a noun that does not end with s then.
    """
    if total is None:
        alone = not after and not query.value("after")
        text = plural(shown, noun, many) + ("" if alone else " on this page")
    elif total == shown:
        text = plural(total, noun, many)
    else:
        text = f"{shown:,} of {plural(total, noun, many)}"
    return Pager(
        text=text,
        first_url=query.url(after="") if query.value("after") else "",
        next_url=query.url(after=after) if after else "",
    )


@cache
def country_choices() -> tuple[Choice, ...]:
    """Return the countries that have telephone numbers, by name."""
    codes = sorted(phonenumbers.SUPPORTED_REGIONS, key=place_in_list)
    return tuple(Choice(value=code, label=country_name(code)) for code in codes)
