"""The numbers service on an empty database, and the messages that its tests send it."""

from collections.abc import AsyncIterator

import pytest

from contracts.numbers import (
    AddNumbers,
    AssignNumbers,
    ListNumbers,
    NewNumber,
    Reservation,
    ReserveAccountNumbers,
    ReserveNumbers,
)
from services.chassis.principal import Principal
from services.numbers.app import service
from tests.harness import OPERATOR, RESELLER, Harness

LONDON = tuple(f"+4420794600{index:02d}" for index in range(20))
"""Numbers of the stock of RESELLER."""

NEW_YORK = "+12125550123"
"""A number of the stock of OTHER_RESELLER."""


@pytest.fixture
async def empty(mongodb_url: str, database_prefix: str) -> AsyncIterator[Harness]:
    """Give the service without any number."""
    harness = await Harness.start(service, mongodb_url, database_prefix)
    yield harness
    await harness.stop()


@pytest.fixture
async def numbers(empty: Harness) -> Harness:
    """Give the service with twenty London numbers of one reseller and one of another."""
    await add(empty, *LONDON)
    await add(empty, NEW_YORK, reseller_id="acc_r2")
    return empty


async def add(harness: Harness, *numbers: str, reseller_id: str = "acc_r1") -> None:
    """Put numbers in a stock; each costs 1.00 to set up and 2.50 a month."""
    report = await harness.ask(
        AddNumbers(
            reseller_id=reseller_id,
            country="GB",
            numbers=tuple(
                NewNumber(line=line, number=number, setup_fee="1", monthly_fee="2.50")
                for line, number in enumerate(numbers, start=1)
            ),
        ),
        OPERATOR,
    )
    assert report.added == len(numbers)
    assert report.refused == ()


async def hold_spare(
    harness: Harness, *numbers: str, reservation_id: str | None = None, by: Principal = RESELLER
) -> Reservation:
    """Hold numbers for a wizard."""
    return await harness.ask(ReserveNumbers(numbers=numbers, reservation_id=reservation_id), by)


def opening(
    *numbers: str,
    account_id: str = "acc_1",
    reseller_id: str = "acc_r1",
    reservation_id: str | None = None,
) -> ReserveAccountNumbers:
    """Return the order to hold numbers for a new account."""
    return ReserveAccountNumbers(
        account_id=account_id,
        reseller_id=reseller_id,
        numbers=numbers,
        reservation_id=reservation_id,
    )


async def assign(harness: Harness, *numbers: str, account_id: str = "acc_1") -> None:
    """Give numbers to an account, as its opening does."""
    await harness.ask(opening(*numbers, account_id=account_id))
    await harness.ask(AssignNumbers(account_id=account_id, reseller_id="acc_r1"))


async def states(harness: Harness, by: Principal = RESELLER) -> dict[str, str]:
    """Return the state of each number of a stock that is not available."""
    page = await harness.ask(ListNumbers(limit=100), by)
    return {number.number: number.state for number in page.data if number.state != "available"}
