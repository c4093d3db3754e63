"""Rates of up to 8 decimals a minute: read, kept, charged, shown and compared exactly."""

import json
from decimal import ROUND_HALF_UP, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.billing import (
    SLICE_SECONDS,
    AuthorizeCall,
    CallsCharged,
    ChangeRate,
    CopyRateSheet,
    CreditOrder,
    FindBalance,
    FindCountryRates,
    FindRateSheet,
    ListCalls,
    ListRates,
    PreviewCalls,
    Rate,
    RateCall,
    RateSheet,
)
from contracts.exact_rates import FRACTIONS_PER_MICRO, exact_text, rate_text, read_exact
from contracts.values import micros
from services.billing.rating.model.import_job import check_rate
from services.billing.rating.model.imports import ReadRates, read_rates
from services.billing.rating.model.price import SheetRate, affordable_seconds, billed_seconds, cost
from services.billing.rating.model.rows import change_of, summary_of, table_of, with_margin
from services.billing.rating.store.rates import RATES
from tests.billing.charging_world import ANSWERED, SWITCH, UK, World, record
from tests.billing.conftest import (
    add_sheet,
    audit,
    change_rates,
    import_rates,
    open_account,
    opened,
    plan,
)
from tests.billing.rating.test_mapped_files import read
from tests.harness import RESELLER, Harness
from tests.workbooks import workbook

EXACT = "0.01234567"


def sheet_rate(text: str, *, connect_fee: int = 0, least: int = 60, step: int = 60) -> SheetRate:
    """Return a rate as calls are priced by it."""
    rate, fraction = divmod(read_exact(text), FRACTIONS_PER_MICRO)
    return SheetRate("44", rate, connect_fee, least, step, rate_fraction=fraction)


def rate(text: str, prefix: str = "44", **fields: object) -> Rate:
    """Return a rate as it is sent."""
    priced = sheet_rate(text)
    exact = read_exact(text) if priced.rate_fraction else None
    return Rate.model_validate(
        {"prefix": prefix, "rate": priced.rate, "rate_exact": exact, **fields}
    )


def rates_of(found: ReadRates) -> dict[str, str]:
    """Return the rate of each prefix with all of its decimals."""
    return {
        row["prefix"]: exact_text(row["rate"] * FRACTIONS_PER_MICRO + row["rate_fraction"])
        for row in found.rows.to_dicts()
    }


# --- what a call costs ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "text", "terms", "costs"),
    [
        # ten hours to the second: 600 × 0.01234567 = 7.407402, where 600 × 0.012345 is 7.407
        (36_000, EXACT, "1/1/0", "7.4074"),
        # 120 seconds: 2 × 0.12345678 + 0.02 = 0.26691356
        (61, "0.12345678", "60/60/0.02", "0.2669"),
        # 36 seconds: 0.6 × 0.98765432 = 0.592592592
        (31, "0.98765432", "30/6/0", "0.5926"),
        # below the half and at it
        (60, "0.00004999", "60/60/0", "0.0000"),
        (60, "0.00005000", "60/60/0", "0.0001"),
        # a rate that was rounded to 0.00015 would cost 0.0002
        (60, "0.00014999", "60/60/0", "0.0001"),
        # a day at the smallest price: 1,440 × 0.00000001 = 0.0000144
        (86_400, "0.00000001", "1/1/0", "0.0000"),
        # and at one that is worth a coin: 1,440 × 0.00000004 = 0.0000576
        (86_400, "0.00000004", "1/1/0", "0.0001"),
    ],
)
def test_a_call_costs_its_exact_rate_rounded_once(
    seconds: int, text: str, terms: str, costs: str
) -> None:
    least, step, connect = terms.split("/")
    fee = micros(connect)
    priced = sheet_rate(text, connect_fee=fee, least=int(least), step=int(step))
    assert cost(seconds, priced) == micros(costs)
    sent = rate(text, connect_fee=fee, min_duration=int(least), increment=int(step))
    assert cost(seconds, sent) == micros(costs)


PRICED = st.builds(
    SheetRate,
    prefix=st.just("44"),
    rate=st.integers(0, 5_000_000),
    rate_fraction=st.integers(0, 99),
    connect_fee=st.integers(0, 2_000_000),
    min_duration=st.integers(0, 180),
    increment=st.integers(1, 180),
    grace=st.integers(0, 5),
)


