"""Changes of rates, each of which makes a new content of a sheet: begun, waited for, looked at."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

from contracts.base import Refused
from contracts.billing import (
    ChangeRate,
    CopyRateSheet,
    FindRateJob,
    ImportMode,
    ListRateContents,
    ListRefusedRows,
    RateContents,
    RateJob,
    RefusedRow,
    RemoveRate,
    RollBackRates,
    StartImport,
)
from gateway.bodies import CopyBody, RateBody
from gateway.caller import Caller, RequestKey, action
from gateway.exports import csv_of, harmless

UPLOAD_SECONDS: Final = 30.0
"""How long a file may take to billing."""

LOOK_SECONDS: Final = 0.15
REFUSED_COLUMNS: Final = ("line", "column", "value", "reason")


@action("operator", "reseller", changes=True)
async def start_import(
    caller: Caller,
    rate_sheet_id: str,
    csv_text: str,
    *,
    mode: ImportMode,
    dry_run: bool,
    request_key: RequestKey | None = None,
) -> RateJob:
    """Begin to import rates, all rows or none, or to look what that would do."""
    command = StartImport(rate_sheet_id=rate_sheet_id, csv=csv_text, mode=mode, dry_run=dry_run)
    return await caller.ask(command, request_key=request_key, timeout_seconds=UPLOAD_SECONDS)


@action("operator", "reseller", changes=True)
async def import_checked(caller: Caller, rate_sheet_id: str, job_id: str) -> RateJob:
    """Begin to import the file that a dry run has looked at, in the way that it looked."""
    looked = await find_job(caller, rate_sheet_id, job_id)
    command = StartImport(rate_sheet_id=rate_sheet_id, checked_job_id=job_id, mode=looked.mode)
    return await caller.ask(command)


@action("operator", "reseller", changes=True)
async def copy_rate_sheet(
    caller: Caller, rate_sheet_id: str, body: CopyBody, request_key: RequestKey | None = None
) -> RateJob:
    """Make a new sheet with the rates of another, dearer or cheaper by a margin."""
    command = CopyRateSheet(
        rate_sheet_id=rate_sheet_id, name=body.name, margin_percent=body.margin_percent
    )
    return await caller.ask(command, request_key=request_key)


@action("operator", "reseller", changes=True)
async def roll_back(
    caller: Caller, rate_sheet_id: str, content: int, request_key: RequestKey | None = None
) -> RateJob:
    """Begin to make the rates what they were in an earlier content."""
    command = RollBackRates(rate_sheet_id=rate_sheet_id, content=content)
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
) -> RateJob:
    """Begin to put one rate in place of the one with its prefix and beginning, or to add it."""
    command = ChangeRate(
        rate_sheet_id=rate_sheet_id, version=version, rate=body.order(prefix, effective_from)
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
) -> RateJob:
    """Begin to take one rate out of a sheet."""
    command = RemoveRate(
        rate_sheet_id=rate_sheet_id,
        version=version,
        prefix=prefix,
        effective_from=effective_from,
    )
    return await caller.ask(command, request_key=request_key)


@action("operator", "reseller")
async def find_job(caller: Caller, rate_sheet_id: str, job_id: str) -> RateJob:
    """Tell how far a change of rates is."""
    return await caller.ask(FindRateJob(rate_sheet_id=rate_sheet_id, job_id=job_id))


async def wait_for(caller: Caller, job: RateJob, seconds: float) -> RateJob:
    """Return a change of rates as it is when it has ended, or when the time is over."""
    until = time.monotonic() + seconds
    while is_open(job) and time.monotonic() < until:
        await asyncio.sleep(LOOK_SECONDS)
        job = await find_job(caller, job.rate_sheet_id, job.id)
    return job


def is_open(job: RateJob) -> bool:
    """Tell whether a change of rates has not ended yet."""
    return job.state in {"waiting", "running"}


def refuse_unless_done(job: RateJob) -> None:
    """Refuse as the change was: because of what it was to be, or because it failed on our side."""
    if job.state == "failed":
        raise Refused("unavailable", f"{job.detail} Try again later.")
    if job.state == "refused":
        rows = job.report.refused if job.report else ()
        raise Refused("import-refused", job.detail or " ".join(row.detail for row in rows[:1]))


@action("operator", "reseller")
async def list_contents(caller: Caller, rate_sheet_id: str) -> RateContents:
    """List the contents of a sheet that can be looked at and gone back to, the newest first."""
    return await caller.ask(ListRateContents(rate_sheet_id=rate_sheet_id))


@action("operator", "reseller")
async def export_refused(caller: Caller, rate_sheet_id: str, job_id: str) -> AsyncIterator[str]:
    """Return the rows that an import refused as CSV text in pieces."""
    query = ListRefusedRows(rate_sheet_id=rate_sheet_id, job_id=job_id)
    return await csv_of(caller.ask, query, REFUSED_COLUMNS, _refused_cells)


def _refused_cells(row: RefusedRow) -> tuple[str, ...]:
    return str(row.line), row.column, harmless(row.value), row.detail
