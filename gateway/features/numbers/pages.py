"""A reseller's stock of numbers."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from fastapi import APIRouter
from fastapi.responses import Response

from contracts.base import Refused
from contracts.numbers import ListNumbers, NumberState, StockCounts, StockNumber, StockPage
from contracts.values import decimal_text
from gateway.features.accounts import actions as accounts
from gateway.features.numbers import actions as numbers
from gateway.features.numbers.actions import StockChange, Taken
from gateway.features.numbers.imports import RESELLERS_MODES, empty_import, send_list
from gateway.features.numbers.schemas import NumberPatch
from gateway.features.numbers.views import (
    FeesForm,
    NumbersPage,
    StockImport,
    StockRow,
    number_columns,
)
from gateway.files.tables import TableOptions
from gateway.identity.caller import Caller, RequestKey
from gateway.portal.browser import Browser, ResellerBrowser, see
from gateway.portal.formatting import phone
from gateway.portal.forms import (
    Form,
    SentForm,
    fields_named,
    form_errors,
    new_request_id,
    one_of,
    status_of,
)
from gateway.portal.presenters import ROWS_PER_PAGE, first_pager, list_query
from gateway.portal.reading import Reading
from gateway.portal.views.parts import Link, ListQuery, Segment, no_errors

LIST: Final = "/numbers"
PARAMETERS: Final = ("q", "state", "after")
DIALOGS: Final[tuple[Literal["fees", "remove"], ...]] = ("fees", "remove")
_E164: Final = re.compile(r"\+[1-9][0-9]{5,14}")
STATES: Final[tuple[NumberState, ...]] = get_args(NumberState)

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the page shows besides the list."""

    sending: StockImport | None = None
    request: str = ""
    dialog: Literal["", "fees", "remove"] = ""
    fees: FeesForm = field(default_factory=FeesForm)
    errors: Mapping[str, str] = field(default_factory=no_errors)
    status: int = 200


@router.get(LIST)
async def list_numbers(browser: ResellerBrowser) -> Response:
    """List the stock, and which account has which number."""
    parameters = browser.request.query_params
    dialog = one_of(DIALOGS, parameters.get("dialog", ""))
    if dialog is None:
        return await _show(browser, _Shown())
    number = await _spare(browser, parameters.get("number", ""))
    if number is None:
        return await _show(browser, _Shown())
    fees = FeesForm(
        number=number.number,
        setup_fee=decimal_text(number.setup_fee),
        monthly_fee=decimal_text(number.monthly_fee),
    )
    return await _show(browser, _Shown(dialog=dialog, fees=fees))


async def _spare(browser: Browser, number: str) -> StockNumber | None:
    if not _E164.fullmatch(number):
        return None
    found = await numbers.find_number(browser.caller, number)
    return found if found and found.state == "available" else None


@router.post(LIST + "/import")
async def change_numbers(browser: ResellerBrowser, form: SentForm) -> Response:
    """Change fees of spare numbers by a list, or remove them, or check what that would do."""
    request = form.request_id()
    key = RequestKey(f"POST {LIST}/import", request)

    async def act(content: bytes, options: TableOptions, order: StockChange) -> Taken:
        return await numbers.change_own_numbers(browser.caller, content, options, key, order)

    sent = await send_list(form, RESELLERS_MODES, act)
    shown = _Shown(
        sending=sent.form,
        request="" if sent.is_done else request,
        errors=sent.errors,
        status=sent.status,
    )
    return await _show(browser, shown)


@router.post(LIST + "/fees")
async def reprice_number(browser: ResellerBrowser, form: SentForm) -> Response:
    """Change the fees of a spare number."""
    caller = browser.caller
    fees = FeesForm(
        number=form.text("number"),
        setup_fee=form.text("setup_fee"),
        monthly_fee=form.text("monthly_fee"),
    )
    reading = Reading(caller.user.currency)
    typed = {
        "setup_fee": reading.amount(fees.setup_fee, "/setup_fee", "the set-up fee"),
        "monthly_fee": reading.amount(fees.monthly_fee, "/monthly_fee", "the monthly fee"),
    }
    try:
        reading.refuse_when_wrong()
        number = _number_of(form)
        await numbers.reprice_number(caller, number, NumberPatch.model_validate(typed))
    except Refused as refusal:
        shown = _Shown(
            dialog="fees",
            fees=fees,
            errors=form_errors(refusal, fields_named(*typed)),
            status=status_of(refusal),
        )
        return await _show(browser, shown)
    return await browser.go(LIST, f"The fees of {phone(number)} are changed.")


