"""Holding, assigning, releasing: message in, numbers and messages out."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from contracts.accounts import AccountClosed
from contracts.base import Refused
from contracts.billing import PricedNumber
from contracts.numbers import (
    QUARANTINE_DAYS,
    RESERVATION_MINUTES,
    AssignNumbers,
    CancelReservation,
    CountNumbers,
    ListNumbers,
    NumberReleased,
    NumbersAssigned,
    NumbersRefused,
    NumbersReserved,
    PriceNumbers,
    ReserveAccountNumbers,
    ReserveNumbers,
)
from tests.harness import CUSTOMER, OTHER_RESELLER, RESELLER, Harness
from tests.numbers.conftest import LONDON, NEW_YORK, assign, hold_spare, opening, states

ASSIGN = AssignNumbers(account_id="acc_1", reseller_id="acc_r1")
RELEASE = CancelReservation(account_id="acc_1", reseller_id="acc_r1")
CLOSED = AccountClosed(account_id="acc_1", reseller_id="acc_r1", version=3, name="Acme")


def priced(*numbers: str) -> tuple[PricedNumber, ...]:
    return tuple(
        PricedNumber(number=number, setup_fee=1_000_000, monthly_fee=2_500_000)
        for number in numbers
    )


# --- a wizard's hold -------------------------------------------------------------------------


async def test_a_hold_keeps_numbers_for_15_minutes_in_the_order_asked_for(
    numbers: Harness,
) -> None:
    hold = await hold_spare(numbers, LONDON[5], LONDON[2])
    assert hold.numbers == priced(LONDON[5], LONDON[2])
    assert hold.expires_at == numbers.clock.now + timedelta(minutes=RESERVATION_MINUTES)
    assert await states(numbers) == {LONDON[2]: "reserved", LONDON[5]: "reserved"}


async def test_of_two_wizards_that_want_one_number_one_wins(numbers: Harness) -> None:
    outcomes = await asyncio.gather(
        *(hold_spare(numbers, LONDON[index], LONDON[9]) for index in range(6)),
        return_exceptions=True,
    )
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert len(refusals) == len(outcomes) - 1
    for refusal in refusals:
        assert refusal.problem.code == "number-taken"
        assert [error.pointer for error in refusal.problem.errors] == ["/numbers/1"]
    assert len(await states(numbers)) == 2, "the losers hold nothing"


async def test_a_refused_hold_names_every_number_that_is_gone(numbers: Harness) -> None:
    await hold_spare(numbers, LONDON[1])
    await assign(numbers, LONDON[2])
    wanted = (LONDON[0], LONDON[1], NEW_YORK, LONDON[2], "+442079469999")
    problem = await numbers.problem(ReserveNumbers(numbers=wanted), RESELLER)
    assert problem.code == "number-taken"
    assert [error.pointer for error in problem.errors] == [
        "/numbers/1",
        "/numbers/2",
        "/numbers/3",
        "/numbers/4",
    ]
    told = {
        error.detail.replace(wanted[index], "…") for index, error in enumerate(problem.errors, 1)
    }
    assert len(told) == 1, "whoever has it, or whether it exists at all, is not told"
    assert LONDON[0] not in await states(numbers)


async def test_a_list_that_is_wrong_in_itself_is_refused_with_all_its_faults(
    numbers: Harness,
) -> None:
    for question, pointer in (
        (ReserveNumbers(numbers=("x", LONDON[0], LONDON[0])), "/numbers"),
        (PriceNumbers(numbers=("x", LONDON[0], LONDON[0])), "/plan/numbers"),
    ):
        problem = await numbers.problem(question, RESELLER)
        assert problem.code == "invalid-fields"
        assert [error.pointer for error in problem.errors] == [f"{pointer}/0", f"{pointer}/2"]


async def test_choosing_again_replaces_the_hold_and_renews_it(numbers: Harness) -> None:
    first = await hold_spare(numbers, LONDON[0], LONDON[1])
    numbers.clock.forward(minutes=14)
    second = await hold_spare(numbers, LONDON[1], LONDON[2], reservation_id=first.id)
    assert second.id == first.id
    assert second.expires_at == numbers.clock.now + timedelta(minutes=RESERVATION_MINUTES)
    assert await states(numbers) == {LONDON[1]: "reserved", LONDON[2]: "reserved"}
    numbers.clock.forward(minutes=14)
    assert await states(numbers) == {LONDON[1]: "reserved", LONDON[2]: "reserved"}


async def test_choosing_a_taken_number_leaves_the_hold_as_it_was(numbers: Harness) -> None:
    hold = await hold_spare(numbers, LONDON[0])
    await hold_spare(numbers, LONDON[1])
    again = ReserveNumbers(reservation_id=hold.id, numbers=(LONDON[2], LONDON[1]))
    assert (await numbers.problem(again, RESELLER)).type == "number-taken"
    assert await states(numbers) == {LONDON[0]: "reserved", LONDON[1]: "reserved"}
    page = await numbers.ask(ListNumbers(state="available", reservation_id=hold.id), RESELLER)
    assert page.data[0].number == LONDON[0]


async def test_choosing_none_gives_the_held_numbers_back(numbers: Harness) -> None:
    hold = await hold_spare(numbers, LONDON[0])
    emptied = await hold_spare(numbers, reservation_id=hold.id)
    assert emptied.numbers == ()
    assert await states(numbers) == {}


async def test_an_ended_hold_begins_anew_under_a_new_id(numbers: Harness) -> None:
    first = await hold_spare(numbers, LONDON[0])
    numbers.clock.forward(minutes=15)
    second = await hold_spare(numbers, LONDON[0], reservation_id=first.id)
    assert second.id != first.id
    numbers.clock.forward(minutes=14)
    assert await states(numbers) == {LONDON[0]: "reserved"}


async def test_the_hold_of_another_reseller_is_never_touched(numbers: Harness) -> None:
    hold = await hold_spare(numbers, LONDON[0])
    mine = await hold_spare(numbers, NEW_YORK, reservation_id=hold.id, by=OTHER_RESELLER)
    assert mine.id != hold.id
    assert await states(numbers) == {LONDON[0]: "reserved"}
    stolen = ReserveNumbers(reservation_id=hold.id, numbers=(LONDON[0],))
    assert (await numbers.problem(stolen, OTHER_RESELLER)).type == "number-taken"


async def test_the_number_of_an_ended_hold_can_be_taken_at_once(numbers: Harness) -> None:
    late = await hold_spare(numbers, LONDON[0])
    numbers.clock.forward(minutes=15)
    await hold_spare(numbers, LONDON[0])
    order = ReserveNumbers(reservation_id=late.id, numbers=(LONDON[0],))
    assert (await numbers.problem(order, RESELLER)).type == "number-taken"


async def test_a_customer_holds_and_prices_no_numbers(numbers: Harness) -> None:
    for question in (ReserveNumbers(numbers=LONDON[:1]), PriceNumbers(numbers=LONDON[:1])):
        assert (await numbers.problem(question, CUSTOMER)).type == "forbidden"


async def test_numbers_are_priced_in_the_order_asked_for(numbers: Harness) -> None:
    hold = await hold_spare(numbers, LONDON[3])
    query = PriceNumbers(numbers=(LONDON[7], LONDON[3]), reservation_id=hold.id)
    answer = await numbers.ask(query, RESELLER)
    assert answer.numbers == priced(LONDON[7], LONDON[3])
    problem = await numbers.problem(PriceNumbers(numbers=(LONDON[7], LONDON[3])), RESELLER)
    assert problem.code == "number-taken"
    assert [error.pointer for error in problem.errors] == ["/plan/numbers/1"]


async def test_the_stock_of_another_reseller_has_no_price(numbers: Harness) -> None:
    problem = await numbers.problem(PriceNumbers(numbers=(LONDON[0],)), OTHER_RESELLER)
    assert problem.code == "number-taken"


# --- the opening of an account ----------------------------------------------------------------


async def test_an_opening_holds_its_numbers_until_they_are_assigned(numbers: Harness) -> None:
    hold = await hold_spare(numbers, LONDON[4], LONDON[1])
    await numbers.ask(opening(LONDON[4], LONDON[1], LONDON[8], reservation_id=hold.id))
    (event,) = await numbers.sent(NumbersReserved)
    assert (event.account_id, event.reseller_id) == ("acc_1", "acc_r1")
    assert event.numbers == priced(LONDON[4], LONDON[1], LONDON[8])
    numbers.clock.forward(days=2)
    await numbers.run_jobs()
    assert await states(numbers) == {
        LONDON[1]: "reserved",
        LONDON[4]: "reserved",
        LONDON[8]: "reserved",
    }
    await numbers.ask(ASSIGN)
    (assigned,) = await numbers.sent(NumbersAssigned)
    assert assigned.numbers == (LONDON[1], LONDON[4], LONDON[8])
    assert set((await states(numbers)).values()) == {"assigned"}


async def test_an_opening_gets_all_its_numbers_or_none(numbers: Harness) -> None:
    await hold_spare(numbers, LONDON[1])
    await numbers.ask(opening(LONDON[0], LONDON[1], NEW_YORK))
    (event,) = await numbers.sent(NumbersRefused)
    assert event.numbers == (LONDON[1], NEW_YORK)
    assert event.reason == "number-taken"
    assert LONDON[1] in event.detail
    assert await numbers.sent(NumbersReserved) == []
    assert await states(numbers) == {LONDON[1]: "reserved"}


async def test_of_many_openings_that_want_one_number_one_gets_it(numbers: Harness) -> None:
    await asyncio.gather(
        *(
            numbers.ask(opening(LONDON[index], LONDON[9], account_id=f"acc_{index}"))
            for index in range(6)
        )
    )
    assert len(await numbers.sent(NumbersReserved)) == 1
    assert len(await numbers.sent(NumbersRefused)) == 5
    assert len(await states(numbers)) == 2


async def test_an_opening_without_numbers_is_answered_too(numbers: Harness) -> None:
    await numbers.ask(opening())
    (event,) = await numbers.sent(NumbersReserved)
    assert event.numbers == ()


async def test_the_same_order_again_announces_the_same_again(numbers: Harness) -> None:
    order = opening(LONDON[1], LONDON[0])
    await numbers.ask(order)
    await numbers.ask(order)
    await numbers.ask(ASSIGN)
    await numbers.ask(order)
    held = await numbers.sent(NumbersReserved)
    assert [event.numbers for event in held] == [priced(LONDON[1], LONDON[0])] * 3
    assert set((await states(numbers)).values()) == {"assigned"}
    await numbers.ask(ASSIGN)
    assigned = await numbers.sent(NumbersAssigned)
    assert [event.numbers for event in assigned] == [LONDON[:2]] * 2


async def test_a_redelivered_order_announces_nothing_more(numbers: Harness) -> None:
    await numbers.ask(opening(LONDON[0]), message_id="one")
    await numbers.ask(opening(LONDON[0]), message_id="one")
    assert len(await numbers.sent(NumbersReserved)) == 1


async def test_an_order_under_the_hold_of_another_reseller_is_refused(numbers: Harness) -> None:
    hold = await hold_spare(numbers, LONDON[0])
    order = opening(LONDON[0], account_id="acc_2", reseller_id="acc_r2", reservation_id=hold.id)
    await numbers.ask(order)
    assert len(await numbers.sent(NumbersRefused)) == 1
    await numbers.ask(opening(LONDON[0], reservation_id="hold_other"))
    assert len(await numbers.sent(NumbersRefused)) == 1
    assert await numbers.sent(NumbersReserved) == []


async def test_an_account_without_numbers_is_assigned_none(numbers: Harness) -> None:
    await numbers.ask(ASSIGN)
    assert await numbers.sent(NumbersAssigned) == []


# --- the end of an account --------------------------------------------------------------------


async def test_the_numbers_of_a_failed_opening_are_spare_again(numbers: Harness) -> None:
    await numbers.ask(opening(LONDON[0], LONDON[1]))
    await numbers.ask(opening(LONDON[2], account_id="acc_2"))
    await numbers.ask(RELEASE)
    released = await numbers.sent(NumberReleased)
    assert [(event.number, event.state, event.available_at) for event in released] == [
        (LONDON[0], "available", None),
        (LONDON[1], "available", None),
    ]
    assert await states(numbers) == {LONDON[2]: "reserved"}
    await numbers.ask(RELEASE)
    assert await numbers.sent(NumberReleased) == []


async def test_numbers_of_a_closed_account_are_available_after_30_days(numbers: Harness) -> None:
    await assign(numbers, LONDON[0], LONDON[1])
    await assign(numbers, LONDON[2], account_id="acc_2")
    await numbers.hear(CLOSED)
    available_at = numbers.clock.now + timedelta(days=QUARANTINE_DAYS)
    released = await numbers.sent(NumberReleased)
    assert [(event.number, event.state, event.available_at) for event in released] == [
        (LONDON[0], "quarantine", available_at),
        (LONDON[1], "quarantine", available_at),
    ]
    expected = {LONDON[0]: "quarantine", LONDON[1]: "quarantine", LONDON[2]: "assigned"}
    assert await states(numbers) == expected
    shown = (await numbers.ask(ListNumbers(state="quarantine"), RESELLER)).data[0]
    assert (shown.account_id, shown.until) == (None, available_at)
    order = ReserveNumbers(numbers=LONDON[:1])
    assert (await numbers.problem(order, RESELLER)).type == "number-taken"
    numbers.clock.forward(days=QUARANTINE_DAYS, seconds=-1)
    await numbers.run_jobs()
    assert await states(numbers) == expected
    numbers.clock.forward(seconds=1)
    assert await states(numbers) == {LONDON[2]: "assigned"}
    await hold_spare(numbers, LONDON[0])


async def test_closing_an_account_twice_starts_no_second_quarantine(numbers: Harness) -> None:
    await assign(numbers, LONDON[0])
    await numbers.hear(CLOSED)
    await numbers.sent(NumberReleased)
    numbers.clock.forward(days=29)
    await numbers.hear(CLOSED)
    assert await numbers.sent(NumberReleased) == []
    numbers.clock.forward(days=1)
    assert await states(numbers) == {}


@pytest.mark.parametrize("end", [RELEASE, CLOSED])
async def test_an_order_that_comes_after_the_end_holds_nothing(
    numbers: Harness, end: CancelReservation | AccountClosed
) -> None:
    if isinstance(end, CancelReservation):
        await numbers.ask(end)
    else:
        await numbers.hear(end)
    await numbers.ask(opening(LONDON[0]))
    await numbers.ask(ASSIGN)
    (refused,) = await numbers.sent(NumbersRefused)
    assert refused.reason == "account-not-active"
    assert await states(numbers) == {}


async def test_messages_in_any_order_leave_no_number_behind(numbers: Harness) -> None:
    messages: list[ReserveAccountNumbers | AssignNumbers] = [opening(*LONDON[:3]), ASSIGN] * 3
    outcomes: list[Any] = await asyncio.gather(
        numbers.hear(CLOSED), *(numbers.ask(message) for message in messages)
    )
    assert len(outcomes) == 7
    held = set((await states(numbers)).values())
    assert held <= {"quarantine"}, "nothing is held for, or assigned to, an account that is closed"


async def test_an_account_of_another_reseller_is_not_ended(numbers: Harness) -> None:
    await assign(numbers, LONDON[0])
    await numbers.hear(CLOSED.model_copy(update={"reseller_id": "acc_r2"}))
    await numbers.ask(RELEASE.model_copy(update={"reseller_id": "acc_r2"}))
    assert await states(numbers) == {LONDON[0]: "assigned"}


# --- keeping order ----------------------------------------------------------------------------


async def test_what_has_ended_is_written_down_each_minute(numbers: Harness) -> None:
    stored = numbers.database.documents("numbers")
    await hold_spare(numbers, LONDON[0])
    await assign(numbers, LONDON[1])
    await numbers.hear(CLOSED)
    numbers.clock.forward(minutes=15)
    await numbers.run_jobs()
    tidied = await stored.find_one({"_id": LONDON[0]})
    assert tidied is not None
    assert tidied["state"] == "available"
    assert {"reservation_id", "until", "account_id"}.isdisjoint(tidied)
    assert await stored.count({"state": "quarantine"}) == 1
    numbers.clock.forward(days=QUARANTINE_DAYS)
    await numbers.run_jobs()
    assert await stored.count({"state": "available"}) == len(LONDON) + 1
    assert (await numbers.ask(CountNumbers(), RESELLER)).available == len(LONDON)
