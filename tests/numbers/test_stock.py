"""The stock: how numbers come in, and how a reseller finds and counts its own."""

import asyncio

import pytest

from contracts.base import Refused
from contracts.numbers import (
    STOCK_ROWS_MAX,
    AddNumbers,
    CountNumbers,
    FindNumberOwners,
    ListNumbers,
    NewNumber,
    StockCounts,
    StockPage,
    StockReport,
)
from services.chassis.principal import Principal
from tests.harness import CUSTOMER, OPERATOR, OTHER_RESELLER, RESELLER, Harness
from tests.numbers.conftest import LONDON, NEW_YORK, add, assign, hold_spare, opening, states


def stock(*texts: str, reseller_id: str = "acc_r1") -> AddNumbers:
    rows = tuple(NewNumber(line=line, number=text) for line, text in enumerate(texts, start=2))
    return AddNumbers(reseller_id=reseller_id, country="GB", numbers=rows)


async def listed(harness: Harness, query: ListNumbers, by: Principal = RESELLER) -> list[str]:
    page = await harness.ask(query, by)
    return [number.number for number in page.data]


# --- adding -----------------------------------------------------------------------------


async def test_good_rows_are_added_and_bad_ones_told_in_order_of_their_lines(
    empty: Harness,
) -> None:
    await add(empty, NEW_YORK, reseller_id="acc_r2")
    report = await empty.ask(
        stock(NEW_YORK, "+44 20 79460018", "nonsense", "+44 20 7946 0018", "+442079460019"),
        OPERATOR,
    )
    assert report.added == 2
    assert [(bad.line, bad.number, bad.type) for bad in report.refused] == [
        (2, NEW_YORK, "number-taken"),
        (4, "nonsense", "invalid-number"),
        (5, "+44 20 7946 0018", "duplicate-row"),
    ]
    assert await listed(empty, ListNumbers()) == ["+442079460018", "+442079460019"]


async def test_a_refusal_never_tells_whose_a_number_is(empty: Harness) -> None:
    await add(empty, LONDON[0], reseller_id="acc_r3")
    await add(empty, LONDON[1], reseller_id="acc_r2")
    report = await empty.ask(stock(*LONDON[:2]), OPERATOR)
    own, others = (bad.detail.replace(bad.number, "…") for bad in report.refused)
    assert own == others
    assert "acc_" not in own


async def test_a_number_is_kept_with_its_fees_country_and_place(empty: Harness) -> None:
    row = NewNumber(line=2, number="020 7946 0018", setup_fee="3", monthly_fee="0.1234")
    command = AddNumbers(
        reseller_id="acc_r1", country="GB", number_format="national", numbers=(row,)
    )
    await empty.ask(command, OPERATOR)
    (number,) = (await empty.ask(ListNumbers(), RESELLER)).data
    assert (number.setup_fee, number.monthly_fee) == (3_000_000, 123_400)
    assert (number.country, number.locality, number.state) == ("GB", "London", "available")
    assert (number.account_id, number.until) == (None, None)


@pytest.mark.parametrize("asker", [RESELLER, CUSTOMER])
async def test_only_an_operator_adds_numbers(empty: Harness, asker: Principal) -> None:
    problem = await empty.problem(stock(LONDON[0]), asker)
    assert problem.code == "forbidden"
    assert await listed(empty, ListNumbers()) == []


async def test_two_lists_at_once_with_the_same_numbers_add_each_once(empty: Harness) -> None:
    reports = await asyncio.gather(
        empty.ask(stock(*LONDON), OPERATOR),
        empty.ask(stock(*reversed(LONDON), reseller_id="acc_r2"), OPERATOR),
    )
    assert sum(report.added for report in reports) == len(LONDON)
    refused = [bad.type for report in reports for bad in report.refused]
    assert refused == ["number-taken"] * len(LONDON)
    counts = [await empty.ask(CountNumbers(), by) for by in (RESELLER, OTHER_RESELLER)]
    assert sum(count.available for count in counts) == len(LONDON)


async def test_the_longest_list_is_added_in_one_go(empty: Harness) -> None:
    command = stock(*(f"+4420{70000000 + index}" for index in range(STOCK_ROWS_MAX)))
    report = await empty.ask(command, OPERATOR)
    assert report == StockReport(added=STOCK_ROWS_MAX)
    assert (await empty.ask(CountNumbers(), RESELLER)).available == STOCK_ROWS_MAX


