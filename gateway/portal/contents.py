"""From the services' answers to what pages show."""

from functools import cache
from typing import Final
from urllib.parse import urlsplit

import phonenumbers
from starlette.datastructures import URL, QueryParams

from contracts import accounts as contracts
from contracts.values import PAGE_ITEMS_MAX, is_readable
from gateway.actions.account_lists import ListedAccount
from gateway.portal.billing_details import stored_details
from gateway.portal.formatting import country_name, place_in_list, plural
from gateway.portal.limits import SEARCH_CHARACTERS_MAX
from gateway.portal.views.accounts import AccountRow, Administrator, BasicFields
from gateway.portal.views.parts import Choice, ListQuery, Pager

SECONDS_PER_MINUTE: Final = 60
CURSOR_CHARACTERS_MAX: Final = 2_000
ROWS_PER_PAGE: Final = 25
DAYS_OF_A_YEAR: Final = 366
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


def administrator(person: contracts.Administrator) -> Administrator:
    """Return an account's administrator."""
    return Administrator(
        first_name=person.first_name,
        last_name=person.last_name,
        email=person.email,
        phone=person.phone,
    )


def basic_fields(account: contracts.Account) -> BasicFields:
    """Return an account's name and contacts as a form shows them."""
    person = account.administrator
    return BasicFields(
        name=account.name,
        email=person.email,
        first_name=person.first_name,
        last_name=person.last_name,
        phone=person.phone,
        billing=stored_details(account),
    )


def lasts_text(days: int | None) -> str:
    """Say for how long credit lasts, in few words; nothing while nothing is spent."""
    if days is None:
        return ""
    if days >= DAYS_OF_A_YEAR:
        return "over a year left"
    return f"≈ {plural(days, 'day')} left" if days else "under a day left"


def account_row(account: ListedAccount) -> AccountRow:
    """Return a row of the list of accounts; an account without a wallet yet has no money."""
    plan, wallet = account.plan, account.wallet
    return AccountRow(
        id=account.id,
        name=account.name,
        realm=account.realm,
        administrator=administrator(account.administrator),
        plan_name=plan.name if plan else "",
        users=plan.users if plan else 0,
        cost_per_user=plan.cost_per_user if plan else 0,
        numbers=len(account.numbers),
        bundle_minutes=wallet.bundle_minutes if wallet else 0,
        bundle_minutes_left=wallet.bundle_minutes_left if wallet else 0,
        balance=wallet.balance if wallet else 0,
        credit_limit=wallet.credit_limit if wallet else 0,
        renews_at=wallet.renews_at if wallet else None,
        lasts=lasts_text(wallet.days_left if wallet else None),
        low=wallet.low if wallet else False,
        status=account.status,
    )


@cache
def country_choices() -> tuple[Choice, ...]:
    """Return the countries that have telephone numbers, by name."""
    codes = sorted(phonenumbers.SUPPORTED_REGIONS, key=place_in_list)
    return tuple(Choice(value=code, label=country_name(code)) for code in codes)
