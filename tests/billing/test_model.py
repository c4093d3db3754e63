"""Plans, sheets and ledgers: what may be ordered, what it charges, how a ledger goes on."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.billing import CountryMinutes, CreditOrder, PlanOrder, PricedNumber
from contracts.names import name_key, trimmed
from contracts.values import AMOUNT_MICROS_MAX, micros
from services.billing.audit.model.chain import Chain
from services.billing.base.model.names import check_plan_name, check_sheet_name
from services.billing.ledger.model.ledger import (
    BillingAccount,
    Entry,
    LedgerHead,
    entries_after,
    head_of,
)
from services.billing.ledger.model.movement import Movement, closing_movement, credit_movement
from services.billing.plans.model.plan import OpeningOrder, monthly_charge, opening_charges
from services.billing.plans.model.plan_checks import check_order
from services.billing.rating.model.sheet import Sheet, Span, Summary

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)

SHEET = Sheet(
    id="sheet_1",
    reseller_id="acc_r1",
    name="Standard",
    currency="USD",
    summary=Summary(rates=2, countries={"IN": Span(lowest=1, highest=2)}),
    created_at=NOW,
    changed_at=NOW,
)

NUMBERS = (
    PricedNumber(number="+14155550142", setup_fee=0, monthly_fee=micros("1.50")),
    PricedNumber(number="+442079460321", setup_fee=micros("1.00"), monthly_fee=micros("2.20")),
)


def order(credit: str | None = "500.00", **plan: Any) -> OpeningOrder:  # noqa: ANN401 - any part of a plan
    fields: dict[str, Any] = {
        "name": "Office 12",
        "users": 12,
        "cost_per_user": micros("14.00"),
        "rate_sheet_id": "sheet_1",
        "countries": (CountryMinutes(country="IN", minutes=300),),
        **plan,
    }
    return OpeningOrder(
        plan=PlanOrder(**fields),
        credit=None if credit is None else CreditOrder(amount=micros(credit)),
        numbers=NUMBERS,
        currency="USD",
        time_zone="America/New_York",
        accepted_at=NOW,
    )


# --- orders ---------------------------------------------------------------------------------


def test_a_good_order_has_no_errors() -> None:
    assert check_order(order(), SHEET, name_taken=False) == []


@pytest.mark.parametrize(
    ("plan", "pointer", "kind"),
    [
        ({"name": "  "}, "/plan/name", "required"),
        ({"name": "x" * 129}, "/plan/name", "too-long"),
        ({"name": "Office <12>"}, "/plan/name", "invalid-characters"),
        ({"name": ".,&'-"}, "/plan/name", "invalid-characters"),
        ({"users": 0}, "/plan/users", "out-of-range"),
        ({"users": 10_001}, "/plan/users", "out-of-range"),
        ({"cost_per_user": -1}, "/plan/cost_per_user", "out-of-range"),
        ({"cost_per_user": 14_000_010}, "/plan/cost_per_user", "too-many-decimals"),
        ({"cost_per_user": AMOUNT_MICROS_MAX // 100 * 100}, "/plan/cost_per_user", "too-large"),
        ({"rate_sheet_id": ""}, "/plan/rate_sheet_id", "required"),
        (
            {"countries": (CountryMinutes(country="XX"),)},
            "/plan/countries/0/country",
            "unknown-country",
        ),
        (
            {"countries": (CountryMinutes(country="IN"), CountryMinutes(country="IN"))},
            "/plan/countries/1/country",
            "duplicate",
        ),
        ({"countries": (CountryMinutes(country="FR"),)}, "/plan/countries/0/country", "no-rate"),
        (
            {"countries": (CountryMinutes(country="IN", minutes=-1),)},
            "/plan/countries/0/minutes",
            "out-of-range",
        ),
        (
            {"countries": (CountryMinutes(country="IN", minutes=1_000_001),)},
            "/plan/countries/0/minutes",
            "out-of-range",
        ),
    ],
)
def test_a_wrong_field_is_pointed_at(plan: dict[str, Any], pointer: str, kind: str) -> None:
    errors = check_order(order(**plan), SHEET, name_taken=False)
    assert [(error.pointer, error.type) for error in errors] == [(pointer, kind)]
    assert errors[0].detail


def test_all_wrong_fields_are_told_at_once() -> None:
    wrong = order(
        "0.001",
        name="",
        users=0,
        cost_per_user=-1,
        countries=(CountryMinutes(country="XX", minutes=-1), CountryMinutes(country="FR")),
    ).model_copy(update={"time_zone": "Mars/Olympus"})
    errors = check_order(wrong, None, name_taken=True)
    assert [error.pointer for error in errors] == [
        "/time_zone",
        "/plan/name",
        "/plan/name",
        "/plan/users",
        "/plan/cost_per_user",
        "/plan/rate_sheet_id",
        "/plan/countries/0/country",
        "/plan/countries/0/minutes",
        "/credit/amount",
    ]


def test_a_sheet_in_another_currency_does_not_fit() -> None:
    euros = SHEET.model_copy(update={"currency": "EUR"})
    (error,) = check_order(order(), euros, name_taken=False)
    assert (error.pointer, error.type) == ("/plan/rate_sheet_id", "currency-mismatch")


@pytest.mark.parametrize(
    ("amount", "currency", "kind"),
    [
        ("0.00", "USD", "out-of-range"),
        ("-5.00", "USD", "out-of-range"),
        ("0.001", "USD", "too-many-decimals"),
        ("0.01", "USD", ""),
        ("1.50", "JPY", "too-many-decimals"),
        ("2.00", "JPY", ""),
        ("1.005", "KWD", ""),
        ("1.0005", "KWD", "too-many-decimals"),
    ],
)
def test_credit_is_above_zero_with_the_decimals_of_its_currency(
    amount: str, currency: str, kind: str
) -> None:
    ordered = order(amount).model_copy(update={"plan": None, "currency": currency})
    errors = check_order(ordered, None, name_taken=False)
    assert [error.type for error in errors] == ([kind] if kind else [])


def test_nothing_needs_to_be_ordered() -> None:
    nothing = order(None).model_copy(update={"plan": None})
    assert check_order(nothing, None, name_taken=False) == []
    assert (nothing.total, nothing.credit_amount, nothing.charges) == (0, 0, ())


def test_opening_charges_users_and_each_number() -> None:
    lines = [(line.type, line.text, line.amount) for line in order().charges]
    assert lines == [
        ("users", "12 users × $14.00", micros("168.00")),
        ("number-rent", "+1 415-555-0142, first month", micros("1.50")),
        ("number-setup", "+44 20 7946 0321, set-up", micros("1.00")),
        ("number-rent", "+44 20 7946 0321, first month", micros("2.20")),
    ]
    assert order().total == micros("172.70")
    month, today = (
        (date(2026, 11, 22), date(2026, 12, 22)),
        (date(2026, 11, 22), date(2026, 11, 23)),
    )
    assert [line.days for line in order().charges] == [month, month, today, month]
    assert monthly_charge(order().charges) == micros("171.70")


def test_the_ledger_begins_with_credit_and_each_key_is_its_own() -> None:
    movements = order().movements("acc_1")
    assert [(movement.key, movement.amount) for movement in movements] == [
        ("open:acc_1:credit", micros("500.00")),
        ("open:acc_1:users", -micros("168.00")),
        ("open:acc_1:number-rent:+14155550142", -micros("1.50")),
        ("open:acc_1:number-setup:+442079460321", -micros("1.00")),
        ("open:acc_1:number-rent:+442079460321", -micros("2.20")),
    ]


@given(
    st.integers(1, 10_000),
    st.integers(0, 10**10).map(lambda tenths: tenths * 100),
    st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), max_size=5),
)
def test_a_total_is_the_sum_of_its_rounded_lines(
    users: int, cost_per_user: int, fees: list[tuple[int, int]]
) -> None:
    plan = PlanOrder(name="Office", users=users, cost_per_user=min(cost_per_user, 10**11))
    numbers = [
        PricedNumber(number=f"+4420794600{index:02d}", setup_fee=setup, monthly_fee=monthly)
        for index, (setup, monthly) in enumerate(fees)
    ]
    charges = opening_charges(plan, numbers, "USD", NOW.date())
    for charge in charges:
        assert charge.amount % 10_000 == 0
        assert -5_000 < charge.amount - charge.quantity * charge.unit_price <= 5_000
    once = sum(charge.amount for charge in charges if charge.type == "number-setup")
    assert sum(charge.amount for charge in charges) == monthly_charge(charges) + once


# --- names ------------------------------------------------------------------------------------


def test_names_are_the_same_whatever_their_case_and_spaces() -> None:
    assert name_key("  Office   12 ") == name_key("OFFICE 12")
    assert name_key("Café") == name_key("CAFE\u0301")
    assert trimmed(" Office\t12\n") == "Office 12"


def test_names_may_be_of_any_script() -> None:
    assert check_plan_name("Büro 12, Zürich & Co. 'A'-B") == []
    assert check_plan_name("नई दिल्ली") == []
    assert check_sheet_name("Standard A–Z (2026)") == []
    assert [error.type for error in check_sheet_name("—")] == ["invalid-characters"]
    assert [error.type for error in check_sheet_name("a\x00b")] == ["invalid-characters"]
    assert [error.type for error in check_sheet_name("")] == ["required"]


# --- the ledger -------------------------------------------------------------------------------


def billing_account(**fields: Any) -> BillingAccount:  # noqa: ANN401 - any part of a billing account
    return BillingAccount.model_validate(
        {
            "id": "acc_1",
            "parent_path": ("platform", "acc_r1"),
            "currency": "USD",
            "country": "US",
            "time_zone": "America/New_York",
            "opened_at": NOW,
            "anchor_day": 22,
            "opening_seconds": {"IN": 18_000},
            **fields,
        }
    )


def movement(amount: int, key: str = "k") -> Movement:
    return Movement(key=key, type="adjustment", amount=amount, text="")


def test_a_billing_account_without_entries_has_nothing_but_its_bundles() -> None:
    head = head_of(billing_account(), None)
    assert (head.seq, head.balance, head.seconds_left) == (0, 0, 18_000)


def test_nothing_moves_by_zero() -> None:
    assert (
        entries_after(head_of(billing_account(), None), [movement(0)], now=NOW, cause="", actor="")
        == ()
    )


@given(st.lists(st.integers(-(10**12), 10**12), max_size=30), st.lists(st.integers(-99, 99)))
def test_entries_make_a_chain_whatever_the_clocks_say(
    amounts: list[int], clock_errors: list[int]
) -> None:
    head = head_of(billing_account(), None)
    chain = Chain(account_id="acc_1")
    entries: list[Entry] = []
    for index, amount in enumerate(amounts):
        error = clock_errors[index % len(clock_errors)] if clock_errors else 0
        now = NOW + timedelta(seconds=index + error)
        more = entries_after(head, [movement(amount)], now=now, cause="c", actor="a")
        for entry in more:
            chain = chain.after(entry)
            head = head_of(billing_account(), entry)
        entries += more
    assert chain.fault == ""
    assert head.balance == sum(amounts)
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
    assert all(entry.seconds_after == {"IN": 18_000} for entry in entries)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seq": 3}, "entry 1 is followed by entry 3"),
        ({"amount": 6}, "entry 2 does not carry on"),
        ({"at": NOW - timedelta(seconds=1)}, "entry 2 is older"),
    ],
)
def test_an_audit_sees_what_is_wrong(change: dict[str, Any], words: str) -> None:
    start = head_of(billing_account(), None)
    first, second = entries_after(start, [movement(5), movement(7)], now=NOW, cause="", actor="")
    chain = Chain(account_id="acc_1").after(first).after(second.model_copy(update=change))
    assert chain.fault.startswith("ledger of acc_1: ")
    assert words in chain.fault
    # the first fault is the one that is told
    assert chain.after(second.model_copy(update={"seq": 9})).fault == chain.fault


def test_credit_is_described_with_its_note() -> None:
    assert credit_movement("k", 1, "").text == "Credit added"
    assert credit_movement("k", 1, "Welcome").text == "Credit added: Welcome"


def test_closing_pays_out_credit_and_writes_off_a_debt() -> None:
    left, nothing, debt = (closing_movement("acc_1", balance) for balance in (5, 0, -5))
    assert (left.type, left.amount) == ("refund", -5)
    assert nothing.amount == 0
    assert (debt.type, debt.amount) == ("write-off", 5)


def test_the_standing_is_what_the_last_entry_says() -> None:
    start = LedgerHead(account_id="acc_1", seq=4, at=NOW, balance=10, seconds={"IN": 60, "GB": 1})
    (entry,) = entries_after(start, [movement(-3)], now=NOW, cause="", actor="")
    assert (entry.seq, entry.balance_after) == (5, 7)
    assert head_of(billing_account(), entry).seconds_left == 61


# --- renewals ---------------------------------------------------------------------------------


def test_the_renewal_day_is_that_of_the_accounts_zone() -> None:
    # 03:00 in UTC is still the day before in New York
    night = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
    assert billing_account(anchor_day=22).next_renewal(night) == date(2026, 11, 22)
    assert billing_account(anchor_day=22).next_renewal(night + timedelta(hours=2)) == date(
        2026, 12, 22
    )
