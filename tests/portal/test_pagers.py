"""Pagers say what is true: of a page alone, of the whole list, or that nobody has counted it."""

import pytest

from contracts.billing import FreeCalls, TransactionPage
from gateway.features.accounts.ledger_rows import ledger_pager
from gateway.portal.presenters import first_pager
from gateway.portal.views.parts import ListQuery

FIRST = ListQuery(path="/x")
SECOND = ListQuery(path="/x", parameters={"after": "c"})


@pytest.mark.parametrize(
    ("query", "shown", "after", "total", "text"),
    [
        (FIRST, 3, None, None, "3 calls"),
        (FIRST, 1, None, 1, "1 call"),
        (FIRST, 25, "c", None, "25 calls on this page"),
        (SECOND, 4, None, None, "4 calls on this page"),
        (FIRST, 25, "c", 1_306, "25 of 1,306 calls"),
        (SECOND, 6, None, 31, "6 of 31 calls"),
        (FIRST, 0, None, 0, "0 calls"),
    ],
)
def test_a_pager_never_takes_a_page_for_the_whole_list(
    query: ListQuery, shown: int, after: str | None, total: int | None, text: str
) -> None:
    assert first_pager(query, shown, "call", after=after, total=total).text == text


def test_folded_entries_count_like_those_that_are_listed() -> None:
    free = FreeCalls.model_validate({"day": "2026-11-22", "count": 12, "last_seq": 14})
    page = TransactionPage(
        opening_balance=0, closing_balance=0, currency="USD", data=(), free_calls=(free,), count=12
    )
    assert ledger_pager(page, FIRST).text == "12 entries"
    longer = page.model_copy(update={"count": 40, "next": "c"})
    assert ledger_pager(longer, FIRST).text == "12 of 40 entries"
