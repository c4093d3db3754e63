"""What calls to numbers of every kind come to: asked for, charged by their records, and priced."""

import ast
from pathlib import Path

import pytest

from contracts.billing import (
    AuthorizeCall,
    CallAuthorization,
    ChangeBillingSettings,
    CountryMinutes,
    CreditOrder,
    ExtendCall,
    RateCall,
)
from contracts.calls import DialFormat
from contracts.values import micros
from services import billing as billing_package
from services.billing.rating.model.destination import destination_of
from tests.billing.charging_world import GERMANY, SWITCH, UK, World, record
from tests.billing.conftest import add_sheet, open_account, plan
from tests.harness import RESELLER, Harness

PREMIUM_UK = "+449012345678"
CSV = (
    "prefix,rate,connect_fee,min_duration,increment,blocked\n"
    "44,0.05,0,1,1,\n44101,0,0.15,1,1,\n449012,1.50,0,1,1,\n1,0.01,0,1,1,\n1212,0.02,0,1,1,yes\n"
)


async def ask(billing: Harness, destination: str, **fields: object) -> CallAuthorization:
    asked = {
        "call_id": f"call to {destination}",
        "account_id": "acc_c1",
        "destination": destination,
        "requested_seconds": 60,
        **fields,
    }
    return await billing.ask(AuthorizeCall.model_validate(asked), SWITCH)


async def opened(billing: Harness, home: str, *, premium_allowed: bool = False) -> str:
    """Open an account with credit and an hour to Great Britain; return its sheet."""
    sheet = await add_sheet(billing, "Sheet", csv=CSV)
    ordered = plan(
        users=1,
        cost_per_user=0,
        rate_sheet_id=sheet.id,
        countries=(CountryMinutes(country="GB", minutes=60),),
        premium_allowed=premium_allowed,
    )
    credit = CreditOrder(amount=micros("10"))
    await open_account(billing, plan=ordered, credit=credit, country=home)
    return sheet.id


@pytest.mark.parametrize(
    ("home", "dialled", "reason"),
    [
        ("US", "+19002345678", "premium-not-allowed"),
        ("US", "900 234 5678", "premium-not-allowed"),
        ("US", "+1 500 234 5678", "premium-not-allowed"),
        ("CA", "+19002345678", "premium-not-allowed"),
        ("DE", "0900 1234567", "premium-not-allowed"),
        ("DE", "0180 5 012345", "premium-not-allowed"),
        ("US", PREMIUM_UK, "premium-not-allowed"),
        ("US", "+447012345678", "premium-not-allowed"),
        ("US", "+979123456789", "premium-not-allowed"),
        ("US", "+80812345678", "premium-not-allowed"),
        ("US", "+870301234567", "destination-not-allowed"),
        ("US", "+80012345678", "destination-not-allowed"),
        ("FR", "+49 900 1234567", "premium-not-allowed"),
        ("HK", "90030", "premium-not-allowed"),
        ("IT", "892000", "premium-not-allowed"),
        ("AU", "131126", "premium-not-allowed"),
        ("US", "411", "no-rate"),
        ("IT", "1254", "no-rate"),
        ("DE", "11833", "no-rate"),
        ("GB", "118118", "no-rate"),
        ("US", "0044 20 7946 0321", "invalid-destination"),
        ("US", "+44101", "invalid-destination"),
        ("GB", "101", None),
        ("DE", "116117", None),
        ("US", "112", None),
        ("GB", "999", None),
        ("US", "2001", None),
        ("US", "1 800 234 5678", None),
        ("CA", "1 800 234 5678", None),
        ("US", "011 44 20 7946 0321", None),
        ("IT", "06 1234 5678", None),
    ],
)
async def test_what_a_plan_without_premium_numbers_may_call(
    billing: Harness, home: str, dialled: str, reason: str | None
) -> None:
    await opened(billing, home)
    assert (await ask(billing, dialled)).reason == reason


async def test_a_premium_number_is_paid_by_credit_whatever_bundle_its_country_has(
    billing: Harness,
) -> None:
    await opened(billing, "US", premium_allowed=True)
    granted = await ask(billing, PREMIUM_UK, requested_seconds=1_000)
    assert (granted.rate, granted.max_seconds) == (micros("1.50"), 400)


async def test_a_blocked_row_refuses_calls_at_home_that_are_included(billing: Harness) -> None:
    await opened(billing, "US")
    assert (await ask(billing, "+12125550142")).reason == "rate-blocked"
    assert (await ask(billing, "(312) 555-0142")).rate == 0


async def test_records_are_charged_by_the_kind_of_number_and_never_lost(billing: Harness) -> None:
    world = World(billing)
    await world.open(minutes={"GB": 60})
    told = [
        record("premium", destination=PREMIUM_UK),
        record("bundled", destination=UK),
        record("written", destination=UK[1:], dial_format="e164"),
        record("home", destination="+13125550142"),
        record("emergency", destination="911"),
        record("internal", destination="411", internal=True),
        record("helpline", destination="988"),
        record("home premium", destination="+19002345678"),
        record("short", destination="411"),
    ]
    await world.charger.charge(told)
    charged = {entry.cause: entry for entry in await world.calls()}
    seconds = {key: entry.call and entry.call.free_seconds for key, entry in charged.items()}
    assert seconds.pop("bundled") == seconds.pop("written") == 120
    assert set(seconds.values()) == {0}
    amounts = {key: entry.amount for key, entry in charged.items() if entry.amount}
    assert amounts == {"premium": -micros("0.25")}
    waiting = {(one["call_id"], one["reason"]) for one in await world.repairs()}
    assert waiting == {("home premium", "no-rate"), ("short", "no-rate")}


