"""Rate sheets: made, renamed, deleted, listed."""

from datetime import timedelta
from typing import Final

from babel.numbers import list_currencies

from contracts.base import FieldError, Refused
from contracts.billing import (
    ArchiveRateSheet,
    CreateRateSheet,
    DeleteRateSheet,
    FindRateSheet,
    ListRateSheets,
    RateSheet,
    RateSheetChanged,
    RateSheetPage,
    RenameRateSheet,
)
from contracts.exact_rates import exact_of
from contracts.names import trimmed
from services.billing.base.handlers.changes import record_of_seller
from services.billing.base.handlers.service import billing, refuse_fields, seller_of
from services.billing.base.model.names import check_sheet_name
from services.billing.ledger.handlers.accounts import own_account
from services.billing.ledger.model.ledger import BillingAccount
from services.billing.rating.handlers.router import router
from services.billing.rating.model.sheet import Sheet
from services.billing.rating.store import rates, sheet_use, sheets
from services.chassis.annotations import Transaction
from services.chassis.confirming import refuse_unconfirmed
from services.chassis.database import Reader

SWEEP_AFTER: Final = timedelta(minutes=1)
"""Far longer than a transaction lives: whoever began to use the sheet meanwhile is seen by then."""


@router.answers(CreateRateSheet)
async def create_rate_sheet(command: CreateRateSheet, tx: Transaction) -> RateSheet:
    """Make an empty rate sheet for the asking reseller."""
    reseller_id = seller_of(tx)
    errors = await check_name(tx, reseller_id, command.name)
    account = await own_account(tx, reseller_id)
    currency = _currency(account, command.currency, errors)
    refuse_fields(errors)
    country = account.country if account else ""
    sheet = new_sheet(tx, reseller_id, command.name, currency=currency, country=country)
    await sheets.add(tx, sheet)
    announce_change(tx, sheet)
    await record_of_seller(tx, "rate-sheet.created", sheet.name)
    return answer_of(sheet, 0)


@router.answers(RenameRateSheet)
async def rename_rate_sheet(command: RenameRateSheet, tx: Transaction) -> RateSheet:
    """Give a rate sheet another name, if nobody changed it meanwhile."""
    sheet = await own_sheet(tx, command.rate_sheet_id)
    if sheet.version != command.version:
        raise Refused(
            "version-conflict", "Someone else changed this rate sheet. Load it again and retry."
        )
    refuse_fields(await check_name(tx, sheet.reseller_id, command.name, except_for=sheet.id))
    renamed = sheet.changed(tx.now, name=trimmed(command.name))
    await sheets.save(tx, renamed)
    announce_change(tx, renamed)
    await record_of_seller(
        tx,
        "rate-sheet.renamed",
        renamed.name,
        before={"name": sheet.name},
        after={"name": renamed.name},
    )
    return await with_accounts(tx, renamed)


@router.answers(ArchiveRateSheet)
async def archive_rate_sheet(command: ArchiveRateSheet, tx: Transaction) -> RateSheet:
    """Keep new plans from choosing a rate sheet, or let them choose it again."""
    sheet = await own_sheet(tx, command.rate_sheet_id)
    if command.archived == (sheet.archived_at is not None):
        return await with_accounts(tx, sheet)
    changed = sheet.changed(tx.now, archived_at=tx.now if command.archived else None)
    await sheets.save(tx, changed)
    announce_change(tx, changed)
    action = "rate-sheet.archived" if command.archived else "rate-sheet.restored"
    await record_of_seller(tx, action, changed.name)
    return await with_accounts(tx, changed)


@router.answers(DeleteRateSheet)
async def delete_rate_sheet(command: DeleteRateSheet, tx: Transaction) -> None:
    """Delete a rate sheet that no plan uses; its rates are removed a little later."""
    sheet = await own_sheet(tx, command.rate_sheet_id)
    refuse_unconfirmed(command, sheet.name, "rate sheet")
    refuse_busy(sheet)
    if await sheet_use.is_sheet_in_use(tx, sheet.id):
        detail = "Accounts still use this rate sheet. Choose another one in their plans first."
        raise Refused("rate-sheet-in-use", detail)
    deleted = sheet.changed(tx.now, deleted_at=tx.now)
    await sheets.save(tx, deleted)
    announce_change(tx, deleted)
    await record_of_seller(tx, "rate-sheet.deleted", deleted.name)


@billing.each_minute
async def sweep_deleted_sheets(tx: Transaction) -> None:
    """Remove the rates of a deleted sheet, some at a time."""
    for sheet in await sheets.find_deleted_before(tx, tx.now - SWEEP_AFTER):
        # an account that was opened in the very moment of the deletion keeps the sheet
        if await sheet_use.is_sheet_in_use(tx, sheet.id):
            continue
        if await rates.sweep(tx, sheet.id):
            await sheets.remove(tx, sheet.id)
        return


