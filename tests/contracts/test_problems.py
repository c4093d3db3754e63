"""A problem has one code, under both names that it has had."""

import pytest

from contracts.accounts import Failure
from contracts.base import Problem, Refused
from contracts.problems import PROBLEMS, REMEDIES


def test_a_problem_is_read_with_its_code_by_whichever_name_it_was_sent() -> None:
    old = Problem.model_validate({"type": "number-taken", "detail": "It is taken."})
    assert (old.code, old.type) == ("number-taken", "number-taken")
    sent = Refused("number-taken", "It is taken.").problem.model_dump()
    assert (sent["code"], sent["type"]) == ("number-taken", "number-taken")


def test_a_failure_that_was_stored_without_a_code_has_one() -> None:
    stored = Failure.model_validate({"type": "no-rate", "detail": "There is no rate."})
    assert stored.code == "no-rate"


@pytest.mark.parametrize("code", PROBLEMS)
def test_every_problem_says_what_to_do(code: str) -> None:
    assert REMEDIES[code].endswith(".")


def test_no_remedy_is_left_of_a_problem_that_is_gone() -> None:
    assert list(REMEDIES) == list(PROBLEMS)
