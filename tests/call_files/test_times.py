"""Times of answers: one moment each, or a sentence."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.call_files.times import TimeUnclearError, moment_of, zone_of
from contracts.tables.days import DateOrder

LONDON = ZoneInfo("Europe/London")
MOMENT = datetime(2024, 1, 27, 15, 33, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-27T15:33:20Z",
        "2024-01-27 15:33:20+00:00",
        "2024-01-27 16:33:20 +0100",
        "2024-01-27 15:33:20",
        "2024/1/27 15:33:20",
        "2024.01.27 15:33:20.000",
        "20240127153320",
        "1706369600",
        "1706369600.0",
        "1706369600000",
        "1706369600000000",
        "27 Jan 2024 15:33:20",
        "Sat, 27 Jan 2024 15:33:20 GMT",
        "January 27, 2024 3:33:20 PM",
        "27/01/2024 15:33:20",
        "01/27/2024 03:33:20 pm",
        "27.01.2024  15:33:20",
    ],
)
def test_a_time_that_can_mean_one_moment_is_read(text: str) -> None:
    assert moment_of(text, LONDON) == MOMENT


@pytest.mark.parametrize(("order", "day"), [("day-first", 4), ("month-first", 3)])
def test_an_order_of_dates_says_which_day_is_meant(order: DateOrder, day: int) -> None:
    month = 7 - day
    assert moment_of("04/03/2024 00:00", ZoneInfo("UTC"), order) == datetime(
        2024, month, day, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "Write the time"),
        ("yesterday", "Write the time"),
        ("2024-01-27", "Write the time"),
        ("2024-02-30 10:00", "Write the time"),
        ("2024-01-27 25:00", "Write the time"),
        ("2024-01-27 13:00 PM", "Write the time"),
        ("27/01/24 10:00", "Write the time"),
        ("63873588800", "Write the time"),
        ("202401271533", "2000 to 2199"),
        ("0001-01-01 00:00", "2000 to 2199"),
        ("2024-10-27 01:30", "happened twice"),
        ("2024-03-31 01:30", "didn't happen"),
    ],
)
def test_a_time_that_means_no_moment_is_refused_with_the_cause(text: str, cause: str) -> None:
    with pytest.raises(ValueError, match=cause):
        moment_of(text, LONDON)


def test_local_times_and_short_dates_must_be_explained_for_the_whole_file() -> None:
    with pytest.raises(TimeUnclearError) as local:
        moment_of("2024-01-27 15:33", None)
    assert local.value.missing == "time-zone"
    with pytest.raises(TimeUnclearError) as either:
        moment_of("03/04/2024 15:33", None)
    assert either.value.missing == "date-order"


@pytest.mark.parametrize("name", ["", "Mars", "../etc/passwd", "Europe", "\0"])
def test_a_zone_that_does_not_exist_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="time zone by its name"):
        zone_of(name)


@given(st.datetimes(datetime(2000, 1, 2), datetime(2199, 12, 30)), st.integers(0, 3))  # noqa: DTZ001 - local times have no zone
def test_every_way_to_write_a_time_means_the_same(local: datetime, way: int) -> None:
    local = local.replace(microsecond=0)
    moment = local.replace(tzinfo=UTC)
    written = (
        local.isoformat(),
        local.strftime("%Y/%m/%d %I:%M:%S %p") if local.year > 1900 else local.isoformat(),
        local.strftime("%d %B %Y %H:%M:%S"),
        moment.astimezone(ZoneInfo("Asia/Kolkata")).isoformat(),
    )
    assert moment_of(written[way], ZoneInfo("UTC")) == moment


@given(st.text(max_size=40))
def test_any_text_is_a_moment_within_bounds_or_refused(text: str) -> None:
    with suppress(ValueError):
        assert moment_of(text, ZoneInfo("UTC")).utcoffset() == timedelta(0)
