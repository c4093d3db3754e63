"""The rates of a sheet: imported, searched, asked for prices."""

from datetime import timedelta

import pytest

from contracts.billing import (
    CallPrice,
    FindCountryRates,
    ImportReport,
    ListRates,
    Rate,
    RateCall,
    RateSheet,
    RateSheetChanged,
)
from contracts.values import micros
from services.billing.rating.handlers import import_jobs
from services.chassis.cursor import cursor_of
from tests.billing.conftest import (
    CSV,
    add_sheet,
    find_sheet,
    import_rates,
    prefixes_of,
)
from tests.harness import RESELLER, Harness


def figures(report: ImportReport) -> tuple[bool, int, int, int, int]:
    return report.dry_run, report.added, report.changed, report.unchanged, report.removed


# --- imports --------------------------------------------------------------------------------


async def test_an_import_is_kept_and_summed_up(billing: Harness) -> None:
    sheet = await add_sheet(billing, csv="")
    await billing.sent(RateSheetChanged)
    billing.clock.forward(hours=1)
    report = await import_rates(billing, sheet, CSV)
    assert figures(report) == (False, 3, 0, 0, 0)
    found = await find_sheet(billing, sheet)
    assert (found.rates, found.lowest_rate, found.highest_rate) == (3, 12_000, 100_000)
    assert (found.version, found.changed_at) == (2, billing.clock.now)
    (event,) = await billing.sent(RateSheetChanged)
    assert (event.version, event.deleted) == (2, False)
    page = await billing.ask(ListRates(rate_sheet_id=sheet.id), RESELLER)
    assert page.data == (
        Rate(prefix="44", country="GB", name="United Kingdom", rate=12_000),
        Rate(prefix="4479", country="GB", name="UK mobile", rate=100_000),
        Rate(prefix="91", country="IN", name="India", rate=21_000),
    )


async def test_an_upsert_changes_and_adds_and_a_replacement_removes_too(billing: Harness) -> None:
    sheet = await add_sheet(billing)
    change = "prefix,rate,name\n91,0.021,India\n44,0.02,United Kingdom\n33,0.03,France\n"
    for dry_run in (True, False):
        report = await import_rates(billing, sheet, change, dry_run=dry_run)
        assert figures(report) == (dry_run, 1, 1, 1, 0)
    assert await prefixes_of(billing, sheet) == ["33", "44", "4479", "91"]
    less = "prefix,rate,name\n91,0.021,India\n34,0.04,Spain\n"
    for dry_run in (True, False):
        report = await import_rates(billing, sheet, less, mode="replace", dry_run=dry_run)
        assert figures(report) == (dry_run, 1, 0, 1, 3)
    assert await prefixes_of(billing, sheet) == ["34", "91"]
    assert (await find_sheet(billing, sheet)).rates == 2


async def test_an_import_that_changes_nothing_is_no_new_version(billing: Harness) -> None:
    sheet = await add_sheet(billing)
    await billing.sent(RateSheetChanged)
    for mode in ("upsert", "replace"):
        report = await import_rates(billing, sheet, CSV, mode=mode)
        assert (report.unchanged, report.added + report.changed + report.removed) == (3, 0)
    assert (await find_sheet(billing, sheet)).version == 2
    assert await billing.sent(RateSheetChanged) == []


async def test_a_bad_row_refuses_the_whole_file(billing: Harness) -> None:
    sheet = await add_sheet(billing)
    bad = "prefix,rate\n33,0.03\n9.1E+11,0.1\n"
    dry = await import_rates(billing, sheet, bad, dry_run=True)
    assert (dry.added, dry.refused_count) == (1, 1)
    report = await import_rates(billing, sheet, bad)
    assert (report.added, report.refused_count) == (0, 1)
    (row,) = report.refused
    assert (row.line, row.column, row.value) == (3, "prefix", "9.1E+11")
    assert "scientific" in row.detail
    assert await prefixes_of(billing, sheet) == ["44", "4479", "91"]
    assert (await find_sheet(billing, sheet)).version == 2


async def test_of_many_bad_rows_a_hundred_are_shown_and_all_are_counted(billing: Harness) -> None:
    sheet = await add_sheet(billing, csv="")
    report = await import_rates(billing, sheet, "prefix,rate\n" + "x,0.1\n" * 250)
    assert (len(report.refused), report.refused_count) == (100, 250)
    assert report.refused[-1].line == 101


