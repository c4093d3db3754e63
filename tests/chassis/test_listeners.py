"""Several handlers for one event, and handlers for whatever fits a pattern."""

import uuid

import aio_pika
import pytest

from services.chassis import wire
from services.chassis.bus import Bus
from services.chassis.dead_letters import replay
from services.chassis.mongo import Document
from services.chassis.process import Process
from services.chassis.service import Service
from services.chassis.settings import Settings
from tests.chassis.conftest import is_ready
from tests.chassis.messages import dead_letter, heard, message_of, publish
from tests.chassis.service_for_tests import Add, Added, script
from tests.waiting import eventually


async def noted(probe: Process, total: str) -> Document | None:
    """Return what the listener beside the service's own handler has noted."""
    return await probe.database.documents("noted").find_one({"_id": total}, fields=["times"])


async def kept(probe: Process, message_id: str) -> Document | None:
    """Return what the handler of the pattern has kept of a message."""
    return await probe.database.documents("trail").find_one({"_id": message_id})


async def test_each_handler_of_an_event_handles_it_once(probe: Process, total: str) -> None:
    assert await is_ready(probe)
    event = message_of(Added(to=total, amount=2))
    settings = probe.running.settings
    for _ in range(3):
        await publish(settings, wire.EVENTS_EXCHANGE, Added.topic, event)
    assert await eventually(lambda: heard(probe, total)) == {"amount": 2, "times": 1}
    assert await eventually(lambda: noted(probe, total)) == {"_id": total, "times": 1}
    found = await eventually(lambda: kept(probe, str(event.message_id)))
    assert found == {"_id": event.message_id, "topic": Added.topic, "known": True}


async def test_a_pattern_hears_kinds_that_came_with_a_later_release(
    probe: Process, settings: Settings
) -> None:
    assert await is_ready(probe)
    message_id = uuid.uuid4().hex
    event = aio_pika.Message(b'{"new": 1}', message_id=message_id, type="probe.later.v1")
    await publish(settings, wire.EVENTS_EXCHANGE, "probe.later.v1", event)
    found = await eventually(lambda: kept(probe, message_id))
    assert found == {"_id": message_id, "topic": "probe.later.v1", "known": False}


async def test_a_listener_that_fails_keeps_no_other_from_an_event_and_can_be_retried(
    probe: Process, settings: Settings
) -> None:
    assert await is_ready(probe)
    script.faults = [ZeroDivisionError("a bug") for _ in range(4)]
    event = message_of(Added(to="unlucky listener", amount=1))
    await publish(settings, wire.EVENTS_EXCHANGE, Added.topic, event)
    assert await eventually(lambda: heard(probe, "unlucky listener"))
    dead = await eventually(lambda: dead_letter(settings, str(event.message_id)))
    assert dead is not None
    assert dead.queue == f"probe.auditors.on.{Added.topic}"
    assert await noted(probe, "unlucky listener") is None
    url = settings.rabbitmq_url.get_secret_value()
    assert await replay(url, "probe", [str(event.message_id)]) == [event.message_id]
    assert await eventually(lambda: noted(probe, "unlucky listener"))
    assert (await heard(probe, "unlucky listener")) == {"amount": 1, "times": 1}


async def test_a_pattern_hears_what_a_transaction_announces(
    probe: Process, bus: Bus, total: str
) -> None:
    await bus.ask(Add(to=total, amount=1))
    assert await eventually(lambda: noted(probe, total)) == {"_id": total, "times": 1}


def test_a_listener_has_one_handler_for_an_event() -> None:
    service = Service("twice")
    router = service.router()

    async def handle(_: object, __: object) -> None:
        """Do nothing."""

    router.hears(Added, listener="hooks")(handle)
    with pytest.raises(AssertionError, match=r"twice\.hooks\.on\.probe\.added\.v1 has a handler"):
        router.hears(Added, listener="hooks")(handle)
    assert not service.handlers
