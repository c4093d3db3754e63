"""The ledger of an account, in a time frame."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import Response

from contracts.base import Refused
from contracts.billing import ListTransactions
from gateway.actions import accounts
from gateway.portal.browser import ResellerBrowser, see
from gateway.portal.contents import ROWS_PER_PAGE, list_query
from gateway.portal.formatting import plural
from gateway.portal.views.accounts import TransactionsPage
from gateway.portal.views.parts import ListQuery, Pager, Segment

PARAMETERS: Final = ("from", "to", "after")
YEARS: Final = range(1970, 9000)
MONTHS_BACK: Final = 3

router = APIRouter(include_in_schema=False)


@router.get("/accounts/{account_id}/transactions")
async def list_transactions(account_id: str, browser: ResellerBrowser) -> Response:
    """List the ledger entries of some days, newest first."""
    caller = browser.caller
    account = await accounts.find_account(caller, account_id)
    query = list_query(browser.request.url, *PARAMETERS)
    first, last = _day(query.value("from")), _day(query.value("to"))
    zone = ZoneInfo(account.time_zone)
    try:
        page = await accounts.list_transactions(
            caller,
            ListTransactions(
                account_id=account.id,
                start=_midnight(first, zone) if first else None,
                end=_midnight(last + timedelta(days=1), zone) if last else None,
                limit=ROWS_PER_PAGE,
                cursor=query.value("after") or None,
            ),
        )
    except Refused as refusal:
        if refusal.problem.type != "invalid-cursor":
            raise
        return see(query.url(after=""))
    today = caller.gateway.clock().astimezone(zone).date()
    return await browser.show(
        TransactionsPage(
            id=account.id,
            name=account.name,
            currency=account.currency,
            zone=account.time_zone,
            first_day=first.isoformat() if first else "",
            last_day=last.isoformat() if last else "",
            presets=_presets(query, today),
            opening_balance=page.opening_balance,
            closing_balance=page.closing_balance,
            rows=page.data,
            pager=Pager(
                text=plural(len(page.data), "entry", "entries"),
                first_url=query.url(after="") if query.value("after") else "",
                next_url=query.url(after=page.next) if page.next else "",
            ),
        )
    )


def _day(text: str) -> date | None:
    """Return a day of the address; none for what is no day, as if it were not there."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year in YEARS else None


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return when a day begins in the account's time zone."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _presets(query: ListQuery, today: date) -> tuple[Segment, ...]:
    month = today.replace(day=1)
    last_month = (month - timedelta(days=1)).replace(day=1)
    three_months = last_month
    for _ in range(MONTHS_BACK - 2):
        three_months = (three_months - timedelta(days=1)).replace(day=1)
    ranges: tuple[tuple[str, date | None, date | None], ...] = (
        ("All time", None, None),
        ("This month", month, None),
        ("Last month", last_month, month - timedelta(days=1)),
        ("Last three months", three_months, None),
    )
    return tuple(_preset(query, label, first, last) for label, first, last in ranges)


def _preset(query: ListQuery, label: str, first: date | None, last: date | None) -> Segment:
    wanted = {
        "from": first.isoformat() if first else "",
        "to": last.isoformat() if last else "",
    }
    current = all(query.value(name) == value for name, value in wanted.items())
    return Segment(label=label, url=query.url(**wanted, after=""), current=current)