@given(seconds=st.integers(1, 86_400), priced=PRICED)
def test_a_cost_is_what_decimal_arithmetic_says(seconds: int, priced: SheetRate) -> None:
    with localcontext(prec=60):
        per_minute = Decimal(priced.rate) / 10**6 + Decimal(priced.rate_fraction) / 10**8
        exact = Decimal(priced.connect_fee) / 10**6
        exact += billed_seconds(seconds, priced) * per_minute / 60
        expected = exact.quantize(Decimal("0.0001"), ROUND_HALF_UP)
    # without a billed second the connect fee isn't charged
    assert cost(seconds, priced) == (
        micros(f"{expected:f}") if billed_seconds(seconds, priced) else 0
    )


@given(priced=PRICED, available=st.integers(0, 10_000_000))
def test_the_longest_affordable_call_is_counted_with_all_decimals(
    priced: SheetRate, available: int
) -> None:
    seconds = affordable_seconds(14_400, 0, available, priced)
    assert cost(seconds, priced) <= available
    assert seconds == 14_400 or cost(seconds + 1, priced) > available


# --- files ----------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["prefix,rate", "code,price"])
def test_a_file_has_up_to_8_decimals_and_is_never_rounded(header: str) -> None:
    text = f"{header}\n1,0.1234567\n2,0.12345678\n3,0.00000001\n4,2.5\n5,0.123456789\n"
    answers = {"price": "rate"} if header == "code,price" else {}
    found = read(text, **answers)
    assert rates_of(found) == {"1": "0.1234567", "2": "0.12345678", "3": "0.00000001", "4": "2.50"}
    (refused,) = found.refused
    assert (refused.line, refused.value) == (6, "0.123456789")
    assert refused.detail == "0.123456789 a minute has more than 8 decimals. Round it to 8."


def test_a_file_without_stated_meanings_is_read_alike() -> None:
    text = 'prefix;rate;connect_fee\n1;0,12345678;0\n2;0.5;"0,1234567"\n3;0,123456789;0\n'
    found = read_rates(text, "UTC", "USD")
    assert rates_of(found) == {"1": "0.12345678"}
    assert [(row.line, row.column) for row in found.refused] == [(3, "connect_fee"), (4, "rate")]
    assert "at most 6 decimals" in found.refused[0].detail
    assert "at most 8 decimals" in found.refused[1].detail


def test_a_price_per_second_is_multiplied_exactly_or_refused_with_its_cause() -> None:
    text = (
        "code,pps\n1,0.00033333\n2,0.0000000005\n3,0.0000000001\n"
        "4,1.000000000000000000000000000000001\n"
    )
    found = read(text, pps="rate_per_second")
    assert rates_of(found) == {"1": "0.0199998", "2": "0.00000003"}
    causes = {row.line: row.detail for row in found.refused}
    assert causes[4] == (
        "0.0000000001 a second is 0.000000006 a minute, which has more than 8 decimals. "
        "Round it to 8."
    )
    assert "more than 8 decimals" in causes[5]


@pytest.mark.parametrize(
    ("stored", "text"),
    [("1.234567E-2", EXACT), ("0.30098304000000003", "0.30098304"), ("1E-8", "0.00000001")],
)
def test_a_number_of_a_workbook_has_the_decimals_that_are_typed(stored: str, text: str) -> None:
    header = "<c t='inlineStr'><is><t>prefix</t></is></c><c t='inlineStr'><is><t>rate</t></is></c>"
    rows = f"<row>{header}</row><row><c><v>44</v></c><c><v>{stored}</v></c></row>"
    found = read(workbook({"Rates": rows}))
    assert (rates_of(found), found.refused) == ({"44": text}, ())


def test_a_connect_fee_of_more_than_6_decimals_is_refused() -> None:
    found = read("code,rate,connect fee\n1,0.1,0.0000001\n", **{"connect fee": "connect_fee"})
    assert [row.detail for row in found.refused] == [
        "0.0000001 has more than 6 decimals. Round it to 6."
    ]


@given(exact=st.integers(0, read_exact("500000")))
def test_what_is_written_is_what_is_read(exact: int) -> None:
    text = exact_text(exact)
    assert read_exact(text) == exact
    for found in (
        read(f"prefix,rate\n44,{text}\n"),
        read_rates(f"prefix,rate\n44,{text}\n", "UTC", ""),
    ):
        assert rates_of(found) == {"44": text}


