"""Several billing processes at work on the same calls: shares that move, races with one winner."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from typing import Final

import pytest

from local.servers import Servers
from tests.faults.calls import NUMBERS, Call, message_of, told_twice
from tests.faults.calls_world import CallWorld, calling
from tests.waiting import eventually

PART_CALLS: Final = 250
AHEAD_CALLS_MAX: Final = 1_000
"""Of what is told to what is charged: a load that is always there, and never piles up."""

ACCOUNTS: Final = [f"acc_c{number}" for number in range(80)]
CREDIT: Final = 1_000_000_000
RACERS: Final = 30
SLICE: Final = 300
SLICE_MICROS: Final = 300_000
"""Of a call to India, at 0.06 per minute and second."""

RACES: Final = 25
BATCHES: Final = r'accounts_manager_batches_total\{queue="([^"]+)"\}'
AUTHORIZATIONS: Final = (
    r'accounts_manager_messages_total\{outcome="(\w+)",service="billing"'
    r',topic="billing\.authorize-call\.v1"\}'
)

pytestmark = [pytest.mark.timeout(300), pytest.mark.long]


@pytest.fixture(scope="module")
async def world(
    own_servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[CallWorld]:
    """Give three billing processes, for all tests here; each has accounts of its own."""
    async with calling(own_servers, tmp_path_factory.mktemp("world"), processes=3) as world:
        yield world


# --- shares --------------------------------------------------------------------------------------


class Load:
    """Calls that never stop being told of, twice each."""

    def __init__(self, world: CallWorld) -> None:
        self._world = world
        self._chance = random.Random(5)  # noqa: S311 - chance, not secrecy
        self.calls: list[Call] = []
        self.enough = asyncio.Event()
        self._charged_before = 0

    async def flow(self) -> None:
        """Tell of calls until it is enough."""
        self._charged_before = await self._world.charged()
        while not self.enough.is_set():
            await eventually(self._is_taken)
            part = [self._call(len(self.calls) + number) for number in range(PART_CALLS)]
            self.calls += part
            await self._world.switch.publish(told_twice(part, PART_CALLS, self._chance))

    async def _is_taken(self) -> bool:
        charged = await self._world.charged() - self._charged_before
        return len(self.calls) - charged < AHEAD_CALLS_MAX

    def _call(self, number: int) -> Call:
        return Call(
            call_id=f"call-{number}",
            account_id=self._chance.choice(ACCOUNTS),
            prefix=self._chance.choice(list(NUMBERS)),
            seconds=self._chance.randint(1, 300),
        )


async def _shares(world: CallWorld) -> list[int]:
    """Return how many queues each process works off under load; none is anybody else's as well."""
    before = [world.metric(process, BATCHES) for process in world.processes if process.pid]
    charged = await world.charged()

    async def many_more_are_charged() -> bool:
        return await world.charged() > charged + AHEAD_CALLS_MAX

    await eventually(many_more_are_charged)
    after = [world.metric(process, BATCHES) for process in world.processes if process.pid]
    queues = [
        {queue for queue, number in now.items() if number > then.get(queue, 0)}
        for then, now in zip(before, after, strict=True)
    ]
    consumers = Counter(queue for own in queues for queue in own)
    assert set(consumers.values()) == {1}, "a queue has two consumers"
    return sorted(map(len, queues))


async def test_processes_that_come_and_go_share_the_calls_by_themselves(world: CallWorld) -> None:
    await world.open(ACCOUNTS, CREDIT, bundle_minutes=0)
    first, *others = world.processes
    for process in others:
        await asyncio.to_thread(process.stop)
    load = Load(world)
    flowing = asyncio.create_task(load.flow())

    async def are_shared(*shares: int) -> None:
        async def shares_are_so() -> bool:
            return await _shares(world) == list(shares)

        await eventually(shares_are_so, seconds=60)

    await are_shared(8)
    for process in others:
        process.start()
    for process in others:
        await asyncio.to_thread(process.wait_until_ready)
    await are_shared(2, 3, 3)
    await asyncio.gather(*(asyncio.to_thread(process.stop) for process in (first, others[0])))
    await are_shared(8)
    load.enough.set()
    await flowing
    for process in (first, others[0]):
        process.start()
        await asyncio.to_thread(process.wait_until_ready)
    await world.check(load.calls)


# --- races ---------------------------------------------------------------------------------------


def _racers(account_id: str) -> list[Call]:
    # the racers of all accounts have the same ids
    return [Call(f"call-{number}", account_id, "91", SLICE) for number in range(RACERS)]


@pytest.mark.parametrize(
    ("kind", "credit", "bundle_minutes", "winners"),
    [("money", SLICE_MICROS, 0, 1), ("bundle", 0, 5, 1), ("both", SLICE_MICROS, 10, 3)],
)
async def test_thirty_calls_at_once_admit_as_many_as_can_be_paid(
    world: CallWorld, kind: str, credit: int, bundle_minutes: int, winners: int
) -> None:
    account_ids = [f"acc_{kind}{number}" for number in range(RACES)]
    await world.open(account_ids, credit, bundle_minutes)
    made: list[Call] = []
    for account_id in account_ids:
        racers = _racers(account_id)
        answers = await world.authorize(racers)
        admitted = [call for call, answer in zip(racers, answers, strict=True) if answer.granted]
        assert len(admitted) == winners
        refused = {answer.reason for answer in answers if not answer.granted}
        assert refused == {"insufficient-credit"}
        made += admitted
    answered = [world.metric(process, AUTHORIZATIONS)["done"] for process in world.processes]
    assert min(answered) > max(answered) / 2, "the processes did not race each other"
    await world.switch.publish(map(message_of, zip(made)))
    await world.check(made)


async def test_no_call_is_admitted_with_the_money_of_one_that_is_being_charged(
    world: CallWorld,
) -> None:
    account_ids = [f"acc_charged{number}" for number in range(RACES)]
    await world.open(account_ids, SLICE_MICROS, bundle_minutes=0)
    made = [_racers(account_id)[0] for account_id in account_ids]
    assert all(answer.granted for answer in await world.authorize(made))
    publishing = asyncio.create_task(world.switch.publish(map(message_of, zip(made))))
    while await world.holding():
        answers = await world.authorize(_racers(account_id)[1] for account_id in account_ids)
        assert not any(answer.granted for answer in answers)
    await publishing
    await world.check(made)
