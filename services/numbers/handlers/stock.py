"""The stock: filled by operators, listed and counted by its reseller."""

import asyncio
from typing import Final

from contracts.accounts import PLATFORM_ID
from contracts.base import Refused
from contracts.numbers import (
    AddNumbers,
    CountNumbers,
    FindNumberOwners,
    ListNumbers,
    NumberOwner,
    NumberOwners,
    StockCounts,
    StockPage,
    StockReport,
)
from services.chassis import changes
from services.chassis.database import Reader, Transaction
from services.numbers.handlers.service import numbers, stock_of
from services.numbers.model import stock as stock_model
from services.numbers.model.numbers import Number
from services.numbers.store import numbers as store
from services.numbers.store import stock

TOLD_NUMBERS: Final = 10
"""How many of the numbers that were added the audit trail names."""


@numbers.answers(AddNumbers)
async def add_numbers(command: AddNumbers, tx: Transaction) -> StockReport:
    """Put the good rows of a list in a reseller's stock, and tell what is wrong with the others."""
    if tx.principal.role != "operator":
        raise Refused("forbidden", "Only an operator adds numbers to a stock.")
    read = await asyncio.to_thread(
        stock_model.read_stock, command.numbers, command.country, command.number_format
    )
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
    if fresh:
        await changes.record(
            tx,
            "numbers.added",
            account_id=command.reseller_id,
            parent_id=tx.principal.account_id,
            subject=", ".join(item.number for item in fresh[:TOLD_NUMBERS]),
            after={"added": str(len(fresh)), "refused": str(len(refused))},
        )
    return StockReport(added=len(fresh), refused=tuple(refused))


@numbers.replies(ListNumbers)
async def list_numbers(query: ListNumbers, tx: Reader) -> StockPage:
    """List the asker's stock."""
    page, after = await stock.list_stock(tx, stock_of(tx), query)
    return StockPage(data=tuple(number.shown(tx.now, query.hold_id) for number in page), next=after)


@numbers.replies(FindNumberOwners)
async def find_number_owners(query: FindNumberOwners, tx: Reader) -> NumberOwners:
    """Answer with the accounts that have these numbers, of those whose calls the asker may send."""
    if tx.principal.role == "customer":
        raise Refused("forbidden", "Only resellers, operators and switches send records of calls.")
    asker = tx.principal.account_id
    owner = None if asker == PLATFORM_ID else asker
    found = await store.find_numbers(tx, owner, query.numbers)
    return NumberOwners(
        data=tuple(
            NumberOwner(number=one.number, account_id=one.account_id, since=one.changed_at)
            for one in found.values()
            if one.account_id and one.state == "assigned"
        )
    )


@numbers.replies(CountNumbers)
async def count_numbers(query: CountNumbers, tx: Reader) -> StockCounts:
    """Count the asker's stock, or for an operator a reseller's, by state."""
    owner = stock_of(tx)
    if query.reseller_id is not None and query.reseller_id != owner:
        if tx.principal.role != "operator":
            raise Refused("not-found", "There is no such stock.")
        owner = query.reseller_id
    counts = await stock.count_stock(tx, owner)
    return StockCounts.model_validate(counts)