# --- what a change is -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "cheaper", "dearer"), [("0.01234568", 0, 1), ("0.01234566", 1, 0), (EXACT, 0, 0)]
)
def test_a_change_of_the_last_decimals_is_shown_and_counted(
    after: str, cheaper: int, dearer: int
) -> None:
    current = table_of(rate(EXACT, country="GB")).with_columns(since=1)
    found = change_of(current, read_rates(f"prefix,rate\n44,{after}\n", "UTC", "").rows, "upsert")
    assert (found.cheaper, found.dearer, found.changed) == (cheaper, dearer, cheaper + dearer)
    for one in found.differences:
        assert rate_text(one.rate_before or 0, one.rate_before_exact) == EXACT
        assert rate_text(one.rate_after or 0, one.rate_after_exact) == after
        assert [(c.field, c.before, c.after) for c in one.changes] == [("rate", EXACT, after)]


def test_seconds_of_a_rate_of_hundredths_decide_what_it_costs() -> None:
    current = table_of(rate("0.00000001", country="GB")).with_columns(since=1)
    wanted = table_of(rate("0.00000001", country="GB", increment=1))
    found = change_of(current, wanted, "upsert")
    assert (found.cheaper, found.dearer, found.changed) == (1, 0, 1)


@given(exact=st.integers(0, read_exact("500000")), margin=st.integers(-999_999, 10_000_000))
def test_a_margin_keeps_8_decimals(exact: int, margin: int) -> None:
    found = with_margin(table_of(rate(exact_text(exact))), margin).row(0, named=True)
    with localcontext(prec=60):
        dearer = Decimal(exact) * (10**6 + margin) / 10**6
        expected = int(dearer.quantize(Decimal(1), ROUND_HALF_UP))
    priced = found["rate"] * FRACTIONS_PER_MICRO + found["rate_fraction"]
    assert priced == (max(expected, 1) if exact else 0)


def test_a_summary_has_all_decimals() -> None:
    table = table_of(rate(EXACT), rate("0.01234568", "49"), rate("0.012345", "33"))
    span = summary_of(table, ANSWERED).span
    assert span is not None
    assert (span.lowest, span.lowest_fraction) == (12_345, 0)
    assert (span.highest, span.highest_fraction) == (12_345, 68)


def test_a_typed_rate_keeps_its_decimals() -> None:
    assert check_rate(rate(EXACT)) == (rate(EXACT), [])
    _, (error,) = check_rate(rate("500000.00000001"))
    assert (error.pointer, "above 500,000" in error.detail) == ("/rate", True)


@pytest.mark.parametrize(
    "fields", [{"rate": "0.02", "rate_exact": "0.01234567"}, {"rate": "0.01", "rate_exact": 1}]
)
def test_a_rate_that_says_two_prices_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="rate_exact"):
        Rate.model_validate_json(json.dumps({"prefix": "44", **fields}))


# --- with a database ------------------------------------------------------------------------


async def with_sheet(billing: Harness, text: str = EXACT) -> RateSheet:
    """Open an account whose calls to the United Kingdom have a rate."""
    csv = f"prefix,rate,min_duration,increment\n44,{text},1,1\n49,0.5,60,60\n"
    sheet = await add_sheet(billing, csv=csv)
    ordered = plan(users=1, cost_per_user=0, rate_sheet_id=sheet.id, countries=opened("GB"))
    await open_account(billing, plan=ordered, credit=CreditOrder(amount=micros("10.00")))
    return sheet


async def shown_rates(billing: Harness, sheet_id: str) -> dict[str, str]:
    page = await billing.ask(ListRates(rate_sheet_id=sheet_id), RESELLER)
    return {one.prefix: rate_text(one.rate, one.rate_exact) for one in page.data}


