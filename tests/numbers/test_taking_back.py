"""Numbers that rest go back to the account that gave them up, and to nobody else."""

from contracts.accounts import AccountClosed
from contracts.numbers import QUARANTINE_DAYS, AssignPlanNumbers, NumbersAssigned, NumbersRefused
from tests.harness import Harness
from tests.numbers.conftest import LONDON, assign, hold_spare, states
from tests.numbers.test_orders import giving_up, order


def back(
    *numbers: str, order_id: str = "order_back", account_id: str = "acc_1"
) -> AssignPlanNumbers:
    changes = {"from_quarantine": True, "account_id": account_id}
    return order("", *numbers, order_id=order_id).model_copy(update=changes)


async def test_a_number_that_rests_goes_back_to_the_account_that_gave_it_up(
    numbers: Harness,
) -> None:
    await assign(numbers, LONDON[0], LONDON[1])
    await numbers.ask(giving_up(LONDON[0]))
    await numbers.sent(NumbersAssigned)
    numbers.clock.forward(days=QUARANTINE_DAYS - 1)
    for _ in range(2):
        await numbers.ask(back(LONDON[0]))
    (told,) = await numbers.sent(NumbersAssigned)
    assert told.numbers == (LONDON[0], LONDON[1])
    numbers.clock.forward(days=2)
    await numbers.run_jobs()
    assert await states(numbers) == dict.fromkeys(LONDON[:2], "assigned")


async def test_no_other_account_gets_a_number_that_rests(numbers: Harness) -> None:
    await assign(numbers, LONDON[0])
    await numbers.ask(giving_up(LONDON[0]))
    await numbers.ask(back(LONDON[0], account_id="acc_2"))
    await numbers.ask(order("", LONDON[0], order_id="order_plain"))
    refused = await numbers.sent(NumbersRefused)
    assert [one.order_id for one in refused] == ["order_back", "order_plain"]
    assert await states(numbers) == {LONDON[0]: "quarantine"}


async def test_a_number_of_a_closed_account_rests_for_everyone(numbers: Harness) -> None:
    await assign(numbers, LONDON[0])
    closed = AccountClosed(account_id="acc_1", reseller_id="acc_r1", version=3, name="Acme")
    await numbers.hear(closed)
    await numbers.ask(back(LONDON[0]))
    assert len(await numbers.sent(NumbersRefused)) == 1
    assert await states(numbers) == {LONDON[0]: "quarantine"}


async def test_a_number_that_someone_else_chose_after_its_rest_is_not_taken_back(
    numbers: Harness,
) -> None:
    await assign(numbers, LONDON[0])
    await numbers.ask(giving_up(LONDON[0]))
    numbers.clock.forward(days=QUARANTINE_DAYS)
    await hold_spare(numbers, LONDON[0])
    await numbers.ask(back(LONDON[0]))
    assert len(await numbers.sent(NumbersRefused)) == 1
    assert await states(numbers) == {LONDON[0]: "reserved"}


async def test_a_number_taken_back_before_it_was_given_up_stays_with_its_account(
    numbers: Harness,
) -> None:
    hold = await hold_spare(numbers, LONDON[1])
    await numbers.ask(order(hold.id, LONDON[1]))
    await numbers.ask(back(LONDON[1]))
    await numbers.ask(giving_up(LONDON[1], "order_1"))
    assert await states(numbers) == {LONDON[1]: "assigned"}
