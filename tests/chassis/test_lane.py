"""A lane on a real broker: what fails stands alone, and nothing else comes twice or is lost."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractExchange
from aio_pika.exceptions import DeliveryError

from services.chassis import wire
from services.chassis.bus import Bus
from services.chassis.dead_letters import DeadLetter
from services.chassis.lane import MESSAGE_BYTES_MAX, DeadLetters, Lane, Source, declare
from services.chassis.settings import Settings
from tests.chassis.service_for_tests import Added
from tests.harness import TestClock
from tests.waiting import eventually


@dataclass(slots=True)
class Bench:
    """A lane's queue, and what came of its messages."""

    settings: Settings
    source: Source
    channel: AbstractChannel
    exchange: AbstractExchange
    worked_off: list[str] = field(default_factory=list[str])

    async def work(self, words: Sequence[str]) -> None:
        """Take a batch, unless there is poison in it."""
        if "poison" in words:
            raise LookupError("poison")
        self.worked_off += words

    async def send(self, *bodies: bytes) -> None:
        """Publish messages in order."""
        for body in bodies:
            await self.exchange.publish(aio_pika.Message(body), routing_key="key")

    async def aside(self) -> int:
        """Return how many messages went to the dead letters."""
        queue = await self.channel.declare_queue(self.source.dead_letters_of, passive=True)
        return queue.declaration_result.message_count or 0

    @asynccontextmanager
    async def lane(self) -> AsyncGenerator[None]:
        """Run the lane."""
        url = self.settings.rabbitmq_url.get_secret_value()
        async with Bus(url, "test") as bus:
            aside = DeadLetters(bus.publish, TestClock())
            lane = Lane(self.settings, self.source, _words, self.work, aside)
            running = asyncio.create_task(lane.run())
            try:
                yield
            finally:
                await lane.stop(running)


def _words(body: bytes) -> list[str]:
    if body.startswith(b"deep"):
        raise RecursionError("too deep")
    return body.decode().split()


@pytest.fixture
async def bench(settings: Settings) -> AsyncIterator[Bench]:
    """Give a lane's queue of its own."""
    rabbitmq_url = settings.rabbitmq_url.get_secret_value()
    name = f"test.{uuid.uuid4().hex[:8]}"
    source = Source(f"{name}.exchange", f"{name}.queue", f"{name}.dead-letters", Added)
    async with await aio_pika.connect(rabbitmq_url) as connection:
        channel = await connection.channel(on_return_raises=True)
        await channel.declare_exchange(wire.DEAD_LETTERS_EXCHANGE, "direct", durable=True)
        dead = await channel.declare_queue(source.dead_letters_of)
        await dead.bind(wire.DEAD_LETTERS_EXCHANGE, source.dead_letters_of)
        await declare(channel, source, settings.lane_messages_max)
        exchange = await channel.get_exchange(source.exchange)
        yield Bench(settings, source, channel, exchange)
        await channel.queue_delete(source.queue)
        await channel.queue_delete(source.dead_letters_of)
        await channel.exchange_delete(source.exchange)


async def test_a_message_that_fails_alone_is_set_aside_and_no_other_comes_again(
    bench: Bench,
) -> None:
    await bench.send(b"one", b"poison", b"two three", b"poison")

    async def all_are_told_apart() -> bool:
        return await bench.aside() == 2 and len(bench.worked_off) >= 3

    async with bench.lane():
        await eventually(all_are_told_apart)
        await bench.send(b"four")
        await eventually(lambda: "four" in bench.worked_off)
    assert bench.worked_off == ["one", "two", "three", "four"]


async def test_a_dead_letter_says_why_and_where_it_failed_and_goes_back_there(
    bench: Bench,
) -> None:
    headers = {wire.QUEUE_HEADER: "somebody.elses", "x-death": "made up", "of": "the sender"}
    for body, message_id in ((b"poison", "m-1"), (b"deep", None)):
        await bench.exchange.publish(
            aio_pika.Message(body, message_id=message_id, headers=dict(headers)), "key"
        )

    async def both_are_aside() -> bool:
        return await bench.aside() == 2

    async with bench.lane():
        await eventually(both_are_aside)
    queue = await bench.channel.get_queue(bench.source.dead_letters_of)
    found = {bytes(one.body): one for one in [await queue.get(), await queue.get()]}
    kept = {body: DeadLetter.of(one) for body, one in found.items()}
    assert {dead_letter.queue for dead_letter in kept.values()} == {bench.source.queue}
    reasons = {body: dead_letter.reason for body, dead_letter in kept.items()}
    assert reasons == {b"poison": "LookupError: poison", b"deep": "RecursionError: too deep"}
    assert kept[b"poison"].id == "m-1"
    assert kept[b"deep"].id, "ops have no name for it"
    assert found[b"poison"].headers["of"] == "the sender"


@pytest.mark.parametrize("body", [b"deep", b"\xff", b"x" * (MESSAGE_BYTES_MAX + 1)])
async def test_a_message_that_cannot_be_read_is_set_aside_and_not_lost(
    bench: Bench, body: bytes
) -> None:
    await bench.send(b"one", body, b"two")

    async def is_aside() -> bool:
        return await bench.aside() == 1

    async with bench.lane():
        await eventually(is_aside)
        await eventually(lambda: bench.worked_off == ["one", "two"])


async def test_a_queue_that_is_deleted_under_a_lane_is_declared_anew(bench: Bench) -> None:
    async with bench.lane():
        await bench.send(b"one")
        await eventually(lambda: bench.worked_off == ["one"])
        await bench.channel.queue_delete(bench.source.queue)

        async def there_is_a_queue_again() -> bool:
            try:
                await bench.send(b"two")
            except DeliveryError:
                return False
            return True

        await eventually(there_is_a_queue_again)
        await eventually(lambda: bench.worked_off == ["one", "two"])