async def test_a_call_is_held_charged_and_shown_by_its_exact_rate(billing: Harness) -> None:
    sheet = await with_sheet(billing)
    world = World(billing)
    query = AuthorizeCall(
        call_id="call-1", account_id="acc_c1", destination=UK, requested_seconds=14_400
    )
    granted = await billing.ask(query, SWITCH)
    assert rate_text(granted.rate or 0, granted.rate_exact) == EXACT
    balance = await billing.ask(FindBalance(account_id="acc_c1"), RESELLER)
    assert balance.held == cost(SLICE_SECONDS, sheet_rate(EXACT, least=1, step=1))
    call = record(seconds=36_000)
    (preview,) = (await billing.ask(PreviewCalls(records=(call,)), RESELLER)).data
    await world.charger.charge([call])
    (entry,) = await world.calls()
    assert entry.call is not None
    assert (entry.amount, entry.call.rate, entry.call.rate_fraction) == (
        -micros("7.4074"),
        12_345,
        67,
    )
    (listed,) = (await billing.ask(ListCalls(account_id="acc_c1"), RESELLER)).data
    ((announced,),) = [event.calls for event in world.bus.events(CallsCharged)]
    query = RateCall(rate_sheet_id=sheet.id, destination=UK, seconds=36_000)
    priced = await billing.ask(query, RESELLER)
    for one in (preview, listed, announced, priced):
        assert (one.rate, one.rate_exact, one.cost) == (12_345, 1_234_567, micros("7.4074"))
    assert await audit(billing) == []


async def test_a_whole_rate_is_announced_without_an_exact_one(billing: Harness) -> None:
    await with_sheet(billing, "0.05")
    world = World(billing)
    await world.charger.charge([record()])
    ((announced,),) = [event.calls for event in world.bus.events(CallsCharged)]
    assert (announced.rate, announced.rate_exact) == (50_000, None)
    found = await billing.database.documents("ledger").find_one({"type": "call"})
    assert found is not None
    assert "rate_fraction" not in found["call"]


async def test_rates_that_were_stored_without_a_fraction_are_what_they_were(
    billing: Harness,
) -> None:
    sheet = await with_sheet(billing, "0.05")
    removed = {"$unset": {"rate_fraction": ""}}
    await billing.database.documents(RATES).update_all({"sheet_id": sheet.id}, removed)
    assert await shown_rates(billing, sheet.id) == {"44": "0.05", "49": "0.50"}
    world = World(billing)
    await world.charger.charge([record()])
    assert [entry.amount for entry in await world.calls()] == [-micros("0.10")]
    report = await import_rates(billing, sheet, "prefix,rate\n44,0.05000001\n49,0.5\n")
    assert (report.changed, report.unchanged, report.dearer) == (1, 1, 1)
    assert await shown_rates(billing, sheet.id) == {"44": "0.05000001", "49": "0.50"}
    assert await audit(billing) == []


async def test_a_sheet_tells_its_span_with_all_decimals(billing: Harness) -> None:
    sheet = await with_sheet(billing)
    found = await billing.ask(FindRateSheet(rate_sheet_id=sheet.id), RESELLER)
    assert (found.lowest_rate, found.lowest_rate_exact) == (12_345, 1_234_567)
    assert (found.highest_rate, found.highest_rate_exact) == (500_000, None)
    countries = await billing.ask(FindCountryRates(rate_sheet_id=sheet.id), RESELLER)
    lowest = {one.country: one.lowest_rate_exact for one in countries.data}
    assert (lowest["GB"], lowest["DE"]) == (1_234_567, None)


async def test_a_copy_and_a_change_by_hand_keep_all_decimals(billing: Harness) -> None:
    sheet = await with_sheet(billing)
    copy = await change_rates(billing, CopyRateSheet(rate_sheet_id=sheet.id, name="Copy"))
    assert await shown_rates(billing, copy.rate_sheet_id) == {"44": EXACT, "49": "0.50"}
    dearer = CopyRateSheet(rate_sheet_id=sheet.id, name="Dearer", margin_percent="10")
    copy = await change_rates(billing, dearer)
    # 0.01234567 × 1.1 = 0.013580237
    assert await shown_rates(billing, copy.rate_sheet_id) == {"44": "0.01358024", "49": "0.55"}
    version = (await billing.ask(FindRateSheet(rate_sheet_id=sheet.id), RESELLER)).version
    typed = rate("0.01234568", country="GB", min_duration=1, increment=1)
    done = await change_rates(
        billing, ChangeRate(rate_sheet_id=sheet.id, version=version, rate=typed)
    )
    assert done.report is not None
    assert (done.report.changed, done.report.dearer) == (1, 1)
    assert await shown_rates(billing, sheet.id) == {"44": "0.01234568", "49": "0.50"}
