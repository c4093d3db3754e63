"""The list of a reseller's accounts, and what is done with several of them at once."""

import asyncio
from collections.abc import Mapping
from typing import Final, Literal, get_args

from fastapi import APIRouter
from fastapi.responses import Response

from contracts.accounts import (
    Account,
    AccountCounts,
    AccountPage,
    AccountSort,
    AccountStatus,
    ListAccounts,
)
from contracts.base import Refused
from contracts.billing import WalletSummary
from contracts.values import PAGE_ITEMS_MAX
from gateway.actions import accounts
from gateway.caller import Caller
from gateway.portal.browser import ResellerBrowser, SellerBrowser, see
from gateway.portal.contents import ROWS_PER_PAGE, account_row, list_query, pager
from gateway.portal.formatting import plural
from gateway.portal.forms import SentForm, one_of
from gateway.portal.frame import HOMES
from gateway.portal.several import each
from gateway.portal.views.accounts import AccountsPage, account_columns
from gateway.portal.views.parts import Kpi, ListQuery, Segment
from gateway.portal.views.shell import Undo

LIST: Final = "/accounts"
PARAMETERS: Final = ("q", "status", "sort", "after")
BACK_CHARACTERS_MAX: Final = 4_000
SORTS: Final[tuple[AccountSort, ...]] = get_args(AccountSort)
SEGMENTS: Final[tuple[tuple[AccountStatus, str], ...]] = (
    ("active", "Active"),
    ("opening", "Opening"),
    ("disabled", "Disabled"),
    ("suspended", "Suspended"),
    ("closed", "Closed"),
)
STATUSES: Final[tuple[AccountStatus, ...]] = tuple(status for status, _ in SEGMENTS)
BulkAction = Literal["enable", "ask-disable", "disable"]
BULK_ACTIONS: Final[tuple[BulkAction, ...]] = get_args(BulkAction)

router = APIRouter(include_in_schema=False)


def status_of_query(query: ListQuery) -> AccountStatus | None:
    """Return the state that a list is filtered by: one of those that it offers, or none."""
    return one_of(STATUSES, query.value("status"))


def sort_of_query(query: ListQuery) -> AccountSort:
    """Return what a list is sorted by: the name unless its address says otherwise."""
    return one_of(SORTS, query.value("sort")) or "name"


def segments_of(query: ListQuery, counts: AccountCounts) -> tuple[Segment, ...]:
    """Return the filters of a list by state; a state that no account is in is not offered."""
    numbers: dict[AccountStatus, int] = {
        "active": counts.active,
        "opening": counts.opening,
        "disabled": counts.disabled,
        "suspended": counts.suspended,
        "closed": counts.closed,
    }
    offered = (
        query.segment("status", status, label, numbers[status])
        for status, label in SEGMENTS
        if status == "active" or numbers[status] or query.value("status") == status
    )
    return (query.segment("status", "", "All", open_accounts(counts)), *offered)


def open_accounts(counts: AccountCounts) -> int:
    """Return how many accounts a list without a filter has."""
    return counts.opening + counts.active + counts.disabled + counts.suspended


def number_of_rows(query: ListQuery, counts: AccountCounts) -> int:
    """Return how many rows a list has on all its pages."""
    found = {segment.label.lower(): segment.count for segment in segments_of(query, counts)}
    return found[status_of_query(query) or "all"] or 0


async def account_page(caller: Caller, query: ListQuery) -> AccountPage:
    """Return the accounts of a list's page; Refused `invalid-cursor` for an old address."""
    return await accounts.list_accounts(
        caller,
        ListAccounts(
            search=query.value("q"),
            status=status_of_query(query),
            sort=sort_of_query(query),
            limit=ROWS_PER_PAGE,
            cursor=query.value("after") or None,
        ),
    )


@router.get(LIST)
async def list_accounts(browser: SellerBrowser) -> Response:
    """List the accounts; an operator is led to the resellers."""
    if browser.user.role == "operator":
        return see(HOMES[browser.user.role])
    query = list_query(browser.request.url, *PARAMETERS)
    try:
        return await browser.show(await _page(browser.caller, query))
    except Refused as refusal:
        if refusal.problem.type != "invalid-cursor":
            raise
        return see(query.url(after=""))


async def _page(
    caller: Caller,
    query: ListQuery,
    *,
    selected: frozenset[str] = frozenset(),
    errors: Mapping[str, str] | None = None,
) -> AccountsPage:
    page, counts, figures = await asyncio.gather(
        account_page(caller, query),
        accounts.count_accounts(caller, query.value("q")),
        accounts.find_figures(caller),
    )
    wallets = await _wallets(caller, page)
    return AccountsPage(
        query=query,
        currency=caller.user.currency,
        kpis=_kpis(figures) if open_accounts(figures.counts) else (),
        segments=segments_of(query, counts),
        columns=account_columns(query),
        rows=tuple(account_row(account, wallets) for account in page.data),
        pager=pager(
            query,
            len(page.data),
            number_of_rows(query, counts),
            "account",
            after=page.next,
            before=page.previous,
        ),
        any_account=bool(open_accounts(figures.counts) or figures.counts.closed),
        selected=selected,
        dialog="disable" if selected else "",
        errors=errors or {},
    )


async def _wallets(caller: Caller, page: AccountPage) -> Mapping[str, WalletSummary]:
    if not page.data:
        return {}
    found = await accounts.find_wallets(caller, tuple(account.id for account in page.data))
    return {wallet.account_id: wallet for wallet in found.data}


def _kpis(figures: accounts.Figures) -> tuple[Kpi, ...]:
    counts, totals = figures.counts, figures.totals
    fresh = counts.opened_this_month
    return (
        Kpi(
            label="Active accounts",
            value=counts.active,
            trend=f"{fresh:,} this month" if fresh else "",
        ),
        Kpi(label="Monthly recurring", value=totals.monthly_charge, currency=totals.currency),
        Kpi(label="Credit held by customers", value=totals.credit, currency=totals.currency),
        Kpi(label="Out of credit", value=totals.below_zero),
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
        raise Refused("invalid-fields", "Choose what to do with the ticked accounts.")
    if not ticked:
        return await browser.go(back, "Tick the accounts first.", bad=True)
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
