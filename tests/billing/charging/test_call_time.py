"""When a call may have been answered, to the second."""

from datetime import UTC, datetime, timedelta

import pytest

from services.billing.charging.model.call_time import TimeFault, fault_of_time

RECEIVED = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LONG_AGO = RECEIVED - timedelta(days=900)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("off", "fault"),
    [
        (timedelta(minutes=5), None),
        (timedelta(minutes=5) + SECOND, "implausible-time"),
        (-timedelta(days=60), None),
        (-timedelta(days=60) - SECOND, "too-late"),
    ],
)
def test_a_call_is_answered_within_sixty_days_before_its_record(
    off: timedelta, fault: TimeFault | None
) -> None:
    assert fault_of_time(RECEIVED + off, LONG_AGO, RECEIVED) == fault


def test_a_call_is_not_older_than_its_account() -> None:
    opened_at = RECEIVED - timedelta(hours=1)
    earliest = opened_at - timedelta(minutes=5)
    assert fault_of_time(earliest, opened_at, RECEIVED) is None
    assert fault_of_time(earliest - SECOND, opened_at, RECEIVED) == "implausible-time"
