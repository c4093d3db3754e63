"""Lists: pages forwards and backwards over every sort, search, counts, and their indexes."""

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.accounts import (
    Account,
    AccountSort,
    Administrator,
    CloseAccount,
    CountAccounts,
    DisableAccount,
    ListAccounts,
)
from contracts.base import Ask
from contracts.names import sort_key as key_of
from services.accounts import store
from services.accounts.app import service
from services.accounts.model import accounts as model
from services.chassis.cursor import cursor_of
from services.chassis.database import Transaction, Trigger
from services.chassis.principal import Principal
from tests.accounts.opened import administrator, open_account, open_reseller, order
from tests.harness import Harness

SORTS: tuple[AccountSort, ...] = get_args(AccountSort)
LASTING_ACCOUNTS = 23
MANY_ACCOUNTS = 50_000
MONTH_START = datetime(2026, 11, 1, tzinfo=UTC)


def made(
    reseller: Principal, number: int, *, first_name: str, last_name: str, status: str = "active"
) -> model.StoredAccount:
    """Return an account as it is kept, without its saga; every third has the same name."""
    person = Administrator(
        email=f"admin{number}@customer{number % 7}.example",
        first_name=first_name,
        last_name=last_name,
        phone=f"+1415555{2000 + number % 8000}",
    )
    given: dict[str, Any] = {
        "id": f"acc_{number:024x}",
        "parent_path": ("platform", reseller.account_id),
        "name": f"Customer {number}",
        "realm": f"{uuid.uuid4().hex}.voice.example",
        "status": status,
        "administrator": person,
        "administrator_user_id": f"usr_{number}",
        "currency": "USD",
        "country": "US",
        "time_zone": "UTC",
        "created_at": MONTH_START,
    }
    return model.StoredAccount.model_validate(given)


async def keep(harness: Harness, accounts: list[model.StoredAccount]) -> None:
    async def add(tx: Transaction) -> None:
        await store.add_accounts(tx, *accounts)

    trigger = Trigger(message_id=uuid.uuid4().hex, correlation_id="test")
    await harness.database.once("test", trigger, add)


