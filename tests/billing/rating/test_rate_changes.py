"""Copies with a margin, going back, and rates changed one at a time."""

from datetime import datetime, timedelta

import pytest

from contracts.base import Command
from contracts.billing import (
    ChangeRate,
    CopyRateSheet,
    CreateRateSheet,
    DeleteRateSheet,
    FindRateSheet,
    ListRateRevisions,
    ListRates,
    Rate,
    RateCall,
    RateImport,
    RateSheet,
    RemoveRate,
    RestoreRateRevision,
)
from contracts.values import micros
from tests.billing.conftest import CSV, add_sheet, change_rates, import_rates, process_each
from tests.harness import OPERATOR, RESELLER, Harness

DATED = "prefix,rate,effective_from,connect_fee\n91,0.1,,0.01\n91,0.2,2027-01-01,0\n"


async def find(harness: Harness, sheet_id: str) -> RateSheet:
    return await harness.ask(FindRateSheet(rate_sheet_id=sheet_id), RESELLER)


async def rates_of(harness: Harness, sheet_id: str) -> tuple[Rate, ...]:
    return (await harness.ask(ListRates(rate_sheet_id=sheet_id), RESELLER)).data


async def changed(harness: Harness, order: Command[RateImport]) -> RateImport:
    done = await change_rates(harness, order)
    assert (done.state, done.detail) == ("done", "")
    return done


# --- copies ---------------------------------------------------------------------------------------


async def test_a_copy_is_a_sheet_of_its_own_dearer_by_its_margin(billing: Harness) -> None:
    source = await add_sheet(billing, csv=DATED)
    order = CopyRateSheet(rate_sheet_id=source.id, name=" Retail ", margin_percent="12.5")
    done = await changed(billing, order)
    copy = await find(billing, done.rate_sheet_id)
    assert (copy.name, copy.currency, copy.rates, copy.revision) == ("Retail", "USD", 2, 1)
    assert (copy.lowest_rate, copy.highest_rate) == (112_500, 225_000)
    assert [(rate.rate, rate.connect_fee) for rate in await rates_of(billing, copy.id)] == [
        (112_500, 11_250),
        (225_000, 0),
    ]
    await import_rates(billing, source, CSV)
    assert (await find(billing, copy.id)).rates == 2


async def test_what_is_wrong_with_a_copy_is_told_at_once_and_nothing_is_made(
    billing: Harness,
) -> None:
    source = await add_sheet(billing)
    order = CopyRateSheet(rate_sheet_id=source.id, name="standard", margin_percent="-100")
    problem = await billing.problem(order, RESELLER)
    assert [(error.pointer, error.type) for error in problem.errors] == [
        ("/name", "rate-sheet-name-taken"),
        ("/margin_percent", "out-of-range"),
    ]
    assert await process_each(billing) == 0
    assert await billing.database.documents("rate_sheets").count({}) == 1


async def test_a_margin_that_makes_a_rate_too_dear_makes_no_sheet(billing: Harness) -> None:
    source = await add_sheet(billing, csv="prefix,rate\n91,0.1\n92,400000\n")
    order = CopyRateSheet(rate_sheet_id=source.id, name="Dear", margin_percent="50")
    done = await change_rates(billing, order)
    assert (done.state, done.report) == ("refused", None)
    assert "prefix 92" in done.detail
    query = FindRateSheet(rate_sheet_id=done.rate_sheet_id)
    assert (await billing.problem(query, RESELLER)).type == "not-found"
    await changed(billing, order.model_copy(update={"margin_percent": "25"}))  # its name is free


async def test_a_copy_of_nothing_is_an_empty_sheet(billing: Harness) -> None:
    source = await add_sheet(billing, csv="")
    done = await changed(billing, CopyRateSheet(rate_sheet_id=source.id, name="Also empty"))
    assert (await find(billing, done.rate_sheet_id)).rates == 0


async def test_a_copy_of_a_sheet_that_is_deleted_and_swept_meanwhile_is_not_made_by_half(
    billing: Harness,
) -> None:
    source = await add_sheet(billing)
    begun = await billing.ask(CopyRateSheet(rate_sheet_id=source.id, name="Copy"), RESELLER)
    await billing.ask(DeleteRateSheet(rate_sheet_id=source.id, confirm_name=source.name), RESELLER)
    await billing.database.documents("rates").delete({"prefix": "91"})
    await process_each(billing)
    query = FindRateSheet(rate_sheet_id=begun.rate_sheet_id)
    assert (await billing.problem(query, RESELLER)).type == "not-found"


async def test_the_platform_copies_its_sheets_in_their_currency(billing: Harness) -> None:
    sheet = await add_platform_sheet(billing)
    done = await change_rates(
        billing, CopyRateSheet(rate_sheet_id=sheet.id, name="Wholesale 2"), by=OPERATOR
    )
    query = FindRateSheet(rate_sheet_id=done.rate_sheet_id)
    assert (await billing.ask(query, OPERATOR)).currency == "CHF"


async def add_platform_sheet(harness: Harness) -> RateSheet:
    return await harness.ask(CreateRateSheet(name="Wholesale", currency="CHF"), OPERATOR)


# --- going back -----------------------------------------------------------------------------------


