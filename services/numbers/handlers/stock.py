"""A reseller's stock: filled, listed, and chosen from."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from contracts.base import Refused
from contracts.numbers import (
    HOLD_MINUTES,
    AddNumbers,
    CountNumbers,
    HoldSpareNumbers,
    ListNumbers,
    NumberHold,
    PricedNumbers,
    PriceNumbers,
    StockCounts,
    StockPage,
    StockReport,
)
from services.chassis.database import Reader, Transaction
from services.numbers.handlers.service import numbers
from services.numbers.model import numbers as model
from services.numbers.model import stock as stock_model
from services.numbers.model.numbers import Number
from services.numbers.store import numbers as store
from services.numbers.store import stock


def _stock_of(reader: Reader) -> str:
    """Return whose stock the asker works with: that of its own account."""
    if reader.principal.role not in ("operator", "reseller"):
        raise Refused("forbidden", "Only a reseller has a stock of numbers.")
    return reader.principal.account_id


@numbers.answers(AddNumbers)
async def add_numbers(command: AddNumbers, tx: Transaction) -> StockReport:
    """Put the good rows of a list in a reseller's stock, and tell what is wrong with the others."""
    if tx.principal.role != "operator":
        raise Refused("forbidden", "Only an operator adds numbers to a stock.")
    read = await asyncio.to_thread(stock_model.read_stock, command.numbers, command.country)
    existing = await store.existing(tx, [item.number for item in read.items])
    fresh = [item for item in read.items if item.number not in existing]
    await store.add(
        tx,
        (
            Number(
                number=item.number,
                reseller_id=command.reseller_id,
                country=item.country,
                place=item.place,
                setup_fee=item.setup_fee,
                monthly_fee=item.monthly_fee,
                changed_at=tx.now,
            )
            for item in fresh
        ),
    )
    taken = (item.refused_as_taken() for item in read.items if item.number in existing)
    refused = sorted((*read.refused, *taken), key=lambda row: row.line)
    return StockReport(added=len(fresh), refused=tuple(refused))


@numbers.replies(ListNumbers)
async def list_numbers(query: ListNumbers, tx: Reader) -> StockPage:
    """List the asker's stock."""
    page, after = await stock.list_stock(tx, _stock_of(tx), query)
    return StockPage(data=tuple(number.shown(tx.now, query.hold_id) for number in page), next=after)


@numbers.replies(CountNumbers)
async def count_numbers(query: CountNumbers, tx: Reader) -> StockCounts:  # noqa: ARG001 - it says nothing but its name
    """Count the asker's stock by state."""
    counts = await stock.count_stock(tx, _stock_of(tx))
    return StockCounts.model_validate(counts)


# --- choosing and pricing ----------------------------------------------------------------


async def _wanted(
    reader: Reader, numbers: Sequence[str], hold_id: str | None, pointer: str
) -> list[Number]:
    """Return numbers of the asker's stock that are to be had, as ordered; Refused otherwise."""
    if errors := model.check_wanted(numbers, pointer):
        raise Refused("invalid-fields", " ".join(error.detail for error in errors), errors)
    found = await store.find_numbers(reader, _stock_of(reader), numbers)
    taken = model.not_to_be_had(numbers, found, reader.now, hold_id=hold_id)
    if taken:
        errors = model.taken_errors(numbers, taken, pointer)
        raise Refused("number-taken", " ".join(error.detail for error in errors), errors)
    return [found[number] for number in numbers]


@numbers.answers(HoldSpareNumbers)
async def hold_spare_numbers(command: HoldSpareNumbers, tx: Transaction) -> NumberHold:
    """Hold exactly these numbers for a wizard for 15 minutes, or leave everything as it is."""
    wanted = await _wanted(tx, command.numbers, command.hold_id, "/numbers")
    earlier: list[Number] = []
    if command.hold_id is not None:
        earlier = await store.held_under(tx, _stock_of(tx), command.hold_id)
    hold_id = command.hold_id if command.hold_id and earlier else tx.new_id("hold")
    expires_at = tx.now + timedelta(minutes=HOLD_MINUTES)
    kept = set(command.numbers)
    await store.move(tx, [number for number in earlier if number.number not in kept], "available")
    await store.move(tx, wanted, "held", hold_id=hold_id, until=expires_at)
    return NumberHold(
        id=hold_id, numbers=tuple(number.priced() for number in wanted), expires_at=expires_at
    )


@numbers.replies(PriceNumbers)
async def price_numbers(query: PriceNumbers, tx: Reader) -> PricedNumbers:
    """Tell what numbers of the asker cost, if they are to be had."""
    wanted = await _wanted(tx, query.numbers, query.hold_id, "/plan/numbers")
    return PricedNumbers(numbers=tuple(number.priced() for number in wanted))
