"""What a plan that changes or renews means for its billing account and its ledger."""

from datetime import UTC, datetime, timedelta

import pytest

from contracts.billing import CountryMinutes, PricedNumber
from contracts.values import micros
from services.billing.ledger.model.ledger import (
    BillingAccount,
    CallTerms,
    LedgerHead,
    entries_after,
)
from services.billing.ledger.model.movement import Movement, bundle_movement
from services.billing.plans.model.plan import StoredPlan

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)

PLAN = StoredPlan(
    account_id="acc_1",
    reseller_id="acc_r1",
    name="Office 12",
    users=10,
    cost_per_user=micros("30.00"),
    rate_sheet_id="sheet_1",
    numbers=(
        PricedNumber(number="+442079460321", setup_fee=micros("1"), monthly_fee=micros("2.20")),
    ),
    countries=(CountryMinutes(country="IN", minutes=300), CountryMinutes(country="GB")),
    created_at=NOW,
)
BILLING_ACCOUNT = BillingAccount(
    id="acc_1",
    parent_path=("platform", "acc_r1"),
    currency="USD",
    country="US",
    time_zone="UTC",
    opened_at=NOW,
    anchor_day=22,
    terms=(PLAN.call_terms(NOW),),
)
STANDING = LedgerHead(
    account_id="acc_1", at=NOW, seconds={"IN": 18_000}, seq=4, balance=micros("9")
)


def test_a_plan_that_nothing_waits_for_renews_as_it_is() -> None:
    assert PLAN.renewed() is PLAN


def test_what_waits_for_the_next_period_comes_into_force_with_it() -> None:
    countries = (CountryMinutes(country="IN", minutes=100),)
    waiting = PLAN.changed(next_cost_per_user=0, next_countries=countries)
    renewed = waiting.renewed()
    assert renewed.cost_per_user == 0
    assert renewed.countries == countries
    assert (renewed.next_cost_per_user, renewed.next_countries) == (None, None)
    assert renewed.version == PLAN.version + 2
    assert renewed.renewed() is renewed
    assert PLAN.changed(next_countries=()).renewed().countries == ()


def test_a_plan_in_force_shows_in_what_its_billing_account_charges_and_in_what_calls_go_by() -> (
    None
):
    later = NOW + timedelta(days=3)
    account = PLAN.changed(users=12, rate_sheet_id="sheet_2").applied_to(BILLING_ACCOUNT, later)
    assert account.monthly_charge == micros("362.20")
    assert account.bundle_minutes == 300
    before, after = account.terms_at(later - timedelta(seconds=1)), account.terms_at(later)
    assert before is not None
    assert after is not None
    assert (before.users, before.rate_sheet_id) == (10, "sheet_1")
    assert (after.users, after.rate_sheet_id) == (12, "sheet_2")


def test_terms_that_stay_as_they_are_are_not_kept_twice() -> None:
    account = PLAN.changed(cost_per_user=0).applied_to(BILLING_ACCOUNT, NOW + timedelta(days=1))
    assert account.terms == BILLING_ACCOUNT.terms
    assert account.monthly_charge == micros("2.20")


def test_terms_go_sixty_days_after_their_end_and_those_in_force_never() -> None:
    account = BILLING_ACCOUNT
    for day in range(1, 400):
        plan = PLAN.changed(users=10 + day)
        account = plan.applied_to(account, NOW + timedelta(days=day))
        assert len(account.terms) <= 62
    now = NOW + timedelta(days=399)
    for days_ago in range(61):
        terms = account.terms_at(now - timedelta(days=days_ago))
        assert terms is not None
        assert terms.users == 409 - days_ago
    lasting = PLAN.changed(users=1).applied_to(BILLING_ACCOUNT, NOW + timedelta(days=900))
    assert [terms.users for terms in lasting.terms] == [10, 1]


def test_an_adjustment_of_zero_is_written_when_bundles_change_and_only_then() -> None:
    told = bundle_movement("plan:m1:bundles", "Bundled minutes changed")
    (entry,) = entries_after(
        STANDING, [told], now=NOW, cause="m1", actor="usr", seconds={"IN": 24_000}
    )
    assert (entry.amount, entry.seq, entry.balance_after) == (0, 5, STANDING.balance)
    assert entry.seconds_after == {"IN": 24_000}
    assert entries_after(STANDING, [told], now=NOW, cause="m1", actor="usr") == ()
    same = dict(STANDING.seconds)
    assert entries_after(STANDING, [told], now=NOW, cause="m1", actor="usr", seconds=same) == ()


def test_other_bundle_seconds_cannot_get_lost_with_a_charge_of_nothing() -> None:
    free = Movement(key="renew:1:users", type="users", amount=0, text="10 users × $0.00")
    with pytest.raises(AssertionError, match="need an entry"):
        entries_after(STANDING, [free], now=NOW, cause="m1", actor="usr", seconds={})


def test_bundle_seconds_are_those_of_the_first_entry_on() -> None:
    charges = [
        Movement(key=f"renew:{part}", type="users", amount=-1, text="users") for part in "ab"
    ]
    entries = entries_after(STANDING, charges, now=NOW, cause="m1", actor="usr", seconds={"IN": 60})
    assert [entry.seconds_after for entry in entries] == [{"IN": 60}, {"IN": 60}]


def test_terms_and_plans_stored_before_premium_numbers_were_told_apart_allow_none() -> None:
    terms = PLAN.call_terms(NOW).model_dump(exclude={"premium_allowed"})
    assert not CallTerms.model_validate(terms).premium_allowed
    plan = PLAN.model_dump(exclude={"premium_allowed"})
    assert not StoredPlan.model_validate(plan).premium_allowed


def test_premium_numbers_that_a_plan_allows_are_allowed_from_then_on() -> None:
    later = NOW + timedelta(days=3)
    account = PLAN.changed(premium_allowed=True).applied_to(BILLING_ACCOUNT, later)
    terms = [account.terms_at(moment) for moment in (NOW, later)]
    assert [one and one.premium_allowed for one in terms] == [False, True]
