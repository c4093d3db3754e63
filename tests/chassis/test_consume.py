"""What the middleware does with a message, through FastStream's `TestRabbitBroker`."""

import json
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aio_pika.exceptions import ChannelInvalidStateError
from faststream.rabbit.testing import PatchedMessage

from services.chassis import wire
from services.chassis.database import Database
from services.chassis.wire import Envelope
from tests.chassis.service_for_tests import Add, Added, script, service
from tests.delivering import Delivery, delivering
from tests.harness import Harness

TOTALS = json.dumps({"amount": 5}, separators=(",", ":")).encode()


class Nothing:
    """An attribute that stays None whatever it is set to."""

    def __get__(self, owner: object, kind: type) -> None:
        """Return None."""

    def __set__(self, owner: object, value: object) -> None:
        """Forget the value."""


@pytest.fixture
async def database(mongodb_url: str, database_prefix: str) -> AsyncIterator[Database]:
    """Give a database that was emptied: to make a new one takes longer than most tests."""
    harness = await Harness.start(service, mongodb_url, database_prefix)
    yield harness.database
    await harness.stop()


@pytest.fixture
async def delivery(database: Database) -> AsyncIterator[Delivery]:
    """Give a way to deliver messages to the handlers of the test's service."""
    async with delivering(service, database) as delivery:
        yield delivery


async def total(database: Database, of: str) -> int:
    found = await database.documents("totals").find_one({"_id": of})
    return found["amount"] if found else 0


async def test_a_repeated_command_is_done_once_and_answered_the_same(
    delivery: Delivery, database: Database
) -> None:
    message_id = await delivery.deliver(Add(to="t", amount=5), asked=True)
    await delivery.deliver(Add(to="t", amount=5), asked=True, message_id=message_id)
    assert delivery.bus.answers == [(wire.ANSWER_TYPE, TOTALS)] * 2
    assert await total(database, "t") == 5
    assert script.tries == 1


async def test_a_handler_gets_the_transaction_of_its_own_message(
    delivery: Delivery, database: Database
) -> None:
    for amount in (1, 2, 3):
        await delivery.deliver(Added(to="t", amount=amount))
    found = await database.documents("copies").find_one({"_id": "t"})
    assert found == {"_id": "t", "amount": 6, "times": 3}
    assert await database.documents("trail").count({"known": True}) == 3
    # one each for the service's own handler, its listener and its pattern
    assert await database.documents("inbox").count({}) == 9
    assert delivery.dead_letters == []


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"\xff", b'{"to": "t"}', b"[" * 100_000, b'{"to": "t", "amount": 1.5}'],
)
async def test_an_unreadable_body_is_set_aside_and_its_asker_told(
    delivery: Delivery, body: bytes
) -> None:
    await delivery.deliver(body, Add.topic, asked=True)
    (problem,) = delivery.problems
    assert problem.code == "malformed-request"
    ((queue, reason),) = delivery.dead_letters
    assert queue == Add.topic
    assert reason == f"undecodable: {problem.detail}"
    assert script.tries == 0


async def test_a_pattern_gets_what_its_kind_cannot_read_and_an_event_is_set_aside_by_each_reader(
    delivery: Delivery, database: Database
) -> None:
    await delivery.deliver(b'{"to": 1}', Added.topic, exchange=wire.EVENTS_EXCHANGE)
    queues = {queue for queue, reason in delivery.dead_letters if "undecodable" in reason}
    assert queues == {f"probe.on.{Added.topic}", f"probe.auditors.on.{Added.topic}"}
    # the pattern's handler asks for the event, which it cannot read either
    (failed,) = [queue for queue, reason in delivery.dead_letters if "undecodable" not in reason]
    assert failed == "probe.trail.on.probe.#"
    assert await database.documents("inbox").count({}) == 0


async def test_a_message_without_an_id_is_refused_for_it_cannot_be_recognised(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PatchedMessage, "message_id", Nothing(), raising=False)
    await delivery.deliver(Add(to="t", amount=1))
    ((_, reason),) = delivery.dead_letters
    assert reason == "refused: malformed-request: A message needs an AMQP message_id."


async def test_a_bug_is_tried_four_times_then_set_aside_and_its_asker_told(
    delivery: Delivery, database: Database
) -> None:
    script.faults = [ZeroDivisionError("a bug") for _ in range(4)]
    await delivery.deliver(Add(to="t", amount=1), asked=True)
    assert script.tries == 4
    assert [problem.code for problem in delivery.problems] == ["internal-error"]
    assert delivery.dead_letters == [(Add.topic, "ZeroDivisionError: a bug")]
    assert await total(database, "t") == 0


