"""Random lives of accounts: whatever happens in whatever order, money and invoices agree."""

import asyncio
import random
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.accounts import AccountClosed
from contracts.base import Answer, Command, Refused
from contracts.billing import (
    AddCredit,
    AddPlanNumbers,
    AdjustBalance,
    ChangePlan,
    CountryMinutes,
    CreditOrder,
    FindPlan,
    IssueCreditNote,
    PayAllInvoices,
    PayInvoice,
    PlanChange,
    PricedNumber,
    RemovePlanNumber,
    SetCreditLimit,
)
from contracts.calls import CallEnded
from contracts.numbers import NumbersRefused
from contracts.values import micros
from services.billing.base.model.period import local_day
from services.billing.invoicing.model.invoice import StoredInvoice
from services.billing.ledger.model.ledger import Entry
from services.billing.ledger.store import usage_sums
from services.billing.ledger.store.billing_accounts import BILLING_ACCOUNTS
from services.billing.ledger.store.ledger import LEDGER, entry_of
from services.billing.lifecycle.store import renewals
from services.billing.lifecycle.store.number_orders import NUMBER_ORDERS
from tests.billing.charging_world import CSV, GERMANY, UK, World, record
from tests.billing.conftest import NUMBERS, add_sheet, audit, open_account, plan
from tests.billing.invoiced import know_invoice_parties
from tests.billing.month_checks import check_periods, check_sums
from tests.billing.months import invoices_of, live_on, set_tax
from tests.harness import RESELLER, Harness

ZONE = "America/New_York"
REFUSALS = {
    "insufficient-credit",  # the change or the payment costs more than there is
    "nothing-due",
    "unavailable",  # a period has begun that is not billed yet
    "out-of-range",
    "invalid-fields",
}

steps = st.one_of(
    st.tuples(st.just("forward"), st.integers(1, 40 * 24)),
    st.tuples(st.just("calls"), st.integers(1, 6)),
    st.tuples(st.just("credit"), st.integers(1, 60)),
    st.tuples(st.just("adjust"), st.integers(-30, 30)),
    st.tuples(st.just("limit"), st.integers(0, 20)),
    st.tuples(st.just("users"), st.integers(1, 6)),
    st.tuples(st.just("cost"), st.integers(1, 9)),
    st.tuples(st.just("minutes"), st.integers(0, 9)),
    st.tuples(st.just("numbers"), st.integers(1, 3)),
    st.tuples(st.just("pay"), st.integers(1, 3)),
    st.tuples(st.just("correct"), st.integers(1, 20)),
    st.tuples(st.just("live"), st.integers(1, 3)),
    st.tuples(st.just("crash"), st.integers(0, 1)),
)


TOLD_AGAIN_WITHIN = timedelta(days=50)
"""A record that comes later than 60 days is rejected, whether its call was charged or not."""


