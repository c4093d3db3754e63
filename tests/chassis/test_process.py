"""A running replica on real RabbitMQ and MongoDB: asking, telling, stopping, the clock."""

import asyncio
import signal
import time
import uuid
from datetime import UTC, datetime, timedelta

import aio_pika
import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contracts.base import Refused
from local.processes import free_port
from services.chassis import process as process_module
from services.chassis import wire
from services.chassis.bus import ASK_SECONDS, Bus
from services.chassis.principal import Principal, PrincipalSigner
from services.chassis.process import Process
from services.chassis.relay import OUTBOX_MESSAGES_MAX
from services.chassis.service import Running
from services.chassis.settings import Settings
from tests.chassis.conftest import Start, is_ready, running
from tests.chassis.messages import dead_letter, heard, message_of, publish
from tests.chassis.service_for_tests import (
    Add,
    FindTotal,
    Nobodys,
    PassOn,
    TellNobody,
    Total,
    WhoAsks,
    script,
    service,
)
from tests.harness import TestClock
from tests.waiting import eventually

# --- asking and telling -------------------------------------------------------------------


async def test_an_ask_twice_is_done_once_and_answered_the_same(
    probe: Process, bus: Bus, total: str
) -> None:
    key = uuid.uuid4().hex
    for _ in range(3):
        assert await bus.ask(Add(to=total, amount=5), message_id=key) == Total(amount=5)
    assert await bus.ask(FindTotal(of=total)) == Total(amount=5)
    await bus.ask(Add(to=total, amount=1))
    assert await eventually(lambda: heard(probe, total)) in (
        {"amount": 5, "times": 1},
        {"amount": 6, "times": 2},
    )


@pytest.mark.usefixtures("probe")
async def test_a_key_used_for_another_request_is_refused(bus: Bus, total: str) -> None:
    key = uuid.uuid4().hex
    await bus.ask(Add(to=total, amount=5), message_id=key, fingerprint="f")
    with pytest.raises(Refused, match="idempotency-key-reused"):
        await bus.ask(Add(to=total, amount=6), message_id=key, fingerprint="g")
    with pytest.raises(Refused, match="not-found"):
        await bus.ask(Add(to=total, amount=6), receipt_only=True)


async def test_a_check_of_a_command_is_refused_as_the_command_is_and_does_nothing(
    probe: Process, bus: Bus, total: str
) -> None:
    await bus.check(Add(to=total, amount=5))
    with pytest.raises(Refused, match="insufficient-credit"):
        await bus.check(Add(to=total, amount=-1))
    assert await probe.database.documents("totals").count({"_id": total}) == 0
    assert await probe.database.documents("outbox").count({}) == 0
    assert await bus.ask(Add(to=total, amount=1)) == Total(amount=1)


async def test_a_refusal_reaches_the_asker_and_leaves_nothing(
    probe: Process, bus: Bus, total: str
) -> None:
    key = uuid.uuid4().hex
    with pytest.raises(Refused, match="insufficient-credit") as refusal:
        await bus.ask(Add(to=total, amount=-1), message_id=key)
    assert refusal.value.problem.detail == "Totals only grow."
    assert await probe.database.documents("totals").count({}) == 0
    assert await probe.database.documents("outbox").count({}) == 0
    assert await probe.database.documents("inbox").count({"_id": f"probe:{key}"}) == 0


async def test_a_told_command_is_carried_out_and_its_event_heard(
    probe: Process, bus: Bus, total: str
) -> None:
    await bus.ask(PassOn(to=total, amount=7))
    assert await eventually(lambda: heard(probe, total)) == {"amount": 7, "times": 1}


async def test_a_told_command_waits_until_its_owner_first_runs(
    start: Start, settings: Settings, bus: Bus
) -> None:
    clock = TestClock(datetime.now(UTC))
    replica = await start(clock)
    text = uuid.uuid4().hex
    await bus.ask(TellNobody(text=text))
    await eventually(lambda: replica.database.documents("outbox").count({}))
    async with (
        await aio_pika.connect(settings.rabbitmq_url.get_secret_value()) as connection,
        connection.channel() as channel,
    ):
        queue = await channel.declare_queue(Nobodys.topic, exclusive=True)
        await queue.bind(wire.COMMANDS_EXCHANGE, Nobodys.topic)
        clock.forward(minutes=1)  # its lease ends
        async with queue.iterator(timeout=30) as messages:
            message = await anext(messages)
            await message.ack()
    assert Nobodys.model_validate_json(message.body).text == text

    async def nothing_waits() -> bool:
        return await replica.database.documents("outbox").count({}) == 0

    await eventually(nothing_waits)


