"""Names of events, sent to an open page, which then loads itself again."""

import asyncio
import json
from collections.abc import AsyncIterable, AsyncIterator
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from contracts.billing import CallRejected, RateImportChanged, RateSheetChanged
from gateway.events.live import MISSED, LiveEvent, Subscription
from gateway.features.live import actions as live
from gateway.portal.browser import AnyBrowser

GATHER_SECONDS: Final = 0.15
"""Events that happen together, such as the steps of an opening, are sent together."""

NAMES_MAX: Final = 50
"""Where more accounts than this have changed at once, the page simply loads itself again."""

ID_CHARACTERS_MAX: Final = 200
RECONNECT_MILLISECONDS: Final = 1_000

_OF_A_SHEET: Final = (RateImportChanged.topic, RateSheetChanged.topic)

router = APIRouter(include_in_schema=False)


async def _watching(browser: AnyBrowser, request: Request) -> AsyncIterator[Subscription]:
    """Watch from where the page was made, or from where the connection was lost."""
    page_made_after = request.query_params.get("after", "")
    last_id = request.headers.get("last-event-id", page_made_after)[:ID_CHARACTERS_MAX]
    subscription = await live.watch(browser.caller, last_id)
    try:
        yield subscription
    finally:
        live.unwatch(browser.caller, subscription)


@router.get("/live", response_class=EventSourceResponse)
async def watch(
    browser: AnyBrowser, subscription: Annotated[Subscription, Depends(_watching)]
) -> AsyncIterable[ServerSentEvent]:
    """Tell the names of what has changed.

    They are `accounts`, `numbers`, `invoices`, `rejected-calls`, `rates` and `account-{id}`; of a
    rate sheet `rates-{id}` and, while its rates are being changed, `rate-job-{id}`; or `missed`
    for all.
    """
    yield ServerSentEvent(comment="connected", retry=RECONNECT_MILLISECONDS)
    names: set[str] = set()
    async for event in live.events_of(browser.caller, subscription):
        if not names:
            await asyncio.sleep(GATHER_SECONDS)
        names |= _names(event)
        if subscription.has_more:
            continue
        while names:
            name = names.pop()
            # Only the last one has the id: a connection lost before that gets all of them again.
            last_id = None if names else event.id or None
            yield ServerSentEvent(id=last_id, event=name, raw_data="changed")


def _names(event: LiveEvent) -> set[str]:
    """Return which parts of pages an event makes out of date."""
    if event is MISSED or len(event.account_ids) > NAMES_MAX:
        return {MISSED.topic}
    if event.topic == CallRejected.topic:
        return {"rejected-calls"}
    if event.topic in _OF_A_SHEET:
        sheet_id = json.loads(event.data).get("rate_sheet_id")
        of_rates = {"rates", f"rates-{sheet_id}"}
        return of_rates if event.topic == RateSheetChanged.topic else {f"rate-job-{sheet_id}"}
    names = {"accounts", *(f"account-{account_id}" for account_id in event.account_ids)}
    if event.topic.startswith("numbers."):
        names.add("numbers")
    if event.topic.startswith(("billing.invoice-", "billing.receivables-")):
        names.add("invoices")
    return names