@dataclass
class Life:
    """What happens to one account, and what the test itself knows of it."""

    world: World
    account_id: str
    chance: random.Random
    opened_at: datetime
    calls: dict[str, datetime] = field(default_factory=dict[str, datetime])
    """When each call was answered."""

    ordered: int = 0
    """Numbers that were ordered."""

    @property
    def billing(self) -> Harness:
        """Billing without a broker."""
        return self.world.billing

    async def ask(self, command: Command[Answer], by: Any = RESELLER) -> None:  # noqa: ANN401 - a principal
        """Send a command, now and then twice; what may be refused may be refused."""
        message_id = uuid.uuid4().hex
        for _ in range(self.chance.randint(1, 2)):
            try:
                await self.billing.ask(command, by, message_id=message_id)
            except Refused as refusal:
                if refusal.problem.code not in REFUSALS:
                    raise

    async def forward(self, hours: int) -> None:
        """Let time pass."""
        self.billing.clock.forward(hours=hours)

    async def live(self, processes: int) -> None:
        """Let some processes do what is due."""
        await asyncio.gather(*(live_on(self.billing) for _ in range(processes)))
        await usage_sums.advance(self.billing.database, self.account_id)

    async def crash(self, calls_before: int) -> None:
        """Cut transactions off before they commit, as a process that is killed in them."""
        left, save = calls_before, renewals.save

        async def cut(tx: Any, account: Any) -> None:  # noqa: ANN401 - what the store takes
            nonlocal left
            await save(tx, account)
            left -= 1
            if left < 0:
                raise ConnectionResetError

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(renewals, "save", cut)
            await asyncio.gather(live_on(self.billing), return_exceptions=True)

    async def make_calls(self, number: int) -> None:
        """Let the switch tell of calls, of some again, from one lane or another."""
        told = [f"{self.account_id}-{len(self.calls) + one}" for one in range(number)]
        now = self.billing.clock()
        young = sorted(one for one in self.calls if self.calls[one] > now - TOLD_AGAIN_WITHIN)
        told += self.chance.sample(young, min(len(young), 2))
        records: list[CallEnded] = []
        for call_id in told:
            # up to a day ago: before the last renewal, now and then
            answered_at = max(now - timedelta(hours=self.chance.randint(0, 30)), self.opened_at)
            answered_at = self.calls.setdefault(call_id, answered_at)
            known = random.Random(call_id)  # noqa: S311 - the same call has the same facts
            to, seconds = known.choice((UK, GERMANY, "+14155550100")), known.randint(1, 200)
            records.append(
                record(
                    call_id,
                    account_id=self.account_id,
                    destination=to,
                    seconds=seconds,
                    answered_at=answered_at,
                )
            )
        charger = self.chance.choice((self.world.charger, self.world.another_charger()))
        await charger.charge(records)

    async def change(self, **change: Any) -> None:  # noqa: ANN401 - any part of a change
        """Change the plan, as it is shown."""
        found = await self.billing.ask(FindPlan(account_id=self.account_id), RESELLER)
        changed = PlanChange.model_validate(change)
        await self.ask(
            ChangePlan(account_id=self.account_id, version=found.version, change=changed)
        )

    async def pay(self, how: int) -> None:
        """Pay one invoice from outside or in part from the balance, or all of them."""
        unpaid = [one for one in await self.invoices() if one.is_unpaid]
        if how == 1 or not unpaid:
            await self.ask(PayAllInvoices(account_id=self.account_id))
            return
        one = self.chance.choice(unpaid)
        if how == 2:
            await self.ask(PayInvoice(invoice_id=one.id, source="outside"))
        else:
            await self.ask(PayInvoice(invoice_id=one.id, amount=min(one.due, micros("1.00"))))

    async def correct(self, units: int) -> None:
        """Send a credit note for an invoice."""
        issued = [one for one in await self.invoices() if one.sequence]
        if issued:
            invoice = self.chance.choice(issued)
            amount = units * micros("1.00")
            await self.ask(IssueCreditNote(invoice_id=invoice.id, amount=amount, reason="Sorry"))

    async def change_numbers(self, how: int) -> None:
        """Order a number, hear that one is not to be had, or give one up."""
        if how == 1:
            self.ordered += 1
            number = PricedNumber(
                number=f"+1212555{self.ordered:04d}",
                setup_fee=micros("1.11"),
                monthly_fee=micros("2.2222"),
            )
            order = AddPlanNumbers(
                account_id=self.account_id, reservation_id="hold", numbers=(number,)
            )
            await self.ask(order)
        elif how == 2:
            await self.refuse_a_number()
        else:
            found = await self.billing.ask(FindPlan(account_id=self.account_id), RESELLER)
            if found.numbers:
                number = self.chance.choice(found.numbers).number
                await self.ask(RemovePlanNumber(account_id=self.account_id, number=number))

    async def refuse_a_number(self) -> None:
        """Let the inventory say of one of the orders, maybe again, that it is not to be had."""
        orders = await self.billing.database.documents(NUMBER_ORDERS).find(
            {"account_id": self.account_id}, limit=100
        )
        if orders:
            order = self.chance.choice(orders)
            refused = NumbersRefused(
                account_id=self.account_id,
                reseller_id="acc_r1",
                numbers=tuple(order["numbers"]),
                reason="number-taken",
                detail="It is not to be had.",
                order_id=order["_id"],
            )
            await self.billing.hear(refused)

    async def step(self, kind: str, number: int) -> None:
        """Let one thing happen."""
        if kind == "calls":
            await self.make_calls(number)
        elif kind == "credit":
            order = CreditOrder(amount=micros(f"{number}.00"))
            await self.ask(AddCredit(account_id=self.account_id, credit=order))
            await self.check_paid()
        elif kind == "adjust":
            await self.adjust(number)
        elif kind == "limit":
            limit = micros(f"{number}.00")
            await self.ask(SetCreditLimit(account_id=self.account_id, credit_limit=limit))
        elif kind == "users":
            await self.change(users=number)
        elif kind == "cost":
            now = self.chance.random() < 0.5
            await self.change(cost_per_user=micros(f"{number}.50"), apply_now=now)
        elif kind == "minutes":
            await self.change(countries=countries(number))
        else:
            steps = {
                "forward": self.forward,
                "live": self.live,
                "crash": self.crash,
                "pay": self.pay,
                "correct": self.correct,
                "numbers": self.change_numbers,
            }
            await steps[kind](number)

    async def adjust(self, units: int) -> None:
        """Adjust the balance, or correct one of its entries by so much."""
        seqs = [entry.seq for entry in await self.entries()]
        seq = self.chance.choice([None, *seqs])
        amount = units * micros("1.00")
        await self.ask(
            AdjustBalance(
                account_id=self.account_id, amount=amount, reason="Mistyped", entry_seq=seq
            )
        )
        last = (await self.entries())[-1]
        if (last.type, last.amount) == ("adjustment", amount) and amount > 0:
            await self.check_paid()

    async def check_paid(self) -> None:
        """See that nothing is due that the balance could pay, now that money has been added."""
        due = sum(one.due for one in await self.invoices())
        assert due == 0 or (await self.entries())[-1].balance_after < micros("0.01")

    async def close(self) -> None:
        """Close the account; the event comes again and again."""
        closed = AccountClosed(
            account_id=self.account_id, reseller_id="acc_r1", version=9, name="Acme"
        )
        for message_id in ("one", "one", "two"):
            await self.billing.hear(closed, message_id=f"{self.account_id}:{message_id}")

    async def invoices(self) -> list[StoredInvoice]:
        """Return all its invoices, the oldest first."""
        return await invoices_of(self.billing, self.account_id)

    async def entries(self) -> list[Entry]:
        """Return its ledger."""
        found = self.billing.database.documents(LEDGER).each(
            {"account_id": self.account_id}, sort=[("seq", 1)]
        )
        return [entry_of(document) async for document in found]

    async def billing_account(self) -> dict[str, Any]:
        """Return the document of its billing account."""
        found = await self.billing.database.documents(BILLING_ACCOUNTS).find_one(
            {"_id": self.account_id}
        )
        assert found is not None
        return found


