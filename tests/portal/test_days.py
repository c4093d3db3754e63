"""Days as people type them: written as pages write them, and told when they are none."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.values import DAY_MAX, DAY_MIN
from gateway.portal.days import NOT_A_DAY, day_fault, day_of, days_of
from gateway.portal.formatting import day as written
from gateway.portal.formatting import with_phones
from gateway.portal.views.parts import ListQuery


@pytest.mark.parametrize(
    "text",
    [
        *("22 Nov 2026", "22 nov 2026", " 22 November 2026 ", "22. Nov. 2026", "22Nov2026"),
        *("Nov 22, 2026", "november 22 2026", "2026-11-22"),
    ],
)
def test_a_day_is_read_however_its_month_is_written(text: str) -> None:
    assert day_of(text) == date(2026, 11, 22)
    assert day_fault(text) == ""


@pytest.mark.parametrize(
    "text", ["11/12/2026", "22.11.2026", "31 Nov 2026", "22 Nox 2026", "no", "1 J 2026", "Sep 2026"]
)
def test_what_is_no_day_or_could_be_two_is_told_with_how_to_write_it(text: str) -> None:
    assert day_of(text) is None
    assert day_fault(text) == NOT_A_DAY


@given(day=st.dates(DAY_MIN, DAY_MAX).filter(lambda day: day < DAY_MAX))
def test_every_day_that_a_page_shows_is_read_again(day: date) -> None:
    assert day_of(written(day)) == day


def test_a_page_shows_its_days_as_it_shows_others_and_leaves_what_is_no_day_as_it_was_typed() -> (
    None
):
    query = ListQuery(path="/x", parameters={"from": "2026-11-01", "to": "11/12/2026"})
    days = days_of(query, ZoneInfo("UTC"))
    assert (days.first_text, days.last_text) == ("1 Nov 2026", "11/12/2026")
    assert days.end is None


def test_numbers_within_a_text_are_spaced_as_everywhere_else() -> None:
    assert with_phones("Call to +442079460018") == "Call to +44 20 7946 0018"
    assert with_phones("1+14155550142, +12") == "1+14155550142, +12"