async def test_a_fault_that_passes_is_not_noticed(delivery: Delivery, database: Database) -> None:
    script.faults = [ZeroDivisionError("passing") for _ in range(3)]
    await delivery.deliver(Add(to="t", amount=5), asked=True)
    assert delivery.bus.answers == [(wire.ANSWER_TYPE, TOTALS)]
    assert delivery.dead_letters == []
    assert await total(database, "t") == 5


async def test_a_refusal_is_answered_or_set_aside_when_nobody_asked(
    delivery: Delivery, database: Database
) -> None:
    await delivery.deliver(Add(to="t", amount=-1), asked=True)
    assert [problem.code for problem in delivery.problems] == ["insufficient-credit"]
    assert delivery.dead_letters == []
    await delivery.deliver(Add(to="t", amount=-1))
    assert delivery.dead_letters == [(Add.topic, "refused: insufficient-credit: Totals only grow.")]
    assert await database.documents("inbox").count({}) == 0


async def test_a_command_asked_too_long_ago_is_refused_but_a_told_one_is_done(
    delivery: Delivery, database: Database
) -> None:
    late = database.clock() - timedelta(minutes=2)
    await delivery.deliver(Add(to="late", amount=1), asked=True, timestamp=late)
    await delivery.deliver(Add(to="told", amount=1), timestamp=late)
    assert [problem.code for problem in delivery.problems] == ["unavailable"]
    assert await total(database, "late") == 0
    assert await total(database, "told") == 1


async def test_a_check_is_done_and_undone(delivery: Delivery, database: Database) -> None:
    headers = {wire.CHECK_ONLY_HEADER: "yes", wire.RECEIPT_ONLY_HEADER: "yes"}
    await delivery.deliver(Add(to="t", amount=1), asked=True, headers=headers)
    await delivery.deliver(Add(to="t", amount=-1), asked=True, headers=headers)
    assert [kind for kind, _ in delivery.bus.answers] == [wire.ANSWER_TYPE, wire.PROBLEM_TYPE]
    assert [problem.code for problem in delivery.problems] == ["insufficient-credit"]
    assert await total(database, "t") == 0


async def test_only_a_receipt_is_asked_for_and_there_is_none(delivery: Delivery) -> None:
    headers = {wire.RECEIPT_ONLY_HEADER: "yes"}
    await delivery.deliver(Add(to="t", amount=1), asked=True, headers=headers)
    assert [problem.code for problem in delivery.problems] == ["not-found"]
    assert script.tries == 0


async def test_an_unproven_principal_is_refused(delivery: Delivery, database: Database) -> None:
    headers = {wire.PRINCIPAL_HEADER: "made up"}
    await delivery.deliver(Add(to="t", amount=1), asked=True, headers=headers)
    assert [problem.code for problem in delivery.problems] == ["not-signed-in"]
    assert await total(database, "t") == 0


async def test_a_dead_letter_waits_until_the_broker_takes_it(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: list[Exception] = [TimeoutError(), ChannelInvalidStateError("closed")]
    publish = delivery.bus.publish

    async def publish_at_last(message: Envelope) -> None:
        if faults:
            raise faults.pop()
        await publish(message)

    monkeypatch.setattr(delivery.bus, "publish", publish_at_last)
    await delivery.deliver(Add(to="t", amount=-1))
    assert not faults
    assert len(delivery.dead_letters) == 1


async def test_a_failed_acknowledgement_does_not_undo_the_work(
    delivery: Delivery, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: PatchedMessage, **__: object) -> None:
        raise ChannelInvalidStateError("closed")

    rejected: list[PatchedMessage] = []

    async def reject(self: PatchedMessage, **__: object) -> None:
        rejected.append(self)

    monkeypatch.setattr(PatchedMessage, "ack", fail)
    monkeypatch.setattr(PatchedMessage, "reject", reject)
    message_id = await delivery.deliver(Add(to="t", amount=5), asked=True)
    await delivery.deliver(Add(to="t", amount=5), asked=True, message_id=message_id)
    assert delivery.bus.answers == [(wire.ANSWER_TYPE, TOTALS)] * 2
    assert await total(database, "t") == 5
    assert rejected == []


async def test_what_cannot_even_be_answered_is_rejected_and_not_delivered_again(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled: list[tuple[str, object]] = []

    async def reject(_: PatchedMessage, *, requeue: bool) -> None:
        settled.append(("rejected", requeue))

    async def acknowledge(_: PatchedMessage) -> None:
        settled.append(("acknowledged", None))

    async def fail(*_: object) -> None:
        raise ZeroDivisionError("a bug in the chassis")

    monkeypatch.setattr(PatchedMessage, "reject", reject)
    monkeypatch.setattr(PatchedMessage, "ack", acknowledge)
    monkeypatch.setattr(delivery.bus, "answer", fail)
    await delivery.deliver(Add(to=uuid.uuid4().hex, amount=1), asked=True)
    assert settled == [("rejected", False)]
