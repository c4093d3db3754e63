"""A reseller's stock of numbers."""

import asyncio
from typing import Final, get_args

from fastapi import APIRouter
from fastapi.responses import Response

from contracts.base import Refused
from contracts.numbers import ListNumbers, NumberState, StockCounts, StockNumber, StockPage
from gateway.actions import accounts, numbers
from gateway.caller import Caller
from gateway.portal.browser import ResellerBrowser, see
from gateway.portal.contents import ROWS_PER_PAGE, first_pager, list_query
from gateway.portal.forms import one_of
from gateway.portal.views.numbers import NumbersPage, StockRow, number_columns
from gateway.portal.views.parts import Link, ListQuery, Segment

PARAMETERS: Final = ("q", "state", "after")
STATES: Final[tuple[NumberState, ...]] = get_args(NumberState)

router = APIRouter(include_in_schema=False)


@router.get("/numbers")
async def list_numbers(browser: ResellerBrowser) -> Response:
    """List the stock, and which account has which number."""
    query = list_query(browser.request.url, *PARAMETERS)
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
        if refusal.problem.type != "invalid-cursor":
            raise
        return see(query.url(after=""))
    owners = await _owners(caller, page)
    return await browser.show(
        NumbersPage(
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
        )
    )


def _total(counts: StockCounts) -> int:
    return counts.available + counts.held + counts.assigned + counts.quarantine


def _count(counts: StockCounts, state: NumberState | None) -> int:
    """Return how many numbers the list has without a search."""
    by_state: dict[NumberState, int] = {
        "available": counts.available,
        "held": counts.held,
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
        ("held", "Held", counts.held),
        ("assigned", "Assigned", counts.assigned),
        ("quarantine", "Resting", counts.quarantine),
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
        place=number.place,
        account=owners.get(number.account_id or ""),
        until=number.until,
    )