@billing.replies(FindRateSheet)
async def find_rate_sheet(query: FindRateSheet, db: Reader) -> RateSheet:
    """Answer with one rate sheet of the asking reseller."""
    return await with_accounts(db, await own_sheet(db, query.rate_sheet_id))


@billing.replies(ListRateSheets)
async def list_rate_sheets(query: ListRateSheets, db: Reader) -> RateSheetPage:
    """List the rate sheets of the asking reseller by name."""
    found, more = await sheets.list_by_name(
        db, seller_of(db), archived=query.archived, limit=query.limit, cursor=query.cursor
    )
    accounts = await sheet_use.count_by_sheet(db, [sheet.id for sheet in found])
    answers = (answer_of(sheet, accounts.get(sheet.id, 0)) for sheet in found)
    return RateSheetPage(data=tuple(answers), next=more)


async def own_sheet(db: Reader, sheet_id: str) -> Sheet:
    """Return a rate sheet of the asking reseller; Refused when it has no such sheet."""
    sheet = await sheets.find(db, seller_of(db), sheet_id)
    if sheet is None:
        raise Refused("not-found", "There is no such rate sheet.")
    return sheet


def refuse_busy(sheet: Sheet) -> None:
    """Refuse what must wait until the change of a sheet's rates that is under way has ended."""
    if sheet.job_id is not None:
        detail = "The rates of this sheet are being changed. Try again when that is done."
        raise Refused("rate-sheet-busy", detail)


def new_sheet(
    tx: Transaction, reseller_id: str, name: str, *, currency: str, country: str
) -> Sheet:
    """Return a new sheet without rates; `country` is the reseller's."""
    return Sheet(
        id=tx.new_id("sheet"),
        reseller_id=reseller_id,
        name=trimmed(name),
        currency=currency,
        country=country,
        created_at=tx.now,
        changed_at=tx.now,
    )


def announce_change(tx: Transaction, sheet: Sheet) -> None:
    """Tell everyone that a sheet was made, changed or deleted."""
    tx.announce(
        RateSheetChanged(
            rate_sheet_id=sheet.id,
            reseller_id=sheet.reseller_id,
            name=sheet.name,
            version=sheet.version,
            deleted=sheet.deleted_at is not None,
        )
    )


async def with_accounts(db: Reader, sheet: Sheet) -> RateSheet:
    """Return a sheet as it is answered, with how many accounts use it."""
    accounts = await sheet_use.count_by_sheet(db, [sheet.id])
    return answer_of(sheet, accounts.get(sheet.id, 0))


def answer_of(sheet: Sheet, accounts: int) -> RateSheet:
    """Return a sheet that some accounts use as it is answered."""
    span = sheet.summary.span
    return RateSheet(
        id=sheet.id,
        name=sheet.name,
        currency=sheet.currency,
        rates=sheet.summary.rates,
        accounts=accounts,
        archived_at=sheet.archived_at,
        revision=sheet.revision,
        import_id=sheet.job_id,
        lowest_rate=span.lowest if span else None,
        lowest_rate_exact=exact_of(span.lowest, span.lowest_fraction) if span else None,
        highest_rate=span.highest if span else None,
        highest_rate_exact=exact_of(span.highest, span.highest_fraction) if span else None,
        created_at=sheet.created_at,
        changed_at=sheet.changed_at,
        version=sheet.version,
    )


async def check_name(
    db: Reader, reseller_id: str, name: str, *, except_for: str | None = None
) -> list[FieldError]:
    """Return what is wrong with the name of a seller's sheet."""
    errors = check_sheet_name(trimmed(name))
    if await sheets.is_name_taken(db, reseller_id, name, except_for=except_for):
        detail = "Another rate sheet has this name. Choose a different one."
        errors.append(FieldError(pointer="/name", type="rate-sheet-name-taken", detail=detail))
    return errors


def _currency(account: BillingAccount | None, wanted: str | None, errors: list[FieldError]) -> str:
    """Return the currency of a new sheet: the reseller's; only the platform has the choice."""
    if account is None and (wanted is None or wanted not in list_currencies()):
        detail = "Enter an ISO 4217 currency code such as USD."
        errors.append(FieldError(pointer="/currency", type="unknown-currency", detail=detail))
    elif account is not None and wanted not in {None, account.currency}:
        detail = f"Your rate sheets are in {account.currency}; leave the currency out."
        errors.append(FieldError(pointer="/currency", type="currency-mismatch", detail=detail))
    return account.currency if account else wanted or ""
