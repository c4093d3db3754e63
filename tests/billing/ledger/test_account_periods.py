"""Which period of a billing account is billed next, and whether its plan must wait for that."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.billing.base.model.period import Period, begin_of, local_day
from services.billing.ledger.model.ledger import BillingAccount

ZONES = ("America/New_York", "Asia/Beirut", "Pacific/Auckland", "UTC")
FIRST = datetime(2020, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 20 * 366 * 86_400).map(lambda seconds: FIRST + timedelta(seconds=seconds))


def billing_account(opened_at: datetime, time_zone: str = "America/New_York") -> BillingAccount:
    return BillingAccount(
        id="acc_c1",
        parent_path=("platform", "acc_r1"),
        currency="USD",
        country="US",
        time_zone=time_zone,
        opened_at=opened_at,
        anchor_day=local_day(opened_at, time_zone).day,
        renews_at=opened_at,
    )


def test_an_account_of_the_31st_is_billed_at_the_end_of_each_month() -> None:
    account = billing_account(datetime(2027, 1, 31, 12, tzinfo=UTC))
    periods: list[Period] = []
    for _ in range(4):
        periods.append(account.period)
        account = account.billed(0)
    days = [date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31), date(2027, 4, 30)]
    assert [period.start for period in periods] == days
    assert [period.end for period in periods] == [*days[1:], date(2027, 5, 31)]
    assert account.renews_at == begin_of(date(2027, 5, 31), "America/New_York")


@given(MOMENTS, st.sampled_from(ZONES))
def test_periods_are_billed_when_they_begin_without_a_gap(
    opened_at: datetime, time_zone: str
) -> None:
    account = billing_account(opened_at, time_zone)
    assert account.is_new
    assert account.is_due(opened_at)
    for _ in range(25):
        following = account.billed(7)
        assert following.period.start == account.period.end
        assert following.renews_at is not None
        assert not following.is_new
        assert following.invoiced_seq == 7
        before = following.renews_at - timedelta(seconds=1)
        assert (following.is_due(before), following.is_due(following.renews_at)) == (False, True)
        assert (following.is_behind(before), account.is_behind(following.renews_at)) == (
            False,
            True,
        )
        begun = begin_of(account.period.start, time_zone)
        assert following.is_behind(begun - timedelta(seconds=1))
        assert not following.is_behind(begun)
        account = following


@pytest.mark.parametrize(
    ("now", "behind"),
    [
        (datetime(2026, 11, 22, 4, 59, tzinfo=UTC), True),
        (datetime(2026, 11, 22, 9, tzinfo=UTC), False),
        (datetime(2026, 12, 22, 4, 59, tzinfo=UTC), False),
        (datetime(2026, 12, 22, 5, tzinfo=UTC), True),
    ],
)
def test_what_opening_charged_is_enough_for_the_first_period(now: datetime, behind: bool) -> None:  # noqa: FBT001 - a column of the table
    assert billing_account(datetime(2026, 11, 22, 9, tzinfo=UTC)).is_behind(now) is behind


def test_without_a_plan_nothing_is_ever_due() -> None:
    account = billing_account(datetime(2026, 11, 22, 9, tzinfo=UTC)).model_copy(
        update={"renews_at": None}
    )
    later = datetime(2036, 1, 1, tzinfo=UTC)
    assert not account.is_due(later)
    assert not account.is_behind(later)
