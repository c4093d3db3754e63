"""Events on their way to browsers, on a real RabbitMQ."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from contracts.accounts import AccountEnabled
from contracts.base import Event, Refused
from contracts.billing import RateSheetChanged
from gateway import live as live_module
from gateway.live import Live, LiveEvent, Subscription
from services.chassis import wire
from services.chassis.bus import Bus
from tests.waiting import eventually

QUIET_SECONDS = 0.2


async def publish(bus: Bus, event: Event) -> str:
    """Publish an event as its service would, and return its id."""
    message_id = uuid.uuid4().hex
    envelope = wire.envelope(
        event, message_id=message_id, correlation_id="test", timestamp=datetime.now(UTC)
    )
    await bus.publish(envelope)
    return message_id


def enabled(account_id: str, reseller_id: str) -> AccountEnabled:
    """Return an event of an account."""
    return AccountEnabled(account_id=account_id, reseller_id=reseller_id, version=1)


class Parts:
    """A hub that runs, what it heard, and a bus to publish on."""

    def __init__(self, url: str, bus: Bus) -> None:
        self.heard: list[str] = []
        self.missed = 0
        self.bus = bus
        self.live = Live(url, self._hear, self._miss)

    async def _hear(self, topic: str, body: bytes) -> None:
        assert body
        self.heard.append(topic)

    def _miss(self) -> None:
        self.missed += 1


@asynccontextmanager
async def running(rabbitmq_url: str) -> AsyncGenerator[Parts]:
    async with Bus(rabbitmq_url, "test live") as bus:
        parts = Parts(rabbitmq_url, bus)
        task = asyncio.create_task(parts.live.run())
        await eventually(lambda: parts.live.listening)
        yield parts
        parts.live.stop()
        task.cancel()
        async with asyncio.timeout(5):
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def parts(rabbitmq_url: str) -> AsyncIterator[Parts]:
    """Give a hub that listens."""
    async with running(rabbitmq_url) as parts:
        yield parts


async def next_of(subscription: Subscription) -> LiveEvent:
    """Return the next event, which must come."""
    event = await subscription.next(10)
    assert event is not None
    return event


async def test_an_event_reaches_its_account_and_its_reseller_and_nobody_else(parts: Parts) -> None:
    customer = parts.live.subscribe("acc_c1", "s1")
    reseller = parts.live.subscribe("acc_r1", "s2")
    others = [parts.live.subscribe(name, "s3") for name in ("acc_c2", "acc_r2", "platform")]
    event_id = await publish(parts.bus, enabled("acc_c1", "acc_r1"))
    for subscription in (customer, reseller):
        event = await next_of(subscription)
        assert (event.id, event.topic) == (event_id, "accounts.account-enabled.v1")
        assert '"account_id":"acc_c1"' in event.data
    for subscription in others:
        with pytest.raises(TimeoutError):
            await subscription.next(QUIET_SECONDS)


async def test_what_is_the_resellers_own_is_not_for_its_customers(parts: Parts) -> None:
    customer = parts.live.subscribe("acc_c1", "s1")
    reseller = parts.live.subscribe("acc_r1", "s2")
    changed = RateSheetChanged(rate_sheet_id="rs", reseller_id="acc_r1", name="A", version=1)
    await publish(parts.bus, changed)
    assert (await next_of(reseller)).topic == changed.topic
    with pytest.raises(TimeoutError):
        await customer.next(QUIET_SECONDS)


async def test_events_come_in_the_order_they_happened(parts: Parts) -> None:
    subscription = parts.live.subscribe("acc_r1", "s1")
    ids = [await publish(parts.bus, enabled(f"acc_{number}", "acc_r1")) for number in range(50)]
    assert [(await next_of(subscription)).id for _ in ids] == ids


async def test_whoever_comes_back_goes_on_where_they_were(parts: Parts) -> None:
    first = parts.live.subscribe("acc_r1", "s1")
    ids = [await publish(parts.bus, enabled("acc_c1", "acc_r1")) for _ in range(3)]
    await publish(parts.bus, enabled("acc_c2", "acc_r2"))
    for _ in ids:
        await next_of(first)
    back = parts.live.subscribe("acc_r1", "s1", ids[0])
    assert [(await next_of(back)).id for _ in ids[1:]] == ids[1:]
    with pytest.raises(TimeoutError):
        await back.next(QUIET_SECONDS)


async def test_whoever_was_away_too_long_is_told_to_load_again(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = parts.live.subscribe("acc_r1", "s1", "forgotten")
    assert (await next_of(unknown)).topic == "missed"
    monkeypatch.setattr(live_module, "WAITING_EVENTS_MAX", 3)
    ids = [await publish(parts.bus, enabled("acc_c1", "acc_r1")) for _ in range(5)]
    await eventually(lambda: len(parts.heard) == 5)
    behind = parts.live.subscribe("acc_r1", "s1", ids[0])
    assert (await next_of(behind)).topic == "missed"
    assert not behind.ended


async def test_a_browser_that_does_not_keep_up_is_disconnected(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "WAITING_EVENTS_MAX", 3)
    slow = parts.live.subscribe("acc_r1", "s1")
    for _ in range(4):
        await publish(parts.bus, enabled("acc_c1", "acc_r1"))
    await eventually(lambda: slow.ended)
    assert await slow.next(1) is None


async def test_streams_have_a_limit_for_each_session(parts: Parts) -> None:
    streams = [
        parts.live.subscribe("acc_r1", "s1") for _ in range(live_module.STREAMS_PER_CREDENTIAL_MAX)
    ]
    with pytest.raises(Refused, match="too-many-requests"):
        parts.live.subscribe("acc_r1", "s1")
    parts.live.subscribe("acc_r1", "s2")
    parts.live.unsubscribe(streams[0])
    parts.live.subscribe("acc_r1", "s1")


async def test_streams_of_an_account_end_with_its_sessions(parts: Parts) -> None:
    mine, other = parts.live.subscribe("acc_1", "s1"), parts.live.subscribe("acc_2", "s2")
    parts.live.end_of_account("acc_1")
    assert await mine.next(1) is None
    assert not other.ended


async def test_a_gateway_that_stops_ends_every_stream_and_begins_none(parts: Parts) -> None:
    stream = parts.live.subscribe("acc_1", "s1")
    parts.live.stop()
    assert await stream.next(1) is None
    with pytest.raises(Refused, match="unavailable"):
        parts.live.subscribe("acc_1", "s1")


async def test_what_is_no_event_is_passed_over(parts: Parts) -> None:
    subscription = parts.live.subscribe("acc_r1", "s1")
    for body in (b"not json", b"[]", b'{"account_id": 5}'):
        await parts.bus.publish(
            wire.Envelope(
                message_id=uuid.uuid4().hex,
                exchange=wire.EVENTS_EXCHANGE,
                routing_key="accounts.odd.v1",
                type="accounts.odd.v1",
                body=body,
                timestamp=datetime.now(UTC),
                correlation_id="test",
            )
        )
    event_id = await publish(parts.bus, enabled("acc_c1", "acc_r1"))
    assert (await next_of(subscription)).id == event_id
