"""Numbers held while an order is filled in, and all that keeps the inventory in order."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from contracts.accounts import AccountStatus, FindAccountStates
from contracts.base import FieldError, Refused
from contracts.numbers import (
    RESERVATION_MINUTES,
    PricedNumbers,
    PricedOrder,
    PricedOrders,
    PriceNumberOrders,
    PriceNumbers,
    Reservation,
    ReserveNumbers,
)
from services.chassis.annotations import Transaction
from services.chassis.database import Reader
from services.chassis.service import Running
from services.numbers.handlers.service import numbers, router, stock_of
from services.numbers.model import numbers as model
from services.numbers.model.numbers import Number
from services.numbers.store import numbers as store

TIDIED_NUMBERS_MAX: Final = 2_000
"""How many ended holds and quarantines are written down in one minute."""

PLAN_NUMBERS: Final = "/plan/numbers"

AUDITED_NUMBERS: Final = 1_000
"""How many numbers are checked at once; `FindAccountStates` takes as many accounts."""

# --- choosing and pricing ----------------------------------------------------------------


async def _wanted(
    reader: Reader, numbers: Sequence[str], reservation_id: str | None, pointer: str
) -> list[Number]:
    """Return numbers of the asker's stock that are to be had, as ordered; Refused otherwise."""
    if errors := model.check_wanted(numbers, pointer):
        raise Refused("invalid-fields", " ".join(error.detail for error in errors), errors)
    found = await store.find_numbers(reader, stock_of(reader), numbers)
    taken = model.not_to_be_had(numbers, found, reader.now, reservation_id=reservation_id)
    if taken:
        errors = model.taken_errors(numbers, taken, pointer)
        raise Refused("number-taken", " ".join(error.detail for error in errors), errors)
    return [found[number] for number in numbers]


@router.answers(ReserveNumbers)
async def reserve_numbers(command: ReserveNumbers, tx: Transaction) -> Reservation:
    """Hold exactly these numbers for a wizard for 15 minutes, or leave everything as it is."""
    wanted = await _wanted(tx, command.numbers, command.reservation_id, "/numbers")
    earlier: list[Number] = []
    if command.reservation_id is not None:
        earlier = await store.reserved_under(tx, stock_of(tx), command.reservation_id)
    reservation_id = (
        command.reservation_id if command.reservation_id and earlier else tx.new_id("hold")
    )
    expires_at = tx.now + timedelta(minutes=RESERVATION_MINUTES)
    kept = set(command.numbers)
    await store.move(tx, [number for number in earlier if number.number not in kept], "available")
    await store.move(tx, wanted, "reserved", reservation_id=reservation_id, until=expires_at)
    return Reservation(
        id=reservation_id,
        numbers=tuple(number.priced() for number in wanted),
        expires_at=expires_at,
    )


@numbers.replies(PriceNumbers)
async def price_numbers(query: PriceNumbers, db: Reader) -> PricedNumbers:
    """Tell what numbers of the asker cost, if they are to be had."""
    wanted = await _wanted(db, query.numbers, query.reservation_id, PLAN_NUMBERS)
    return PricedNumbers(numbers=tuple(number.priced() for number in wanted))


@numbers.replies(PriceNumberOrders)
async def price_number_orders(query: PriceNumberOrders, db: Reader) -> PricedOrders:
    """Tell the same for some orders, with one look at the stock."""
    wanted = {number for order in query.orders for number in order.numbers}
    found = await store.find_numbers(db, stock_of(db), wanted)
    return PricedOrders(data=tuple(_priced(order, found, db.now) for order in query.orders))


def _priced(order: PriceNumbers, found: Mapping[str, Number], now: datetime) -> PricedOrder:
    errors = _order_errors(order.numbers, found, now, order.reservation_id)
    if errors:
        return PricedOrder(errors=errors)
    return PricedOrder(numbers=tuple(found[number].priced() for number in order.numbers))


def _order_errors(
    numbers: Sequence[str], found: Mapping[str, Number], now: datetime, reservation_id: str | None
) -> tuple[FieldError, ...]:
    if errors := model.check_wanted(numbers, PLAN_NUMBERS):
        return errors
    taken = model.not_to_be_had(numbers, found, now, reservation_id=reservation_id)
    return model.taken_errors(numbers, taken, PLAN_NUMBERS)


# --- keeping order -------------------------------------------------------------------------


@numbers.each_minute
async def tidy(tx: Transaction) -> None:
    """Write down which holds and quarantines have ended; readers count them as over already."""
    await store.move(tx, await store.passed(tx, TIDIED_NUMBERS_MAX), "available")


@numbers.audit
async def every_number_has_its_owner(running: Running) -> list[str]:
    """Every number that is held for an account or assigned has one that exists and is not over."""
    faults: list[str] = []
    batch: list[Number] = []
    async for number in store.owned(running.database):
        batch.append(number)
        if len(batch) == AUDITED_NUMBERS:
            faults += await _ownership_faults(running, batch)
            batch = []
    return faults + await _ownership_faults(running, batch)


async def _ownership_faults(running: Running, batch: Sequence[Number]) -> list[str]:
    if not batch:
        return []
    owners = sorted({number.account_id for number in batch if number.account_id})
    answer = await running.bus.ask(FindAccountStates(account_ids=tuple(owners)))
    statuses: dict[str, AccountStatus] = {state.account_id: state.status for state in answer.data}
    now = running.clock()
    faults = (
        model.ownership_fault(number, statuses.get(number.account_id or ""), now)
        for number in batch
    )
    return [fault for fault in faults if fault]
