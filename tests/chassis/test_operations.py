"""What ops does by hand: dead letters are listed, sent again or dropped, and faults are found."""

import asyncio
import uuid
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import aio_pika
import pytest
from pydantic import SecretStr

from accounts_manager.operations import __main__ as operations
from contracts.base import Refused
from local.processes import free_port
from services.chassis import wire
from services.chassis.bus import Bus
from services.chassis.clock import utc_now
from services.chassis.dead_letters import dead_letters, declare_dead_letters, drop, replay
from services.chassis.process import Process
from services.chassis.service import Running, Service
from services.chassis.settings import Settings
from tests.chassis.conftest import is_ready
from tests.chassis.service_for_tests import Add, Added, script, service
from tests.waiting import eventually

PASSWORD = "hunter2"
DAY_SECONDS = 86_400


@pytest.fixture
async def url(settings: Settings, probe: Process) -> str:
    """Give RabbitMQ's URL; no dead letters wait there."""
    assert await is_ready(probe)
    url = settings.rabbitmq_url.get_secret_value()
    found = await dead_letters(url, "probe")
    await drop(url, "probe", [dead_letter.id for dead_letter in found])
    return url


async def publish(url: str, exchange: str, body: Add | Added, **properties: object) -> str:
    """Publish a message as another service would; return its id."""
    message_id = uuid.uuid4().hex
    message = aio_pika.Message(
        body.model_dump_json().encode(),
        message_id=message_id,
        type=body.topic,
        **properties,  # pyright: ignore[reportArgumentType] - AMQP properties
    )
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        target = await channel.get_exchange(exchange, ensure=False)
        await target.publish(message, routing_key=body.topic)
    return message_id


async def unlucky_event(url: str) -> str:
    """Announce something whose hearing fails; return its id once it is a dead letter."""
    script.faults = [ZeroDivisionError("a bug") for _ in range(4)]
    message_id = await publish(url, wire.EVENTS_EXCHANGE, Added(to="unlucky", amount=1))

    async def is_dead() -> bool:
        return message_id in {dead_letter.id for dead_letter in await dead_letters(url, "probe")}

    await eventually(is_dead)
    return message_id


async def times_heard(probe: Process) -> int:
    found = await probe.database.documents("copies").find_one({"_id": "unlucky"})
    return found["times"] if found else 0


async def test_looks_at_dead_letters_are_bound_by_us_and_not_by_rabbitmq(
    probe: Process, url: str
) -> None:
    assert await is_ready(probe)
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        # refused unless it is declared just so
        await channel.declare_queue(
            wire.dead_letter_queue("probe"),
            durable=True,
            arguments={
                "x-queue-type": "quorum",
                "x-message-ttl": wire.DEAD_LETTER_DAYS * DAY_SECONDS * 1000,
                "x-delivery-limit": wire.DEAD_LETTER_LOOKS_MAX,
            },
        )


async def test_the_dead_letters_of_an_earlier_release_are_kept(settings: Settings) -> None:
    url, name = settings.rabbitmq_url.get_secret_value(), f"earlier-{uuid.uuid4().hex[:8]}"
    queue_name = wire.dead_letter_queue(name)
    arguments = {
        "x-queue-type": "quorum",
        "x-message-ttl": wire.DEAD_LETTER_DAYS * DAY_SECONDS * 1000,
    }
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        await channel.declare_exchange(wire.DEAD_LETTERS_EXCHANGE, durable=True)
        queue = await channel.declare_queue(queue_name, durable=True, arguments={**arguments})
        message = aio_pika.Message(b"{}", message_id="kept")
        await channel.default_exchange.publish(message, routing_key=queue_name)
        await declare_dead_letters(connection, name)
        assert [dead_letter.id for dead_letter in await dead_letters(url, name)] == ["kept"]
        await queue.delete(if_unused=False, if_empty=False)


async def test_a_failed_event_is_sent_again_to_the_one_who_failed_and_counted_once(
    probe: Process, url: str
) -> None:
    message_id = await unlucky_event(url)
    (dead_letter,) = await dead_letters(url, "probe")
    assert dead_letter.queue == f"probe.on.{Added.topic}"
    assert dead_letter.reason == "ZeroDivisionError: a bug"
    assert dead_letter.failed_at > "2026"
    assert await times_heard(probe) == 0
    for _ in range(25):  # looking at them does not use them up
        assert [dead_letter.id for dead_letter in await dead_letters(url, "probe")] == [message_id]
    assert await replay(url, "probe") == [message_id]
    assert await eventually(lambda: times_heard(probe)) == 1
    assert await dead_letters(url, "probe") == []


