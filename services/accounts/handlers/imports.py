"""Accounts of a file: kept as they were accepted, then opened a few at a time, each by itself."""

import asyncio
from datetime import timedelta
from typing import Final

from contracts.accounts import (
    AccountImport,
    AccountImports,
    Failure,
    FindAccountImport,
    ImportAccounts,
    ImportedRowState,
    ListAccountImports,
)
from contracts.base import Refused
from services.accounts import store
from services.accounts.handlers.opening import begin_opening
from services.accounts.handlers.service import accounts, refuse_unless_active, router
from services.accounts.model.imports import (
    IMPORT_MINUTES_MAX,
    OPENING_AT_ONCE,
    Import,
    ImportRow,
    import_view,
    row_id,
)
from services.accounts.store import imports
from services.chassis.annotations import Transaction
from services.chassis.database import Reader, Trigger, Work
from services.chassis.principal import Principal
from services.chassis.service import Running

LOOK_SECONDS: Final = 0.3

accounts.prepare(imports.prepare)


@router.answers(ImportAccounts)
async def import_accounts(command: ImportAccounts, tx: Transaction) -> AccountImport:
    """Keep the rows of a file; their accounts are opened a few at a time."""
    principal = tx.principal
    own = await store.find_account(tx, principal.account_id)
    if principal.role != "reseller" or own is None or own.reseller is None:
        raise Refused("forbidden", "Only resellers can open customer accounts.")
    refuse_unless_active(own)
    if not command.accepted:
        raise Refused("malformed-request", "The file has no accounts.")
    totals = [row.order.accepted.total if row.order.accepted else 0 for row in command.accepted]
    new = Import(
        id=tx.new_id("imp"),
        reseller_id=principal.account_id,
        parent_id=principal.parent_id,
        actor=principal.id,
        currency=own.reseller.currency,
        accounts=len(command.accepted),
        total=sum(totals),
        created_at=tx.now,
        moved_at=tx.now,
    )
    rows = tuple(
        ImportRow(
            id=row_id(new.id, row.line),
            import_id=new.id,
            line=row.line,
            name=row.order.name,
            email=row.order.administrator.email,
            total=total,
            order=row.order,
        )
        for row, total in zip(command.accepted, totals, strict=True)
    )
    await imports.add(tx, new, rows)
    return import_view(new)


@accounts.replies(FindAccountImport)
async def find_account_import(query: FindAccountImport, db: Reader) -> AccountImport:
    """Return how far an import is, row by row."""
    found = await imports.find(db, db.principal.account_id, query.import_id)
    if found is None:
        raise Refused("not-found", "There is no such import.")
    return import_view(found, await imports.rows_of(db, found.id))


@accounts.replies(ListAccountImports)
async def list_account_imports(_: ListAccountImports, db: Reader) -> AccountImports:
    """Return the newest imports of the asker."""
    found = await imports.newest(db, db.principal.account_id)
    return AccountImports(data=tuple(import_view(one) for one in found))


# --- opening them -------------------------------------------------------------------------


@accounts.background
async def open_imported_accounts(running: Running) -> None:
    """Open what waits, whenever there is room."""
    while True:
        await open_next_rows(running)
        await asyncio.sleep(LOOK_SECONDS)


async def open_next_rows(running: Running) -> None:
    """Note which accounts have come to their end, and begin to open the next ones.

    Several processes may do this at once: a row is opened once, by its id.
    """
    reader = running.database.reader()
    room = OPENING_AT_ONCE
    for row in await imports.opening_rows(reader):
        if not await _has_ended(running, reader, row):
            room -= 1
    if room <= 0:
        return
    failures: list[Exception] = []
    for row in await imports.waiting_rows(reader, room):
        try:
            await _open(running, await imports.import_of(reader, row), row)
        except Exception as error:  # noqa: BLE001 - whatever it is, it must keep no other row back
            failures.append(error)
    if failures:
        raise failures[0]


async def _open(running: Running, one: Import, row: ImportRow) -> None:
    """Begin to open the account of a row, as if it had been ordered alone."""

    async def begin(tx: Transaction) -> None:
        now = await imports.find_row(tx, row.id)
        if now.state != "waiting":
            return
        assert now.order is not None, f"{row.id} waits without an order"
        account = await begin_opening(now.order, tx)
        await imports.save_row(tx, now.begun(account))

    try:
        await _once(running, row, "open", begin, one)
    except Refused as refusal:
        failure = Failure(type=refusal.problem.code, detail=refusal.problem.detail)
        await _settle(running, row.refused(failure), after="waiting")


async def _has_ended(running: Running, reader: Reader, row: ImportRow) -> bool:
    assert row.account_id is not None, f"{row.id} opens without an account"
    account = await store.find_account(reader, row.account_id)
    assert account is not None, f"{row.account_id} is gone"
    if account.status == "opening":
        return False
    await _settle(running, row.ended(account), after="opening")
    return True


async def _settle(running: Running, row: ImportRow, *, after: ImportedRowState) -> None:
    """Keep how a row ended; the last one ends its import."""

    async def settle(tx: Transaction) -> None:
        if (await imports.find_row(tx, row.id)).state != after:
            return  # another process was faster
        await imports.save_row(tx, row)
        one = await imports.import_of(tx, row)
        await imports.save(tx, one.settled(row.state, tx.now))

    await _once(running, row, f"end after {after}", settle)


async def _once(
    running: Running, row: ImportRow, step: str, work: Work, one: Import | None = None
) -> None:
    trigger = Trigger(
        message_id=f"{row.id}:{step}",
        correlation_id=row.import_id,
        principal=_orderer(one) if one else None,
    )
    await running.database.once(f"{accounts.name}.imports", trigger, work)


def _orderer(one: Import) -> Principal:
    """Return whom each account of an import is opened for."""
    return Principal(
        id=one.actor, account_id=one.reseller_id, parent_id=one.parent_id, role="reseller"
    )


@accounts.audit
async def no_import_is_stuck(running: Running) -> list[str]:
    """Every import of accounts goes on, or has ended."""
    reader = running.database.reader()
    oldest = reader.now - timedelta(minutes=IMPORT_MINUTES_MAX)
    return [
        f"import {one.id} of {one.reseller_id} stands still since {one.moved_at:%Y-%m-%d %H:%M:%S}"
        for one in await imports.unmoved_since(reader, oldest)
    ]