@pytest.fixture(scope="module")
async def lasting_reseller(lasting: Harness) -> Principal:
    """Give a reseller whose customers' administrators mostly share their names."""
    reseller = await open_reseller(lasting)
    first_names, last_names = ("Ann", "Ben", "Cleo"), ("Lee", "lee", "Ray")
    await keep(
        lasting,
        [
            made(
                reseller,
                number,
                first_name=first_names[number % 3],
                last_name=last_names[number // 3 % 3],
                status="disabled" if number % 4 == 0 else "active",
            )
            for number in range(LASTING_ACCOUNTS)
        ],
    )
    return reseller


def sort_key(sort: str, account: Account) -> tuple[str, str]:
    person = account.administrator
    keys = {
        "name": account.name.casefold(),
        "created_at": "",
        "administrator": f"{person.last_name} {person.first_name}".casefold(),
    }
    return keys[sort.removeprefix("-")], account.id


# --- pages --------------------------------------------------------------------------------


@given(
    sort=st.sampled_from(SORTS),
    limit=st.integers(min_value=1, max_value=30),
    status=st.sampled_from([None, "active", "disabled"]),
    search=st.sampled_from(["", "lee", "ann", "customer 1"]),
)
@settings(max_examples=40)
async def test_pages_show_every_account_once_in_order_forwards_and_backwards(  # noqa: PLR0917 - hypothesis gives them by name
    lasting: Harness,
    lasting_reseller: Principal,
    sort: AccountSort,
    limit: int,
    status: Any,  # noqa: ANN401 - a status or none
    search: str,
) -> None:
    question = ListAccounts(sort=sort, limit=limit, status=status, search=search)
    everything = await lasting.ask(
        ListAccounts(sort=sort, limit=100, status=status, search=search), lasting_reseller
    )
    expected = sorted(
        everything.data, key=lambda account: sort_key(sort, account), reverse=sort.startswith("-")
    )
    assert list(everything.data) == expected
    assert expected
    pages: list[list[Account]] = []
    page = await lasting.ask(question, lasting_reseller)
    assert page.previous is None
    while True:
        pages.append(list(page.data))
        assert 0 < len(page.data) <= limit
        if page.next is None:
            break
        page = await lasting.ask(
            question.model_copy(update={"cursor": page.next}), lasting_reseller
        )
    assert [account for shown in pages for account in shown] == expected
    for earlier in reversed(pages[:-1]):
        assert page.previous is not None
        page = await lasting.ask(
            question.model_copy(update={"cursor": page.previous}), lasting_reseller
        )
        assert list(page.data) == earlier
        assert page.next is not None
    assert page.previous is None


async def test_a_page_may_end_at_an_account_that_is_gone_by_the_next(
    harness: Harness, reseller: Principal
) -> None:
    accounts = [await open_account(harness, reseller, f"Acme {number}") for number in range(4)]
    page = await harness.ask(ListAccounts(limit=2), reseller)
    await harness.ask(
        CloseAccount(account_id=accounts[1].id, confirm_name=accounts[1].name), reseller
    )
    after = await harness.ask(ListAccounts(limit=2, cursor=page.next), reseller)
    assert [account.name for account in after.data] == ["Acme 2", "Acme 3"]
    before = await harness.ask(ListAccounts(limit=2, cursor=after.previous), reseller)
    assert [account.name for account in before.data] == ["Acme 0"]
    assert before.previous is None


@pytest.mark.parametrize(
    ("country", "names"),
    [
        ("US", ["Åland", "älter", "apple", "Banana", "Éclair", "Egg", "Özil", "zebra", "Żubr"]),
        ("SE", ["apple", "Banana", "Éclair", "Egg", "zebra", "Żubr", "Åland", "älter", "Özil"]),
    ],
)
async def test_names_are_sorted_as_their_reader_expects_it_over_all_pages(
    harness: Harness, country: str, names: list[str]
) -> None:
    reseller = await open_reseller(harness, country=country)
    for name in reversed(names):
        await open_account(harness, reseller, name)
    seen: list[str] = []
    question = ListAccounts(limit=2)
    while True:
        page = await harness.ask(question, reseller)
        seen += [account.name for account in page.data]
        if page.next is None:
            break
        question = question.model_copy(update={"cursor": page.next})
    assert seen == sorted(names, key=lambda name: key_of(name, country))
    assert seen[-1] == names[-1]


async def test_accounts_of_before_are_sorted_and_found_like_those_of_today(
    harness: Harness, reseller: Principal
) -> None:
    account = await open_account(harness, reseller, "Öhler")
    stored = harness.database.documents("accounts")
    old = {"name_sort": "öhler", "search_terms": ["öhler"]}
    await stored.update({"_id": account.id}, {"$set": old, "$unset": {"keys_version": ""}})
    assert (await harness.ask(ListAccounts(search="ohler"), reseller)).data == ()
    await store.prepare(harness.database)
    assert (await harness.ask(ListAccounts(search="ohler"), reseller)).data == (
        account_of(account),
    )
    document = await stored.find_one({"_id": account.id})
    assert document is not None
    assert document["name_sort"] == key_of("Öhler", "US")


def account_of(account: Account) -> Account:
    """Return an account as lists show it."""
    return account.model_copy(update={"password_pending": None})


async def test_a_cursor_of_elsewhere_is_refused(harness: Harness, reseller: Principal) -> None:
    problem = await harness.problem(ListAccounts(cursor="elsewhere"), reseller)
    assert problem.code == "invalid-cursor"


# --- search and counts ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "search",
    [
        *("brien", "O'BRIEN", "sons o'b", "o-brien-sons-"),
        *("ann", "Ann Lee", "ann@acme", "acme.example"),
        *("+1 (415) 555-26", "4155552671", "2671"),
    ],
)
async def test_a_search_finds_by_beginnings_of_words_realm_address_and_numbers(
    harness: Harness, reseller: Principal, search: str
) -> None:
    account = await open_account(harness, reseller, "O'Brien & Sons")
    other = administrator(
        email="ben@other.example", first_name="Ben", last_name="Ray", phone="+442079460018"
    )
    await open_account(harness, reseller, "Unlike", administrator=other)
    page = await harness.ask(ListAccounts(search=search), reseller)
    assert [found.name for found in page.data] == [account.name]
    assert (await harness.ask(CountAccounts(search=search), reseller)).active == 1
    by_realm = await harness.ask(ListAccounts(search=account.realm), reseller)
    assert [found.id for found in by_realm.data] == [account.id]


@pytest.mark.parametrize("search", ["(", ".*", "^", "a|b", "\\", "$", "[", "x" * 200])
async def test_a_search_is_taken_literally(
    harness: Harness, reseller: Principal, search: str
) -> None:
    await open_account(harness, reseller)
    page = await harness.ask(ListAccounts(search=search), reseller)
    assert page.data == ()


