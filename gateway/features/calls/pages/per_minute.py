"""Billed calls in a time frame: as an account's parent sees them, and as it sees its own."""

import asyncio
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import Response

from contracts.accounts import Account
from contracts.base import Refused
from contracts.billing import CHART_DAYS_MAX, CallPage, FindDailyUsage, ListCalls
from gateway.features.accounts import actions as accounts
from gateway.features.calls import actions as calls
from gateway.features.calls.chart import BarChart, charges_by_day
from gateway.features.calls.views import PerMinutePage
from gateway.features.people.heads import head_of
from gateway.identity.caller import Caller
from gateway.portal.browser import AccountBrowser, Browser, SellerBrowser, see
from gateway.portal.days import (
    DAY,
    PARAMETERS,
    Choice,
    Days,
    days_of,
    first_of_month,
    iso,
    segments_of,
)
from gateway.portal.presenters import ROWS_PER_PAGE, first_pager, list_query
from gateway.portal.views.parts import ListQuery

WEEK: Final = timedelta(days=7)

router = APIRouter(include_in_schema=False)


@router.get("/accounts/{account_id}/calls")
async def list_calls(account_id: str, browser: SellerBrowser) -> Response:
    """List the billed calls of some days of an account."""
    account = await accounts.find_account(browser.caller, account_id)
    return await _show(browser, account, own=False)


@router.get("/my/per-minute")
async def list_own_calls(browser: AccountBrowser) -> Response:
    """List the billed calls of some days of one's own account."""
    account = await accounts.find_own_account(browser.caller)
    return await _show(browser, account, own=True)


async def _show(browser: Browser, account: Account, *, own: bool) -> Response:
    caller = browser.caller
    zone = ZoneInfo(account.time_zone)
    today = caller.gateway.clock().astimezone(zone).date()
    query = _with_days(list_query(browser.request.url, *PARAMETERS), today)
    days = days_of(query, zone)
    try:
        page, chart = await asyncio.gather(
            _page(caller, account, query, days), _chart(caller, account, days, today)
        )
    except Refused as refusal:
        if refusal.problem.code != "invalid-cursor":
            raise
        return see(query.url(after=""))
    totals = page.totals
    return await browser.show(
        PerMinutePage(
            id=account.id,
            name=account.name,
            head=head_of(account, totals.available_credit) if own else None,
            query=query,
            currency=account.currency,
            zone=account.time_zone,
            first_day=days.first_text,
            last_day=days.last_text,
            presets=segments_of(query, _choices(today)),
            export_url=days.url(f"/v1/accounts/{account.id}/calls.csv"),
            call_charges=totals.call_charges,
            minutes_used=totals.minutes_used,
            available=totals.available_credit,
            chart=chart,
            rows=page.data,
            pager=first_pager(query, len(page.data), "call", after=page.next),
        )
    )


def _choices(today: date) -> tuple[Choice, ...]:
    month = first_of_month(today)
    return (
        Choice("7 days", today - WEEK + DAY, today),
        Choice("This month", month, today),
        Choice("Last month", first_of_month(today, 1), month - DAY),
        Choice("This year", today.replace(month=1, day=1), today),
    )


def _with_days(query: ListQuery, today: date) -> ListQuery:
    """Return the query with the days of this month when it asks for none."""
    if query.value("from") or query.value("to"):
        return query
    this_month = {"from": iso(first_of_month(today)), "to": iso(today)}
    return ListQuery(path=query.path, parameters={**query.parameters, **this_month})


async def _page(caller: Caller, account: Account, query: ListQuery, days: Days) -> CallPage:
    return await calls.list_calls(
        caller,
        ListCalls(
            account_id=account.id,
            start=days.start,
            end=days.end,
            limit=ROWS_PER_PAGE,
            cursor=query.value("after") or None,
        ),
    )


async def _chart(caller: Caller, account: Account, days: Days, today: date) -> BarChart | None:
    """Return the chart of the days that are over or begun, and of the last of them where many."""
    opened = account.created_at.astimezone(days.zone).date()
    last = min(days.last or today, today)
    first = days.first or opened
    if first > last:
        return None
    shown = max(first, last - CHART_DAYS_MAX * DAY + DAY)
    query = FindDailyUsage(account_id=account.id, first=shown, last=last)
    found = await calls.find_daily_usage(caller, query)
    if not any(one.call_charges for one in found.data):
        return None
    title = "Charges by day" + (f", last {CHART_DAYS_MAX} days" if shown > first else "")
    return charges_by_day(found.data, account.currency, title)