def countries(minutes: int) -> tuple[CountryMinutes, ...]:
    bundled = CountryMinutes(country="GB", minutes=minutes)
    return (bundled, CountryMinutes(country="DE", minutes=0))


async def begin(billing: Harness, seed: int, credit: int) -> Life:
    """Open an account on an empty ledger, in a sheet that is there already."""
    account_id = f"acc_{uuid.uuid4().hex[:12]}"
    world = World(billing)
    sheets = await billing.database.documents("rate_sheets").find({}, limit=1)
    sheet_id = sheets[0]["_id"] if sheets else (await add_sheet(billing, csv=CSV)).id
    await know_invoice_parties(billing, account_id)
    await open_account(
        billing,
        account_id,
        plan=plan(
            f"Plan {account_id[4:]}",
            users=2,
            cost_per_user=micros("7.77"),
            rate_sheet_id=sheet_id,
            countries=countries(3),
        ),
        numbers=NUMBERS[1:],
        credit=CreditOrder(amount=micros(f"{credit}.00")),
        opened_at=billing.clock.now,
        realm="",
    )
    return Life(world, account_id, random.Random(seed), billing.clock.now)  # noqa: S311 - chance, not secrecy


@settings(max_examples=16, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**6), st.integers(25, 80), st.lists(steps, min_size=4, max_size=16))
async def test_whatever_an_account_lives_through_its_money_and_its_invoices_agree(
    billing: Harness, seed: int, credit: int, story: list[tuple[str, int]]
) -> None:
    if seed % 3 == 0:
        await set_tax(billing, f"{seed % 20}.50")
    life = await begin(billing, seed, credit)
    opened_on = local_day(billing.clock.now, ZONE)
    for kind, number in story:
        await life.step(kind, number)
    await life.live(2)
    entries, account = await life.entries(), await life.billing_account()
    assert account["renews_at"] > billing.clock.now
    check_periods(await life.invoices(), opened_on, local_day(account["renews_at"], ZONE))
    check_sums(await life.invoices(), entries, account["invoiced_seq"])
    assert sum(entry.type == "call" for entry in entries) == len(life.calls)
    assert await audit(billing) == []
    await life.close()
    await life.live(1)
    await life.refuse_a_number()
    entries, account = await life.entries(), await life.billing_account()
    assert sum(entry.amount for entry in entries) == account["balance"] == 0
    assert account["invoiced_seq"] <= len(entries)
    check_sums(await life.invoices(), entries, account["invoiced_seq"])
    assert not any(one.is_unpaid for one in await life.invoices())
    assert await audit(billing) == []
    billing.clock.now += timedelta(days=1)
