"""The stock: filled by operators, priced, listed and counted by its reseller."""

import asyncio
from collections.abc import Mapping, Sequence

from contracts.accounts import PLATFORM_ID
from contracts.base import Done, Refused
from contracts.numbers import (
    AddNumbers,
    CountNumbers,
    FindNumberOwners,
    ListNumbers,
    NumberOwner,
    NumberOwners,
    RemoveNumber,
    RepriceNumber,
    StockCounts,
    StockNumber,
    StockPage,
    StockReport,
)
from services.chassis import changes
from services.chassis.annotations import Transaction
from services.chassis.database import Reader
from services.numbers.handlers.service import numbers, router, stock_of
from services.numbers.model import stock as stock_model
from services.numbers.model.numbers import Number
from services.numbers.model.stock_change import (
    TOLD_NUMBERS,
    StockChange,
    change_of,
    described,
    fee_errors,
    not_spare,
    repriced,
)
from services.numbers.store import numbers as store
from services.numbers.store import stock


@router.answers(AddNumbers)
async def add_numbers(command: AddNumbers, tx: Transaction) -> StockReport:
    """Do what a list says of a reseller's stock, and tell what is wrong with the other rows."""
    owner = _may_change(tx, command)
    read = await asyncio.to_thread(
        stock_model.read_stock, command.numbers, command.country, command.number_format
    )
    wanted = [item.number for item in read.items]
    own = await store.find_numbers(tx, owner, wanted)
    elsewhere = await store.existing(tx, [one for one in wanted if one not in own])
    change = change_of(read, own, elsewhere, mode=command.mode, reseller_id=owner, now=tx.now)
    if not command.dry_run:
        await _carry_out(tx, owner, change)
    return change.report(dry_run=command.dry_run)


def _may_change(db: Reader, command: AddNumbers) -> str:
    """Return whose stock the asker changes; refused when it may not."""
    if db.principal.role == "operator":
        return command.reseller_id
    if command.mode == "add":
        raise Refused("forbidden", "Only operators can add numbers to a stock.")
    if command.reseller_id != stock_of(db):
        raise Refused("not-found", "There is no such stock.")
    return command.reseller_id


async def _carry_out(tx: Transaction, owner: str, change: StockChange) -> None:
    """Change the stock, with an entry in the audit trail for each kind of change."""
    if change.added:
        await store.add(tx, change.added)
        counts = {"added": str(len(change.added)), "refused": str(len(change.refused))}
        await _record(tx, "numbers.added", owner, change.added, after=counts)
    if change.repriced:
        before = [one for one, _ in change.repriced]
        after = [one for _, one in change.repriced]
        await store.reprice(tx, after)
        told = {**described(after), "changed": str(len(after))}
        await _record(tx, "numbers.repriced", owner, before, before=described(before), after=told)
    if change.removed:
        await store.remove(tx, owner, [one.number for one in change.removed])
        counts = {"removed": str(len(change.removed))}
        before_removal = described(change.removed)
        await _record(
            tx, "numbers.removed", owner, change.removed, before=before_removal, after=counts
        )


@router.answers(RepriceNumber)
async def reprice_number(command: RepriceNumber, tx: Transaction) -> StockNumber:
    """Change the fees of a spare number of the asker."""
    number = await _spare(tx, command.number)
    if errors := fee_errors(command.setup_fee, command.monthly_fee):
        raise Refused("invalid-fields", "Correct the fees.", errors)
    after = repriced(number, command.setup_fee, command.monthly_fee)
    if after != number:
        await _carry_out(tx, number.reseller_id, StockChange(repriced=[(number, after)]))
    return after.shown(tx.now)


@router.answers(RemoveNumber)
async def remove_number(command: RemoveNumber, tx: Transaction) -> Done:
    """Take a spare number of the asker out of the system."""
    number = await _spare(tx, command.number)
    await _carry_out(tx, number.reseller_id, StockChange(removed=[number]))
    return Done()


async def _spare(db: Reader, number: str) -> Number:
    """Return a spare number of the asker's stock."""
    found = (await store.find_numbers(db, stock_of(db), [number])).get(number)
    if found is None:
        raise Refused("not-found", "There is no such number in your stock.")
    if fault := not_spare(found, db.now):
        raise Refused("number-not-spare", fault)
    return found


async def _record(
    tx: Transaction,
    action: str,
    owner: str,
    numbers_told: Sequence[Number],
    *,
    before: Mapping[str, str] | None = None,
    after: Mapping[str, str],
) -> None:
    asker = tx.principal
    await changes.record(
        tx,
        action,
        account_id=owner,
        parent_id=asker.parent_id if asker.account_id == owner else asker.account_id,
        subject=", ".join(one.number for one in numbers_told[:TOLD_NUMBERS]),
        before=before,
        after=after,
    )


@numbers.replies(ListNumbers)
async def list_numbers(query: ListNumbers, db: Reader) -> StockPage:
    """List the asker's stock."""
    page, after = await stock.list_stock(db, stock_of(db), query)
    return StockPage(
        data=tuple(number.shown(db.now, query.reservation_id) for number in page), next=after
    )


@numbers.replies(FindNumberOwners)
async def find_number_owners(query: FindNumberOwners, db: Reader) -> NumberOwners:
    """Answer with the accounts that have these numbers, of those whose calls the asker may send."""
    if db.principal.role == "customer":
        raise Refused("forbidden", "Only resellers, operators and switches can send call records.")
    asker = db.principal.account_id
    owner = None if asker == PLATFORM_ID else asker
    found = await store.find_numbers(db, owner, query.numbers)
    return NumberOwners(
        data=tuple(
            NumberOwner(number=one.number, account_id=one.account_id, since=one.changed_at)
            for one in found.values()
            if one.account_id and one.state == "assigned"
        )
    )


@numbers.replies(CountNumbers)
async def count_numbers(query: CountNumbers, db: Reader) -> StockCounts:
    """Count the asker's stock, or for an operator a reseller's, by state."""
    owner = stock_of(db)
    if query.reseller_id is not None and query.reseller_id != owner:
        if db.principal.role != "operator":
            raise Refused("not-found", "There is no such stock.")
        owner = query.reseller_id
    counts = await stock.count_stock(db, owner)
    return StockCounts.model_validate(counts)