async def test_only_the_chosen_letters_are_sent_again_or_dropped(probe: Process, url: str) -> None:
    ids = [await unlucky_event(url) for _ in range(3)]
    assert await replay(url, "probe", [ids[1], "unknown"]) == [ids[1]]
    assert await eventually(lambda: times_heard(probe)) == 1
    assert {dead_letter.id for dead_letter in await dead_letters(url, "probe")} == {ids[0], ids[2]}
    assert await drop(url, "probe", [ids[0]]) == [ids[0]]
    assert [dead_letter.id for dead_letter in await dead_letters(url, "probe")] == [ids[2]]
    assert await times_heard(probe) == 1


async def test_a_letter_that_fails_again_comes_back_with_its_new_reason(
    probe: Process, url: str
) -> None:
    message_id = await unlucky_event(url)
    script.faults = [KeyError("another bug") for _ in range(4)]
    assert await replay(url, "probe") == [message_id]

    async def is_back() -> bool:
        found = await dead_letters(url, "probe")
        return [(dead_letter.id, dead_letter.reason) for dead_letter in found] == [
            (message_id, "KeyError: 'another bug'")
        ]

    await eventually(is_back)
    assert await replay(url, "probe") == [message_id]
    assert await eventually(lambda: times_heard(probe)) == 1


async def test_what_rabbitmq_itself_set_aside_is_sent_again_to_its_queue(
    probe: Process, url: str, total: str
) -> None:
    # A message that expires where it fails stands for one that was delivered too often.
    queue_name = f"probe.{uuid.uuid4().hex}"
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        queue = await channel.declare_queue(
            queue_name,
            exclusive=True,
            arguments={
                "x-dead-letter-exchange": wire.DEAD_LETTERS_EXCHANGE,
                "x-dead-letter-routing-key": "probe",
                "x-message-ttl": 0,
            },
        )
        await queue.bind(wire.COMMANDS_EXCHANGE, queue_name)
        target = await channel.get_exchange(wire.COMMANDS_EXCHANGE, ensure=False)
        message = aio_pika.Message(b"{}", message_id=total, type="probe.some.v1")
        await target.publish(message, routing_key=queue_name)

        async def is_dead() -> bool:
            found = await dead_letters(url, "probe")
            return [
                (dead_letter.id, dead_letter.queue, dead_letter.reason) for dead_letter in found
            ] == [(total, queue_name, "RabbitMQ: expired")]

        await eventually(is_dead)
    assert await drop(url, "probe", [total]) == [total]
    assert await is_ready(probe)


async def test_a_letter_stays_when_the_queue_it_failed_in_is_gone(url: str) -> None:
    async with (
        await aio_pika.connect(url) as connection,
        connection.channel() as channel,
    ):
        target = await channel.get_exchange(wire.DEAD_LETTERS_EXCHANGE)
        headers = {wire.QUEUE_HEADER: "gone", wire.REASON_HEADER: "a bug"}
        message = aio_pika.Message(b"{}", message_id="m1", headers=headers)  # pyright: ignore[reportArgumentType] - texts are AMQP values
        await target.publish(message, routing_key="probe")
    with pytest.raises(Refused, match="gone"):
        await replay(url, "probe")

    async def is_still_there() -> bool:
        return [dead_letter.id for dead_letter in await dead_letters(url, "probe")] == ["m1"]

    await eventually(is_still_there)


async def test_a_service_that_never_ran_has_no_dead_letters(url: str) -> None:
    with pytest.raises(Refused, match="not-found"):
        await dead_letters(url, "nobody")


# --- the command line ---------------------------------------------------------------------


