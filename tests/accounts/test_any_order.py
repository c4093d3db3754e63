"""Messages of the opening saga, late, repeated and in any order, end in exactly one state."""

import random
import uuid

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.accounts import (
    Account,
    AccountActivated,
    AccountFailed,
)
from contracts.base import Event, Message
from contracts.billing import OpenBillingAccount
from contracts.numbers import (
    AssignNumbers,
    CancelReservation,
    ReserveAccountNumbers,
)
from services.chassis.principal import Principal
from tests.accounts.opened import (
    NUMBERS,
    billing_account_opened,
    billing_account_refused,
    held,
    numbers_assigned,
    numbers_refused,
    order,
    plan,
    shown,
)
from tests.harness import Harness


class Neighbours:
    """Numbers and billing as their contracts promise: the same command, the same result."""

    def __init__(self, *, has_numbers: bool, takes_billing_account: bool) -> None:
        self.has_numbers = has_numbers
        self.takes_billing_account = takes_billing_account
        self.numbers = "spare"

    def answer(self, account: Account, command: Message) -> list[Event]:
        """Carry a command out and return what is announced."""
        match command:
            case ReserveAccountNumbers():
                if not self.has_numbers:
                    return [numbers_refused(account)]
                self.numbers = "reserved" if self.numbers == "spare" else self.numbers
                return [held(account, *NUMBERS)]
            case OpenBillingAccount():
                return [
                    (
                        billing_account_opened
                        if self.takes_billing_account
                        else billing_account_refused
                    )(account)
                ]
            case AssignNumbers():
                self.numbers = "assigned"
                return [numbers_assigned(account, *NUMBERS)]
            case CancelReservation():
                self.numbers = "spare" if self.numbers == "reserved" else self.numbers
                return []
            case _:
                raise AssertionError(command)


class Journey:
    """One opening whose messages come in any order, late and more than once."""

    def __init__(self, harness: Harness, neighbours: Neighbours, chance: random.Random) -> None:
        self.harness = harness
        self.neighbours = neighbours
        self.chance = chance
        self.under_way: list[tuple[str, Message]] = []
        self.repetitions = 8
        self.name = uuid.uuid4().hex
        self.count = 0

    async def travel(self, account: Account) -> None:
        """Deliver until nothing is under way."""
        await self.collect(account)
        while self.under_way:
            if self.chance.random() < 0.1:
                self.harness.clock.forward(minutes=3)
                await self.harness.run_jobs()
            index = self.chance.randrange(len(self.under_way))
            message_id, message = self.under_way[index]
            if self.repetitions and self.chance.random() < 0.4:
                self.repetitions -= 1
                if self.chance.random() < 0.5:  # the same order under an id of its own
                    message_id = self.next_id()
            else:
                del self.under_way[index]
            if isinstance(message, Event):
                await self.harness.hear(message, message_id=message_id)
            else:
                events = self.neighbours.answer(account, message)
                self.under_way += [(self.next_id(), event) for event in events]
            await self.collect(account)

    def next_id(self) -> str:
        """Return a message id that was not used yet."""
        self.count += 1
        return f"{self.name} {self.count}"

    async def collect(self, account: Account) -> None:
        """Take what the service has told since the last time."""
        for kind in (ReserveAccountNumbers, OpenBillingAccount, AssignNumbers, CancelReservation):
            for message in await self.harness.sent(kind):
                if message.account_id == account.id:
                    self.under_way.append((self.next_id(), message))


async def ends(harness: Harness, account: Account) -> list[str]:
    """Return each end that was announced of an account since this was last asked."""
    activated = [event.account_id for event in await harness.sent(AccountActivated)]
    failed = [event.account_id for event in await harness.sent(AccountFailed)]
    return ["active"] * activated.count(account.id) + ["failed"] * failed.count(account.id)


examples = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(has_numbers=st.booleans(), takes_billing_account=st.booleans(), chance=st.randoms())
@examples
async def test_late_and_repeated_messages_end_in_exactly_one_state(
    lasting: Harness,
    lasting_reseller: Principal,
    has_numbers: bool,  # noqa: FBT001 - drawn by hypothesis
    takes_billing_account: bool,  # noqa: FBT001 - likewise
    chance: random.Random,
) -> None:
    neighbours = Neighbours(has_numbers=has_numbers, takes_billing_account=takes_billing_account)
    account = await lasting.ask(order(uuid.uuid4().hex, plan=plan(*NUMBERS)), lasting_reseller)
    await Journey(lasting, neighbours, chance).travel(account)
    opens = has_numbers and takes_billing_account
    end = await shown(lasting, lasting_reseller, account)
    assert end.status == ("active" if opens else "failed")
    assert end.version == 2
    assert await ends(lasting, account) == [end.status]
    assert end.numbers == (NUMBERS if opens else ())
    assert neighbours.numbers == ("assigned" if opens else "spare")


@given(chance=st.randoms(), length=st.integers(min_value=0, max_value=12))
@examples
async def test_no_order_of_answers_leaves_an_account_half_opened(
    lasting: Harness, lasting_reseller: Principal, chance: random.Random, length: int
) -> None:
    account = await lasting.ask(order(uuid.uuid4().hex, plan=plan(*NUMBERS)), lasting_reseller)
    answers: list[Event] = [
        held(account, *NUMBERS),
        numbers_refused(account),
        billing_account_opened(account),
        billing_account_refused(account),
        numbers_assigned(account, *NUMBERS),
    ]
    for _ in range(length):
        await lasting.hear(chance.choice(answers))
    for answer in (held(account, *NUMBERS), billing_account_opened(account)):
        await lasting.hear(answer)
    end = await shown(lasting, lasting_reseller, account)
    assert end.status in ("active", "failed")
    assert await ends(lasting, account) == [end.status]
    assert (end.failure is not None) == (end.status == "failed")
