"""Working off changes of rates: read, compare, write what nobody sees yet, then show all at once.

Any process takes up any job. One that dies, or falls behind, is overtaken by another, which begins
anew with what the sheet shows: nothing of a change is seen before it is whole.
"""

import asyncio
import time
from datetime import timedelta
from typing import Final

import polars as pl
import structlog

from contracts.base import Refused
from contracts.billing import RATES_PER_SHEET_MAX, ImportReport, ImportState, RefusedRow
from services.billing.base.handlers.service import billing
from services.billing.rating.handlers.rate_changes import announce_job, record_rates
from services.billing.rating.handlers.sheets import announce_change
from services.billing.rating.model.import_job import ImportJob, report_of
from services.billing.rating.model.imports import ReadRates, Stated, read_rates
from services.billing.rating.model.rows import (
    Change,
    change_of,
    first_too_dear,
    summary_of,
    table_of,
    with_countries,
    with_margin,
)
from services.billing.rating.model.sheet import Revision, Sheet, Summary
from services.billing.rating.store import import_jobs, revisions, sheets
from services.chassis.database import Transaction, Trigger, Work, Writer
from services.chassis.service import Running

LOOK_SECONDS: Final = 0.5
LEASE: Final = timedelta(seconds=20)
BEAT_SECONDS: Final = 5.0
ATTEMPTS_MAX: Final = 4
PROGRESS_SECONDS: Final = 0.3
BATCHES_AT_ONCE: Final = 2
JOBS_AT_ONCE: Final = 2
"""A small change of one sheet goes on beside a large one of another."""


log = structlog.get_logger()


class OvertakenError(Exception):
    """Another process has the job now."""


async def run_import_jobs(running: Running) -> None:
    """Take up one job after the other."""
    while True:
        if not await run_import_job(running):
            await asyncio.sleep(LOOK_SECONDS)


for _ in range(JOBS_AT_ONCE):
    billing.background(run_import_jobs)


async def run_import_job(running: Running) -> bool:
    """Work off the job that waits longest; tell whether there was one."""
    reader = running.database.writer()
    job = await import_jobs.take_up(reader, LEASE)
    if job is None:
        return False
    attempt = _Attempt(running, reader, job)
    beating = asyncio.create_task(attempt.keep_lease())
    try:
        await attempt.work()
    except OvertakenError:
        log.warning("overtaken", job_id=job.id, attempt=job.attempts)
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
    return True


