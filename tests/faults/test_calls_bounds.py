"""Charging keeps within bounds: memory that does not grow, queues that say when they are full."""

import asyncio
import random
from pathlib import Path
from typing import Final

import pytest
from aio_pika.abc import AbstractExchange
from aio_pika.exceptions import DeliveryError

from contracts.calls import CALLS_EXCHANGE
from local.client import Client, Json, RefusedError, make_key
from local.servers import Addresses, Servers
from local.system import System
from services.chassis.bus import wait_for_rabbitmq
from services.chassis.clock import utc_now
from tests.faults.calls import NUMBERS, Call, message_of
from tests.faults.calls_world import CallWorld, calling, publish
from tests.forked import Forked
from tests.waiting import eventually
from tests.world import enter

ACCOUNTS: Final = [f"acc_c{number}" for number in range(100)]
CREDIT: Final = 10_000_000_000
CALLS: Final = 200_000
WARM_CALLS: Final = 50_000
PART_CALLS: Final = 25_000
LIST_RECORDS: Final = 20
GROWTH_MAX: Final = 1.10

QUEUE_MESSAGES_MAX: Final = 50
MESSAGES_MAX: Final = 2_000
"""A queue that has taken so many has no bound."""

pytestmark = [pytest.mark.timeout(300), pytest.mark.long]


# --- memory --------------------------------------------------------------------------------------


@pytest.mark.soak
async def test_memory_does_not_grow_with_the_calls(own_servers: Servers, tmp_path: Path) -> None:
    chance = random.Random(9)  # noqa: S311 - chance, not secrecy
    async with calling(own_servers, tmp_path, processes=1) as world:
        await world.open(ACCOUNTS, CREDIT, bundle_minutes=0)
        resident: dict[int, int] = {}
        for start in range(0, CALLS, PART_CALLS):
            await _charge(world, [_call(start + number, chance) for number in range(PART_CALLS)])
            resident[start + PART_CALLS] = _resident_bytes(world.processes[0].pid)
        assert resident[CALLS] < resident[WARM_CALLS] * GROWTH_MAX


def _call(number: int, chance: random.Random) -> Call:
    return Call(
        call_id=f"call-{number // (LIST_RECORDS * len(ACCOUNTS))}-{number % LIST_RECORDS}",
        account_id=ACCOUNTS[number // LIST_RECORDS % len(ACCOUNTS)],
        prefix=chance.choice(list(NUMBERS)),
        seconds=chance.randint(1, 300),
    )


async def _charge(world: CallWorld, calls: list[Call]) -> None:
    enough = await world.charged() + len(calls)
    lists = [calls[start : start + LIST_RECORDS] for start in range(0, len(calls), LIST_RECORDS)]
    await world.switch.publish(map(message_of, lists))

    async def all_are_charged() -> bool:
        return await world.charged() == enough and await world.all_seen_through()

    await eventually(all_are_charged, seconds=60)


def _resident_bytes(process_id: int | None) -> int:
    lines = Path(f"/proc/{process_id}/status").read_text().splitlines()
    (kilobytes,) = [line.split()[1] for line in lines if line.startswith("VmRSS:")]
    return int(kilobytes) * 1_024


# --- queues --------------------------------------------------------------------------------------


async def _fill(exchange: AbstractExchange, account_id: str) -> list[str]:
    """Publish records of an account until the broker takes no more; return those it took."""
    taken: list[str] = []
    for number in range(MESSAGES_MAX):
        call = Call(f"filling-{number}", account_id, "44", 60)
        try:
            await publish(exchange, message_of([call], utc_now()))
        except DeliveryError:
            return taken
        taken.append(call.call_id)
    raise AssertionError("the queue has no bound")


async def _charged(reseller: Client, account_id: str) -> list[str]:
    """Return the ids of all billed calls of an account."""
    found: list[str] = []
    page: Json = {"next": None}
    while not found or page["next"]:
        path = f"/v1/accounts/{account_id}/calls"
        page = await reseller.get(path, limit=100, cursor=page["next"])
        found += [call["call_id"] for call in page["data"]]
    return sorted(found)


async def test_a_full_queue_tells_the_switch_and_loses_nothing_that_it_took(
    own_part: Addresses, tmp_path: Path
) -> None:
    # a virtual host of its own: queues keep the bound that they were made with
    settings = {"AM_LANE_MESSAGES_MAX": str(QUEUE_MESSAGES_MAX)}
    system = System(tmp_path, own_part, settings=settings, spawn=Forked.of)
    try:
        system.start()
        await asyncio.to_thread(system.wait_until_ready)
        world = await enter(system)
        reseller = await world.reseller()
        account = await reseller.client.open_account(reseller.order())
        key = await make_key(system.portal_url, reseller.email, reseller.password, scope="calls")
        async with Client(system.portal_url, key) as switch:
            await _test_full(system, switch, reseller.client, account["id"])
        print(system.operate("audit"))  # noqa: T201 - what the audit says is the proof; raises on faults
        await world.close()
    finally:
        system.discard()


async def _test_full(system: System, switch: Client, reseller: Client, account_id: str) -> None:
    def record(call_id: str) -> Json:
        return {
            "call_id": call_id,
            "account_id": account_id,
            "caller": "104",
            "destination": "+442079460123",
            "answered_at": utc_now().isoformat(),
            "seconds": 60,
        }

    await switch.post("/v1/calls", record("before"))
    await eventually(lambda: _is_charged(reseller, account_id, ["before"]))
    await asyncio.to_thread(system["billing"].stop)
    connection = await wait_for_rabbitmq(system.addresses.rabbitmq_url("switch"), "switch")
    async with connection, connection.channel() as channel:
        exchange = await channel.get_exchange(CALLS_EXCHANGE, ensure=False)
        taken = await _fill(exchange, account_id)
    assert QUEUE_MESSAGES_MAX <= len(taken) < 2 * QUEUE_MESSAGES_MAX
    with pytest.raises(RefusedError) as refusal:
        await switch.post("/v1/calls", record("late"))
    assert (refusal.value.status, refusal.value.code) == (503, "unavailable")
    system["billing"].start()
    await asyncio.to_thread(system["billing"].wait_until_ready)
    await eventually(lambda: _is_charged(reseller, account_id, ["before", *taken]))
    await switch.post("/v1/calls", record("late"))
    await eventually(lambda: _is_charged(reseller, account_id, ["before", *taken, "late"]))


async def _is_charged(reseller: Client, account_id: str, call_ids: list[str]) -> bool:
    try:
        return await _charged(reseller, account_id) == sorted(call_ids)
    except RefusedError as refusal:
        if refusal.status == 503:
            return False  # billing is not back yet
        raise
