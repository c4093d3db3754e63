"""What a process remembers of accounts is what the database has, or can never be written on."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from itertools import product

import pytest

from services.billing.charging.model.hold import CallAccount, Hold
from services.billing.charging.store import holds
from services.billing.charging.store.account_cache import Memory
from services.chassis.database import Writer
from tests.billing.charging.test_authorize import authorize
from tests.billing.charging_world import World, record
from tests.harness import Harness

Step = Callable[[Harness, str], Awaitable[None]]
settle_in_database = holds.settle


def reader(billing: Harness) -> Writer:
    """Return what the handlers of this process work with."""
    return billing.database.writer()


async def as_it_is(billing: Harness, account_id: str = "acc_c1") -> CallAccount:
    """Return an account as the database has it."""
    account = await holds.find(reader(billing), account_id)
    assert account is not None
    return account


async def remembered(billing: Harness) -> CallAccount:
    """Return an account as this process relies on it."""
    db = reader(billing)
    account = await db.memory(Memory).account(db, "acc_c1", fresh=False)
    assert account is not None
    return account


async def nothing(billing: Harness, name: str) -> None:
    """Leave everything as it is."""
    del billing, name


async def hold_here(billing: Harness, name: str) -> None:
    """Authorise a call in this process."""
    assert (await authorize(billing, call_id=f"{name}-here")).granted


async def hold_elsewhere(billing: Harness, name: str) -> None:
    """Hold for a call as another process does, of which this one knows nothing."""
    account = await as_it_is(billing)
    now = billing.clock()
    call_id = f"{name}-elsewhere"
    hold = Hold(call_id, "+442079460321", "GB", 1, 0, 60, now, now + timedelta(minutes=1))
    assert await holds.save_each(reader(billing), [(account, (*account.holds, hold))]) == 1


async def look(billing: Harness, name: str) -> None:
    """Read the account anew in this process."""
    del name
    db = reader(billing)
    assert await db.memory(Memory).account(db, "acc_c1", fresh=True)


STEPS: tuple[Step, ...] = (nothing, hold_here, hold_elsewhere, look)
RACES = [
    pytest.param(before, after, id=f"{before.__name__} before, {after.__name__} after")
    for before, after in product(STEPS, STEPS)
]


async def test_an_account_is_remembered_as_charging_leaves_it(billing: Harness) -> None:
    world = World(billing)
    await world.open()
    for call_id in ("call-1", "call-2"):
        await authorize(billing, call_id=call_id)
    await world.charger.charge([record("call-1")])
    known, account = await remembered(billing), await as_it_is(billing)
    assert [hold.call_id for hold in known.holds] == ["call-2"]
    assert known.head.seq == 2
    assert known == account


async def test_an_account_is_remembered_as_a_release_leaves_it(billing: Harness) -> None:
    await World(billing).open()
    await authorize(billing, call_id="call-1")
    db = reader(billing)
    await db.memory(Memory).settle(db, [holds.Settlement("acc_c1", None, ["call-1"])])
    assert (await remembered(billing)).holds == ()
    assert await remembered(billing) == await as_it_is(billing)


@pytest.mark.parametrize(("before", "after"), RACES)
async def test_no_hold_is_lost_whatever_happens_around_a_charge(
    billing: Harness, monkeypatch: pytest.MonkeyPatch, before: Step, after: Step
) -> None:
    world = World(billing)
    await world.open()
    await authorize(billing, call_id="first")

    async def settle_amid(db: Writer, charged: Sequence[holds.Settlement]) -> bool:
        await before(billing, "before")
        in_one_step = await settle_in_database(db, charged)
        await after(billing, "after")
        return in_one_step

    monkeypatch.setattr(holds, "settle", settle_amid)
    await world.charger.charge([record("first")])
    monkeypatch.undo()
    known, account = await remembered(billing), await as_it_is(billing)
    assert known == account or known.revision < account.revision
    await hold_elsewhere(billing, "then")
    held = {hold.call_id for hold in (await as_it_is(billing)).holds}
    assert (await authorize(billing, call_id="last")).granted
    assert {hold.call_id for hold in (await as_it_is(billing)).holds} == {*held, "last"}
