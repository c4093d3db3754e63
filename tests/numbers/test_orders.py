"""Numbers that an open account orders and gives up: all of them or none, in any order."""

import asyncio
from datetime import timedelta

from contracts.accounts import AccountClosed
from contracts.numbers import (
    QUARANTINE_DAYS,
    RESERVATION_MINUTES,
    AssignPlanNumbers,
    NumberReleased,
    NumbersAssigned,
    NumbersRefused,
    PriceNumberOrders,
    PriceNumbers,
    UnassignNumber,
)
from tests.harness import OTHER_RESELLER, RESELLER, Harness
from tests.numbers.conftest import LONDON, NEW_YORK, add, assign, hold_spare, states


def order(reservation_id: str, *numbers: str, order_id: str = "order_1") -> AssignPlanNumbers:
    return AssignPlanNumbers(
        account_id="acc_1",
        reseller_id="acc_r1",
        order_id=order_id,
        reservation_id=reservation_id,
        numbers=numbers,
    )


def giving_up(number: str, order_id: str = "") -> UnassignNumber:
    return UnassignNumber(
        account_id="acc_1", reseller_id="acc_r1", number=number, order_id=order_id
    )


async def test_an_account_gets_what_it_ordered_beside_what_it_has(numbers: Harness) -> None:
    await assign(numbers, LONDON[0])
    await numbers.sent(NumbersAssigned)
    hold = await hold_spare(numbers, LONDON[1], LONDON[2])
    await numbers.ask(order(hold.id, LONDON[2], LONDON[1]))
    (told,) = await numbers.sent(NumbersAssigned)
    assert told.numbers == (LONDON[0], LONDON[1], LONDON[2])
    assert await states(numbers) == dict.fromkeys(LONDON[:3], "assigned")


async def test_an_order_is_carried_out_once_whatever_became_of_its_numbers(
    numbers: Harness,
) -> None:
    hold = await hold_spare(numbers, LONDON[1])
    await numbers.ask(order(hold.id, LONDON[1]))
    await numbers.ask(giving_up(LONDON[1], "order_1"))
    await numbers.ask(order(hold.id, LONDON[1]))
    assert await states(numbers) == {LONDON[1]: "quarantine"}
    assert await numbers.sent(NumbersRefused) == []
    assert len(await numbers.sent(NumbersAssigned)) == 1


async def test_a_hold_that_ended_is_good_while_nobody_else_wants_its_numbers(
    numbers: Harness,
) -> None:
    hold = await hold_spare(numbers, LONDON[1])
    numbers.clock.forward(minutes=RESERVATION_MINUTES + 1)
    await numbers.run_jobs()
    await numbers.ask(order(hold.id, LONDON[1]))
    assert await states(numbers) == {LONDON[1]: "assigned"}


async def test_all_numbers_of_an_order_are_given_back_when_one_is_not_to_be_had(
    numbers: Harness,
) -> None:
    hold = await hold_spare(numbers, LONDON[1], LONDON[2])
    numbers.clock.forward(minutes=RESERVATION_MINUTES + 1)
    await assign(numbers, LONDON[2], account_id="acc_2")
    fresh = await hold_spare(numbers, LONDON[3])
    for _ in range(2):
        await numbers.ask(order(fresh.id, LONDON[3], LONDON[2]))
    (told,) = await numbers.sent(NumbersRefused)
    assert (told.order_id, told.reason) == ("order_1", "number-taken")
    assert told.numbers == (LONDON[2],)
    assert LONDON[2] in told.detail
    assert await states(numbers) == {LONDON[2]: "assigned"}
    assert hold.id != fresh.id


async def test_numbers_of_another_reseller_are_not_to_be_had(numbers: Harness) -> None:
    hold = await hold_spare(numbers, NEW_YORK, by=OTHER_RESELLER)
    await numbers.ask(order(hold.id, NEW_YORK))
    (told,) = await numbers.sent(NumbersRefused)
    assert told.numbers == (NEW_YORK,)
    assert await states(numbers, OTHER_RESELLER) == {NEW_YORK: "reserved"}


async def test_a_closed_account_gets_nothing(numbers: Harness) -> None:
    hold = await hold_spare(numbers, LONDON[1])
    closed = AccountClosed(account_id="acc_1", reseller_id="acc_r1", version=3, name="Acme")
    await numbers.hear(closed)
    await numbers.ask(order(hold.id, LONDON[1]))
    (told,) = await numbers.sent(NumbersRefused)
    assert (told.order_id, told.reason, told.numbers) == (
        "order_1",
        "account-not-active",
        (LONDON[1],),
    )
    assert await states(numbers) == {}


