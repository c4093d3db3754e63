"""One search over everything, from the top bar: what was found, by kind, with the way to it."""

from typing import Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import Response

from contracts.accounts import Account, Role
from contracts.billing import InvoiceSummary, RejectedCall
from contracts.numbers import StockNumber
from gateway.features.search.actions import NamedCall, SearchResults, search_everything
from gateway.features.search.views import Group, Hit, SearchPage
from gateway.portal.browser import Browser, SellerBrowser
from gateway.portal.days import iso
from gateway.portal.formatting import full_name, moment, money, phone
from gateway.portal.presenters import list_query
from gateway.portal.views.parts import ListQuery
from gateway.portal.views.shell import ACCOUNTS

KINDS: Final[dict[Role, str]] = {
    "reseller": "accounts by name, realm, person, e-mail address or number; numbers; invoices by "
    "number; calls by their whole id",
    "operator": "resellers by name, realm, person, e-mail address or number; invoices by number; "
    "calls by their whole id",
    "customer": "",
}
EVER: Final = "2020-01-01"
"""The list of invoices shows some days: from here, all of them."""

router = APIRouter(include_in_schema=False)


@router.get("/search")
async def search(browser: SellerBrowser) -> Response:
    """Show what was found, by kind."""
    query = list_query(browser.request.url, "q")
    found = await search_everything(browser.caller, query.value("q"))
    groups = (
        _accounts(browser, query, found),
        _numbers(browser, query, found),
        _invoices(query, found),
        _calls(browser, found),
    )
    return await browser.show(
        SearchPage(
            query=query,
            groups=tuple(group for group in groups if group.hits),
            kinds=KINDS[browser.user.role],
        )
    )


def _accounts(browser: Browser, query: ListQuery, found: SearchResults) -> Group:
    home = ACCOUNTS[browser.user.role]

    def hit(account: Account) -> Hit:
        person = account.administrator
        return Hit(
            label=account.name,
            url=browser.account_url(account.id),
            note=f"{full_name(person)}, {person.email}",
            status=account.status,
        )

    return Group(
        label=home.label,
        icon="building-2",
        hits=tuple(hit(account) for account in found.accounts),
        more_url=_list(home.url, query) if found.more_accounts else "",
    )


def _numbers(browser: Browser, query: ListQuery, found: SearchResults) -> Group:
    def hit(number: StockNumber) -> Hit:
        url = browser.account_url(number.account_id) if number.account_id else ""
        return Hit(
            label=phone(number.number),
            url=url or ListQuery(path="/numbers", parameters={"q": number.number[1:]}).url(),
            note=number.locality,
            status=number.state,
        )

    return Group(
        label="Numbers",
        icon="hash",
        hits=tuple(hit(number) for number in found.numbers),
        more_url=_list("/numbers", query) if found.more_numbers else "",
    )


def _invoices(query: ListQuery, found: SearchResults) -> Group:
    def hit(invoice: InvoiceSummary) -> Hit:
        return Hit(
            label=invoice.number,
            url=f"/invoices/{invoice.id}",
            note=f"{invoice.customer_name}, {money(invoice.total, invoice.currency)}",
            status=invoice.status,
        )

    everything = ListQuery(path="/invoices", parameters={"from": EVER, "q": query.value("q")})
    return Group(
        label="Invoices",
        icon="receipt-text",
        hits=tuple(hit(invoice) for invoice in found.invoices),
        more_url=everything.url() if found.more_invoices else "",
    )


def _calls(browser: Browser, found: SearchResults) -> Group:
    zone = browser.user.time_zone

    def charged(one: NamedCall) -> Hit:
        call = one.call
        charged_at = call.charged_at or call.answered_at
        day = iso(charged_at.astimezone(ZoneInfo(zone)).date())
        days = ListQuery(
            path=f"/accounts/{call.account_id}/transactions",
            parameters={"from": day, "to": day, "type": "calls" if call.cost else "free-calls"},
        )
        return Hit(
            label=call.call_id,
            url=days.url(),
            note=f"{one.account_name}, to {phone(call.destination)}, "
            f"{moment(call.answered_at, zone)}, {money(call.cost, browser.user.currency)}",
            status="charged",
        )

    def rejected(call: RejectedCall) -> Hit:
        return Hit(
            label=call.call_id,
            url=f"/rejected-calls/{call.id}",
            note=call.detail,
            status=call.status,
        )

    return Group(
        label="Calls",
        icon="phone-outgoing",
        hits=(*map(charged, found.calls), *map(rejected, found.rejected_calls)),
    )


def _list(path: str, query: ListQuery) -> str:
    return ListQuery(path=path, parameters={"q": query.value("q")}).url()