async def test_a_question_that_no_queue_takes_is_refused_at_once(bus: Bus) -> None:
    began = time.monotonic()
    with pytest.raises(Refused, match="unavailable"):
        await bus.ask(Nobodys(text="x"))
    assert time.monotonic() - began < ASK_SECONDS / 2


async def test_a_question_that_nobody_answers_is_refused_within_its_time(
    settings: Settings, bus: Bus
) -> None:
    url = settings.rabbitmq_url.get_secret_value()
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        queue = await channel.declare_queue(Nobodys.topic, exclusive=True)
        await queue.bind(wire.COMMANDS_EXCHANGE, Nobodys.topic)
        began = time.monotonic()
        with pytest.raises(Refused, match="unavailable"):
            await bus.ask(Nobodys(text="x"), timeout_seconds=0.3)
        assert 0.3 <= time.monotonic() - began < 3


async def test_who_still_waits_when_the_bus_closes_is_refused(
    probe: Process, settings: Settings, total: str
) -> None:
    assert await is_ready(probe)
    script.gate = asyncio.Event()
    async with Bus(settings.rabbitmq_url.get_secret_value(), "test") as bus:
        asked = asyncio.create_task(bus.ask(Add(to=total, amount=1)))
        await script.entered.wait()
    with pytest.raises(Refused, match="unavailable"):
        await asked
    script.gate.set()


NOBODY = f"{wire.REPLY_QUEUE}.g1h2AA5yZXBseUA2ODc4MTMzNAAAcEoAAAAAaS8eQg==.bm9ib2R5"
"""Where one who asked with direct reply-to and has gone would have got the answer."""


async def test_what_was_asked_long_ago_is_not_done_any_more(
    probe: Process, settings: Settings, total: str
) -> None:
    late = message_of(
        Add(to=f"{total} late", amount=1),
        reply_to=NOBODY,
        timestamp=datetime.now(UTC) - timedelta(minutes=2),
    )
    await publish(settings, wire.COMMANDS_EXCHANGE, Add.topic, late)
    told = message_of(
        Add(to=f"{total} told", amount=1), timestamp=datetime.now(UTC) - timedelta(minutes=2)
    )
    await publish(settings, wire.COMMANDS_EXCHANGE, Add.topic, told)
    assert await eventually(lambda: heard(probe, f"{total} told")) == {"amount": 1, "times": 1}
    assert await probe.database.documents("totals").count({"_id": f"{total} late"}) == 0
    assert late.message_id is not None
    assert await dead_letter(settings, late.message_id) is None


async def test_a_full_outbox_refuses_new_work_but_loses_none_that_was_told(
    probe: Process, settings: Settings, bus: Bus, monkeypatch: pytest.MonkeyPatch, total: str
) -> None:
    monkeypatch.setattr("services.chassis.relay.OUTBOX_MESSAGES_MAX", -1)
    assert OUTBOX_MESSAGES_MAX > 0
    with pytest.raises(Refused, match="unavailable"):
        await bus.ask(Add(to=total, amount=1))
    await publish(
        settings, wire.COMMANDS_EXCHANGE, Add.topic, message_of(Add(to=f"{total} told", amount=1))
    )
    assert await eventually(lambda: heard(probe, f"{total} told")) == {"amount": 1, "times": 1}


# --- who asks -----------------------------------------------------------------------------


def key_pair() -> tuple[str, str]:
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


async def test_only_what_the_gateway_signed_just_now_says_who_asks(
    settings: Settings, bus: Bus
) -> None:
    private_key, public_key = key_pair()
    anna = Principal(id="usr_anna", account_id="acc_1", parent_id="platform", role="reseller")
    now = datetime.now(UTC)
    signer = PrincipalSigner(private_key)
    forged = PrincipalSigner(key_pair()[0]).sign(anna, now)
    expired = signer.sign(anna, now - timedelta(minutes=2))
    header, _, signature = signer.sign(anna, now).split(".")
    altered = f"{header}.{forged.split('.')[1]}x.{signature}"
    with_key = settings.model_copy(update={"principal_public_key": public_key})
    async with running(with_key):
        answer = await bus.ask(WhoAsks(), principal=signer.sign(anna, now))
        assert answer.id == "usr_anna"
        for statement in (forged, expired, altered, "nonsense", ""):
            with pytest.raises(Refused, match="not-signed-in"):
                await bus.ask(WhoAsks(), principal=statement)


@pytest.mark.usefixtures("probe")
async def test_without_a_key_no_statement_is_believed(bus: Bus) -> None:
    anna = Principal(id="usr_anna", account_id="acc_1", parent_id="platform", role="reseller")
    statement = PrincipalSigner(key_pair()[0]).sign(anna, datetime.now(UTC))
    with pytest.raises(Refused, match="not-signed-in"):
        await bus.ask(WhoAsks(), principal=statement)