async def test_an_operator_counts_any_stock_and_a_reseller_its_own_only(numbers: Harness) -> None:
    query = CountNumbers(reseller_id="acc_r1")
    assert (await numbers.ask(query, OPERATOR)).available == len(LONDON)
    assert (await numbers.ask(query, RESELLER)).available == len(LONDON)
    with pytest.raises(Refused, match="not-found"):
        await numbers.ask(query, OTHER_RESELLER)


# --- listing ----------------------------------------------------------------------------


@pytest.fixture
async def mixed(numbers: Harness) -> Harness:
    """Give a stock of London, Paris, São Paulo and toll-free numbers in several states."""
    await add(numbers, "+33140205050", "+551130612345", "+18005550199", "+447400123456")
    await hold_spare(numbers, LONDON[0])
    await assign(numbers, LONDON[1])
    return numbers


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("60019", [LONDON[19]]),
        ("60 01-9", [LONDON[19]]),
        ("+33", ["+33140205050"]),
        ("+33 (1) 40", ["+33140205050"]),
        ("3314", ["+33140205050"]),
        ("0205", ["+33140205050"]),
        ("paris", ["+33140205050"]),
        ("Fran", ["+33140205050"]),
        ("são p", ["+551130612345"]),
        ("paulo", ["+551130612345"]),
        ("united st", ["+18005550199"]),
        ("kingdom", sorted([*LONDON, "+447400123456"])),
        ("toll-free", ["+18005550199"]),
        ("aris", []),
        ("+40205", []),
        ("()", []),
        ("a(b", []),
        (".*", []),
    ],
)
async def test_a_search_finds_digits_anywhere_and_words_from_their_beginning(
    mixed: Harness, search: str, expected: list[str]
) -> None:
    assert await listed(mixed, ListNumbers(search=search)) == expected


async def test_a_list_is_filtered_by_country(mixed: Harness) -> None:
    assert await listed(mixed, ListNumbers(country="BR")) == ["+551130612345"]
    assert await listed(mixed, ListNumbers(country="DE")) == []


async def test_a_list_is_filtered_by_state(mixed: Harness) -> None:
    assert await listed(mixed, ListNumbers(state="reserved")) == [LONDON[0]]
    assert await listed(mixed, ListNumbers(state="assigned")) == [LONDON[1]]
    assert await listed(mixed, ListNumbers(state="quarantine")) == []
    available = await listed(mixed, ListNumbers(state="available", search="London"))
    assert available == list(LONDON[2:])


async def test_numbers_of_the_askers_own_hold_count_as_available_to_it(numbers: Harness) -> None:
    hold = await hold_spare(numbers, LONDON[3])
    own = ListNumbers(state="available", reservation_id=hold.id)
    assert LONDON[3] in await listed(numbers, own)
    page = await numbers.ask(own, RESELLER)
    assert {number.state for number in page.data} == {"available"}
    assert LONDON[3] not in await listed(numbers, ListNumbers(state="available"))
    assert await listed(numbers, ListNumbers(state="reserved", reservation_id=hold.id)) == []


async def test_a_hold_that_has_ended_is_available_before_anything_tidies_it(
    numbers: Harness,
) -> None:
    await hold_spare(numbers, LONDON[3])
    numbers.clock.forward(minutes=15)
    assert await states(numbers) == {}
    assert LONDON[3] in await listed(numbers, ListNumbers(state="available"))
    assert await listed(numbers, ListNumbers(state="reserved")) == []
    assert (await numbers.ask(CountNumbers(), RESELLER)).available == len(LONDON)


async def test_held_and_assigned_numbers_show_for_whom_and_until_when(numbers: Harness) -> None:
    hold = await hold_spare(numbers, LONDON[0])
    await assign(numbers, LONDON[1])
    held, assigned = (await numbers.ask(ListNumbers(), RESELLER)).data[:2]
    assert (held.state, held.until, held.account_id) == ("reserved", hold.expires_at, None)
    assert (assigned.state, assigned.until, assigned.account_id) == ("assigned", None, "acc_1")


