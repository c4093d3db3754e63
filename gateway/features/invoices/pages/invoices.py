"""Lists of invoices: all that were sent, those of an account, and one's own, which are bills."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Final, NamedTuple, get_args
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import Response

from contracts.accounts import Account
from contracts.base import Refused
from contracts.billing import InvoiceFilter, InvoicePage, ListInvoices
from contracts.values import PAGE_ITEMS_MAX, SUM_MICROS_MAX
from gateway.features.accounts import actions as accounts
from gateway.features.invoices import actions as invoices
from gateway.features.invoices.views import InvoicesPage, Unpaid
from gateway.features.people.heads import head_of
from gateway.identity.caller import Caller, RequestKey
from gateway.portal.browser import AccountBrowser, Browser, SellerBrowser, see
from gateway.portal.days import (
    DAY,
    PARAMETERS,
    Choice,
    days_of,
    first_of_month,
    iso,
    months_before,
    segments_of,
)
from gateway.portal.formatting import money, plural
from gateway.portal.forms import SentForm, form_errors, new_request_id, one_of, status_of
from gateway.portal.frame import PLATFORM_NAME
from gateway.portal.presenters import ROWS_PER_PAGE, first_pager, list_query
from gateway.portal.views.parts import ListQuery, SettingsHead

DEFAULT_MONTHS: Final = 3
BEGINNING: Final = date(2020, 1, 1)
"""Nothing was sent before."""

FILTERS: Final[tuple[InvoiceFilter, ...]] = get_args(InvoiceFilter)
SHOWN_FILTERS: Final = (("", "All"), ("unpaid", "Unpaid"), ("overdue", "Overdue"), ("paid", "Paid"))
SUM_DIGITS: Final = len(str(SUM_MICROS_MAX))

router = APIRouter(include_in_schema=False)


class Listed(NamedTuple):
    """Whose invoices are listed: an account's, one's own, or (without one) all that were sent."""

    account: Account | None
    own: bool
    zone: ZoneInfo

    @property
    def url(self) -> str:
        """Where the list is."""
        if self.account is None:
            return "/invoices"
        return "/my/bills" if self.own else f"/accounts/{self.account.id}/invoices"

    @property
    def api(self) -> str:
        """Where programs have it, as CSV."""
        if self.account is None:
            return "/v1/invoices.csv"
        return f"/v1/accounts/{self.account.id}/invoices.csv"


# --- looking ------------------------------------------------------------------------------------


@router.get("/invoices")
async def list_sent(browser: SellerBrowser) -> Response:
    """List the invoices of all customers."""
    return await _show(browser, Listed(None, own=False, zone=ZoneInfo(browser.user.time_zone)))


@router.get("/accounts/{account_id}/invoices")
async def list_of_account(account_id: str, browser: SellerBrowser) -> Response:
    """List the invoices of some days of an account."""
    account = await accounts.find_account(browser.caller, account_id)
    return await _show(browser, _listed(account, own=False))


@router.get("/my/bills")
async def list_own(browser: AccountBrowser) -> Response:
    """List the bills of some days of one's own account; the last three months unless asked."""
    account = await accounts.find_own_account(browser.caller)
    return await _show(browser, _listed(account, own=True))


def _listed(account: Account, *, own: bool) -> Listed:
    return Listed(account, own, ZoneInfo(account.time_zone))


