"""Users who are removed and added again: whatever is rounded on the way, nobody gains a coin."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.billing import PlanChange
from contracts.values import micros
from services.billing.base.model.billing_settings import StoredSettings
from services.billing.base.model.period import Period, period_of
from services.billing.plans.model.plan_change import Today, propose
from tests.billing.plans.test_plan_change import NOVEMBER, plan

BEGUN_WITH = 100
PERIODS = st.builds(period_of, st.dates(date(2026, 1, 1), date(2030, 1, 1)), st.integers(1, 31))
COSTS = st.one_of(
    st.integers(0, 10_000).map(lambda hundreds: hundreds * 100),  # up to 1.00, four decimals
    st.integers(0, 100_000).map(lambda coins: coins * 1_000),
    st.integers(0, 5_000).map(lambda units: units * 1_000_000),
)
CURRENCIES = st.sampled_from(["USD", "JPY", "KWD"])
PERCENTS = st.integers(0, 300).map(lambda tenths: tenths * 100_000)


def live(
    changes: list[tuple[int, int]], period: Period, cost: int, currency: str, percent: int
) -> tuple[int, int]:
    """Make changes of users, each on a day of a period; return what was paid and was fair.

    Fair is the price of the users that there were at the end of each day, beyond those that the
    period began with, in fractions of `whole`.
    """
    now, paid, fair = plan(users=BEGUN_WITH, cost_per_user=cost), 0, 0
    for (users, on_day), (_, next_day) in pairwise([*changes, (0, changes[-1][1])]):
        day = period.start + timedelta(days=on_day)
        proposal = propose(now, PlanChange(users=users), Today(day, period, currency, percent))
        now = proposal.plan
        paid += proposal.taxed(StoredSettings(tax_percent=percent), currency).total
        fair += (now.users - BEGUN_WITH) * (next_day - on_day)
    whole = period.days * 100_000_000
    return paid * whole, fair * cost * (100_000_000 + percent)


@settings(max_examples=300)
@given(
    PERIODS,
    COSTS,
    CURRENCIES,
    PERCENTS,
    st.lists(st.tuples(st.integers(1, 200), st.integers(0, 27)), min_size=1, max_size=40),
)
def test_users_come_and_go_for_no_less_than_the_days_they_are_there(
    period: Period, cost: int, currency: str, percent: int, changes: list[tuple[int, int]]
) -> None:
    in_order = sorted(changes, key=lambda change: change[1])
    back = (BEGUN_WITH, in_order[-1][1])
    paid, fair = live([*in_order, back], period, cost, currency, percent)
    assert paid >= fair


@settings(max_examples=300)
@given(
    PERIODS,
    COSTS,
    CURRENCIES,
    PERCENTS,
    st.lists(st.integers(1, 200), min_size=1, max_size=60),
)
def test_removed_and_added_on_one_day_in_any_split_nothing_is_gained(
    period: Period, cost: int, currency: str, percent: int, counts: list[int]
) -> None:
    day = len(counts) % 28
    changes = [(users, day) for users in (*counts, BEGUN_WITH)]
    paid, _ = live(changes, period, cost, currency, percent)
    assert paid >= 0


@pytest.mark.parametrize("cost", ["0.0040", "0.30", "0.31", "0.62", "30.00"])
@pytest.mark.parametrize("percent", ["0", "19", "25"])
def test_users_added_one_by_one_and_removed_together_gain_nothing(cost: str, percent: str) -> None:
    one_by_one = [(users, 0) for users in range(BEGUN_WITH + 1, 201)]
    changes = [*one_by_one, (BEGUN_WITH, 0)]
    paid, _ = live(changes, NOVEMBER, micros(cost), "USD", micros(percent))
    assert paid > 0
