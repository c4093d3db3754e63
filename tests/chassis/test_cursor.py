"""Cursors are opaque, exact and refuse what is not theirs."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.base import Refused
from services.chassis.cursor import cursor_of, position_of


@given(st.text(max_size=50), st.integers(min_value=-(2**53), max_value=2**53))
def test_a_cursor_gives_back_its_position(name: str, number: int) -> None:
    assert position_of(cursor_of(name, number), str, int) == (name, number)


@pytest.mark.parametrize("cursor", ["", "x", "!!", "ö", "e30", "W10", "bnVsbA", "a" * 3_000])
def test_a_foreign_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(Refused) as refusal:
        position_of(cursor, str, int)
    assert refusal.value.problem.code == "invalid-cursor"


@pytest.mark.parametrize("number", [2**63, -(2**63), -(2**63) - 1, 10**30])
def test_a_cursor_with_a_number_that_no_document_has_is_refused(number: int) -> None:
    cursor = base64.urlsafe_b64encode(f"[{number}]".encode()).decode().rstrip("=")
    with pytest.raises(Refused) as refusal:
        position_of(cursor, int)
    assert refusal.value.problem.code == "invalid-cursor"


def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(Refused):
        position_of(cursor_of(7), str)
