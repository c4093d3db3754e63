"""Changing the rates of a sheet: begun, looked at, and the revisions that were made by it."""

from collections.abc import Mapping, Sequence
from typing import Final

from contracts.base import FieldError, Refused
from contracts.billing import (
    IMPORT_BYTES_MAX,
    ChangeRate,
    CopyRateSheet,
    FindRateImport,
    ListRateRevisions,
    ListRefusedRows,
    RateDifference,
    RateImport,
    RateImportChanged,
    RateRevision,
    RateRevisions,
    RefusedRows,
    RemoveRate,
    RestoreRateRevision,
    RevisionKind,
    StartImport,
)
from contracts.tables import ColumnMeaning
from services.billing.base.handlers.service import (
    PLATFORM_TIME_ZONE,
    billing,
    refuse_fields,
    seller_of,
)
from services.billing.ledger.handlers.accounts import own_account
from services.billing.rating.handlers.router import router
from services.billing.rating.handlers.sheets import (
    announce_change,
    check_name,
    new_sheet,
    own_sheet,
    refuse_busy,
)
from services.billing.rating.model.import_job import (
    MARGIN_PERCENT_MAX,
    ImportJob,
    check_rate,
    described_rate,
    described_rates,
    read_margin,
)
from services.billing.rating.model.sheet import REVISIONS_MAX, Sheet
from services.billing.rating.store import import_jobs, rates, sheets
from services.chassis import changes
from services.chassis.annotations import Transaction
from services.chassis.changes import Actor
from services.chassis.database import Reader

ACTIONS: Final[Mapping[RevisionKind, str]] = {
    "import": "imported",
    "copy": "copied",
    "restore": "restored",
    "edit": "edited",
}
"""What the audit trail calls the ways in which rates change."""

_OF_UPLOAD: Final = {"upload_id", "columns", "decimal_comma", "mapping_remembered"}


@router.answers(StartImport)
async def start_import(command: StartImport, tx: Transaction) -> RateImport:
    """Begin to import rates from CSV text, or from the file that a dry run has looked at."""
    sheet = await _changeable(tx, command.rate_sheet_id)
    account = await own_account(tx, sheet.reseller_id)
    job = _new_job(
        tx,
        sheet,
        kind="import",
        mode=command.mode,
        dry_run=command.dry_run,
        **await _upload(tx, sheet, command),
        time_zone=account.time_zone if account else PLATFORM_TIME_ZONE,
    )
    return await _begin(tx, sheet, job)


async def _upload(tx: Transaction, sheet: Sheet, command: StartImport) -> dict[str, object]:
    """Return what a job knows of the file to be read; a new one is kept until it has been."""
    if command.checked_import_id is not None:
        checked = await import_jobs.find(tx, sheet.id, command.checked_import_id)
        if checked is None or not await import_jobs.is_upload_kept(tx, checked.upload_id):
            raise Refused("not-found", "The checked file is no longer stored. Choose it again.")
        return checked.model_dump(include=_OF_UPLOAD)
    if len(command.csv.encode()) > IMPORT_BYTES_MAX:
        raise Refused("body-too-large", f"A file of rates may have {IMPORT_BYTES_MAX:,} bytes.")
    upload_id = tx.new_id("upload")
    await import_jobs.keep_upload(tx, upload_id, command.csv)
    return {
        "upload_id": upload_id,
        "columns": command.columns,
        "decimal_comma": command.decimal_comma,
        "mapping_remembered": command.mapping_remembered,
    }


@router.answers(CopyRateSheet)
async def copy_rate_sheet(command: CopyRateSheet, tx: Transaction) -> RateImport:
    """Make a new rate sheet with the rates of another one, all dearer or cheaper by a margin."""
    source = await own_sheet(tx, command.rate_sheet_id)
    errors = await check_name(tx, source.reseller_id, command.name)
    margin = read_margin(command.margin_percent)
    if margin is None:
        detail = (
            f"Enter the margin in per cent, above -100 and up to {MARGIN_PERCENT_MAX:,}, "
            "with at most 4 decimals, such as 12.5."
        )
        errors.append(FieldError(pointer="/margin_percent", type="out-of-range", detail=detail))
    refuse_fields(errors)
    sheet = new_sheet(
        tx,
        source.reseller_id,
        command.name,
        currency=source.currency,
        country=source.country,
    )
    job = _new_job(
        tx,
        sheet,
        kind="copy",
        from_sheet_id=source.id,
        from_revision=source.revision,
        margin=margin,
    )
    await sheets.add(tx, sheet)
    announce_change(tx, sheet)
    return await _begin(tx, sheet, job)


@router.answers(RestoreRateRevision)
async def restore_rate_revision(command: RestoreRateRevision, tx: Transaction) -> RateImport:
    """Begin to make the rates of a sheet what they were in an earlier revision."""
    sheet = await _changeable(tx, command.rate_sheet_id)
    if sheet.find_revision(command.revision) is None:
        raise Refused("not-found", "This revision of the rate sheet is no longer stored.")
    job = _new_job(
        tx,
        sheet,
        kind="restore",
        mode="replace",
        from_sheet_id=sheet.id,
        from_revision=command.revision,
    )
    return await _begin(tx, sheet, job)