async def test_accounts_are_counted_by_state_and_since_the_month_began(
    harness: Harness, reseller: Principal
) -> None:
    await harness.ask(order("Opening"), reseller)
    accounts = [await open_account(harness, reseller, f"Acme {number}") for number in range(4)]
    await harness.ask(DisableAccount(account_id=accounts[0].id), reseller)
    await harness.ask(
        CloseAccount(account_id=accounts[1].id, confirm_name=accounts[1].name), reseller
    )
    await keep(harness, [made(reseller, 1, first_name="Old", last_name="Timer")])
    counts = await harness.ask(CountAccounts(), reseller)
    assert (counts.opening, counts.active, counts.disabled) == (1, 3, 1)
    assert (counts.suspended, counts.closed) == (0, 1)
    # Ids carry the real time, and the harness's clock stands in a month of its own.
    harness.clock.now = datetime.now(UTC)
    assert (await harness.ask(CountAccounts(), reseller)).opened_this_month == 4


# --- 50,000 accounts ------------------------------------------------------------------------


@pytest.fixture(scope="module")
async def crowd(mongodb_url: str, database_prefix: str) -> AsyncIterator[tuple[Harness, Principal]]:
    """Give a reseller with 50,000 accounts, each tenth of them disabled."""
    harness = await Harness.start(service, mongodb_url, database_prefix)
    reseller = await open_reseller(harness)
    accounts = harness.database.documents("accounts")
    (sample,) = [made(reseller, 0, first_name="Ann", last_name="Lee")]
    await keep(harness, [sample])
    document = await accounts.find_one({"_id": sample.id})
    assert document is not None
    for start in range(1, MANY_ACCOUNTS, 10_000):
        await accounts.insert(
            *(
                {
                    **document,
                    "_id": f"acc_{number:024x}",
                    "name": f"Customer {number}",
                    "name_taken": f"customer {number}",
                    "name_sort": f"customer {number}",
                    "administrator_sort": f"lee {number % 5000}",
                    "realm": f"customer-{number}.voice.example",
                    "status": "active" if number % 10 else "disabled",
                    "search_terms": ["customer", str(number), f"admin{number}@acme.example"],
                }
                for number in range(start, min(start + 10_000, MANY_ACCOUNTS))
            )
        )
    yield harness, reseller
    await harness.stop()


async def explained(
    harness: Harness, question: Ask[Any], reseller: Principal, command: str = "find"
) -> list[Any]:
    """Ask, and return how MongoDB found what was asked for: by which index, looking at what."""
    profile = harness.database.raw["system.profile"]
    await harness.database.raw.command("profile", 2)
    try:
        await harness.ask(question, reseller)
    finally:
        await harness.database.raw.command("profile", 0)
    found = await profile.find({f"command.{command}": "accounts"}).to_list(length=None)
    await profile.drop()
    # Not the finds of one account, such as the asker's own.
    return [entry for entry in found if entry["command"].get("limit") != 1]


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("status", [None, "active"])
async def test_a_page_of_50_000_accounts_comes_from_an_index(
    crowd: tuple[Harness, Principal],
    sort: AccountSort,
    status: Any,  # noqa: ANN401 - a status or none
) -> None:
    harness, reseller = crowd
    question = ListAccounts(sort=sort, status=status, limit=50)
    for _ in range(3):
        page = await harness.ask(question, reseller)
        (find,) = await explained(harness, question, reseller)
        assert "COLLSCAN" not in find["planSummary"]
        assert not find.get("hasSortStage"), find["planSummary"]
        assert find["docsExamined"] <= 2 * question.limit
        question = question.model_copy(update={"cursor": page.next})


async def test_a_page_deep_in_50_000_accounts_is_as_quick_as_the_first(
    crowd: tuple[Harness, Principal],
) -> None:
    harness, reseller = crowd
    positions: list[tuple[AccountSort, str]] = [
        ("name", "customer 3"),
        ("-name", "customer 3"),
        ("administrator", "lee 3"),
    ]
    for sort, value in positions:
        middle = cursor_of("after", value, f"acc_{3:024x}")
        question = ListAccounts(sort=sort, limit=50, cursor=middle)
        (find,) = await explained(harness, question, reseller)
        assert find["nreturned"] == 51
        assert find["keysExamined"] <= 70


async def test_a_search_among_50_000_accounts_uses_the_index_of_words(
    crowd: tuple[Harness, Principal],
) -> None:
    harness, reseller = crowd
    (find,) = await explained(harness, ListAccounts(search="4999"), reseller)
    assert "search_terms" in find["planSummary"]
    assert find["docsExamined"] <= 30
    assert find["nreturned"] == 11


async def test_counting_50_000_accounts_reads_an_index_only(
    crowd: tuple[Harness, Principal],
) -> None:
    harness, reseller = crowd
    counts = await harness.ask(CountAccounts(), reseller)
    assert (counts.active, counts.disabled) == (45_001, 4_999)
    commands = await explained(harness, CountAccounts(), reseller, command="aggregate")
    assert len(commands) == 2
    for command in commands:
        assert "COLLSCAN" not in command["planSummary"]
        assert command["docsExamined"] == 0
