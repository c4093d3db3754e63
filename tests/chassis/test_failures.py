"""A message that fails: tried again, set aside with the reason, and its asker told."""

import uuid

import aio_pika
import pytest

from contracts.base import Refused
from services.chassis import wire
from services.chassis.bus import Bus
from services.chassis.process import Process
from services.chassis.settings import Settings
from tests.chassis.conftest import is_ready
from tests.chassis.messages import dead_letter, heard, message_of, publish
from tests.chassis.service_for_tests import (
    Add,
    FindTotal,
    Total,
    script,
)
from tests.waiting import eventually

SECRET = "correct horse battery staple"


async def test_an_undecodable_body_is_dead_lettered_with_the_reason_but_no_secret(
    probe: Process, settings: Settings
) -> None:
    assert await is_ready(probe)
    body = f'{{"to": "t", "amount": "{SECRET}", "secret": 7}}'.encode()
    message = aio_pika.Message(body, message_id=uuid.uuid4().hex)
    await publish(settings, wire.COMMANDS_EXCHANGE, Add.topic, message)
    dead = await eventually(lambda: dead_letter(settings, str(message.message_id)))
    assert dead is not None
    assert dead.reason.startswith("undecodable: amount:")
    assert "secret:" in dead.reason
    assert SECRET not in dead.reason
    assert dead.queue == Add.topic


@pytest.mark.usefixtures("probe")
async def test_who_asks_undecodably_is_told_what_is_wrong(bus: Bus, total: str) -> None:
    broken = Add.model_construct(to=total, amount=0.5)  # pyright: ignore[reportArgumentType] - on purpose
    with pytest.warns(UserWarning, match="serializer"), pytest.raises(Refused) as refusal:
        await bus.ask(broken)
    assert refusal.value.problem.code == "malformed-request"
    assert refusal.value.problem.detail.startswith("amount: ")


async def test_a_bug_is_tried_four_times_then_dead_lettered_and_the_asker_told(
    probe: Process, settings: Settings, bus: Bus, total: str
) -> None:
    script.faults = [ZeroDivisionError("a bug") for _ in range(4)]
    key = uuid.uuid4().hex
    with pytest.raises(Refused, match="internal-error"):
        await bus.ask(Add(to=total, amount=1), message_id=key)
    assert script.tries == 4
    dead = await eventually(lambda: dead_letter(settings, key))
    assert dead is not None
    assert (dead.reason, dead.queue) == ("ZeroDivisionError: a bug", Add.topic)
    assert await probe.database.documents("totals").count({}) == 0


async def test_a_fault_that_passes_is_not_noticed(probe: Process, bus: Bus, total: str) -> None:
    script.faults = [ZeroDivisionError("passing") for _ in range(3)]
    assert await bus.ask(Add(to=total, amount=1)) == Total(amount=1)
    assert script.tries == 4
    assert await eventually(lambda: heard(probe, total)) == {"amount": 1, "times": 1}


async def test_a_question_that_fails_is_answered_and_forgotten(
    probe: Process, settings: Settings, bus: Bus, total: str
) -> None:
    assert await is_ready(probe)
    key = uuid.uuid4().hex
    script.faults = [ZeroDivisionError("a bug")]
    with pytest.raises(Refused, match="internal-error"):
        await bus.ask(FindTotal(of=total), message_id=key)
    assert await dead_letter(settings, key) is None
    assert await bus.ask(FindTotal(of=total)) == Total(amount=0)


async def test_a_refusal_that_nobody_hears_is_kept_for_ops(
    probe: Process, settings: Settings, total: str
) -> None:
    assert await is_ready(probe)
    told = message_of(Add(to=total, amount=-1))
    await publish(settings, wire.COMMANDS_EXCHANGE, Add.topic, told)
    dead = await eventually(lambda: dead_letter(settings, str(told.message_id)))
    assert dead is not None
    assert dead.reason == "refused: insufficient-credit: Totals only grow."