# --- the clock, health and the end --------------------------------------------------------


async def test_three_replicas_do_a_minutes_work_once_and_a_failing_job_holds_up_none(
    start: Start,
) -> None:
    clock = TestClock()
    replicas = [await start(clock) for _ in range(3)]
    minutes = replicas[0].database.documents("minutes")

    async def done(minute: str) -> bool:
        return await minutes.find_one({"_id": minute}) is not None

    for minute in ("09:00", "09:01", "09:02"):
        await eventually(lambda minute=minute: done(minute))
        clock.forward(minutes=1)
    await eventually(lambda: done("09:03"))
    found = {document["_id"]: document["times"] async for document in minutes.each({})}
    assert found == {"09:00": 1, "09:01": 1, "09:02": 1, "09:03": 1}


async def test_health_readiness_and_metrics_are_served(
    settings: Settings, bus: Bus, total: str
) -> None:
    port, metrics_port = free_port(), free_port()
    address, monitored = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{metrics_port}"
    with_ports = settings.model_copy(update={"http_port": port, "metrics_port": metrics_port})
    async with running(with_ports), httpx.AsyncClient(base_url=address) as client:
        assert (await client.get("/health")).json() == {"status": "alive"}
        ready = await client.get("/ready")
        assert (ready.status_code, ready.json()["status"]) == (200, "ready")
        await bus.ask(Add(to=total, amount=1))
        metrics = (await client.get(f"{monitored}/metrics")).text
        counted = (
            'accounts_manager_messages_total{outcome="done",service="probe",topic="probe.add.v1"}'
        )
        assert counted in metrics
        assert 'accounts_manager_outbox_messages{service="probe"}' in metrics
        for elsewhere in ("/elsewhere", "/metrics", f"{monitored}/health"):
            assert (await client.get(elsewhere)).status_code == 404


async def test_signals_stay_with_the_process_though_it_serves_http(settings: Settings) -> None:
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.getsignal(number) for number in numbers]
    async with running(settings):
        assert [signal.getsignal(number) for number in numbers] == before


async def test_a_replica_that_stops_finishes_what_it_began(
    settings: Settings, bus: Bus, total: str
) -> None:
    script.gate = asyncio.Event()
    stopping = asyncio.Event()
    replica = Process(service, settings)
    task = asyncio.create_task(replica.run(stopping))
    await eventually(lambda: is_ready(replica))
    asked = asyncio.create_task(bus.ask(Add(to=total, amount=3)))
    await script.entered.wait()
    stopping.set()
    await eventually(lambda: says_it_stops(replica))
    assert not task.done()
    script.gate.set()
    assert await asked == Total(amount=3)
    await task
    async with running(settings) as other:
        # The event left before the end, or waits in the outbox for whoever comes next.
        assert await eventually(lambda: heard(other, total)) == {"amount": 3, "times": 1}


async def says_it_stops(replica: Process) -> bool:
    return "service" in await replica.what_is_wrong()


async def test_a_replica_that_does_not_finish_in_time_leaves_and_another_does_the_work(
    settings: Settings, bus: Bus, monkeypatch: pytest.MonkeyPatch, total: str
) -> None:
    monkeypatch.setattr(process_module, "GRACE_SECONDS", 0.2)
    script.gate = asyncio.Event()
    async with running(settings):
        asked = asyncio.create_task(bus.ask(Add(to=total, amount=3)))
        await script.entered.wait()
    script.gate = None
    async with running(settings) as other:
        assert await eventually(lambda: heard(other, total)) == {"amount": 3, "times": 1}
        assert await asked == Total(amount=3)


async def test_a_queue_of_questions_that_is_deleted_is_declared_anew(
    probe: Process, bus: Bus, settings: Settings, total: str
) -> None:
    del probe  # it is to notice by itself
    url = settings.rabbitmq_url.get_secret_value()
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        await channel.queue_delete(FindTotal.topic)

    async def is_answered() -> bool:
        try:
            await bus.ask(FindTotal(of=total), timeout_seconds=1)
        except Refused as refusal:
            return refusal.problem.code != "unavailable"
        return True

    await eventually(is_answered)


async def test_background_work_that_fails_as_it_ends_does_not_keep_a_replica_from_stopping(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    async def works(_: Running) -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            raise ConnectionError("the database went before us")

    monkeypatch.setattr(service, "backgrounds", [works])
    stopping = asyncio.Event()
    task = asyncio.create_task(Process(service, settings).run(stopping))
    await asyncio.wait_for(begun.wait(), timeout=30)
    stopping.set()
    await asyncio.wait_for(task, timeout=10)
