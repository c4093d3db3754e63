"""What happens, as server-sent events."""

from collections.abc import AsyncIterable, AsyncIterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header
from fastapi.sse import EventSourceResponse, ServerSentEvent

from gateway.events.live import Subscription
from gateway.features.live import actions as live
from gateway.http.problems import refusals
from gateway.identity.caller import Caller
from gateway.identity.requests import EVENT_STREAM, may

RECONNECT_MILLISECONDS: Final = 2_000

router = APIRouter(prefix="/v1", tags=["events"])

Watcher = Annotated[Caller, Depends(may(live.watch, gives=EVENT_STREAM))]


async def _watching(
    caller: Watcher,
    last_event_id: Annotated[
        str,
        Header(
            max_length=200,
            description="The id of the last event that was received; the stream goes on after it.",
        ),
    ] = "",
) -> AsyncIterator[Subscription]:
    subscription = await live.watch(caller, last_event_id)
    try:
        yield subscription
    finally:
        live.unwatch(caller, subscription)


_STREAM: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Events, each with an id to go on from, its topic as event and its "
        "body as data; the event `missed` asks to load again what is shown.",
    },
    **refusals("too-many-requests"),
}


@router.get("/events", response_class=EventSourceResponse, responses=_STREAM)
async def watch_events(
    caller: Watcher, subscription: Annotated[Subscription, Depends(_watching)]
) -> AsyncIterable[ServerSentEvent]:
    """Watch the events of your account and of the accounts directly below it.

    Frequent events are sent at most once a second: `billing.calls-charged.v1` with the newest
    50 calls, `billing.call-unrated.v1` with the newest record. A comment every 15 seconds keeps
    the connection alive; the stream ends with the session.
    """
    yield ServerSentEvent(comment="connected", retry=RECONNECT_MILLISECONDS)
    async for event in live.events_of(caller, subscription):
        yield ServerSentEvent(id=event.id or None, event=event.topic, raw_data=event.data)
