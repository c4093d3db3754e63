"""Events on their way to browsers, on a real RabbitMQ."""

import asyncio
import dataclasses
import itertools
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from contracts.accounts import AccountEnabled
from contracts.base import Event, Refused
from contracts.billing import CallRejected, CallsCharged, ChargedCall, RateSheetChanged
from gateway.events import live as live_module
from gateway.events.live import Live, LiveEvent, Subscription
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


async def test_the_id_of_a_strangers_event_shows_nothing_of_theirs(parts: Parts) -> None:
    theirs = [await publish(parts.bus, enabled("acc_c2", "acc_r2")) for _ in range(3)]
    await publish(parts.bus, enabled("acc_c1", "acc_r1"))
    await eventually(lambda: len(parts.heard) == 4)
    mine = parts.live.subscribe("acc_r1", "s1", theirs[0])
    assert "acc_c1" in (await next_of(mine)).account_ids
    assert not mine.has_more


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


# --- what comes in crowds -------------------------------------------------------------------


def charged(*calls: tuple[str, str, int]) -> CallsCharged:
    """Return an event of calls, each of an account, its reseller and with its `seq`."""
    return CallsCharged(
        calls=tuple(
            ChargedCall(
                call_id=f"{account_id}-{seq}",
                account_id=account_id,
                reseller_id=reseller_id,
                seq=seq,
                charged_at=datetime.now(UTC),
                answered_at=datetime.now(UTC),
                caller="104",
                destination="+919876543210",
                seconds=60,
                rated_seconds=60,
                rate=35_000,
                cost=35_000,
                balance_after=1_000_000,
                currency="USD",
            )
            for account_id, reseller_id, seq in calls
        )
    )


def call_ids(event: LiveEvent) -> list[str]:
    assert event.topic == CallsCharged.topic
    return [call.call_id for call in CallsCharged.model_validate_json(event.data).calls]


async def test_of_charged_calls_everybody_sees_their_own_and_no_other(parts: Parts) -> None:
    names = ("acc_c1", "acc_c2", "acc_c3", "acc_r1", "acc_r2", "platform")
    streams = {name: parts.live.subscribe(name, name) for name in names}
    await publish(
        parts.bus,
        charged(("acc_c1", "acc_r1", 1), ("acc_c2", "acc_r1", 1), ("acc_c3", "acc_r2", 7)),
    )
    seen = {name: await next_of(streams[name]) for name in names[:5]}
    assert {name: call_ids(event) for name, event in seen.items()} == {
        "acc_c1": ["acc_c1-1"],
        "acc_c2": ["acc_c2-1"],
        "acc_c3": ["acc_c3-7"],
        "acc_r1": ["acc_c1-1", "acc_c2-1"],
        "acc_r2": ["acc_c3-7"],
    }
    assert not [name for name in ("acc_c2", "acc_c3", "acc_r2") if name in seen["acc_c1"].data]
    assert seen["acc_r1"].account_ids == {"acc_r1", "acc_c1", "acc_c2"}
    assert seen["acc_c1"].account_ids == {"acc_c1"}
    with pytest.raises(TimeoutError):
        await streams["platform"].next(QUIET_SECONDS)


async def test_a_crowd_of_calls_is_told_in_rounds_with_the_newest_of_them(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "ROUND_SECONDS", 0.5)
    loop = asyncio.get_running_loop()
    stream = parts.live.subscribe("acc_r1", "s1")
    began_at = loop.time()
    for seq in range(1, 201):
        await publish(parts.bus, charged((f"acc_c{seq % 70}", "acc_r1", seq)))
    told = 0
    ids: list[str] = []
    while "acc_c60-200" not in ids:  # 200 % 70 = 60: the last one
        ids = call_ids(await next_of(stream))
        assert len(ids) <= 50
        told += 1
    rounds = (loop.time() - began_at) / live_module.ROUND_SECONDS
    assert told <= 2 + rounds