@router.post(LIST + "/remove")
async def remove_number(browser: ResellerBrowser, form: SentForm) -> Response:
    """Take a spare number out of the stock."""
    key = RequestKey(f"POST {LIST}/remove", form.request_id())
    try:
        number = _number_of(form)
        await numbers.remove_number(browser.caller, number, key)
    except Refused as refusal:
        shown = _Shown(
            dialog="remove",
            fees=FeesForm(number=form.text("number")),
            errors=form_errors(refusal, {}),
            status=status_of(refusal),
        )
        return await _show(browser, shown)
    return await browser.go(LIST, f"{phone(number)} is removed from your stock.")


def _number_of(form: Form) -> str:
    number = form.text("number")
    if not _E164.fullmatch(number):
        raise Refused("not-found", "There is no such number in your stock.")
    return number


async def _show(browser: Browser, shown: _Shown) -> Response:
    """Answer with the list, and with what came of a form."""
    query = list_query(browser.request.url.replace(path=LIST), *PARAMETERS)
    state = one_of(STATES, query.value("state"))
    wanted = ListNumbers(
        state=state,
        search=query.value("q"),
        limit=ROWS_PER_PAGE,
        cursor=query.value("after") or None,
    )
    caller = browser.caller
    try:
        page, counts = await asyncio.gather(
            numbers.list_numbers(caller, wanted), numbers.count_numbers(caller)
        )
    except Refused as refusal:
        if refusal.problem.code != "invalid-cursor":
            raise
        return see(query.url(after=""))
    owners = await _owners(caller, page)
    view = NumbersPage(
        query=query,
        currency=caller.user.currency,
        zone=caller.user.time_zone,
        segments=_segments(query, counts),
        columns=number_columns(),
        rows=tuple(_row(number, owners) for number in page.data),
        pager=first_pager(
            query,
            len(page.data),
            "number",
            after=page.next,
            total=None if query.value("q") else _count(counts, state),
        ),
        any_number=_total(counts) > 0,
        request=shown.request or new_request_id(),
        sending=shown.sending or empty_import(RESELLERS_MODES),
        dialog=shown.dialog,
        fees=shown.fees,
        errors=shown.errors,
    )
    return await browser.show(view, shown.status)


def _total(counts: StockCounts) -> int:
    return counts.available + counts.reserved + counts.assigned + counts.quarantine


def _count(counts: StockCounts, state: NumberState | None) -> int:
    """Return how many numbers the list has without a search."""
    by_state: dict[NumberState, int] = {
        "available": counts.available,
        "reserved": counts.reserved,
        "assigned": counts.assigned,
        "quarantine": counts.quarantine,
    }
    return by_state[state] if state else _total(counts)


def _segments(query: ListQuery, counts: StockCounts) -> tuple[Segment, ...]:
    """Return the filters; a search leaves them without counts, which are of the whole stock."""
    searched = bool(query.value("q"))
    of_all = (
        ("", "All", _total(counts)),
        ("available", "Spare", counts.available),
        ("reserved", "Reserved", counts.reserved),
        ("assigned", "Assigned", counts.assigned),
        ("quarantine", "Quarantine", counts.quarantine),
    )
    return tuple(
        query.segment("state", state, label, None if searched else count)
        for state, label, count in of_all
    )


async def _owners(caller: Caller, page: StockPage) -> dict[str, Link]:
    """Return the accounts that have numbers of this page, by id."""
    ids = list(dict.fromkeys(one.account_id for one in page.data if one.account_id))
    found = await asyncio.gather(*(accounts.find_account(caller, one) for one in ids))
    return {one.id: Link(label=one.name, url=f"/accounts/{one.id}") for one in found}


def _row(number: StockNumber, owners: dict[str, Link]) -> StockRow:
    return StockRow(
        e164=number.number,
        state=number.state,
        setup_fee=number.setup_fee,
        monthly_fee=number.monthly_fee,
        locality=number.locality,
        account=owners.get(number.account_id or ""),
        until=number.until,
    )