class _Attempt:
    """One process at work on one job."""

    def __init__(self, running: Running, reader: Writer, job: ImportJob) -> None:
        self._running = running
        self._reader = reader
        self._job = job
        self._steps = 0
        self._told_at_seconds = 0.0

    async def keep_lease(self) -> None:
        """Begin the lease anew while the process lives, however long a step takes."""
        held = True
        while held:
            await asyncio.sleep(BEAT_SECONDS)
            until = self._running.clock() + LEASE
            held = await import_jobs.hold(self._reader, self._job, until)

    async def work(self) -> None:
        """Do the job, or say why it cannot be done."""
        sheet = await self._sheet(self._reader)
        if self._job.attempts > 1:
            await revisions.undo(self._reader, sheet.id, sheet.revision)
        if self._job.attempts > ATTEMPTS_MAX:
            detail = "It failed several times on our side. Nothing was changed."
            await self._end("failed", detail=detail)
            return
        await self._tell(0, 0)
        try:
            await self._change(sheet, await self._wanted(sheet))
        except Refused as refusal:
            await self._end("refused", detail=refusal.problem.detail)

    async def _change(self, sheet: Sheet, read: ReadRates) -> None:
        """Compare what is wanted with what is there, and write the difference."""
        job = self._job
        current = await revisions.rows_of(self._reader, sheet.id, sheet.revision)
        assert current.height == sheet.summary.rates, f"{sheet.id} lost rates"
        change = await asyncio.to_thread(
            change_of, current, read.rows, job.change_mode, read.absent
        )
        too_many = _too_many(change.after.height)
        refused, count = (*read.refused, *too_many), read.refused_count + len(too_many)
        report = report_of(change, dry_run=job.dry_run, refused=refused, refused_count=count)
        if refused:
            await import_jobs.keep_refused(self._reader, job.id, refused, self._reader.now)
        if job.dry_run or count:
            await self._end("done" if job.dry_run else "refused", report)
        elif change.written.height + change.ended.height:
            await self._write(sheet, change)
            await self._end("done", report, change)
        else:
            await self._end("done", report)

    # --- what is wanted -----------------------------------------------------------------------

    async def _wanted(self, sheet: Sheet) -> ReadRates:
        job = self._job
        if job.upload_id:
            text = await import_jobs.find_upload(self._reader, job.upload_id)
            if text is None:
                raise Refused("not-found", "The file is no longer stored. Choose it again.")
            stated = Stated(job.columns, job.decimal_comma)
            return await asyncio.to_thread(read_rates, text, job.time_zone, sheet.currency, stated)
        if job.from_sheet_id:
            return ReadRates(await self._rows_of_source(), (), 0)
        return ReadRates(with_countries(table_of(*job.rates)), (), 0)

    async def _rows_of_source(self) -> pl.DataFrame:
        job = self._job
        rows = await revisions.rows_of(self._reader, job.from_sheet_id, job.from_revision)
        source = await sheets.find_used(self._reader, job.from_sheet_id)
        revision = source.find_revision(job.from_revision) if source else None
        if rows.height != (revision.rates if revision else 0) or source is None:
            raise Refused("not-found", "The rates to copy were deleted in the meantime.")
        rows = with_margin(rows.drop("since"), job.margin)
        if (prefix := first_too_dear(rows)) is not None:
            detail = f"With this margin the rate of the prefix {prefix} is beyond all limits."
            raise Refused("invalid-fields", detail)
        return rows

    # --- writing ------------------------------------------------------------------------------

    async def _write(self, sheet: Sheet, change: Change) -> None:
        """Write what nobody sees yet, some rows at a time."""
        revision = sheet.revision + 1
        size = revisions.ROWS_PER_BATCH
        pieces = [
            *((revisions.put_rows, rows) for rows in change.written.iter_slices(size)),
            *((revisions.end_rows, rows) for rows in change.ended.iter_slices(size)),
        ]
        done, of = 0, change.written.height + change.ended.height
        for first in range(0, len(pieces), BATCHES_AT_ONCE):
            together = pieces[first : first + BATCHES_AT_ONCE]
            await asyncio.gather(
                *(write(self._reader, sheet.id, revision, rows) for write, rows in together)
            )
            done += sum(rows.height for _, rows in together)
            await self._tell(done, of)
        self._job = self._job.model_copy(update={"done": done, "of": of})

    async def _tell(self, done: int, of: int) -> None:
        """Keep and announce how far the job is, not too often."""
        now_seconds = time.monotonic()
        if now_seconds - self._told_at_seconds < PROGRESS_SECONDS:
            return
        self._told_at_seconds = now_seconds
        self._steps += 1
        job = self._job.model_copy(update={"done": done, "of": of})

        async def keep(tx: Transaction) -> None:
            if not await import_jobs.advance(tx, job):
                raise OvertakenError
            announce_job(tx, job)

        await self._once(str(self._steps), keep)

    async def _end(
        self,
        state: ImportState,
        report: ImportReport | None = None,
        change: Change | None = None,
        detail: str = "",
    ) -> None:
        """End the job; if it changed the rates, its revision is in use from this moment on."""
        job = self._job
        summary = None
        if change is not None:
            now = self._running.clock()
            summary = await asyncio.to_thread(summary_of, change.after, now)

        async def end(tx: Transaction) -> None:
            sheet = (await self._sheet(tx)).under_change(None)
            if change is not None and summary is not None:
                sheet = await self._show(tx, sheet, change, summary)
            finished = job.finished(
                tx.now,
                state,
                report=report,
                detail=detail,
                revision=sheet.revision if change is not None else None,
            )
            if job.kind == "copy" and state != "done":
                sheet = sheet.changed(tx.now, deleted_at=tx.now)  # all or nothing
                announce_change(tx, sheet)
            if not await import_jobs.finish(tx, finished):
                raise OvertakenError
            await sheets.save(tx, sheet)
            if not job.dry_run:
                await import_jobs.drop_upload(tx, job.upload_id)
            announce_job(tx, finished)

        await self._once("end", end)
        if change is not None:
            kept = await self._sheet(self._reader)
            await revisions.remove_before(self._reader, kept.id, kept.first_revision)

    async def _show(self, tx: Transaction, sheet: Sheet, change: Change, summary: Summary) -> Sheet:
        """Return the sheet with its new revision in use, and tell who made it."""
        revision = Revision(
            number=sheet.revision + 1,
            active_from=tx.now,
            rates=change.after.height,
            ended=change.ended.height,
            kind=self._job.kind,
            actor=self._job.actor,
        )
        after = sheet.with_revision(revision, summary)
        announce_change(tx, after)
        await record_rates(tx, self._job, sheet, after, change.differences)
        return after

    async def _sheet(self, db: Writer) -> Sheet:
        sheet = await sheets.find_used(db, self._job.sheet_id)
        assert sheet is not None, "a sheet is not deleted while its rates are being changed"
        return sheet

    async def _once(self, step: str, work: Work) -> None:
        message_id = f"{self._job.id}:{self._job.attempts}:{step}"
        trigger = Trigger(message_id=message_id, correlation_id=self._job.id)
        await self._running.database.once(f"{billing.name}.rate-jobs", trigger, work)


def _too_many(number: int) -> tuple[RefusedRow, ...]:
    if number <= RATES_PER_SHEET_MAX:
        return ()
    detail = f"The sheet would have {number:,} rates; {RATES_PER_SHEET_MAX:,} is the most."
    return (RefusedRow(line=1, column="", value="", detail=detail),)