async def test_whoever_comes_back_is_told_of_calls_charged_meanwhile_once(parts: Parts) -> None:
    first = parts.live.subscribe("acc_c1", "s1")
    before = await publish(parts.bus, enabled("acc_c1", "acc_r1"))
    await next_of(first)
    await publish(parts.bus, charged(("acc_c1", "acc_r1", 1), ("acc_c9", "acc_r1", 1)))
    event = await next_of(first)
    after = await publish(parts.bus, enabled("acc_c1", "acc_r1"))
    await next_of(first)
    back = parts.live.subscribe("acc_c1", "s2", before)
    assert [(await next_of(back)).id for _ in range(2)] == [event.id, after]
    back = parts.live.subscribe("acc_c1", "s3", event.id)
    assert (await next_of(back)).id == after
    back = parts.live.subscribe("acc_c1", "s4", after)
    with pytest.raises(TimeoutError):
        await back.next(QUIET_SECONDS)
    elsewhere = parts.live.subscribe("acc_c1", "s5", f"{uuid.uuid4().hex}.3")
    assert (await next_of(elsewhere)).topic == "missed"


async def test_what_was_told_is_forgotten_in_the_end_and_then_everything_is_to_be_loaded(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "KEPT_EVENTS", 3)
    monkeypatch.setattr(live_module, "ROUND_SECONDS", 0.0)
    stream = parts.live.subscribe("acc_r1", "s1")
    before = await publish(parts.bus, enabled("acc_c1", "acc_r1"))
    await next_of(stream)
    for number in range(5):
        await publish(parts.bus, charged((f"acc_c{number}", "acc_r1", 1)))
        await next_of(stream)
    back = parts.live.subscribe("acc_c4", "s2", before)
    assert (await next_of(back)).topic == "missed"


async def test_a_record_that_waits_for_repair_is_told_to_operators_and_to_whom_it_concerns(
    parts: Parts,
) -> None:
    names = ("platform", "acc_r1", "acc_c1", "acc_r2")
    streams = {name: parts.live.subscribe(name, name) for name in names}
    rejected = CallRejected(
        rejected_call_id="rep_1",
        call_id="c1",
        account_id="acc_c1",
        reseller_id="acc_r1",
        reason="no-rate",
        detail="The rate sheet has no rate for it.",
    )
    await publish(parts.bus, rejected)
    for name in names[:3]:
        event = await next_of(streams[name])
        assert CallRejected.model_validate_json(event.data) == rejected
    unknown = rejected.model_copy(update={"account_id": "", "reseller_id": ""})
    await publish(parts.bus, unknown)
    event = await next_of(streams["platform"])
    assert event.account_ids == {"platform"}
    for name in names[1:]:
        with pytest.raises(TimeoutError):
            await streams[name].next(QUIET_SECONDS)


async def test_what_is_no_event_is_passed_over(parts: Parts) -> None:
    subscription = parts.live.subscribe("acc_r1", "s1")
    for topic, body in itertools.product(
        ("accounts.odd.v1", CallsCharged.topic, CallRejected.topic),
        (b"not json", b"[]", b'{"account_id": 5}'),
    ):
        await parts.bus.publish(
            wire.Envelope(
                message_id=uuid.uuid4().hex,
                exchange=wire.EVENTS_EXCHANGE,
                routing_key=topic,
                type=topic,
                body=body,
                timestamp=datetime.now(UTC),
                correlation_id="test",
            )
        )
    event_id = await publish(parts.bus, enabled("acc_c1", "acc_r1"))
    assert (await next_of(subscription)).id == event_id


async def test_an_event_that_cannot_be_understood_costs_nobody_another(parts: Parts) -> None:
    subscription = parts.live.subscribe("acc_1", "credential")
    good = enabled("acc_1", "acc_r1")
    for message_id, body in (
        ("empty", b"{}"),
        ("no JSON", b"account enabled"),
        ("large", good.model_dump_json().encode() + b" " * live_module.EVENT_BYTES_MAX),
        ("id: 1\ndata: forged", good.model_dump_json().encode()),
    ):
        now = datetime.now(UTC)
        envelope = wire.envelope(good, message_id=message_id, correlation_id="", timestamp=now)
        await parts.bus.publish(dataclasses.replace(envelope, body=body))
    await publish(parts.bus, good)
    first, second = await next_of(subscription), await next_of(subscription)
    assert first.data == second.data == good.model_dump_json()
    assert "\n" not in first.id
    assert not subscription.has_more
    assert parts.live.listening