async def test_a_sheet_cannot_outgrow_its_limit(
    billing: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet = await add_sheet(billing)
    monkeypatch.setattr(import_jobs, "RATES_PER_SHEET_MAX", 4)
    assert (await import_rates(billing, sheet, "prefix,rate\n33,1\n34,1\n")).refused_count == 1
    assert (await import_rates(billing, sheet, "prefix,rate\n33,1\n")).added == 1
    replaced = "prefix,rate\n1,1\n33,1\n34,1\n35,1\n"
    report = await import_rates(billing, sheet, replaced, mode="replace")
    assert (report.added, report.removed) == (3, 3)


# --- lists ----------------------------------------------------------------------------------


async def test_rates_are_found_by_prefix_and_by_country(billing: Harness) -> None:
    csv = "prefix,rate\n4,1\n44,1\n4420,1\n447,1\n45,1\n91,1\n92,1\n1,1\n62,1\n"
    sheet = await add_sheet(billing, csv=csv)
    await add_sheet(billing, "Other", csv="prefix,rate\n44,1\n")
    assert await prefixes_of(billing, sheet) == [
        "1",
        "4",
        "44",
        "4420",
        "447",
        "45",
        "62",
        "91",
        "92",
    ]
    assert await prefixes_of(billing, sheet, "44") == ["44", "4420", "447"]
    assert await prefixes_of(billing, sheet, "+44 20") == ["4420"]
    assert await prefixes_of(billing, sheet, "ind") == ["62", "91"]
    assert await prefixes_of(billing, sheet, "united k") == ["44", "4420", "447"]
    assert await prefixes_of(billing, sheet, "pk") == ["92"]
    assert await prefixes_of(billing, sheet, "Atlantis") == []
    assert await prefixes_of(billing, sheet, "9*") == []


@pytest.mark.parametrize("search", ["", "44", "united kingdom"])
async def test_rates_come_in_pages(billing: Harness, search: str) -> None:
    rows = [f"44{area},0.1,2026-0{month}-01" for area in range(10, 15) for month in (1, 2)]
    sheet = await add_sheet(billing, csv="\n".join(["prefix,rate,effective_from", *rows]))
    seen: list[tuple[str, int]] = []
    cursor = None
    for _ in range(4):
        page = await billing.ask(
            ListRates(rate_sheet_id=sheet.id, search=search, limit=3, cursor=cursor), RESELLER
        )
        seen += [
            (found.prefix, found.effective_from.month)
            for found in page.data
            if found.effective_from
        ]
        cursor = page.next
    assert cursor is None
    assert seen == [(f"44{area}", month) for area in range(10, 15) for month in (1, 2)]


async def test_a_cursor_leads_nowhere_but_into_its_own_sheet(billing: Harness) -> None:
    sheet = await add_sheet(billing)
    other = await add_sheet(billing, "Other")
    for cursor in ("garbage", cursor_of(44)):
        query = ListRates(rate_sheet_id=sheet.id, cursor=cursor)
        assert (await billing.problem(query, RESELLER)).type == "invalid-cursor"
    for cursor in (cursor_of(""), cursor_of("0/../"), cursor_of(f"../{other.id}/")):
        page = await billing.ask(ListRates(rate_sheet_id=sheet.id, cursor=cursor), RESELLER)
        assert len(page.data) <= 3
    narrow = ListRates(rate_sheet_id=sheet.id, search="91", cursor=cursor_of("4/"))
    assert [found.prefix for found in (await billing.ask(narrow, RESELLER)).data] == ["91"]


async def test_the_countries_of_a_sheet_have_their_span_of_rates(billing: Harness) -> None:
    sheet = await add_sheet(billing)
    found = await billing.ask(FindCountryRates(rate_sheet_id=sheet.id), RESELLER)
    spans = {span.country: (span.lowest_rate, span.highest_rate) for span in found.data}
    assert spans == {
        "GB": (12_000, 100_000),
        "GG": (12_000, 100_000),
        "IM": (12_000, 12_000),
        "JE": (12_000, 12_000),
        "IN": (21_000, 21_000),
    }
    assert found.currency == "USD"


# --- prices ---------------------------------------------------------------------------------


async def price(harness: Harness, sheet: RateSheet, to: str, seconds: int = 60) -> CallPrice:
    query = RateCall(rate_sheet_id=sheet.id, destination=to, seconds=seconds)
    return await harness.ask(query, RESELLER)


async def test_a_call_is_priced_by_the_longest_prefix(billing: Harness) -> None:
    csv = "prefix,rate,min_duration,increment\n44,0.10,60,60\n4420,0.0321,6,6\n"
    sheet = await add_sheet(billing, csv=csv)
    assert await price(billing, sheet, "+44 20 7946 0018", 61) == CallPrice(
        prefix="4420",
        country="GB",
        rate=micros("0.0321"),
        billed_seconds=66,
        cost=micros("0.0353"),
        currency="USD",
    )
    mobile = await price(billing, sheet, "+447400123456", 61)
    assert (mobile.prefix, mobile.billed_seconds, mobile.cost) == ("44", 120, micros("0.20"))


async def test_the_country_of_a_call_comes_from_the_number(billing: Harness) -> None:
    sheet = await add_sheet(billing, csv="prefix,rate,country\n1,0.01,US\n")
    assert (await price(billing, sheet, "+14165550123")).country == "CA"
    # without a country code it is a number of the reseller's country
    assert (await price(billing, sheet, "(212) 555-0123")).country == "US"


async def test_the_rate_at_the_time_of_answering_applies(billing: Harness) -> None:
    csv = "prefix,rate,effective_from\n91,0.1,\n91,0.2,2026-12-01T00:00Z\n"
    sheet = await add_sheet(billing, csv=csv)
    assert (await price(billing, sheet, "+919812345678")).rate == micros("0.1")
    billing.clock.forward(days=30)
    assert (await price(billing, sheet, "+919812345678")).rate == micros("0.2")
    before = billing.clock.now - timedelta(days=30)
    query = RateCall(rate_sheet_id=sheet.id, destination="+919812345678", seconds=0, at=before)
    found = await billing.ask(query, RESELLER)
    assert (found.rate, found.billed_seconds, found.cost) == (micros("0.1"), 0, 0)


@pytest.mark.parametrize(
    ("destination", "kind"),
    [
        ("+33123456789", "no-rate"),
        ("+91981", "invalid-destination"),
        ("sales", "invalid-destination"),
        ("+923001234567", "rate-blocked"),
    ],
)
async def test_a_call_without_a_price_is_refused_with_the_reason(
    billing: Harness, destination: str, kind: str
) -> None:
    sheet = await add_sheet(billing, csv="prefix,rate,blocked\n91,0.1,\n92,0.1,yes\n")
    query = RateCall(rate_sheet_id=sheet.id, destination=destination, seconds=60)
    assert (await billing.problem(query, RESELLER)).type == kind
