"""The ledger of an account, in a time frame: as its parent sees it, and as it sees its own."""

from typing import Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import Response

from contracts.accounts import Account
from contracts.base import Refused
from contracts.billing import ListTransactions
from gateway.features.accounts import actions as accounts
from gateway.features.accounts.ledger_rows import (
    Kind,
    kind_of,
    kind_segments,
    ledger_pager,
    ledger_rows,
)
from gateway.features.accounts.views import TransactionsPage
from gateway.features.people.heads import settings_head
from gateway.portal.browser import AccountBrowser, Browser, SellerBrowser, see
from gateway.portal.days import DAY, PARAMETERS, Choice, Days, days_of, first_of_month, segments_of
from gateway.portal.presenters import ROWS_PER_PAGE, list_query
from gateway.portal.views.parts import SettingsHead

OPEN: Final = ("active", "disabled", "suspended")

router = APIRouter(include_in_schema=False)


@router.get("/accounts/{account_id}/transactions")
async def list_transactions(account_id: str, browser: SellerBrowser) -> Response:
    """List the ledger entries of some days of an account, newest first."""
    return await _show(browser, await accounts.find_account(browser.caller, account_id), None)


@router.get("/my/transactions")
async def list_own_transactions(browser: AccountBrowser) -> Response:
    """List the ledger entries of some days of one's own account, newest first."""
    account = await accounts.find_own_account(browser.caller)
    return await _show(browser, account, await settings_head(browser, account))


async def _show(browser: Browser, account: Account, head: SettingsHead | None) -> Response:
    caller = browser.caller
    query = list_query(browser.request.url, *PARAMETERS, "type")
    kind = kind_of(query)
    days = days_of(query, ZoneInfo(account.time_zone))
    try:
        page = await accounts.list_transactions(
            caller,
            ListTransactions(
                account_id=account.id,
                start=days.start,
                end=days.end,
                types=kind.types,
                free_calls=kind.free_calls,
                limit=ROWS_PER_PAGE,
                cursor=query.value("after") or None,
            ),
        )
    except Refused as refusal:
        if refusal.problem.code != "invalid-cursor":
            raise
        return see(query.url(after=""))
    today = caller.gateway.clock().astimezone(days.zone).date()
    month = first_of_month(today)
    choices = (
        Choice("All time"),
        Choice("This month", month),
        Choice("Last month", first_of_month(today, 1), month - DAY),
        Choice("Last three months", first_of_month(today, 2)),
    )
    return await browser.show(
        TransactionsPage(
            id=account.id,
            name=account.name,
            head=head,
            query=query,
            export_url=_export_url(account, days, kind),
            currency=account.currency,
            zone=account.time_zone,
            first_day=days.first_text,
            last_day=days.last_text,
            presets=segments_of(query, choices),
            kinds=kind_segments(query),
            opening_balance=page.opening_balance,
            closing_balance=page.closing_balance,
            rows=ledger_rows(page, query),
            correct_url=_correct_url(browser, account) if head is None else "",
            pager=ledger_pager(page, query),
        )
    )


def _export_url(account: Account, days: Days, kind: Kind) -> str:
    """Return where programs have the same entries; free calls are listed there, not folded."""
    address = days.url(f"/v1/accounts/{account.id}/transactions.csv")
    more = [("type", one) for one in kind.types]
    if kind.free_calls == "only":
        more.append(("free_calls", "only"))
    return f"{address}{'&' if '?' in address else '?'}{urlencode(more)}" if more else address


def _correct_url(browser: Browser, account: Account) -> str:
    """Return where an entry of an open account is corrected, but for its number."""
    if account.status not in OPEN:
        return ""
    return f"{browser.account_url(account.id)}?dialog=adjust&entry="
