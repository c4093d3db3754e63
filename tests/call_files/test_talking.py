"""Talk times, dispositions, causes and directions as files write them."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.call_files.talking import (
    SecondsUnit,
    is_answered,
    is_outbound,
    rules_out_answer,
    seconds_of,
)


@pytest.mark.parametrize(
    ("text", "unit", "seconds"),
    [
        ("", "seconds", 0),
        ("0", "seconds", 0),
        ("61", "seconds", 61),
        ("61.0", "seconds", 61),
        ("61.001", "seconds", 62),
        ("1:01", "seconds", 61),
        ("75:30", "seconds", 4_530),
        ("0:01:01", "seconds", 61),
        ("01:00:00", "seconds", 3_600),
        ("00:00:17.4", "seconds", 18),
        ("1.5", "minutes", 90),
        ("0.0167", "minutes", 2),
        ("17400", "milliseconds", 18),
    ],
)
def test_a_talk_time_is_whole_seconds_rounded_up(
    text: str, unit: SecondsUnit, seconds: int
) -> None:
    assert seconds_of(text, unit) == seconds


@pytest.mark.parametrize("text", ["-5", "1,234", "17 s", "1:75", "1:2:3:4", "1e3", "one"])
def test_a_talk_time_that_may_mean_something_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Write the talk time"):
        seconds_of(text)


def test_a_call_of_more_than_a_day_is_refused() -> None:
    with pytest.raises(ValueError, match="more than a day"):
        seconds_of("86401")


@given(st.integers(0, 86_400))
def test_every_way_to_write_a_talk_time_means_the_same(seconds: int) -> None:
    minutes, rest = divmod(seconds, 60)
    hours, minutes_of_hour = divmod(minutes, 60)
    for text in (str(seconds), f"{hours}:{minutes_of_hour:02}:{rest:02}", f"{seconds}.000"):
        assert seconds_of(text) == seconds
    assert seconds_of(str(seconds * 1_000), "milliseconds") == seconds


@given(st.text(max_size=20))
def test_any_text_is_a_talk_time_within_a_day_or_refused(text: str) -> None:
    with suppress(ValueError):
        assert 0 <= seconds_of(text) <= 86_400


def test_dispositions_are_known_or_refused() -> None:
    assert is_answered("ANSWERED")
    for text in ("NO ANSWER", "no-answer", "BUSY", "FAILED", "CONGESTION", "NO_ANSWER"):
        assert not is_answered(text)
    with pytest.raises(ValueError, match="We don't know whether “Contestada”"):
        is_answered("Contestada")


def test_a_hangup_cause_only_says_that_nobody_answered() -> None:
    for text in ("USER_BUSY", "NO_ANSWER", "ORIGINATOR_CANCEL", "17", "486", "487"):
        assert rules_out_answer(text)
    for text in ("NORMAL_CLEARING", "16", "200", "31", "MEDIA_TIMEOUT", "something new"):
        assert not rules_out_answer(text)


def test_directions_are_known_or_refused() -> None:
    assert is_outbound("Outbound")
    assert not is_outbound("in")
    with pytest.raises(ValueError, match="We don't know the direction"):
        is_outbound("sideways")