async def test_going_back_makes_a_new_content_like_the_earlier_one(billing: Harness) -> None:
    sheet = await add_sheet(billing)
    before = await rates_of(billing, sheet.id)
    billing.clock.forward(hours=1)
    await import_rates(billing, sheet, DATED, mode="replace")
    billing.clock.forward(hours=1)
    done = await changed(billing, RestoreRateRevision(rate_sheet_id=sheet.id, revision=1))
    assert done.revision == 3
    assert done.report is not None
    assert (done.report.added, done.report.changed, done.report.removed) == (2, 1, 1)
    assert await rates_of(billing, sheet.id) == before
    page = await billing.ask(ListRateRevisions(rate_sheet_id=sheet.id), RESELLER)
    assert [(one.number, one.kind, one.rates, one.actor) for one in page.data] == [
        (3, "restore", 3, "usr_r1"),
        (2, "import", 2, "usr_r1"),
        (1, "import", 3, "usr_r1"),
    ]
    assert page.data[0].active_from == billing.clock.now


async def test_going_back_to_what_is_in_use_changes_nothing(billing: Harness) -> None:
    sheet = await add_sheet(billing)
    done = await changed(billing, RestoreRateRevision(rate_sheet_id=sheet.id, revision=1))
    assert done.revision is None
    assert (await find(billing, sheet.id)).revision == 1
    unknown = RestoreRateRevision(rate_sheet_id=sheet.id, revision=2)
    assert (await billing.problem(unknown, RESELLER)).type == "not-found"


# --- prices of the past ---------------------------------------------------------------------------


async def test_a_call_is_priced_by_the_rates_that_were_in_use_when_it_was_answered(
    billing: Harness,
) -> None:
    moments: list[tuple[datetime, int]] = []
    sheet = await add_sheet(billing, csv="")
    for cents in (10, 20, 30):
        billing.clock.forward(hours=1)
        await import_rates(billing, sheet, f"prefix,rate\n91,0.{cents}\n", mode="replace")
        moments.append((billing.clock.now, cents * 10_000))

    async def rate_at(moment: datetime | None) -> int:
        query = RateCall(rate_sheet_id=sheet.id, destination="+919812345678", seconds=60, at=moment)
        return (await billing.ask(query, RESELLER)).rate

    assert await rate_at(None) == 300_000
    for moment, rate in moments:
        assert await rate_at(moment) == rate
    for (moment, _), (_, earlier) in zip(moments[1:], moments, strict=False):
        assert await rate_at(moment - timedelta(milliseconds=1)) == earlier


# --- one rate at a time ---------------------------------------------------------------------------


async def test_a_rate_is_added_changed_and_removed_by_hand(billing: Harness) -> None:
    sheet = await add_sheet(billing, csv=DATED)
    added = Rate(prefix="+9198", rate=micros("0.3"), name="Mobile")
    done = await changed(billing, ChangeRate(rate_sheet_id=sheet.id, version=2, rate=added))
    assert (done.kind, done.revision) == ("edit", 2)
    first, second, third = await rates_of(billing, sheet.id)
    assert third == Rate(prefix="9198", country="IN", name="Mobile", rate=micros("0.3"))
    changed_rate = second.model_copy(update={"rate": 1, "blocked": True})
    await changed(billing, ChangeRate(rate_sheet_id=sheet.id, version=3, rate=changed_rate))
    assert await rates_of(billing, sheet.id) == (first, changed_rate, third)
    remove = RemoveRate(
        rate_sheet_id=sheet.id,
        version=4,
        prefix=second.prefix,
        effective_from=second.effective_from,
    )
    done = await changed(billing, remove)
    assert done.report is not None
    assert done.report.removed == 1
    assert await rates_of(billing, sheet.id) == (first, third)
    found = await find(billing, sheet.id)
    assert (found.rates, found.highest_rate, found.version) == (2, micros("0.3"), 5)
    await changed(billing, RestoreRateRevision(rate_sheet_id=sheet.id, revision=1))
    assert await rates_of(billing, sheet.id) == (first, second)


@pytest.mark.parametrize(
    ("order", "kind"),
    [
        (
            ChangeRate(rate_sheet_id="", version=1, rate=Rate(prefix="91", rate=1)),
            "version-conflict",
        ),
        (RemoveRate(rate_sheet_id="", version=1, prefix="91"), "version-conflict"),
        (RemoveRate(rate_sheet_id="", version=2, prefix="9"), "not-found"),
        (
            RemoveRate.model_validate(
                {
                    "rate_sheet_id": "",
                    "version": 2,
                    "prefix": "91",
                    "effective_from": "2027-01-01T00:00:00Z",
                }
            ),
            "not-found",
        ),
    ],
)
async def test_a_change_by_hand_that_does_not_fit_is_refused(
    billing: Harness, order: ChangeRate | RemoveRate, kind: str
) -> None:
    sheet = await add_sheet(billing)
    fitting = order.model_copy(update={"rate_sheet_id": sheet.id})
    assert (await billing.problem(fitting, RESELLER)).type == kind
    assert (await find(billing, sheet.id)).import_id is None


async def test_every_fault_of_a_rate_by_hand_is_told(billing: Harness) -> None:
    sheet = await add_sheet(billing)
    faulty = Rate(prefix="4.42E+11", rate=-1, increment=0)
    order = ChangeRate(rate_sheet_id=sheet.id, version=2, rate=faulty)
    problem = await billing.problem(order, RESELLER)
    assert problem.code == "invalid-fields"
    assert [error.pointer for error in problem.errors] == ["/prefix", "/rate", "/increment"]
