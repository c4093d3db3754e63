"""The audit: a number that belongs to nobody is found."""

import pytest

from contracts.accounts import AccountState, AccountStates, AccountStatus, FindAccountStates
from contracts.base import Ask
from services.chassis.bus import AnswerType, Bus
from services.chassis.service import Running
from services.chassis.settings import Settings
from services.numbers.handlers import allocation
from tests.harness import Harness
from tests.numbers.conftest import LONDON, assign, opening


class AccountsAnswer(Bus):
    """A bus on which accounts tells these states."""

    def __init__(self, states: dict[str, AccountStatus]) -> None:
        super().__init__("", "")
        self.states = states
        self.asked: list[int] = []

    async def ask(  # pyright: ignore[reportIncompatibleMethodOverride] - the audit gives no more
        self, question: Ask[AnswerType]
    ) -> AnswerType:
        """Answer as accounts does: those that exist."""
        assert isinstance(question, FindAccountStates)
        self.asked.append(len(question.account_ids))
        known = set(question.account_ids) & set(self.states)
        return AccountStates(  # pyright: ignore[reportReturnType] - the only question it gets
            data=tuple(AccountState(account_id=key, status=self.states[key]) for key in known)
        )


async def audit(harness: Harness, states: dict[str, AccountStatus]) -> list[str]:
    bus = AccountsAnswer(states)
    running = Running("numbers", harness.database, bus, Settings(), harness.clock)
    (work,) = harness.service.audits
    faults = await work(running)
    assert all(count <= allocation.AUDITED_NUMBERS for count in bus.asked)
    return faults


async def test_a_system_in_order_has_no_faults(numbers: Harness) -> None:
    await assign(numbers, *LONDON[:3])
    await numbers.ask(opening(LONDON[5], account_id="acc_2"))
    assert await audit(numbers, {"acc_1": "active", "acc_2": "opening"}) == []
    assert await audit(numbers, {"acc_1": "disabled", "acc_2": "opening"}) == []


async def test_each_number_without_a_living_owner_is_a_fault(numbers: Harness) -> None:
    await assign(numbers, LONDON[0], LONDON[1])
    await assign(numbers, LONDON[2], account_id="acc_2")
    await numbers.ask(opening(LONDON[3], account_id="acc_3"))
    faults = await audit(numbers, {"acc_2": "closed", "acc_3": "failed"})
    assert sorted(faults) == [
        f"number {LONDON[0]} is assigned to account acc_1, which does not exist",
        f"number {LONDON[1]} is assigned to account acc_1, which does not exist",
        f"number {LONDON[2]} is assigned to account acc_2, which is closed",
        f"number {LONDON[3]} is held for account acc_3, which is failed",
    ]


async def test_a_number_held_too_long_for_an_account_is_a_fault(numbers: Harness) -> None:
    await numbers.ask(opening(LONDON[0]))
    numbers.clock.forward(minutes=61)
    (fault,) = await audit(numbers, {"acc_1": "opening"})
    assert "2026-11-22 09:00:00" in fault


async def test_numbers_are_audited_in_parts(
    numbers: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allocation, "AUDITED_NUMBERS", 4)
    await assign(numbers, *LONDON[:9])
    assert len(await audit(numbers, {})) == 9
