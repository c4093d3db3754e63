"""Times and days of the contract: one bound for what is said, and everything stored still loads."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import TypeAdapter, ValidationError

from contracts.billing import ChangeRate, Rate
from contracts.calls import CallEnded
from contracts.values import (
    DAY_MAX,
    DAY_MIN,
    MOMENT_END,
    MOMENT_MIN,
    Day,
    KeptMoment,
    Moment,
)
from gateway.http.times import EndDay, Time
from gateway.portal.days import day_of, midnight
from services.billing.rating.model.cells import CELLS, Form

MOMENT = TypeAdapter[datetime](Moment)
KEPT = TypeAdapter[datetime](KeptMoment)
OUTSIDE = (
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "1970-01-01T00:00:00Z",
    "1999-12-31T23:59:59Z",
    "2000-01-01T00:00:00+00:01",
    "2200-01-01T00:00:00Z",
    "2199-12-31T23:59:59-00:01",
    "9000-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-14:00",
)
ZONES = (ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Etc/GMT+12"), ZoneInfo("UTC"))


@pytest.mark.parametrize("text", OUTSIDE)
def test_a_time_outside_the_bounds_is_refused_wherever_it_is_said(text: str) -> None:
    for adapter in (MOMENT, TypeAdapter[datetime](Time)):
        with pytest.raises(ValidationError, match="years 2000 to 2199"):
            adapter.validate_json(f'"{text}"')


@pytest.mark.parametrize("text", OUTSIDE)
def test_a_record_of_a_call_is_read_whatever_its_time_so_that_its_reason_can_be_told(
    text: str,
) -> None:
    ended = CallEnded.model_validate_json(
        f'{{"call_id": "1", "account_id": "a", "caller": "", "destination": "",'
        f' "answered_at": "{text}", "seconds": 1}}'
    )
    assert ended.answered_at is not None
    assert all(ended.answered_at.astimezone(zone) for zone in ZONES)


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize("text", OUTSIDE)
def test_a_file_of_rates_cannot_begin_outside_the_bounds(text: str, zone: ZoneInfo) -> None:
    with pytest.raises(ValueError, match=r"2000 to 2199|Write the date"):
        CELLS["effective_from"].read(text, Form(",", zone))


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_a_rate_that_an_import_takes_is_one_that_is_changed_by_hand(zone: ZoneInfo) -> None:
    for text in ("2000-01-02", "2199-12-30", "2026-11-22T08:00"):
        MOMENT.validate_python(CELLS["effective_from"].read(text, Form(",", zone)))


def test_the_bounds_are_half_open() -> None:
    assert MOMENT.validate_python(MOMENT_MIN) == MOMENT_MIN
    last = MOMENT_END - timedelta(microseconds=1)
    assert MOMENT.validate_python(last) == last


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_the_first_and_the_last_day_are_times_in_every_zone(zone: ZoneInfo) -> None:
    for day in (DAY_MIN, DAY_MAX, DAY_MAX + timedelta(days=1)):
        MOMENT.validate_python(midnight(day, zone))


def test_a_day_outside_the_bounds_is_refused() -> None:
    for day in (date.min, DAY_MIN - timedelta(days=1), DAY_MAX + timedelta(days=1), date.max):
        for adapter in (TypeAdapter[date](Day), TypeAdapter[date](EndDay)):
            with pytest.raises(ValidationError, match="a day must be between"):
                adapter.validate_json(f'"{day.isoformat()}"')
        assert day_of(day.isoformat()) is None


@pytest.mark.parametrize("text", OUTSIDE)
def test_a_time_that_was_stored_before_the_bounds_loads_and_shows_in_every_zone(text: str) -> None:
    kept = KEPT.validate_json(f'"{text}"')
    assert kept.tzinfo is UTC
    assert all(kept.astimezone(zone).year in range(1, 10_000) for zone in ZONES)
    assert Rate(prefix="44", rate=1, effective_from=kept).effective_from == kept


def test_a_time_within_the_calendar_is_kept_as_it_was() -> None:
    assert KEPT.validate_json('"1970-06-01T02:00:00+02:00"') == datetime(1970, 6, 1, tzinfo=UTC)


def test_a_rate_is_not_changed_to_begin_outside_the_bounds() -> None:
    rate = Rate(prefix="44", rate=1, effective_from=datetime(1970, 1, 1, tzinfo=UTC))
    with pytest.raises(ValidationError, match="years 2000 to 2199"):
        ChangeRate(rate_sheet_id="s", version=1, rate=rate)