async def _show(
    browser: Browser,
    listed: Listed,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    caller, account = browser.caller, listed.account
    today = caller.gateway.clock().astimezone(listed.zone).date()
    address = browser.request.url if browser.request.method == "GET" else listed.url
    query = _with_days(list_query(address, *PARAMETERS, "status", "q"), today)
    days = days_of(query, listed.zone)
    try:
        page, available = await asyncio.gather(
            _page(caller, listed, query), _available(caller, account)
        )
    except Refused as refusal:
        if refusal.problem.code != "invalid-cursor":
            raise
        return see(query.url(after=""))
    return await browser.show(
        InvoicesPage(
            id=account.id if account else "",
            name=account.name if account else "",
            head=_head(account, available, page) if account and listed.own else None,
            parent=(account.parent_name if account else "") or PLATFORM_NAME,
            query=query,
            export_url=_export_url(listed, query),
            currency=page.currency,
            first_day=days.first_text,
            last_day=days.last_text,
            presets=segments_of(query, _choices(today, account)),
            segments=tuple(query.segment("status", *shown) for shown in SHOWN_FILTERS),
            count=page.count,
            total=page.total,
            due=page.due,
            unpaid_count=page.unpaid_count,
            unpaid_amount=page.unpaid,
            unpaid=await _unpaid(caller, account, page, today, available),
            rows=page.data,
            pager=first_pager(query, len(page.data), "document", after=page.next, total=page.count),
            request=new_request_id(),
            errors=errors or {},
        ),
        status,
    )


def _head(account: Account, available: int | None, page: InvoicePage) -> SettingsHead:
    """Return the head of one's own bills; what is unpaid is known here at once."""
    return replace(head_of(account, available), unpaid_bills=page.unpaid_count)


def _with_days(query: ListQuery, today: date) -> ListQuery:
    """Return the query with the days of the last three months when it asks for none."""
    if query.value("from") or query.value("to"):
        return query
    usual = {"from": iso(months_before(today, DEFAULT_MONTHS)), "to": iso(today)}
    return ListQuery(path=query.path, parameters={**query.parameters, **usual})


def _choices(today: date, account: Account | None) -> tuple[Choice, ...]:
    month = first_of_month(today)
    year = today.replace(month=1, day=1)
    opened = account.created_at.date() - DAY if account else BEGINNING
    return (
        Choice("Last three months", months_before(today, DEFAULT_MONTHS), today),
        Choice("This month", month, today),
        Choice("Last month", first_of_month(today, 1), month - DAY),
        Choice("This year", year, today),
        Choice("All time", opened, today),
    )


def _asked(listed: Listed, query: ListQuery) -> ListInvoices:
    days = days_of(query, listed.zone)
    return ListInvoices(
        account_id=listed.account.id if listed.account else None,
        start=days.first,
        end=days.last + DAY if days.last else None,
        filter=one_of(FILTERS, query.value("status")),
        search=query.value("q"),
        limit=ROWS_PER_PAGE,
        cursor=query.value("after") or None,
    )


def _export_url(listed: Listed, query: ListQuery) -> str:
    """Return the address of the same list as CSV."""
    asked = _asked(listed, query)
    wanted = {
        "from": iso(asked.start),
        "to": iso(asked.end),
        "status": asked.filter or "",
        "q": asked.search,
    }
    return ListQuery(path=listed.api).url(**wanted)


async def _page(caller: Caller, listed: Listed, query: ListQuery) -> InvoicePage:
    asked = _asked(listed, query)
    if listed.account is None:
        return await invoices.list_invoices(caller, asked)
    return await invoices.list_invoices_of_account(caller, asked)


async def _available(caller: Caller, account: Account | None) -> int | None:
    """Return what can pay an account's invoices; the list is worth showing without it, too."""
    if account is None:
        return None
    try:
        balance = await accounts.find_balance(caller, account.id)
    except Refused as refusal:
        if refusal.problem.code != "unavailable":
            raise
        return None
    return accounts.payable(balance)


async def _unpaid(
    caller: Caller, account: Account | None, page: InvoicePage, today: date, available: int | None
) -> Unpaid | None:
    """Return what an account owes in all; beyond a page, without the oldest."""
    if account is None or not page.unpaid_count:
        return None
    asked = ListInvoices(account_id=account.id, filter="unpaid", limit=PAGE_ITEMS_MAX)
    owed = await invoices.list_invoices_of_account(caller, asked)
    if not owed.data:
        return None  # paid meanwhile
    oldest = min(owed.data, key=lambda invoice: (invoice.due_on, invoice.issued_on))
    if owed.next:
        return Unpaid(count=owed.unpaid_count, amount=owed.unpaid, available=available)
    return Unpaid(
        count=owed.unpaid_count,
        amount=owed.unpaid,
        oldest=oldest,
        days_overdue=(today - oldest.due_on).days,
        available=available,
    )


# --- paying all that is unpaid ------------------------------------------------------------------


@router.post("/my/bills/pay")
async def pay_own(browser: AccountBrowser, form: SentForm) -> Response:
    """Pay all unpaid bills of one's own account from its balance."""
    account = await accounts.find_own_account(browser.caller)
    return await _pay(browser, _listed(account, own=True), account, form)


@router.post("/accounts/{account_id}/invoices/pay")
async def pay_of_account(account_id: str, browser: SellerBrowser, form: SentForm) -> Response:
    """Pay all unpaid invoices of an account from its balance."""
    account = await accounts.find_account(browser.caller, account_id)
    return await _pay(browser, _listed(account, own=False), account, form)


async def _pay(browser: Browser, listed: Listed, account: Account, form: SentForm) -> Response:
    """Pay what the form showed as the sum, once for each time that it was shown."""
    seen = form.text("unpaid", SUM_DIGITS)
    amount = int(seen) if seen.isascii() and seen.isdecimal() else None
    key = RequestKey(f"POST {listed.url}/pay", form.request_id())
    try:
        paid = await invoices.pay_all_invoices(browser.caller, account.id, amount, key)
    except Refused as refusal:
        return await _show(browser, listed, form_errors(refusal, {}), status_of(refusal))
    noun = "bill" if listed.own else "invoice"
    many = f"{plural(len(paid.data), noun)} paid: {money(paid.paid, paid.currency)}."
    return await browser.go(listed.url, many if len(paid.data) > 1 else f"{noun.title()} paid")
