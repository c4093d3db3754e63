"""What the address of the list of accounts asks for: search, state, money, renewal, order."""

from collections.abc import Mapping
from typing import Final, NamedTuple, get_args
from zoneinfo import ZoneInfo

from contracts.accounts import AccountSort
from contracts.billing import BillingAccountSort
from contracts.values import micros
from gateway.features.accounts.lists import AccountListSort, AccountQuery
from gateway.identity.caller import Caller
from gateway.portal.days import DAY, NOT_A_DAY, day_of, midnight
from gateway.portal.formatting import day as written
from gateway.portal.forms import one_of
from gateway.portal.presenters import ROWS_PER_PAGE
from gateway.portal.reading import Reading
from gateway.portal.views.parts import Choice, ListQuery

LOW: Final = "low"
"""Among the states in an address: not a state of an account, but of its credit."""

MONEY_FIELDS: Final = ("balance_from", "balance_to", "renews_from", "renews_to")
PARAMETERS: Final = ("q", "status", "sort", *MONEY_FIELDS, "after")
SORTS: Final[tuple[AccountListSort, ...]] = (*get_args(AccountSort), *get_args(BillingAccountSort))
SORT_CHOICES: Final = (
    Choice(value="name", label="Name, A to Z"),
    Choice(value="-name", label="Name, Z to A"),
    Choice(value="administrator", label="Administrator, A to Z"),
    Choice(value="-created_at", label="Newest first"),
    Choice(value="created_at", label="Oldest first"),
    Choice(value="balance", label="Lowest balance first"),
    Choice(value="-balance", label="Highest balance first"),
    Choice(value="renews_at", label="Next to renew first"),
    Choice(value="-renews_at", label="Last to renew first"),
)


class Asked(NamedTuple):
    """What is asked for, the fields as they are shown again, and what is wrong with them."""

    query: AccountQuery
    fields: Mapping[str, str]
    errors: Mapping[str, str]


def asked_for(caller: Caller, query: ListQuery) -> Asked:
    """Return what an address asks for; what cannot be read filters nothing and is reported."""
    reading = Reading(caller.user.currency)
    zone = ZoneInfo(caller.user.time_zone)
    fields = {name: query.value(name) for name in MONEY_FIELDS}
    amounts = {
        name: micros(reading.amount(fields[name], f"/{name}", "the balance"))
        if fields[name]
        else None
        for name in ("balance_from", "balance_to")
    }
    wrong = {error.pointer.removeprefix("/"): error.detail for error in reading.errors}
    days = {name: day_of(fields[name]) for name in ("renews_from", "renews_to")}
    for name, day in days.items():
        if day is not None:
            fields[name] = written(day)
        elif fields[name]:
            wrong[name] = NOT_A_DAY
    first, last = days["renews_from"], days["renews_to"]
    low = query.value("status") == LOW
    return Asked(
        AccountQuery(
            search=query.value("q"),
            low=low,
            balance_from=None if "balance_from" in wrong else amounts["balance_from"],
            balance_to=None if "balance_to" in wrong else amounts["balance_to"],
            renews_from=midnight(first, zone) if first else None,
            renews_before=midnight(last + DAY, zone) if last else None,
            sort=one_of(SORTS, query.value("sort")) or ("balance" if low else "name"),
            limit=ROWS_PER_PAGE,
            cursor=query.value("after") or None,
        ),
        fields,
        wrong,
    )


def export_url(query: ListQuery, asked: AccountQuery) -> str:
    """Return where programs have the same list as CSV."""
    times = {"renews_from": asked.renews_from, "renews_to": asked.renews_before}
    more = {name: f"{at:%Y-%m-%dT%H:%M:%SZ}" for name, at in times.items() if at}
    if asked.low:
        more |= {"status": "", "low_balance": "true"}
    if "sort" in query.parameters or asked.low:
        more["sort"] = asked.sort
    return query.file("/v1/accounts.csv", "q", "status", "sort", **_amounts(asked), **more)


def _amounts(asked: AccountQuery) -> dict[str, str]:
    shown = asked.model_dump(mode="json", include={"balance_from", "balance_to"}, exclude_none=True)
    return {name: str(value) for name, value in shown.items()}
