"""Transactions by type, and with free calls folded into a row a day."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from contracts.billing import AdjustBalance, EntryType, ListTransactions, TransactionPage
from contracts.values import micros
from services.billing.ledger.handlers import transactions
from tests.billing.charged import RATE, charge_calls
from tests.billing.conftest import open_account
from tests.harness import CUSTOMER, RESELLER, Harness

FREE = RATE._replace(rate=0)
TWICE_A_DAY = timedelta(hours=12)


async def page_of(harness: Harness, **query: Any) -> TransactionPage:  # noqa: ANN401 - any part of the query
    return await harness.ask(ListTransactions(account_id="acc_c1", **query), CUSTOMER)


async def all_pages(harness: Harness, **query: Any) -> list[TransactionPage]:  # noqa: ANN401 - any part of the query
    pages = [await page_of(harness, **query)]
    while pages[-1].next is not None:
        pages.append(await page_of(harness, **query, cursor=pages[-1].next))
    return pages


@pytest.fixture
async def busy(billing: Harness) -> Harness:
    """Give an account (zone: New York) with free calls of four days, and four other entries."""
    billing.clock.now = datetime(2026, 11, 22, 9, tzinfo=UTC)
    await open_account(billing)  # seq 1 credit, 2 users
    await charge_calls(billing, [60] * 3, rate=FREE)  # seq 3-5 on the 22nd
    await charge_calls(billing, [60])  # seq 6
    await charge_calls(billing, [60] * 2, rate=FREE)  # seq 7-8 on the 22nd
    billing.clock.now = datetime(2026, 11, 23, 17, tzinfo=UTC)
    await charge_calls(billing, [60] * 4, rate=FREE, every=TWICE_A_DAY)  # seq 9-12, 23rd to 25th
    await billing.ask(
        AdjustBalance(account_id="acc_c1", amount=micros("-1.00"), reason="Mistake"), RESELLER
    )  # seq 13
    return billing


async def test_free_calls_are_folded_into_one_row_a_day_of_the_accounts_zone(
    busy: Harness,
) -> None:
    page = await page_of(busy, free_calls="folded")
    assert [entry.seq for entry in page.data] == [13, 6, 2, 1]
    assert [(one.day, one.count, one.last_seq) for one in page.free_calls] == [
        (date(2026, 11, 25), 1, 12),
        (date(2026, 11, 24), 2, 11),
        (date(2026, 11, 23), 1, 9),
        (date(2026, 11, 22), 5, 8),
    ]
    assert page.count == 13
    assert page.next is None


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_pages_of_folded_entries_stand_for_every_entry_once(
    busy: Harness, limit: int
) -> None:
    pages = await all_pages(busy, free_calls="folded", limit=limit)
    assert [entry.seq for page in pages for entry in page.data] == [13, 6, 2, 1]
    folded = [one for page in pages for one in page.free_calls]
    assert sum(one.count for one in folded) == 9
    whole = [seq for page in pages for seq in [e.seq for e in page.data]]
    assert len(whole) + sum(one.count for one in folded) == pages[0].count


async def test_free_calls_can_be_seen_alone_with_their_day(busy: Harness) -> None:
    pages = await all_pages(busy, free_calls="only", limit=2)
    assert [entry.seq for page in pages for entry in page.data] == [12, 11, 10, 9, 8, 7, 5, 4, 3]
    assert pages[0].free_calls == ()
    assert pages[0].count is None


@pytest.mark.parametrize(
    ("types", "seqs"),
    [
        (("credit",), [1]),
        (("adjustment", "users"), [13, 2]),
        (("call",), [12, 11, 10, 9, 8, 7, 6, 5, 4, 3]),
        (("payment",), []),
    ],
)
async def test_entries_can_be_listed_by_type(
    busy: Harness, types: tuple[EntryType, ...], seqs: list[int]
) -> None:
    pages = await all_pages(busy, types=types, limit=3)
    assert [entry.seq for page in pages for entry in page.data] == seqs
    first = pages[0]
    assert (first.opening_balance, first.count) == (0, None)
    assert first.closing_balance == (await page_of(busy)).data[0].balance_after


async def test_folded_calls_are_left_out_of_other_types(busy: Harness) -> None:
    page = await page_of(busy, types=("credit",), free_calls="folded")
    assert ([entry.seq for entry in page.data], page.free_calls) == ([1], ())
    calls = await page_of(busy, types=("call",), free_calls="folded")
    assert [entry.seq for entry in calls.data] == [6]
    assert sum(one.count for one in calls.free_calls) == 9


async def test_a_page_looks_at_a_bounded_stretch_of_a_long_ledger(
    busy: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "ENTRIES_PER_PAGE_MAX", 3)
    pages = await all_pages(busy, free_calls="folded")
    assert [[entry.seq for entry in page.data] for page in pages] == [[13], [], [6], [2], [1]]
    assert sum(one.count for page in pages for one in page.free_calls) == 9
    only = await all_pages(busy, free_calls="only", limit=50)
    assert [entry.seq for page in only for entry in page.data] == [12, 11, 10, 9, 8, 7, 5, 4, 3]


async def test_entries_that_are_no_calls_come_from_an_index_without_calls(busy: Harness) -> None:
    profile = busy.database.raw["system.profile"]
    await busy.database.raw.command("profile", 2)
    await page_of(busy, types=("credit", "adjustment"))
    await busy.database.raw.command("profile", 0)
    finds = await profile.find({"command.find": "ledger", "command.filter.type": None}).to_list()
    listed = [one for one in finds if "$and" in one["command"]["filter"]]
    assert [one["keysExamined"] for one in listed] == [3]
