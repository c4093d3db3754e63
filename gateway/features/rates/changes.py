"""Changes of rates, each of which makes a new revision of a sheet: begun, waited for, looked at."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

from contracts.base import Refused
from contracts.billing import (
    IMPORT_BYTES_MAX,
    IMPORT_ROWS_MAX,
    ChangeRate,
    ColumnMeaning,
    CopyRateSheet,
    FindRateImport,
    FindRateSheet,
    ImportMode,
    ListRateRevisions,
    ListRefusedRows,
    RateImport,
    RateRevisions,
    RefusedRow,
    RemoveRate,
    RestoreRateRevision,
    StartImport,
)
from gateway.features.rates.schemas import CopyBody, RateBody
from gateway.files.tables import TableOptions, as_csv, read_upload
from gateway.http.exports import csv_of
from gateway.identity.caller import Caller, RequestKey, action
from services.chassis.tables import Limits, guarded

UPLOAD_SECONDS: Final = 30.0
"""How long a file may take to billing."""

LIMITS: Final = Limits(rows_max=IMPORT_ROWS_MAX + 100)
"""Of a file of rates; title rows and the header count as rows."""

LOOK_SECONDS: Final = 0.15
REFUSED_COLUMNS: Final = ("line", "column", "value", "reason")


@action("operator", "reseller", changes=True)
async def start_import(
    caller: Caller,
    rate_sheet_id: str,
    content: bytes,
    options: TableOptions,
    *,
    mode: ImportMode,
    dry_run: bool,
    request_key: RequestKey | None = None,
) -> RateImport:
    """Begin to import the rates of a table, all rows or none, or to look what that would do.

    Refused with `mapping-needed` when a column of it is not understood; then nothing is stored.
    """
    # first, so that another reseller's sheet is not there, whatever the file is
    await caller.ask(FindRateSheet(rate_sheet_id=rate_sheet_id))
    found = await read_upload(content, "rates", options, LIMITS, caller.mappings())
    text = await asyncio.to_thread(as_csv, found.table, with_header=False)
    if len(text) > IMPORT_BYTES_MAX or len(text.encode()) > IMPORT_BYTES_MAX:
        detail = f"The table has more than {IMPORT_BYTES_MAX:,} bytes of text. Split it."
        raise Refused("body-too-large", detail)
    command = StartImport(
        rate_sheet_id=rate_sheet_id,
        csv=text,
        columns=tuple(
            ColumnMeaning(name=name, meaning=meaning)
            for name, meaning in zip(found.names, found.meanings, strict=True)
        ),
        decimal_comma=found.table.detected.separator == "semicolon",
        mode=mode,
        dry_run=dry_run,
        mapping_remembered=found.is_remembered,
    )
    return await caller.ask(command, request_key=request_key, timeout_seconds=UPLOAD_SECONDS)


@action("operator", "reseller", changes=True)
async def import_checked(caller: Caller, rate_sheet_id: str, import_id: str) -> RateImport:
    """Begin to import the file that a dry run has looked at, in the way that it looked."""
    looked = await find_rate_import(caller, rate_sheet_id, import_id)
    command = StartImport(
        rate_sheet_id=rate_sheet_id, checked_import_id=import_id, mode=looked.mode
    )
    return await caller.ask(command)


@action("operator", "reseller", changes=True)
async def copy_rate_sheet(
    caller: Caller, rate_sheet_id: str, body: CopyBody, request_key: RequestKey | None = None
) -> RateImport:
    """Make a new sheet with the rates of another, dearer or cheaper by a margin."""
    command = CopyRateSheet(
        rate_sheet_id=rate_sheet_id, name=body.name, margin_percent=body.margin_percent
    )
    return await caller.ask(command, request_key=request_key)


@action("operator", "reseller", changes=True)
async def restore_revision(
    caller: Caller, rate_sheet_id: str, revision: int, request_key: RequestKey | None = None
) -> RateImport:
    """Begin to make the rates what they were in an earlier revision."""
    command = RestoreRateRevision(rate_sheet_id=rate_sheet_id, revision=revision)
    return await caller.ask(command, request_key=request_key)


@action("operator", "reseller", changes=True)
async def change_rate(
    caller: Caller,
    rate_sheet_id: str,
    version: int,
    body: RateBody,
    *,
    prefix: str,
    effective_from: datetime | None,
    request_key: RequestKey | None = None,
) -> RateImport:
    """Begin to put one rate in place of the one with its prefix and beginning, or to add it."""
    command = ChangeRate(
        rate_sheet_id=rate_sheet_id, version=version, rate=body.to_contract(prefix, effective_from)
    )
    return await caller.ask(command, request_key=request_key)


@action("operator", "reseller", changes=True)
async def remove_rate(
    caller: Caller,
    rate_sheet_id: str,
    version: int,
    *,
    prefix: str,
    effective_from: datetime | None,
    request_key: RequestKey | None = None,
) -> RateImport:
    """Begin to take one rate out of a sheet."""
    command = RemoveRate(
        rate_sheet_id=rate_sheet_id,
        version=version,
        prefix=prefix,
        effective_from=effective_from,
    )
    return await caller.ask(command, request_key=request_key)


@action("operator", "reseller")
async def find_rate_import(caller: Caller, rate_sheet_id: str, import_id: str) -> RateImport:
    """Tell how far a change of rates is."""
    return await caller.ask(FindRateImport(rate_sheet_id=rate_sheet_id, import_id=import_id))


async def wait_for(caller: Caller, job: RateImport, seconds: float) -> RateImport:
    """Return a change of rates as it is when it has ended, or when the time is over."""
    until = time.monotonic() + seconds
    while is_open(job) and time.monotonic() < until:
        await asyncio.sleep(LOOK_SECONDS)
        job = await find_rate_import(caller, job.rate_sheet_id, job.id)
    return job


def is_open(job: RateImport) -> bool:
    """Tell whether a change of rates has not ended yet."""
    return job.state in {"waiting", "running"}


def refuse_unless_done(job: RateImport) -> None:
    """Refuse as the change was: because of what it was to be, or because it failed on our side."""
    if job.state == "failed":
        raise Refused("unavailable", f"{job.detail} Try again later.")
    if job.state == "refused":
        rows = job.report.refused if job.report else ()
        raise Refused("import-refused", job.detail or " ".join(row.detail for row in rows[:1]))


@action("operator", "reseller")
async def list_revisions(caller: Caller, rate_sheet_id: str) -> RateRevisions:
    """List the revisions of a sheet that can be looked at and gone back to, the newest first."""
    return await caller.ask(ListRateRevisions(rate_sheet_id=rate_sheet_id))


@action("operator", "reseller")
async def export_refused(caller: Caller, rate_sheet_id: str, import_id: str) -> AsyncIterator[str]:
    """Return the rows that an import refused as CSV text in pieces."""
    query = ListRefusedRows(rate_sheet_id=rate_sheet_id, import_id=import_id)
    return await csv_of(caller.ask, query, REFUSED_COLUMNS, _refused_cells)


def _refused_cells(row: RefusedRow) -> tuple[str, ...]:
    return str(row.line), row.column, guarded(row.value), row.detail
