"""The list of a reseller's accounts, and what is done with several of them at once."""

import asyncio
from collections.abc import Mapping
from typing import Final, Literal, get_args

from fastapi import APIRouter
from fastapi.responses import Response

from contracts.accounts import Account, AccountCounts
from contracts.base import Refused
from contracts.values import PAGE_ITEMS_MAX
from gateway.features.accounts import actions as accounts
from gateway.features.accounts import lists
from gateway.features.accounts.list_address import (
    LOW,
    MONEY_FIELDS,
    PARAMETERS,
    SORT_CHOICES,
    asked_for,
    export_url,
)
from gateway.features.accounts.listing import (
    number_of_rows,
    open_accounts,
    segments_of,
    status_of_query,
)
from gateway.features.accounts.lists import AccountQuery
from gateway.features.accounts.presenters import account_row
from gateway.features.accounts.views import AccountsPage, account_columns
from gateway.identity.caller import Caller
from gateway.portal.browser import ResellerBrowser, SellerBrowser, see
from gateway.portal.bulk_actions import each
from gateway.portal.formatting import plural
from gateway.portal.forms import SentForm, one_of
from gateway.portal.frame import HOMES
from gateway.portal.presenters import list_query, pager
from gateway.portal.views.parts import Kpi, Link, ListQuery, Segment
from gateway.portal.views.shell import Undo

LIST: Final = "/accounts"
BACK_CHARACTERS_MAX: Final = 4_000
BulkAction = Literal["enable", "ask-disable", "disable"]
BULK_ACTIONS: Final[tuple[BulkAction, ...]] = get_args(BulkAction)

router = APIRouter(include_in_schema=False)


@router.get(LIST)
async def list_accounts(browser: SellerBrowser) -> Response:
    """List the accounts; an operator is led to the resellers."""
    if browser.user.role == "operator":
        return see(HOMES[browser.user.role])
    query = list_query(browser.request.url, *PARAMETERS)
    try:
        return await browser.show(await _page(browser.caller, query))
    except Refused as refusal:
        if refusal.problem.code == "invalid-cursor":
            return see(query.url(after=""))
        if refusal.problem.code != "invalid-fields":
            raise
        # too many are found to be sorted or filtered by money: the others are shown, and why
        plain = list_query(query.url(sort="", status="", **dict.fromkeys(MONEY_FIELDS, "")), "q")
        errors = {"": refusal.problem.detail}
        return await browser.show(await _page(browser.caller, plain, errors=errors))


async def _page(
    caller: Caller,
    query: ListQuery,
    *,
    selected: frozenset[str] = frozenset(),
    errors: Mapping[str, str] | None = None,
) -> AccountsPage:
    asked = asked_for(caller, query)
    renewals = asked.query.sort.endswith("renews_at") or any(
        asked.fields[name] for name in ("renews_from", "renews_to")
    )
    wanted = asked.query.model_copy(update={"status": status_of_query(query)})
    page, counts, figures = await asyncio.gather(
        lists.list_accounts(caller, wanted),
        accounts.count_accounts(caller, query.value("q")),
        accounts.find_figures(caller),
    )
    return AccountsPage(
        query=query,
        currency=caller.user.currency,
        zone=caller.user.time_zone,
        kpis=_kpis(figures) if open_accounts(figures.counts) else (),
        segments=_segments(query, counts, figures),
        columns=account_columns(query, wanted.sort, renewals=renewals),
        rows=tuple(account_row(account) for account in page.data),
        pager=pager(
            query,
            len(page.data),
            _number_of_rows(wanted, query, counts, figures),
            "account",
            after=page.next,
            before=page.previous,
        ),
        fields=asked.fields,
        sort=wanted.sort,
        sorts=SORT_CHOICES,
        renewals=renewals,
        filtered=bool(asked.errors) or any(asked.fields.values()),
        export_url=export_url(query, wanted),
        any_account=bool(open_accounts(figures.counts) or figures.counts.closed),
        selected=selected,
        dialog="disable" if selected else "",
        errors=errors or asked.errors,
    )


def _segments(
    query: ListQuery, counts: AccountCounts, figures: accounts.Figures
) -> tuple[Segment, ...]:
    """Return the filters by state, with the accounts whose credit is low after the active ones."""
    everything, active, *others = segments_of(query, counts)
    low = None if query.value("q") else figures.totals.low
    return (everything, active, query.segment("status", LOW, "Low balance", low), *others)


def _number_of_rows(
    wanted: AccountQuery, query: ListQuery, counts: AccountCounts, figures: accounts.Figures
) -> int | None:
    """Return how many rows the list has on all its pages; None where they are not counted."""
    without_low = wanted.model_copy(update={"low": False})
    if without_low.filters_by_money or (wanted.low and wanted.search):
        return None
    return figures.totals.low if wanted.low else number_of_rows(query, counts)


def _kpis(figures: accounts.Figures) -> tuple[Kpi, ...]:
    counts, totals = figures.counts, figures.totals
    fresh = counts.opened_this_month
    return (
        Kpi(
            label="Active accounts",
            value=counts.active,
            trend=f"{fresh:,} opened this month" if fresh else "",
        ),
        Kpi(label="Monthly recurring", value=totals.monthly_charge, currency=totals.currency),
        Kpi(label="Credit held by customers", value=totals.credit, currency=totals.currency),
        Kpi(
            label="Running low",
            value=totals.low or 0,
            link=Link(label="Review", url=f"{LIST}?status={LOW}") if totals.low else None,
            warns=bool(totals.low),
        ),
    )


# --- several at once ----------------------------------------------------------------------------


@router.post("/accounts/bulk")
async def change_several(browser: ResellerBrowser, form: SentForm) -> Response:
    """Enable or disable the ticked accounts; the toast tells how many, and can undo it."""
    back = form.text("back", BACK_CHARACTERS_MAX)
    if not (back == LIST or back.startswith((f"{LIST}?", f"{LIST}/"))):
        back = LIST
    ticked = form.texts("account", PAGE_ITEMS_MAX)
    action = one_of(BULK_ACTIONS, form.text("action"))
    if action is None:
        raise Refused("invalid-fields", "Choose what to do with the selected accounts.")
    if not ticked:
        return await browser.go(back, "Select accounts first.", bad=True)
    if action == "ask-disable":
        query = list_query(back, *PARAMETERS)
        return await browser.show(await _page(browser.caller, query, selected=frozenset(ticked)))
    seen: dict[str, Account] = {}
    changed: list[str] = []

    async def act(account_id: str) -> None:
        seen[account_id] = await accounts.find_account(browser.caller, account_id)
        if action == "disable":
            reason = form.text("reason")
            account = await accounts.disable_account(browser.caller, account_id, reason)
        else:
            account = await accounts.enable_account(browser.caller, account_id)
        if account.version != seen[account_id].version:
            changed.append(account_id)

    several = await each(ticked, act)
    fields = (("action", "enable"), ("back", back), *(("account", one) for one in changed))
    undo = Undo(url="/accounts/bulk", fields=fields) if action == "disable" and changed else None
    why_not = several.why_not({one: account.name for one, account in seen.items()})
    said = f"{plural(len(several.done), 'account')} {action}d. {why_not}".strip()
    return await browser.go(back, said, undo=undo, bad=bool(several.refused))
