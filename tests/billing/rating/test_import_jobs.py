"""Changes of rates as jobs: seen whole or not at all, whoever dies, falls behind or gives up."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from contracts.base import Refused
from contracts.billing import (
    DeleteRateSheet,
    FindRateImport,
    FindRateSheet,
    ListRateRevisions,
    ListRates,
    ListRefusedRows,
    RateImport,
    RateImportChanged,
    RateSheet,
    RateSheetChanged,
    RefusedRow,
    RenameRateSheet,
    StartImport,
)
from services.billing.rating.handlers import import_jobs as worker
from services.billing.rating.model import sheet as sheet_model
from services.billing.rating.store import rates, revisions
from tests.billing.conftest import CSV, add_sheet, change_rates, import_rates, process_each, running
from tests.harness import RESELLER, Harness
from tests.waiting import eventually

NEW = "prefix,rate\n91,0.5\n33,0.3\n34,0.4\n35,0.5\n36,0.6\n"


async def find(harness: Harness, sheet: RateSheet) -> RateSheet:
    return await harness.ask(FindRateSheet(rate_sheet_id=sheet.id), RESELLER)


async def shown(harness: Harness, sheet: RateSheet, revision: int | None = None) -> dict[str, int]:
    """Return the rates that everybody sees, by prefix."""
    query = ListRates(rate_sheet_id=sheet.id, revision=revision)
    page = await harness.ask(query, RESELLER)
    assert page.next is None
    return {rate.prefix: rate.rate for rate in page.data}


async def priced(harness: Harness, sheet: RateSheet, revision: int) -> dict[str, int]:
    """Return the rates that calls are priced by."""
    reader = harness.database.reader()
    prices = await rates.price_list(reader, sheet.id, revision)
    found = {
        prefix: prices.rate_for(prefix, harness.clock.now)
        for prefix in ("33", "34", "35", "36", "44", "4479", "91")
    }
    return {prefix: rate.rate for prefix, rate in found.items() if rate and rate.prefix == prefix}


async def kept(harness: Harness, sheet: RateSheet) -> int:
    """Return how many rows are kept, seen or not."""
    return await harness.database.documents("rates").count({"sheet_id": sheet.id})


def order(sheet: RateSheet, csv: str = NEW, **options: Any) -> StartImport:  # noqa: ANN401 - mode and dry run
    return StartImport(rate_sheet_id=sheet.id, csv=csv, **options)


async def job_of(harness: Harness, job: RateImport) -> RateImport:
    query = FindRateImport(rate_sheet_id=job.rate_sheet_id, import_id=job.id)
    return await harness.ask(query, RESELLER)


BEFORE = {"44": 12_000, "4479": 100_000, "91": 21_000}
AFTER = {"33": 300_000, "34": 400_000, "35": 500_000, "36": 600_000, "91": 500_000}


# --- one change -----------------------------------------------------------------------------------


async def test_a_change_waits_for_a_process_and_is_seen_when_it_is_done(billing: Harness) -> None:
    sheet = await add_sheet(billing)
    await billing.sent(RateSheetChanged)
    await billing.sent(RateImportChanged)
    billing.clock.forward(minutes=1)
    begun = await billing.ask(order(sheet, mode="replace"), RESELLER)
    assert (begun.state, begun.kind, begun.report, begun.revision) == (
        "waiting",
        "import",
        None,
        None,
    )
    assert (await find(billing, sheet)).import_id == begun.id
    assert await shown(billing, sheet) == BEFORE
    assert await process_each(billing) == 1
    done = await job_of(billing, begun)
    assert (done.state, done.revision, done.done, done.of) == ("done", 2, 8, 8)
    assert done.report is not None
    assert (done.report.added, done.report.changed, done.report.removed) == (4, 1, 2)
    assert done.finished_at == billing.clock.now
    found = await find(billing, sheet)
    assert (found.import_id, found.revision, found.rates) == (None, 2, 5)
    assert await shown(billing, sheet) == AFTER
    assert [event.state for event in await billing.sent(RateImportChanged)] == [
        "waiting",
        "running",
        "done",
    ]
    (changed,) = await billing.sent(RateSheetChanged)
    assert changed.version == found.version == 3


async def test_the_same_order_twice_is_one_job(billing: Harness) -> None:
    sheet = await add_sheet(billing, csv="")
    first, second = [await billing.ask(order(sheet), RESELLER, message_id="m1") for _ in range(2)]
    assert first == second
    assert await process_each(billing) == 1
    assert await billing.ask(order(sheet), RESELLER, message_id="m1") == first
    assert await process_each(billing) == 0


async def test_a_sheet_takes_one_change_at_a_time(billing: Harness) -> None:
    sheet = await add_sheet(billing)
    answers = await asyncio.gather(
        *(billing.ask(order(sheet), RESELLER) for _ in range(5)), return_exceptions=True
    )
    begun = [answer for answer in answers if isinstance(answer, RateImport)]
    refused = [answer.problem.code for answer in answers if isinstance(answer, Refused)]
    assert (len(begun), refused) == (1, ["rate-sheet-busy"] * 4)
    assert (
        await billing.problem(
            DeleteRateSheet(rate_sheet_id=sheet.id, confirm_name=sheet.name), RESELLER
        )
    ).type == ("rate-sheet-busy")
    # a name is not a rate: it may be changed meanwhile, and stays so
    version = (await find(billing, sheet)).version
    rename = RenameRateSheet(rate_sheet_id=sheet.id, version=version, name="Gold")
    await billing.ask(rename, RESELLER)
    await process_each(billing)
    found = await find(billing, sheet)
    assert (found.name, found.import_id, found.revision) == ("Gold", None, 2)
    await import_rates(billing, sheet, CSV)


async def test_changes_of_different_sheets_do_not_wait_for_each_other(billing: Harness) -> None:
    sheets = [await add_sheet(billing, f"Sheet {number}", csv="") for number in range(4)]
    for sheet in sheets:
        await billing.ask(order(sheet), RESELLER)
    # two processes at the same moment
    await asyncio.gather(process_each(billing), process_each(billing))
    for sheet in sheets:
        assert await shown(billing, sheet) == AFTER


# --- processes that die ---------------------------------------------------------------------------


class DiedError(Exception):
    """What a process leaves behind that died at this point."""


def dies_at(
    monkeypatch: pytest.MonkeyPatch, name: str, time: int, module: object = revisions
) -> Callable[[], None]:
    """Make a process die when it calls a function for the n-th time; return what heals it."""
    real = getattr(module, name)
    calls = 0

    async def die(*arguments: Any) -> Any:  # noqa: ANN401 - whatever the function takes and gives
        nonlocal calls
        calls += 1
        if calls == time:
            raise DiedError
        return await real(*arguments)

    monkeypatch.setattr(module, name, die)
    return lambda: monkeypatch.setattr(module, name, real)


async def test_a_job_begun_while_a_clock_had_jumped_does_not_wait_for_that_time(
    billing: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet = await add_sheet(billing)
    await billing.ask(order(sheet, mode="replace"), RESELLER)
    right = billing.clock()
    heal = dies_at(monkeypatch, "rows_of", 1)
    billing.clock.forward(days=1)
    with pytest.raises(DiedError):
        await worker.run_import_job(running(billing))
    heal()
    billing.clock.now = right
    assert await process_each(billing) == 1
    assert await shown(billing, sheet) == AFTER


@pytest.mark.parametrize(
    ("name", "time"),
    [
        ("rows_of", 1),
        ("put_rows", 1),
        ("put_rows", 3),
        ("end_rows", 1),
        ("end_rows", 2),
        ("remove_before", 1),
    ],
)
async def test_whoever_dies_leaves_nothing_to_see_and_another_process_finishes(
    billing: Harness, monkeypatch: pytest.MonkeyPatch, name: str, time: int
) -> None:
    sheet = await add_sheet(billing)
    begun = await billing.ask(order(sheet, mode="replace"), RESELLER)
    monkeypatch.setattr(revisions, "ROWS_PER_BATCH", 2)
    monkeypatch.setattr(worker, "BATCHES_AT_ONCE", 1)
    heal = dies_at(monkeypatch, name, time)
    with pytest.raises(DiedError):
        await worker.run_import_job(running(billing))
    heal()
    is_done = name == "remove_before"  # all was seen already, only tidying up was left
    assert await shown(billing, sheet) == (AFTER if is_done else BEFORE)
    assert await priced(billing, sheet, 1) == BEFORE
    assert await process_each(billing) == 0, "the lease of the dead has not ended"
    billing.clock.forward(seconds=worker.LEASE.total_seconds())
    assert await process_each(billing) == (0 if is_done else 1)
    assert (await job_of(billing, begun)).state == "done"
    assert await shown(billing, sheet) == await priced(billing, sheet, 2) == AFTER
    assert await shown(billing, sheet, 1) == await priced(billing, sheet, 1) == BEFORE
    assert await kept(billing, sheet) == len(BEFORE) + len(AFTER)
    assert (await find(billing, sheet)).import_id is None


async def test_whoever_falls_behind_is_overtaken_and_does_no_harm(
    billing: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet = await add_sheet(billing)
    await billing.ask(order(sheet, mode="replace"), RESELLER)
    monkeypatch.setattr(revisions, "ROWS_PER_BATCH", 2)
    monkeypatch.setattr(worker, "PROGRESS_SECONDS", 0.0)
    monkeypatch.setattr(worker, "BEAT_SECONDS", 3600.0)  # as one that is not given any time
    real, asleep, awake = revisions.put_rows, asyncio.Event(), asyncio.Event()

    async def sleeps(*arguments: Any) -> None:  # noqa: ANN401 - what the function takes
        if not asleep.is_set():
            asleep.set()
            await awake.wait()
        await real(*arguments)

    monkeypatch.setattr(revisions, "put_rows", sleeps)
    slow = asyncio.create_task(worker.run_import_job(running(billing)))
    await asleep.wait()
    billing.clock.forward(seconds=worker.LEASE.total_seconds())
    assert await process_each(billing) == 1
    assert await shown(billing, sheet) == AFTER
    await billing.sent(RateImportChanged)
    awake.set()
    assert await slow
    assert await shown(billing, sheet) == await priced(billing, sheet, 2) == AFTER
    assert await kept(billing, sheet) == len(BEFORE) + len(AFTER)
    assert await billing.sent(RateImportChanged) == []


async def test_a_step_may_take_longer_than_the_lease(
    billing: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet = await add_sheet(billing)
    begun = await billing.ask(order(sheet, mode="replace"), RESELLER)
    monkeypatch.setattr(worker, "BEAT_SECONDS", 0.001)
    real, asleep, awake = revisions.put_rows, asyncio.Event(), asyncio.Event()

    async def sleeps(*arguments: Any) -> None:  # noqa: ANN401 - what the function takes
        asleep.set()
        await awake.wait()
        await real(*arguments)

    monkeypatch.setattr(revisions, "put_rows", sleeps)
    slow = asyncio.create_task(worker.run_import_job(running(billing)))
    await asleep.wait()
    for _ in range(3):
        billing.clock.forward(seconds=worker.LEASE.total_seconds() - 1)
        jobs = billing.database.documents("rate_jobs")
        later = {"_id": begun.id, "leased_until": {"$gt": billing.clock.now}}
        await eventually(lambda: jobs.count(later))  # noqa: B023 - it is awaited in this turn
        assert await process_each(billing) == 0
    awake.set()
    assert await slow
    assert await shown(billing, sheet) == AFTER


async def test_a_change_that_nobody_can_finish_is_given_up_and_leaves_nothing(
    billing: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet = await add_sheet(billing)
    begun = await billing.ask(order(sheet, mode="replace"), RESELLER)
    monkeypatch.setattr(revisions, "ROWS_PER_BATCH", 2)
    monkeypatch.setattr(worker, "BATCHES_AT_ONCE", 1)
    for _ in range(worker.ATTEMPTS_MAX):
        heal = dies_at(monkeypatch, "end_rows", 2)
        with pytest.raises(DiedError):
            await worker.run_import_job(running(billing))
        heal()
        billing.clock.forward(seconds=worker.LEASE.total_seconds())
    await process_each(billing)
    failed = await job_of(billing, begun)
    assert (failed.state, failed.report) == ("failed", None)
    assert "Nothing was changed" in failed.detail
    assert await shown(billing, sheet) == BEFORE
    assert await kept(billing, sheet) == len(BEFORE)
    # the next change is not disturbed by what this one had begun
    await import_rates(billing, sheet, NEW, mode="replace")
    assert await shown(billing, sheet) == AFTER
    assert await shown(billing, sheet, 1) == BEFORE


# --- files ----------------------------------------------------------------------------------------


async def test_a_file_that_was_looked_at_is_imported_without_sending_it_again(
    billing: Harness,
) -> None:
    sheet = await add_sheet(billing)
    looked = await change_rates(billing, order(sheet, mode="replace", dry_run=True))
    assert (looked.state, looked.revision) == ("done", None)
    assert await shown(billing, sheet) == BEFORE
    wanted = order(sheet, "", checked_import_id=looked.id, mode="replace")
    done = await change_rates(billing, wanted)
    assert done.report is not None
    assert looked.report is not None
    assert done.report == looked.report.model_copy(update={"dry_run": False})
    assert await shown(billing, sheet) == AFTER
    # then the file is forgotten, as is the one of a job that is not ours
    for unknown in (looked.id, done.id, "job_none"):
        again = order(sheet, "", checked_import_id=unknown)
        assert (await billing.problem(again, RESELLER)).type == "not-found"
    assert await billing.database.documents("rate_uploads").count({}) == 0


async def test_a_file_whose_signs_take_too_many_bytes_is_refused(
    billing: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet = await add_sheet(billing, csv="")
    monkeypatch.setattr("services.billing.rating.handlers.rate_changes.IMPORT_BYTES_MAX", 20)
    assert (await billing.problem(order(sheet, "प" * 7), RESELLER)).type == "body-too-large"
    await change_rates(billing, order(sheet, "प" * 6))


async def test_every_refused_row_can_be_had_in_pages(billing: Harness) -> None:
    sheet = await add_sheet(billing, csv="")
    done = await change_rates(billing, order(sheet, "prefix,rate\n" + "x,0.1\n91,y\n" * 130))
    assert (done.state, done.revision) == ("refused", None)
    seen: list[RefusedRow] = []
    cursor = None
    for _ in range(3):
        query = ListRefusedRows(rate_sheet_id=sheet.id, import_id=done.id, limit=100, cursor=cursor)
        page = await billing.ask(query, RESELLER)
        seen += page.data
        cursor = page.next
    assert cursor is None
    assert [(row.line, row.column, row.value) for row in seen] == [
        (line, *(("prefix", "x") if line % 2 == 0 else ("rate", "y"))) for line in range(2, 262)
    ]


# --- revisions that lapse -------------------------------------------------------------------------


async def test_contents_that_lapse_take_their_rows_with_them(
    billing: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheet_model, "REVISIONS_KEPT", 3)
    monkeypatch.setattr(rates, "RATES_PER_SWEEP", 2)
    sheet = await add_sheet(billing)
    for cents in range(10, 16):
        billing.clock.forward(days=2)
        await import_rates(billing, sheet, f"prefix,rate\n91,0.{cents}\n33,0.1\n", mode="replace")
    page = await billing.ask(ListRateRevisions(rate_sheet_id=sheet.id), RESELLER)
    assert [revision.number for revision in page.data] == [7, 6, 5]
    # of prefix 91 one row a revision, of 33 one for all
    assert await kept(billing, sheet) == 4
    for number, rate in ((7, 150_000), (6, 140_000), (5, 130_000)):
        assert (await shown(billing, sheet, number))["91"] == rate
    query = ListRates(rate_sheet_id=sheet.id, revision=4)
    assert (await billing.problem(query, RESELLER)).type == "not-found"


async def test_a_sheet_that_changes_too_often_takes_no_more_for_a_while(
    billing: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheet_model, "REVISIONS_MAX", 2)
    monkeypatch.setattr(sheet_model, "REVISIONS_KEPT", 1)
    sheet = await add_sheet(billing)
    await import_rates(billing, sheet, NEW)
    assert (await billing.problem(order(sheet, CSV), RESELLER)).type == "too-many-requests"
    billing.clock.forward(days=1)
    await import_rates(billing, sheet, CSV)
