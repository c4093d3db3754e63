"""Changing a plan within a period: the requirements' examples, and rules for any plan and day."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.billing import USERS_MAX, CountryMinutes, PlanChange, PricedNumber
from contracts.values import AMOUNT_MICROS_MAX, decimal_text, micros
from services.billing.base.model.money import minor_unit
from services.billing.base.model.period import Period, period_of
from services.billing.lifecycle.model.plan_numbers import (
    check_numbers,
    propose_numbers,
    without_numbers,
)
from services.billing.plans.model.plan import StoredPlan
from services.billing.plans.model.plan_change import (
    Proposal,
    Today,
    check_change,
    propose,
    scheduled_sentences,
)
from services.billing.rating.model.sheet import Sheet, Span, Summary

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
NOVEMBER = Period(date(2026, 11, 1), date(2026, 12, 1))
LONDON = PricedNumber(number="+442079460321", setup_fee=micros("1.00"), monthly_fee=micros("2.20"))
NEW_YORK = PricedNumber(number="+12125550123", setup_fee=0, monthly_fee=micros("1.50"))

SHEET = Sheet(
    id="sheet_2",
    reseller_id="acc_r1",
    name="Standard",
    currency="USD",
    summary=Summary(
        rates=3, countries={code: Span(lowest=1, highest=2) for code in ("IN", "GB", "DE")}
    ),
    created_at=NOW,
    changed_at=NOW,
)


def plan(**fields: Any) -> StoredPlan:  # noqa: ANN401 - any part of a plan
    return StoredPlan.model_validate(
        {
            "account_id": "acc_1",
            "reseller_id": "acc_r1",
            "name": "Office 12",
            "users": 10,
            "cost_per_user": micros("30.00"),
            "rate_sheet_id": "sheet_1",
            "numbers": (),
            "countries": (),
            "created_at": NOW,
            **fields,
        }
    )


def opened(**minutes: int) -> tuple[CountryMinutes, ...]:
    return tuple(
        CountryMinutes(country=country, minutes=count) for country, count in minutes.items()
    )


def proposed(before: StoredPlan, day: int = 11, **change: Any) -> Proposal:  # noqa: ANN401 - any change
    return propose(before, PlanChange(**change), Today(date(2026, 11, day), NOVEMBER, "USD"))


def amounts(proposal: Proposal) -> list[str]:
    return [decimal_text(line.amount) for line in proposal.lines]


# --- users and their cost ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "users", "amount", "text"),
    [
        # the requirements: 30.00, a month of 30 days, added on day 11
        (11, 11, "20.00", "1 added user × $30.00, 20 of 30 days"),
        (1, 11, "30.00", "1 added user × $30.00, 30 of 30 days"),
        (30, 12, "2.00", "2 added users × $30.00, 1 of 30 days"),
        (11, 9, "-19.00", "1 removed user × $30.00, 19 of 30 days"),
        (1, 1, "-261.00", "9 removed users × $30.00, 29 of 30 days"),
        (30, 9, "0.00", "1 removed user × $30.00, 0 of 30 days"),
    ],
)
def test_users_are_charged_with_today_and_credited_without_it(
    day: int, users: int, amount: str, text: str
) -> None:
    proposal = proposed(plan(), day, users=users)
    (line,) = proposal.lines
    assert (decimal_text(line.amount), line.text) == (amount, text)
    assert (line.type, line.quantity, line.unit_price) == ("users", users - 10, micros("30.00"))
    assert proposal.plan.users == users
    assert proposal.plan.version == 2


@pytest.mark.parametrize(
    ("currency", "cost", "day", "amount"),
    [
        ("USD", "10.00", 12, "6.33"),
        ("USD", "0.75", 12, "0.48"),  # 0.475 is rounded up
        ("JPY", "1000.00", 12, "633.00"),
        ("JPY", "75.00", 12, "48.00"),
        ("KWD", "1.00", 12, "0.633"),
    ],
)
def test_a_line_is_rounded_half_up_to_the_minor_unit(
    currency: str, cost: str, day: int, amount: str
) -> None:
    before = plan(cost_per_user=micros(cost))
    # who is removed a day earlier is credited for as many days
    for users, on_day, sign in ((11, day, 1), (9, day - 1, -1)):
        change = PlanChange(users=users)
        (line,) = propose(before, change, Today(date(2026, 11, on_day), NOVEMBER, currency)).lines
        assert line.amount == sign * micros(amount)


def test_nothing_is_charged_when_nothing_changes() -> None:
    before = plan(countries=opened(IN=300))
    same = proposed(
        before,
        users=10,
        cost_per_user=micros("30.00"),
        apply_now=True,
        rate_sheet_id="sheet_1",
        countries=before.countries,
        domestic_policy="included",
    )
    assert same.plan is before
    assert same.lines == ()
    assert same.movements("k") == ()


def test_another_cost_per_user_waits_for_the_next_period() -> None:
    proposal = proposed(plan(), cost_per_user=micros("33.00"))
    assert proposal.lines == ()
    assert proposal.plan.cost_per_user == micros("30.00")
    assert proposal.plan.next_cost_per_user == micros("33.00")
    assert scheduled_sentences(proposal.plan, "USD") == ("Cost per user: $33.00 (was $30.00).",)
    assert proposal.plan.renewed().monthly_charge("USD") == micros("330.00")


def test_the_cost_that_is_in_force_ends_the_waiting_of_another() -> None:
    waiting = plan(next_cost_per_user=micros("33.00"))
    back = proposed(waiting, cost_per_user=micros("30.00"))
    assert back.plan.next_cost_per_user is None
    assert back.lines == ()
    now = proposed(waiting, cost_per_user=micros("31.00"), apply_now=True)
    assert now.plan.next_cost_per_user is None
    assert now.plan.cost_per_user == micros("31.00")
    still = proposed(waiting, users=11)
    assert still.plan.next_cost_per_user == micros("33.00")
    assert amounts(still) == ["20.00"]


@pytest.mark.parametrize(
    ("cost", "amount", "text"),
    [
        ("33.00", "20.00", "10 users × $33.00 (was $30.00), 20 of 30 days"),
        ("27.00", "-20.00", "10 users × $27.00 (was $30.00), 20 of 30 days"),
        ("0.00", "-200.00", "10 users × $0.00 (was $30.00), 20 of 30 days"),
    ],
)
def test_a_cost_that_applies_now_charges_the_difference_for_the_days_left_with_today(
    cost: str, amount: str, text: str
) -> None:
    proposal = proposed(plan(), cost_per_user=micros(cost), apply_now=True)
    assert amounts(proposal) == [amount]
    assert [line.text for line in proposal.lines] == [text]
    assert proposal.plan.cost_per_user == micros(cost)


def test_users_come_before_their_cost() -> None:
    more = proposed(plan(), users=12, cost_per_user=micros("33.00"), apply_now=True)
    assert amounts(more) == ["40.00", "24.00"]
    fewer = proposed(plan(), users=8, cost_per_user=micros("33.00"), apply_now=True)
    assert amounts(fewer) == ["-38.00", "16.00"]
    later = proposed(plan(), users=12, cost_per_user=micros("33.00"))
    assert amounts(later) == ["40.00"]


def _in_period(day: date, anchor_day: int) -> tuple[date, Period]:
    return day, period_of(day, anchor_day)


PERIODS = st.builds(_in_period, st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(1, 31))
COSTS = st.integers(0, 2_000_0000).map(lambda steps: steps * 100)
CURRENCIES = st.sampled_from(["USD", "JPY", "KWD"])


@given(PERIODS, COSTS, CURRENCIES, st.integers(1, USERS_MAX), st.integers(1, USERS_MAX))
def test_adding_never_credits_and_removing_never_charges(
    days: tuple[date, Period], cost: int, currency: str, before: int, after: int
) -> None:
    day, period = days
    old = plan(users=before, cost_per_user=cost)
    total = propose(old, PlanChange(users=after), Today(day, period, currency)).total
    assert (total >= 0) if after >= before else (total <= 0)
    assert abs(total) <= abs(after - before) * cost + minor_unit(currency)
    assert total % minor_unit(currency) == 0


@given(PERIODS, COSTS, CURRENCIES, st.integers(1, USERS_MAX - 1), st.data())
def test_users_added_and_removed_on_one_day_cost_that_day(
    days: tuple[date, Period], cost: int, currency: str, before: int, data: st.DataObject
) -> None:
    day, period = days
    more = data.draw(st.integers(1, USERS_MAX - before))
    today = Today(day, period, currency)
    alone = plan(users=before, cost_per_user=cost)
    added = propose(alone, PlanChange(users=before + more), today)
    removed = propose(added.plan, PlanChange(users=before), today)
    assert removed.plan.users == before
    of_today = more * cost / period.days
    left, coin = added.total + removed.total, minor_unit(currency)
    assert max(of_today - coin, 0) <= left <= of_today + 2 * coin


# --- rates, countries and minutes ----------------------------------------------------------------


def test_more_minutes_are_there_at_once_and_a_new_country_has_all_of_its() -> None:
    before = plan(countries=opened(IN=300, GB=0))
    proposal = proposed(before, countries=opened(IN=500, GB=60, DE=100))
    assert proposal.plan.countries == opened(IN=500, GB=60, DE=100)
    assert proposal.plan.next_countries is None
    assert proposal.seconds({"IN": 45}) == {"IN": 45 + 200 * 60, "GB": 60 * 60, "DE": 100 * 60}
    (told,) = proposal.movements("plan:m1")
    assert (told.key, told.type, told.amount) == ("plan:m1:bundles", "adjustment", 0)
    assert told.text == "Bundled minutes: India 500, United Kingdom 60, Germany 100"


def test_fewer_minutes_wait_for_the_next_period() -> None:
    proposal = proposed(plan(countries=opened(IN=300)), countries=opened(IN=100))
    assert proposal.plan.countries == opened(IN=300)
    assert proposal.plan.next_countries == opened(IN=100)
    assert proposal.seconds({"IN": 45}) == {"IN": 45}
    assert proposal.movements("plan:m1") == ()
    sentences = scheduled_sentences(proposal.plan, "USD")
    assert sentences == ("India: 100 minutes (was 300).",)
    assert proposal.plan.renewed().countries == opened(IN=100)


def test_a_country_is_closed_at_once_only_when_it_has_no_minutes() -> None:
    before = plan(countries=opened(IN=300, GB=0, DE=0))
    proposal = proposed(before, countries=opened(DE=0))
    assert proposal.plan.countries == opened(DE=0, IN=300)
    assert proposal.plan.next_countries == opened(DE=0)
    assert scheduled_sentences(proposal.plan, "USD") == ("India: closed.",)
    assert proposal.plan.renewed().countries == opened(DE=0)


def test_a_later_raise_takes_the_place_of_a_cut_that_waits() -> None:
    cut = proposed(plan(countries=opened(IN=300)), countries=opened(IN=100)).plan
    back = proposed(cut, countries=opened(IN=300))
    assert (back.plan.countries, back.plan.next_countries) == (opened(IN=300), None)
    assert back.raised == {}
    above = proposed(cut, countries=opened(IN=360))
    assert (above.plan.countries, above.plan.next_countries) == (opened(IN=360), None)
    assert above.raised == {"IN": 60 * 60}
    less_of_a_cut = proposed(cut, countries=opened(IN=200))
    assert less_of_a_cut.plan.countries == opened(IN=300)
    assert less_of_a_cut.plan.next_countries == opened(IN=200)


def test_what_waits_stays_when_something_else_changes() -> None:
    cut = proposed(plan(countries=opened(IN=300)), countries=opened(IN=100)).plan
    assert proposed(cut, users=11).plan.next_countries == opened(IN=100)


COUNTRIES = st.dictionaries(st.sampled_from(["IN", "GB", "DE", "FR"]), st.integers(0, 1_000))


@given(st.lists(COUNTRIES, min_size=1, max_size=6))
def test_bundles_never_shrink_within_a_period_and_end_as_was_last_wanted(
    wishes: list[dict[str, int]],
) -> None:
    now, seconds = plan(), dict[str, int]()
    for wish in wishes:
        before = {one.country: one.minutes for one in now.countries}
        proposal = proposed(now, countries=opened(**wish))
        now, seconds = proposal.plan, proposal.seconds(seconds)
        after = {one.country: one.minutes for one in now.countries}
        assert all(after.get(country, 0) >= count for country, count in before.items())
    most = {one.country: one.minutes * 60 for one in now.countries if one.minutes}
    assert seconds == most
    renewed = now.renewed()
    assert {one.country: one.minutes for one in renewed.countries} == wishes[-1]


def test_rates_home_calls_and_premium_numbers_change_at_once() -> None:
    proposal = proposed(
        plan(), rate_sheet_id="sheet_2", domestic_policy="rated", premium_allowed=True
    )
    assert proposal.plan.rate_sheet_id == "sheet_2"
    assert proposal.plan.domestic_policy == "rated"
    assert proposal.plan.premium_allowed
    assert proposal.lines == ()


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "pointer", "kind"),
    [
        ({"users": 0}, "/users", "out-of-range"),
        ({"users": USERS_MAX + 1}, "/users", "out-of-range"),
        ({"cost_per_user": -1}, "/cost_per_user", "out-of-range"),
        ({"cost_per_user": 50}, "/cost_per_user", "too-many-decimals"),
        ({"cost_per_user": AMOUNT_MICROS_MAX // 100 * 100}, "/cost_per_user", "too-large"),
        ({"rate_sheet_id": ""}, "/rate_sheet_id", "required"),
        ({"countries": opened(XX=1)}, "/countries/0/country", "unknown-country"),
        ({"countries": (*opened(IN=1), *opened(IN=2))}, "/countries/1/country", "duplicate"),
        ({"countries": opened(IN=1, FR=2)}, "/countries/1/country", "no-rate"),
        ({"countries": opened(IN=-1)}, "/countries/0/minutes", "out-of-range"),
        ({"countries": opened(IN=1_000_001)}, "/countries/0/minutes", "out-of-range"),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, Any], pointer: str, kind: str) -> None:
    before = plan(countries=opened(IN=300))
    sheet = None if change.get("rate_sheet_id") == "" else SHEET
    errors = check_change(before, PlanChange(**change), sheet, "USD")
    assert [(error.pointer, error.type) for error in errors] == [(pointer, kind)]


@pytest.mark.parametrize(
    ("sheet", "kind"),
    [
        (None, "not-found"),
        (SHEET.model_copy(update={"currency": "EUR"}), "currency-mismatch"),
        (SHEET.model_copy(update={"archived_at": NOW}), "rate-sheet-archived"),
        (SHEET.model_copy(update={"summary": Summary()}), "no-rate"),
    ],
)
def test_a_rate_sheet_that_cannot_be_used_is_refused(sheet: Sheet | None, kind: str) -> None:
    before = plan(countries=opened(IN=300))
    errors = check_change(before, PlanChange(rate_sheet_id="sheet_2"), sheet, "USD")
    assert [(error.pointer, error.type) for error in errors] == [("/rate_sheet_id", kind)]


def test_a_country_that_closes_only_later_still_needs_a_price() -> None:
    before = plan(countries=opened(FR=300))
    change = PlanChange(rate_sheet_id="sheet_2", countries=opened(IN=10))
    (error,) = check_change(before, change, SHEET, "USD")
    assert (error.pointer, error.type) == ("/rate_sheet_id", "no-rate")
    assert "France" in error.detail
    assert check_change(plan(countries=opened(FR=0)), change, SHEET, "USD") == []


def test_users_change_whatever_became_of_the_rates() -> None:
    before = plan(countries=opened(FR=300))
    assert check_change(before, PlanChange(users=11), None, "USD") == []


# --- numbers --------------------------------------------------------------------------------------


def test_a_number_costs_its_set_up_and_the_rest_of_the_periods_fee() -> None:
    proposal = propose_numbers(
        plan(numbers=(NEW_YORK,)), [LONDON], Today(date(2026, 11, 11), NOVEMBER, "USD")
    )
    assert [(line.type, line.text, decimal_text(line.amount)) for line in proposal.lines] == [
        ("number-setup", "+44 20 7946 0321, set-up", "1.00"),
        ("number-rent", "+44 20 7946 0321, 20 of 30 days", "1.47"),
    ]
    assert proposal.plan.numbers == (NEW_YORK, LONDON)
    assert proposal.plan.monthly_charge("USD") == micros("303.70")
    assert [line.key for line in proposal.lines] == [
        "number-setup:+442079460321",
        "number-rent:+442079460321",
    ]
    assert without_numbers(proposal.plan, [LONDON.number]).numbers == (NEW_YORK,)
    assert without_numbers(proposal.plan, ["+442079460999"]) is proposal.plan


def test_a_plan_has_each_number_once_and_not_too_many() -> None:
    before = plan(numbers=(NEW_YORK,))
    errors = check_numbers(before, [LONDON, NEW_YORK, LONDON], "USD")
    assert [(error.pointer, error.type) for error in errors] == [
        ("/numbers/1", "duplicate-number"),
        ("/numbers/2", "duplicate-number"),
    ]
    many = [LONDON.model_copy(update={"number": f"+4420794{i:05d}"}) for i in range(100)]
    (error,) = check_numbers(before, many, "USD")
    assert (error.pointer, error.type) == ("/numbers", "too-many")
    assert check_numbers(plan(), many, "USD") == []