@pytest.fixture
def command_line(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command line find the test's service, on the test's servers."""
    monkeypatch.setattr(operations, "service_names", lambda: ["probe"])

    def load(_: str) -> Service:
        return service

    monkeypatch.setattr(operations, "load_service", load)
    monkeypatch.setattr(operations, "Settings", lambda: settings)


async def run(*words: str) -> int:
    """Run a command line in a thread, for it has an event loop of its own."""
    return await asyncio.to_thread(operations.main, list(words))


@pytest.mark.usefixtures("command_line")
async def test_dead_letters_are_listed_replayed_and_dropped_from_the_command_line(
    probe: Process, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = await unlucky_event(url), await unlucky_event(url)
    assert await run("dead-letters", "list", "probe") == 0
    lines = capsys.readouterr().out.splitlines()
    lines = [line for line in lines if not line.startswith("{")]  # the replica's log
    # two that failed at the same time may have become dead letters in either order
    listed = [tuple(line.split()[:2]) for line in lines]
    assert sorted(listed) == sorted([(first, Added.topic), (second, Added.topic)])
    assert lines[0].endswith("ZeroDivisionError: a bug")
    assert await run("dead-letters", "replay", "probe", first) == 0
    assert await eventually(lambda: times_heard(probe)) == 1
    assert await run("dead-letters", "drop", "probe", first, second) == 1
    written = capsys.readouterr()
    assert second in written.out.splitlines()
    assert written.err == f"{first} is not among the dead letters of probe.\n"
    assert await dead_letters(url, "probe") == []


@pytest.mark.usefixtures("command_line")
async def test_the_audit_fails_when_a_service_finds_a_fault(
    probe: Process, bus: Bus, total: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await bus.ask(Add(to=total, amount=5))

    async def all_is_well() -> bool:
        return await run("audit") == 0

    await eventually(all_is_well)
    assert "0 faults\n" in capsys.readouterr().out
    await probe.database.documents("copies").delete({"_id": total})
    assert await run("audit") == 1
    written = capsys.readouterr().out
    assert f"probe: {total} is 5, but 0 was heard of\n1 fault\n" in written


@pytest.mark.usefixtures("command_line", "probe")
async def test_operations_of_a_service_are_carried_out(
    bus: Bus, total: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await bus.ask(Add(to=total, amount=5))
    assert await run("show-total", total) == 0
    assert "5" in capsys.readouterr().out.splitlines()


@pytest.mark.usefixtures("command_line")
async def test_a_command_line_has_the_clock_of_the_services(
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = tmp_path / "clock"
    clock.write_text(str(DAY_SECONDS))
    demo = settings.model_copy(update={"demo": True, "clock_file": str(clock)})
    monkeypatch.setattr(operations, "Settings", lambda: demo)

    async def tell_time(running: Running, _: Sequence[str]) -> None:
        db = running.database.reader()
        assert db.now - running.clock() < timedelta(minutes=1)
        print(f"{running.clock():%Y-%m-%d}")  # noqa: T201 - an operation's result

    monkeypatch.setitem(service.operations, "tell-time", tell_time)
    assert await run("tell-time") == 0
    yesterday = utc_now() - timedelta(seconds=DAY_SECONDS)
    assert f"{yesterday:%Y-%m-%d}" in capsys.readouterr().out


@pytest.mark.usefixtures("command_line")
@pytest.mark.parametrize(
    "words",
    [
        [],
        ["nonsense"],
        ["audit", "more"],
        ["dead-letters"],
        ["dead-letters", "list"],
        ["dead-letters", "list", "probe", "x"],
        ["dead-letters", "drop", "probe"],
        ["dead-letters", "burn", "probe"],
    ],
)
async def test_what_is_not_understood_is_explained(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run(*words) == 2
    explained = capsys.readouterr().err
    for known in ("audit", "dead-letters replay SERVICE [ID…]", "show-total …"):
        assert f"accounts-manager {known}\n" in explained


@pytest.mark.usefixtures("command_line")
async def test_what_cannot_be_done_is_said_in_a_sentence(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run("dead-letters", "list", "nobody") == 1
    assert capsys.readouterr().err == "There is no queue nobody.dead-letters.\n"
    nowhere = SecretStr(f"amqp://guest:{PASSWORD}@127.0.0.1:{free_port()}/")
    broken = settings.model_copy(update={"rabbitmq_url": nowhere})
    monkeypatch.setattr(operations, "Settings", lambda: broken)
    monkeypatch.setattr(operations, "CONNECT_SECONDS_MAX", 0.3)
    for words in (["dead-letters", "list", "probe"], ["audit"], ["show-total", "x"]):
        assert await run(*words) == 1
        written = capsys.readouterr()
        assert "RabbitMQ cannot be reached" in written.err
        assert PASSWORD not in written.out + written.err
