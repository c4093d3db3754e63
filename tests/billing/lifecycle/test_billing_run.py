"""What a run bills: lines, tax, and what is charged or due, worked out without a database."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.billing import EntryType, PricedNumber
from contracts.values import micros
from services.billing.base.model.billing_settings import StoredSettings
from services.billing.base.model.money import tax_on
from services.billing.base.model.period import begin_of
from services.billing.invoicing.model.invoice_lines import CHARGED_LINES_MAX, Arrears, More
from services.billing.ledger.model.ledger import BillingAccount, Entry
from services.billing.ledger.model.usage import CountryUsage
from services.billing.lifecycle.model.billing_run import Bill, final_bill, renewal_bill
from services.billing.plans.model.plan import StoredPlan

OPENED = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ZONE = "America/New_York"
NOTHING = Arrears(after_seq=7, up_to_seq=7, charged=(), usage=())


def billing_account(**fields: Any) -> BillingAccount:  # noqa: ANN401 - any part of a billing account
    return BillingAccount.model_validate(
        {
            "id": "acc_c1",
            "parent_path": ("platform", "acc_r1"),
            "currency": "USD",
            "country": "US",
            "time_zone": ZONE,
            "opened_at": OPENED,
            "anchor_day": 22,
            "renews_at": begin_of(date(2026, 12, 22), ZONE),
            **fields,
        }
    )


def office(**fields: Any) -> StoredPlan:  # noqa: ANN401 - any part of a plan
    return StoredPlan.model_validate(
        {
            "account_id": "acc_c1",
            "reseller_id": "acc_r1",
            "name": "Office",
            "users": 3,
            "cost_per_user": micros("3.3333"),
            "rate_sheet_id": "",
            "numbers": (),
            "countries": (),
            "created_at": OPENED,
            **fields,
        }
    )


def entry(
    amount: str, kind: EntryType = "users", seq: int = 8, percent: str | None = None
) -> Entry:
    """Return a charge; without a percentage one that is older than the field for it."""
    fixed = None if percent is None else micros(percent)
    return Entry(
        tax_percent=fixed,
        tax=tax_on(micros(amount), fixed or 0, "USD"),
        key=f"entry:{seq}",
        type=kind,
        amount=micros(amount),
        text=f"Entry {seq}",
        account_id="acc_c1",
        seq=seq,
        at=OPENED,
        balance_after=0,
        seconds_after={},
        cause="request",
        actor="usr_1",
    )


def owed(*charged: Entry, usage: tuple[CountryUsage, ...] = ()) -> Arrears:
    return Arrears(after_seq=7, up_to_seq=7 + len(charged), charged=charged, usage=usage)


def renewed(arrears: Arrears, *, available: str, percent: str = "0.00") -> Bill:
    vat = StoredSettings(tax_name="VAT", tax_percent=micros(percent))
    plan = office()
    return renewal_bill(
        billing_account(), plan, plan, arrears, settings=vat, available=micros(available)
    )


@pytest.mark.parametrize(
    ("available", "percent", "due", "moved"),
    [
        # three users at 3.3333 are 10.00
        ("10.00", "0.00", "0.00", ["-10.00"]),
        ("9.9999", "0.00", "10.00", []),
        ("-5.00", "0.00", "10.00", []),
        # users and tax together, or nothing
        ("11.90", "19.00", "0.00", ["-10.00", "-1.90"]),
        ("11.89", "19.00", "11.90", []),
    ],
)
def test_what_is_recurring_is_charged_whole_or_is_due(
    available: str, percent: str, due: str, moved: list[str]
) -> None:
    bill = renewed(NOTHING, available=available, percent=percent)
    assert bill.invoice.due == micros(due)
    assert [movement.amount for movement in bill.movements] == [micros(one) for one in moved]
    assert (bill.invoice.after_seq, bill.invoice.up_to_seq) == (7, 7)
    assert bill.invoice.id == "inv_acc_c1_2026-12-22"


def test_what_was_credited_reduces_the_total_and_its_tax() -> None:
    bill = renewed(owed(entry("6.00")), available="0.00", percent="10.00")
    assert [line.amount for line in bill.invoice.lines] == [
        micros("10.00"),
        micros("-6.00"),
        micros("0.40"),
    ]
    # the 6.00 are in the balance since then
    assert bill.invoice.due == micros("10.40")
    assert bill.invoice.kind == "invoice"


@pytest.mark.parametrize(("available", "kind"), [("100.00", "credit-note"), ("0.00", "invoice")])
def test_a_total_below_zero_is_a_credit_note_unless_something_is_due(
    available: str, kind: str
) -> None:
    bill = renewed(owed(entry("60.00")), available=available)
    assert bill.invoice.total == micros("-50.00")
    assert (bill.invoice.kind, bill.invoice.due > 0) == (kind, kind == "invoice")


def test_a_credit_of_tax_is_given_whatever_the_balance() -> None:
    """More was credited than is recurring: the tax on it comes back, and nothing is due."""
    bill = renewed(owed(entry("200.00")), available="-1.00", percent="19.00")
    assert [movement.amount for movement in bill.movements] == [micros("-10.00"), micros("36.10")]
    assert (bill.invoice.due, bill.invoice.kind) == (0, "credit-note")


def test_many_changes_have_one_line_for_what_goes_beyond() -> None:
    shown = [entry("-0.01", seq=8 + number) for number in range(CHARGED_LINES_MAX)]
    more = More(number=1_100, amount=micros("11.00"))
    bill = renewed(owed(*shown)._replace(more=(more,)), available="100.00")
    line = bill.invoice.lines[-1]
    assert (line.text, line.amount) == ("1,100 more charges and credits", micros("11.00"))
    assert bill.invoice.total == micros("26.00")
    assert bill.invoice.paid_by_credit == micros("26.00")


def called(country: str | None, charges: int, tax_percent: int = 0) -> CountryUsage:
    """Return the usage of one billed minute; money in micro-units."""
    return CountryUsage(
        country=country,
        billed_calls=1,
        rated_seconds=60,
        charges=charges,
        tax_percent=tax_percent,
    )


def test_calls_come_by_name_of_country_and_those_without_one_last() -> None:
    usage = tuple(called(country, micros("0.1234")) for country in (None, "GB", "AE", "DE"))
    bill = renewed(owed(usage=usage), available="100.00")
    assert [line.text for line in bill.invoice.lines[1:]] == [
        "Calls to Germany",
        "Calls to United Arab Emirates",
        "Calls to United Kingdom",
        "Calls to satellite and international networks",
    ]
    assert bill.invoice.total == bill.invoice.paid_by_credit == micros("10.48")
    assert bill.invoice.rounding == micros("0.0136")


def test_a_new_billing_account_is_billed_for_what_its_opening_charged_only() -> None:
    new = billing_account(renews_at=OPENED)
    number = PricedNumber(number="+14155550142", setup_fee=0, monthly_fee=micros("1.50"))
    plan = office(numbers=(number,))
    arrears = owed(entry("-10.00"), entry("-1.50", "number-rent", 9))
    bill = renewal_bill(new, plan, plan, arrears, settings=StoredSettings(), available=0)
    assert [line.kind for line in bill.invoice.lines] == ["users", "number-rent"]
    assert (bill.invoice.due, bill.movements) == (0, ())
    assert bill.invoice.period_start == date(2026, 11, 22)


def test_a_last_invoice_without_lines_is_nothing() -> None:
    vat = StoredSettings(tax_name="VAT", tax_percent=micros("19.00"))
    bill = final_bill(
        billing_account(), office(), NOTHING, settings=vat, balance=0, day=date(2026, 12, 3)
    )
    assert bill.is_nothing
    assert bill.movements == ()
    assert not renewed(NOTHING, available="0.00").is_nothing


def test_tax_is_that_of_the_time_of_the_charge_in_one_line_per_percentage() -> None:
    """What was charged at 19 per cent stays so, when 7 per cent are in force by now."""
    early, late = (micros("19.00"), micros("7.00"))
    usage = (
        called("GB", micros("10.004"), early),
        called("GB", micros("1.00"), late),
    )
    arrears = owed(entry("-100.00", percent="19.00"), usage=usage)
    bill = renewed(
        arrears._replace(taxes={early: micros("19.00")}), available="100.00", percent="7.00"
    )
    # 19 % of 100.00 and 10.00; 7 % of three users at 3.3333, which are 10.00, and of 1.00
    assert [(line.text, line.amount) for line in bill.invoice.lines if line.kind == "tax"] == [
        ("VAT 19 %", micros("20.90")),
        ("VAT 7 %", micros("0.77")),
    ]
    assert [(one.text, one.amount, one.tax_percent) for one in bill.movements] == [
        ("Office: 3 users", -micros("10.00"), late),
        ("VAT 19 %", -micros("1.90"), early),
        ("VAT 7 %", -micros("0.77"), late),
    ]
    assert bill.invoice.due == 0


def test_a_last_invoice_takes_tax_of_several_percentages_as_far_as_the_balance_goes() -> None:
    early, late = (micros("19.00"), micros("7.00"))
    usage = (
        called("GB", micros("10.00"), early),
        called("GB", micros("10.00"), late),
    )
    bill = final_bill(
        billing_account(),
        office(),
        owed(usage=usage),
        settings=StoredSettings(tax_name="VAT", tax_percent=late),
        balance=micros("1.005"),
        day=date(2026, 12, 3),
    )
    assert bill.invoice.total == micros("22.60")
    assert sum(one.amount for one in bill.movements) == -micros("1.00")
    assert bill.invoice.due == micros("1.60")


@given(
    st.lists(st.integers(-3_000, 3_000), max_size=6),
    st.integers(0, 10**7),
    st.integers(-2_000, 6_000),
    st.integers(0, 1_000_000),
    st.integers(0, 1_000_000),
)
def test_what_is_due_is_whole_coins_and_never_below_zero(
    charged: list[int], calls: int, available: int, percent: int, before: int
) -> None:
    """Also when the charges were taxed already, at another percentage than by now."""
    fixed = before * 100
    entries = [
        entry("0.00", seq=8 + number).model_copy(
            update={
                "amount": amount * 10_000,
                "tax_percent": fixed,
                "tax": tax_on(amount * 10_000, fixed, "USD"),
            }
        )
        for number, amount in enumerate(charged)
    ]
    usage = (called("GB", calls * 100),)
    vat = StoredSettings(tax_name="VAT", tax_percent=percent * 100)
    taken = {fixed: -sum(one.tax for one in entries)}
    plan, arrears = office(), owed(*entries, usage=usage)._replace(taxes=taken)
    bill = renewal_bill(
        billing_account(), plan, plan, arrears, settings=vat, available=available * 10_000
    )
    moved = sum(movement.amount for movement in bill.movements)
    assert bill.invoice.due >= 0
    assert bill.invoice.due % 10_000 == 0
    assert bill.invoice.total == arrears.amount + bill.invoice.due - moved - bill.invoice.rounding
    assert bill.invoice.total % 10_000 == 0
    assert abs(bill.invoice.rounding) <= 5_000
    assert moved >= -max(available * 10_000, 0)
    last = final_bill(
        billing_account(),
        plan,
        arrears,
        settings=vat,
        balance=available * 10_000 + 7,
        day=date(2026, 12, 3),
    )
    assert last.invoice.due >= 0
    assert last.invoice.due % 10_000 == 0