@pytest.mark.parametrize("state", [None, "available"])
async def test_pages_show_every_number_once_and_in_order(
    numbers: Harness, state: str | None
) -> None:
    # Ended holds are mixed in: they come from another part of the index.
    await hold_spare(numbers, *LONDON[4:15:3])
    numbers.clock.forward(minutes=15)
    found: list[str] = []
    cursor = None
    pages = 0
    while pages == 0 or cursor is not None:
        query = ListNumbers.model_validate({"state": state, "limit": 6, "cursor": cursor})
        page = await numbers.ask(query, RESELLER)
        found += [number.number for number in page.data]
        cursor = page.next
        pages += 1
    assert found == list(LONDON)
    assert pages == 4


async def test_a_cursor_that_is_not_ours_is_refused(numbers: Harness) -> None:
    for cursor in ("nonsense", "W10", "é"):
        problem = await numbers.problem(ListNumbers(cursor=cursor), RESELLER)
        assert problem.code == "invalid-cursor"


# --- counting ---------------------------------------------------------------------------


async def test_numbers_are_counted_by_what_they_are_now(numbers: Harness) -> None:
    await assign(numbers, *LONDON[:3])
    await hold_spare(numbers, *LONDON[3:8])
    numbers.clock.forward(minutes=10)
    await hold_spare(numbers, *LONDON[8:10])
    await numbers.ask(opening(LONDON[10], account_id="acc_2"))
    expected = StockCounts(available=9, reserved=8, assigned=3, quarantine=0)
    assert await numbers.ask(CountNumbers(), RESELLER) == expected
    numbers.clock.forward(minutes=10)
    expected = StockCounts(available=14, reserved=3, assigned=3, quarantine=0)
    assert await numbers.ask(CountNumbers(), RESELLER) == expected


# --- tenants ----------------------------------------------------------------------------


async def test_a_reseller_sees_and_counts_its_own_stock_only(numbers: Harness) -> None:
    assert await listed(numbers, ListNumbers(), OTHER_RESELLER) == [NEW_YORK]
    assert await listed(numbers, ListNumbers(search="+44"), OTHER_RESELLER) == []
    assert await listed(numbers, ListNumbers(search="York"), RESELLER) == []
    hold = await hold_spare(numbers, LONDON[0])
    others = ListNumbers(state="available", reservation_id=hold.id)
    assert await listed(numbers, others, OTHER_RESELLER) == [NEW_YORK]
    count = await numbers.ask(CountNumbers(), OTHER_RESELLER)
    assert count == StockCounts(available=1, reserved=0, assigned=0, quarantine=0)


async def test_a_customer_has_no_stock_to_see(numbers: Harness) -> None:
    switch = Principal(id="key", account_id="acc_r1", parent_id="platform", role="switch")
    for asker in (CUSTOMER, switch):
        for query in (ListNumbers(), CountNumbers()):
            with pytest.raises(Refused, match="forbidden"):
                await numbers.ask(query, asker)


async def test_an_operator_has_the_stock_of_the_platform(empty: Harness) -> None:
    await add(empty, LONDON[0], reseller_id="platform")
    assert await listed(empty, ListNumbers(), OPERATOR) == [LONDON[0]]
    assert isinstance(await empty.ask(ListNumbers(), RESELLER), StockPage)
    assert await listed(empty, ListNumbers(), RESELLER) == []


# --- whose they are -----------------------------------------------------------------------


async def test_numbers_say_their_accounts_to_whoever_serves_these(empty: Harness) -> None:
    await add(empty, NEW_YORK, LONDON[0], reseller_id="acc_r1")
    await assign(empty, NEW_YORK)
    wanted = FindNumberOwners(numbers=(NEW_YORK, LONDON[0], LONDON[1]))
    platform = Principal(id="key_1", account_id="platform", parent_id="", role="switch")
    for asker in (RESELLER, OPERATOR, platform):
        (owner,) = (await empty.ask(wanted, asker)).data
        assert (owner.number, owner.account_id) == (NEW_YORK, "acc_1")
        assert owner.since == empty.clock()
    assert (await empty.ask(wanted, OTHER_RESELLER)).data == ()
    with pytest.raises(Refused, match="forbidden"):
        await empty.ask(wanted, CUSTOMER)