@router.answers(ChangeRate)
async def change_rate(command: ChangeRate, tx: Transaction) -> RateImport:
    """Begin to put one rate in place of the one with its prefix and beginning, or to add it."""
    sheet = await _changeable(tx, command.rate_sheet_id, command.version)
    rate, errors = check_rate(command.rate)
    refuse_fields(errors)
    return await _begin(tx, sheet, _new_job(tx, sheet, kind="edit", rates=(rate,)))


@router.answers(RemoveRate)
async def remove_rate(command: RemoveRate, tx: Transaction) -> RateImport:
    """Begin to take one rate out of a sheet."""
    sheet = await _changeable(tx, command.rate_sheet_id, command.version)
    found = await rates.of_prefixes(tx, sheet.id, sheet.revision, (command.prefix,))
    rate = next((one for one in found if one.effective_from == command.effective_from), None)
    if rate is None:
        raise Refused("not-found", "The sheet doesn’t have this rate.")
    return await _begin(tx, sheet, _new_job(tx, sheet, kind="edit", rates=(rate,), removes=True))


async def _changeable(db: Reader, sheet_id: str, version: int | None = None) -> Sheet:
    """Return a sheet of the asking reseller whose rates may be changed now."""
    sheet = await own_sheet(db, sheet_id)
    if version is not None and version != sheet.version:
        raise Refused(
            "version-conflict", "Someone else changed this rate sheet. Load it again and retry."
        )
    refuse_busy(sheet)
    if not sheet.takes_change(db.now):
        detail = (
            f"These rates were changed {REVISIONS_MAX} times within a day; "
            "put the next changes into one file, and import it later."
        )
        raise Refused("too-many-requests", detail)
    return sheet


def _new_job(tx: Transaction, sheet: Sheet, **order: object) -> ImportJob:
    return ImportJob.model_validate(
        {
            "id": tx.new_id("job"),
            "sheet_id": sheet.id,
            "reseller_id": sheet.reseller_id,
            "actor": tx.actor,
            "created_at": tx.now,
            **order,
        }
    )


async def _begin(tx: Transaction, sheet: Sheet, job: ImportJob) -> RateImport:
    # the job that a sheet names is its only one: two that begin at once meet here
    await sheets.save(tx, sheet.under_change(job.id))
    await import_jobs.add(tx, job)
    announce_job(tx, job)
    return _answer(job)


def announce_job(tx: Transaction, job: ImportJob) -> None:
    """Tell how far a change of rates is."""
    tx.announce(
        RateImportChanged(
            import_id=job.id,
            rate_sheet_id=job.sheet_id,
            reseller_id=job.reseller_id,
            state=job.state,
            done=job.done,
            of=job.of,
        )
    )


async def record_rates(
    tx: Transaction,
    job: ImportJob,
    before: Sheet,
    after: Sheet,
    differences: Sequence[RateDifference],
) -> None:
    """Keep in the audit trail what a change of rates did, by whoever ordered it."""
    account = await own_account(tx, job.reseller_id)
    told_before = described_rates(before, differences, "before")
    told_after = described_rates(after, differences, "after")
    for rate in job.rates:
        if job.removes:
            told_before |= described_rate(rate)
        elif all(one.rate_before is None for one in differences):
            told_after |= described_rate(rate)
    await changes.record(
        tx,
        f"rates.{ACTIONS[job.kind]}",
        account_id=job.reseller_id,
        parent_id=account.reseller_id if account else "",
        subject=after.name,
        before=told_before,
        after=told_after,
        by=Actor(id=job.actor, account_id=job.reseller_id),
    )


@billing.replies(FindRateImport)
async def find_rate_import(query: FindRateImport, db: Reader) -> RateImport:
    """Answer with how far a change of rates is."""
    return _answer(await _own_job(db, query.rate_sheet_id, query.import_id))


@billing.replies(ListRefusedRows)
async def list_refused_rows(query: ListRefusedRows, db: Reader) -> RefusedRows:
    """List the rows that an import refused."""
    job = await _own_job(db, query.rate_sheet_id, query.import_id)
    rows, more = await import_jobs.list_refused(db, job.id, limit=query.limit, cursor=query.cursor)
    return RefusedRows(data=tuple(rows), next=more)


@billing.replies(ListRateRevisions)
async def list_rate_revisions(query: ListRateRevisions, db: Reader) -> RateRevisions:
    """List the revisions of a sheet that are kept, the newest first."""
    sheet = await own_sheet(db, query.rate_sheet_id)
    revisions = (RateRevision.model_validate(one.model_dump()) for one in reversed(sheet.revisions))
    return RateRevisions(data=tuple(revisions))


async def _own_job(db: Reader, sheet_id: str, job_id: str) -> ImportJob:
    reseller_id = seller_of(db)
    job = await import_jobs.find(db, sheet_id, job_id)
    if job is None or job.reseller_id != reseller_id:
        raise Refused("not-found", "There is no such change of rates.")
    return job


def _answer(job: ImportJob) -> RateImport:
    answer = job.model_dump(include=set(RateImport.model_fields))
    if job.report is not None:
        read = tuple(ColumnMeaning.shown(one.name, one.meaning) for one in job.columns)
        told = {"columns": read, "mapping_remembered": job.mapping_remembered}
        answer["report"] = job.report.model_copy(update=told)
    return RateImport.model_validate(
        {**answer, "rate_sheet_id": job.sheet_id, "revision": job.revision}
    )