async def test_a_number_that_is_given_up_is_spare_again_after_thirty_days(
    numbers: Harness,
) -> None:
    await assign(numbers, LONDON[0], LONDON[1])
    for _ in range(2):
        await numbers.ask(giving_up(LONDON[0]))
    (told,) = await numbers.sent(NumberReleased)
    assert (told.number, told.state, told.remaining) == (LONDON[0], "quarantine", (LONDON[1],))
    assert told.available_at == numbers.clock.now + timedelta(days=QUARANTINE_DAYS)
    assert await states(numbers) == {LONDON[0]: "quarantine", LONDON[1]: "assigned"}
    numbers.clock.forward(days=QUARANTINE_DAYS)
    assert await states(numbers) == {LONDON[1]: "assigned"}


async def test_a_number_that_is_another_accounts_is_not_given_up(numbers: Harness) -> None:
    await assign(numbers, LONDON[0], account_id="acc_2")
    await numbers.ask(giving_up(LONDON[0], "order_1"))
    assert await states(numbers) == {LONDON[0]: "assigned"}
    assert await numbers.sent(NumberReleased) == []


async def test_what_is_given_up_before_its_order_comes_is_never_taken(numbers: Harness) -> None:
    hold = await hold_spare(numbers, LONDON[1], LONDON[2])
    await numbers.ask(giving_up(LONDON[1], "order_1"))
    await numbers.ask(order(hold.id, LONDON[1], LONDON[2]))
    assert await states(numbers) == {LONDON[2]: "assigned"}
    (told,) = await numbers.sent(NumbersAssigned)
    assert told.numbers == (LONDON[2],)
    # the same number in a newer order is another matter
    again = await hold_spare(numbers, LONDON[1])
    await numbers.ask(order(again.id, LONDON[1], order_id="order_2"))
    assert await states(numbers) == {LONDON[1]: "assigned", LONDON[2]: "assigned"}


async def test_a_number_that_was_ordered_again_is_not_given_up_with_its_older_order(
    numbers: Harness,
) -> None:
    hold = await hold_spare(numbers, LONDON[1])
    await numbers.ask(order(hold.id, LONDON[1], order_id="order_2"))
    await numbers.ask(giving_up(LONDON[1], "order_1"))
    await numbers.ask(giving_up(LONDON[1]))
    assert await states(numbers) == {LONDON[1]: "assigned"}
    await numbers.ask(giving_up(LONDON[1], "order_2"))
    assert await states(numbers) == {LONDON[1]: "quarantine"}


async def test_giving_up_and_taking_at_once_leaves_the_number_with_nobody(
    numbers: Harness,
) -> None:
    for number in LONDON[:8]:
        hold = await hold_spare(numbers, number)
        taking = order(hold.id, number, order_id=f"order of {number}")
        await asyncio.gather(numbers.ask(taking), numbers.ask(giving_up(number, taking.order_id)))
    assert "assigned" not in (await states(numbers)).values()


async def test_of_two_orders_for_one_number_one_gets_it(numbers: Harness) -> None:
    await add(numbers, "+442079461000")
    hold = await hold_spare(numbers, "+442079461000")
    numbers.clock.forward(minutes=RESERVATION_MINUTES + 1)
    orders = [order(hold.id, "+442079461000", order_id=f"order_{which}") for which in range(4)]
    await asyncio.gather(*(numbers.ask(one) for one in orders))
    assert len(await numbers.sent(NumbersAssigned)) == 1
    assert len(await numbers.sent(NumbersRefused)) == 3


async def test_each_event_of_an_accounts_numbers_is_newer_than_the_one_before(
    numbers: Harness,
) -> None:
    await assign(numbers, LONDON[0])
    hold = await hold_spare(numbers, LONDON[1])
    await numbers.ask(order(hold.id, LONDON[1]))
    await numbers.ask(giving_up(LONDON[0]))
    assigned = [event.version for event in await numbers.sent(NumbersAssigned)]
    (released,) = await numbers.sent(NumberReleased)
    versions = [*assigned, released.version]
    assert versions == sorted(set(versions))
    assert versions[0] > 0


async def test_orders_of_a_file_are_priced_as_each_is_alone(numbers: Harness) -> None:
    hold = await hold_spare(numbers, LONDON[3])
    orders = (
        PriceNumbers(numbers=(LONDON[7], LONDON[3]), reservation_id=hold.id),
        PriceNumbers(numbers=(LONDON[7], LONDON[3])),
        PriceNumbers(numbers=("x", LONDON[0], LONDON[0])),
        PriceNumbers(numbers=()),
    )
    found = (await numbers.ask(PriceNumberOrders(orders=orders), RESELLER)).data
    for order, one in zip(orders, found, strict=True):
        if one.errors:
            assert (await numbers.problem(order, RESELLER)).errors == one.errors
        else:
            assert (await numbers.ask(order, RESELLER)).numbers == one.numbers
    assert [bool(one.errors) for one in found] == [False, True, True, False]
    others = (await numbers.ask(PriceNumberOrders(orders=orders[:1]), OTHER_RESELLER)).data
    assert [error.type for error in others[0].errors] == ["number-taken"] * 2