async def test_a_bundle_works_below_zero_and_credit_does_not(billing: Harness) -> None:
    world = World(billing)
    await world.open(credit="10.00", minutes={"DE": 10, "GB": 0})
    await world.charger.charge([record("unasked", seconds=20_000)])
    assert (await world.calls())[-1].balance_after < 0
    granted = await ask(billing, GERMANY, requested_seconds=1_800)
    assert (granted.granted, granted.seconds, granted.max_seconds) == (True, 300, 600)
    billing.clock.forward(seconds=290)
    extended = await billing.ask(ExtendCall(call_id=f"call to {GERMANY}"), SWITCH)
    assert (extended.granted, extended.seconds) == (True, 600)
    assert (await ask(billing, UK)).reason == "insufficient-credit"


@pytest.mark.parametrize(
    ("destination", "kind", "premium", "cost"),
    [
        ("112", "emergency", False, "0"),
        ("7001", "extension", False, "0"),
        ("116000", "short", False, "0"),
        ("101", "short", False, "0.15"),
        ("020 7946 0321", "number", False, "0.05"),
        (PREMIUM_UK, "number", True, "1.50"),
    ],
)
async def test_the_price_box_knows_the_kinds_of_numbers(
    billing: Harness, destination: str, kind: str, *, premium: bool, cost: str
) -> None:
    sheet_id = await opened(billing, "GB")
    reseller = billing.database.documents("wallets")
    await reseller.update({"_id": "acc_r1"}, {"$set": {"country": "GB"}})
    query = RateCall(rate_sheet_id=sheet_id, destination=destination, seconds=60)
    found = await billing.ask(query, RESELLER)
    assert (found.kind, found.premium, found.cost) == (kind, premium, micros(cost))


async def test_the_price_box_tells_a_short_number_that_needs_a_row_and_a_blocked_one(
    billing: Harness,
) -> None:
    sheet_id = await opened(billing, "US")
    for destination, kind in (("411", "no-rate"), ("+12125550142", "rate-blocked")):
        query = RateCall(rate_sheet_id=sheet_id, destination=destination, seconds=60)
        assert (await billing.problem(query, RESELLER)).type == kind


@pytest.mark.parametrize(
    ("dialled", "home", "dial_format", "number"),
    [
        ("34912345678", "US", "e164", "+34912345678"),
        ("0034912345678", "US", "e164", "+34912345678"),
        ("+34 912 345 678", "US", "e164", "+34912345678"),
        ("01134912345678", "US", "e164", None),
        ("912345678", "ES", "e164", None),
        ("390669821234", "IT", "e164", "+390669821234"),
        ("77012345678", "RU", "e164", "+77012345678"),
        ("01134912345678", "US", "national", "+34912345678"),
        ("0034912345678", "GB", "national", "+34912345678"),
        ("0034912345678", "US", "national", None),
        ("001134912345678", "AU", "national", "+34912345678"),
        ("912345678", "ES", "national", "+34912345678"),
        ("06 6982 1234", "IT", "national", "+390669821234"),
        ("(020) 7946 0321", "GB", "national", "+442079460321"),
        ("٠٢٠٧٩٤٦٠٣٢١", "GB", "national", "+442079460321"),
    ],
)
def test_a_destination_is_read_as_the_switch_writes_it(
    dialled: str, home: str, dial_format: DialFormat, number: str | None
) -> None:
    found = destination_of(dialled, home, dial_format)
    assert (found.number if found.kind == "number" else None) == number


async def test_a_reseller_says_how_its_switches_write_destinations_that_do_not_say_it(
    billing: Harness,
) -> None:
    world = World(billing)
    await world.open()
    assert (await ask(billing, UK[1:])).reason == "invalid-destination"
    await billing.ask(ChangeBillingSettings(version=1, dial_format="e164"), RESELLER)
    billing.clock.forward(seconds=1)
    assert (await ask(billing, UK[1:])).country == "GB"
    assert (await ask(billing, "020 7946 0321")).reason == "invalid-destination"
    assert (await ask(billing, UK[1:], dial_format="national")).reason == "invalid-destination"
    await world.charger.charge([record(destination=UK[1:])])
    (charged,) = await world.calls()
    assert charged.call is not None
    assert charged.call.destination == UK


def test_values_with_several_numbers_side_by_side_are_built_by_keyword() -> None:
    """Two integers that change places are seen by no type checker."""
    watched = {"ChargedCall", "LedgerHead", "Settled"}
    folder = Path(billing_package.__file__).parent
    positional = [
        f"{path.name}:{call.lineno}"
        for path in folder.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in watched
        and call.args
    ]
    assert positional == []
