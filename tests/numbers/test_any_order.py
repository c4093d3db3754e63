"""Numbers bought and given up: whatever order messages come in, plan, stock and ledger agree."""

import itertools
import random
import uuid
from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from contracts.base import Event, Message
from contracts.billing import (
    AddPlanNumbers,
    CreditOrder,
    FindPlan,
    RemovePlanNumber,
)
from contracts.numbers import (
    RESERVATION_MINUTES,
    AssignPlanNumbers,
    NumberReleased,
    NumbersAssigned,
    NumbersRefused,
    UnassignNumber,
)
from contracts.values import micros
from services.billing.app import service as billing_service
from services.numbers.app import service as numbers_service
from services.numbers.store.documents import from_document
from tests.billing.conftest import audit, balance_of, ledger_of, open_account, opening, plan
from tests.harness import RESELLER, Harness
from tests.numbers.conftest import add, assign, hold_spare

FRESH = itertools.count()
"""The last digits of London numbers that no example has used."""


class Services(NamedTuple):
    """Billing and numbers, for all examples of a property."""

    billing: Harness
    numbers: Harness


@pytest.fixture(scope="module")
async def services(mongodb_url: str, database_prefix: str) -> AsyncIterator[Services]:
    """Give both services; nothing carries messages between them but the test."""
    billing = await Harness.start(billing_service, mongodb_url, database_prefix)
    numbers = await Harness.start(numbers_service, mongodb_url, database_prefix)
    await billing.ask(opening("acc_r1", parent_path=("platform",), plan=None, credit=None))
    yield Services(billing, numbers)
    await billing.stop()
    await numbers.stop()


class Life:
    """One account that buys and gives up numbers while its messages go astray for a while."""

    def __init__(self, services: Services, chance: random.Random, stock: tuple[str, ...]) -> None:
        self.services = services
        self.chance = chance
        self.stock = stock
        self.account_id = f"acc_{uuid.uuid4().hex}"
        self.under_way: list[tuple[str, Message]] = []
        self.refused: set[str] = set()
        self.shown: tuple[int, tuple[str, ...]] = (0, ())
        """What the accounts service would show of its numbers, and how new that is."""

    async def buy(self) -> None:
        """Order one or two numbers; sometimes another account is faster."""
        now = self.services.numbers.clock.now
        documents = await self.services.numbers.database.documents("numbers").find(
            {"_id": {"$in": list(self.stock)}}, limit=len(self.stock)
        )
        spare = {one["_id"] for one in documents if from_document(one).state_at(now) == "available"}
        free = sorted(spare - set(await self._plan_numbers()))
        if not free:
            return
        wanted = free[: self.chance.randint(1, 2)]
        hold = await hold_spare(self.services.numbers, *wanted)
        await self.services.billing.ask(
            AddPlanNumbers(
                account_id=self.account_id, reservation_id=hold.id, numbers=hold.numbers
            ),
            RESELLER,
        )
        if self.chance.random() < 0.4:
            self.services.numbers.clock.forward(minutes=RESERVATION_MINUTES + 1)
            await assign(self.services.numbers, wanted[-1], account_id=f"acc_{uuid.uuid4().hex}")

    async def give_up(self) -> None:
        """Remove a number, also one that is still under way."""
        numbers = await self._plan_numbers()
        if numbers:
            number = self.chance.choice(numbers)
            order = RemovePlanNumber(account_id=self.account_id, number=number)
            await self.services.billing.ask(order, RESELLER)

    async def deliver(self) -> None:
        """Deliver a message that is under way, perhaps not for the last time."""
        await self.collect()
        if not self.under_way:
            return
        index = self.chance.randrange(len(self.under_way))
        message_id, message = self.under_way[index]
        if self.chance.random() < 0.6:
            del self.under_way[index]
        match message:
            case AssignPlanNumbers() | UnassignNumber():
                await self.services.numbers.ask(message, message_id=message_id)
            case NumbersRefused():
                self.refused.add(message.order_id)
                await self.services.billing.hear(message, message_id=message_id)
            case NumbersAssigned():
                self._show(message.version, message.numbers)
            case NumberReleased():
                assert message.remaining is not None
                self._show(message.version, message.remaining)
            case _:
                raise AssertionError(message)

    async def collect(self) -> None:
        """Take what both services have sent since the last time."""
        sent: list[Message] = []
        for kind in (AssignPlanNumbers, UnassignNumber):
            sent += list(await self.services.billing.sent(kind))
        events: tuple[type[Event], ...] = (NumbersRefused, NumbersAssigned, NumberReleased)
        for kind in events:
            sent += list(await self.services.numbers.sent(kind))
        own = (one for one in sent if getattr(one, "account_id", "") == self.account_id)
        self.under_way += [(uuid.uuid4().hex, one) for one in own]

    async def settle(self) -> None:
        """Deliver all that is under way."""
        await self.collect()
        while self.under_way:
            await self.deliver()
            await self.collect()

    async def _plan_numbers(self) -> list[str]:
        found = await self.services.billing.ask(FindPlan(account_id=self.account_id), RESELLER)
        return [priced.number for priced in found.numbers]

    def _show(self, version: int, numbers: tuple[str, ...]) -> None:
        if version >= self.shown[0]:
            self.shown = (version, numbers)


examples = settings(
    max_examples=15,
    # making a failed example smaller takes longer than a test may
    phases=(Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


STEPS = st.lists(st.sampled_from(["buy", "give up", "deliver"]), max_size=14)


@given(chance=st.randoms(), steps=STEPS)
@examples
async def test_plan_stock_and_ledger_agree_once_every_message_has_come(
    services: Services, chance: random.Random, steps: list[str]
) -> None:
    billing, numbers = services
    stock = tuple(f"+44207946{next(FRESH):04d}" for _ in range(5))
    await add(numbers, *stock)
    life = Life(services, chance, stock)
    credit = CreditOrder(amount=micros("500.00"))
    free = plan(f"Plan {life.account_id[4:]}", users=1, cost_per_user=0)
    await open_account(billing, life.account_id, plan=free, credit=credit)
    for step in steps:
        if step == "buy":
            await life.buy()
        elif step == "give up":
            await life.give_up()
        else:
            await life.deliver()
    await life.settle()
    found = await billing.ask(FindPlan(account_id=life.account_id), RESELLER)
    planned = {priced.number for priced in found.numbers}
    own = await numbers.database.documents("numbers").find(
        {"account_id": life.account_id}, limit=100
    )
    assert {document["_id"] for document in own} == planned
    assert set(life.shown[1]) == planned
    entries = await ledger_of(billing, life.account_id)
    charged = [entry for entry in entries if entry.cause not in life.refused]
    assert await balance_of(billing, life.account_id) == sum(entry.amount for entry in charged)
    assert await audit(billing) == []
