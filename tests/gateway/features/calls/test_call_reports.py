"""What a file of calls leaves uncharged can be downloaded, by those who sent the file."""

import csv
import io

import httpx
import pytest

from gateway.features.calls.import_schemas import ImportedCall
from gateway.features.calls.reports import rows_of as left_out
from gateway.memory.call_reports import REPORTS_MAX, CallReports
from services.chassis.database import Database
from tests.gateway.features.calls.test_call_files import HEADER, INDIA, fresh_id, now, row, send
from tests.gateway.page_forms import submit
from tests.gateway.world import World
from tests.harness import TestClock

NOBODY = "-1004"


def mixed_file(world: World) -> tuple[str, str]:
    """Return a file of two calls, of which the second has no account, and that one's ID."""
    call_id = fresh_id()
    lost = f"{call_id},{NOBODY},104,{INDIA},{now()},61\n"
    return HEADER + row(world, fresh_id()) + lost, call_id


def rows_of(answer: httpx.Response) -> list[dict[str, str]]:
    """Return the rows of a downloaded report."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


async def test_each_call_that_is_not_charged_is_listed_with_its_cause(world: World) -> None:
    client = world["reseller"].program
    content, call_id = mixed_file(world)
    for answer in (await send(client, content, dry_run=True), await send(client, content)):
        report = answer.json()
        (left_out,) = rows_of(await client.get(f"/v1/calls/imports/{report['id']}.csv"))
        assert left_out["call_id"] == call_id
        assert (left_out["lines"], left_out["account"]) == ("3", f"'{NOBODY}")
        assert (left_out["status"], left_out["reason"]) == ("rejected", "unknown-account")
        assert left_out["detail"] == report["data"][1]["detail"]


async def test_a_file_whose_calls_are_all_charged_has_no_report(world: World) -> None:
    report = (
        await send(world["reseller"].program, HEADER + row(world, fresh_id()), dry_run=True)
    ).json()
    assert report["id"] == ""


async def test_a_report_is_its_senders_alone(world: World) -> None:
    content, _ = mixed_file(world)
    report = (await send(world["reseller"].program, content, dry_run=True)).json()
    path = f"/v1/calls/imports/{report['id']}.csv"
    for other in ("other reseller", "operator"):
        answer = await world[other].program.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert (await world["customer"].person.get(path)).status_code == 403
    long = await world["reseller"].program.get(f"/v1/calls/imports/{'x' * 500}.csv")
    assert long.status_code == 404


async def test_the_page_of_a_checked_file_links_to_its_report(world: World) -> None:
    person = await world.sign_in(world["reseller"].email)
    content, call_id = mixed_file(world)
    page = await submit(person, "/calls/import", {"action": "check"}, content.encode())
    link = page.text.partition('href="/v1/calls/imports/')[2].partition('"')[0]
    (left_out,) = rows_of(await person.get(f"/v1/calls/imports/{link}"))
    assert left_out["call_id"] == call_id


# --- what is kept -------------------------------------------------------------------------------


@pytest.fixture
async def reports(database: Database, clock: TestClock) -> CallReports:
    """Give reports with their indexes, on a day on which MongoDB drops none."""
    clock.forward(days=2_000)
    reports = CallReports(database)
    await reports.prepare()
    return reports


def call(line: int) -> ImportedCall:
    """Return a call that isn't charged."""
    return ImportedCall(lines=(line, line + 1), call_id="=1+1", status="not-answered")


async def test_only_the_newest_reports_of_an_account_are_kept(
    reports: CallReports, clock: TestClock
) -> None:
    other = await reports.keep("acc_2", left_out([call(1)]))
    kept: list[str] = []
    for line in range(REPORTS_MAX + 1):
        clock.forward(seconds=1)
        kept.append(await reports.keep("acc_1", left_out([call(line)])))
    assert await reports.find("acc_1", kept[0]) is None
    for report_id in kept[1:]:
        assert await reports.find("acc_1", report_id) is not None
    assert await reports.find("acc_2", other) is not None
    assert await reports.find("acc_1", other) is None


async def test_a_report_holds_no_formulas(reports: CallReports) -> None:
    text = await reports.find("acc_1", await reports.keep("acc_1", left_out([call(7)])))
    assert text is not None
    assert text.splitlines()[1].startswith("7 8,'=1+1,")
