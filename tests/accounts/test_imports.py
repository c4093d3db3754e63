"""Accounts of one file: kept at once, opened a few at a time, each once and with its own end."""

import asyncio

import pytest

from contracts.accounts import (
    AcceptedQuote,
    AcceptedRow,
    Account,
    AccountImport,
    DisableAccount,
    FindAccount,
    FindAccountImport,
    ImportAccounts,
    ListAccountImports,
    ListAccounts,
)
from contracts.billing import OpenBillingAccount
from services.accounts.handlers import imports
from services.accounts.model.imports import OPENING_AT_ONCE
from services.chassis.principal import Principal
from services.chassis.service import Running
from services.chassis.settings import Settings
from tests.accounts.opened import (
    billing_account_opened,
    billing_account_refused,
    open_reseller,
    order,
)
from tests.harness import CUSTOMER, OPERATOR, Harness

SHA = "0" * 64


def file_of(*names: str, sha: str = SHA) -> ImportAccounts:
    """Return a file with these accounts, each of which was quoted 20.00."""
    quote = AcceptedQuote(total=20_000_000)
    return ImportAccounts(
        content_sha256=sha,
        expected_total=20_000_000 * len(names),
        accepted=tuple(
            AcceptedRow(line=line, order=order(name, accepted=quote))
            for line, name in enumerate(names, start=2)
        ),
    )


def running(harness: Harness) -> Running:
    """Return what the background work of the service gets; it needs no broker."""
    bus: object = None
    return Running("accounts", harness.database, bus, Settings(), harness.clock)  # pyright: ignore[reportArgumentType] - it sends by its outbox only


async def look(harness: Harness) -> None:
    """Let the service look once what is to be done for files."""
    await imports.open_next_rows(running(harness))


async def found(harness: Harness, reseller: Principal, begun: AccountImport) -> AccountImport:
    """Return an import as it is now."""
    return await harness.ask(FindAccountImport(import_id=begun.id), reseller)


async def opened(harness: Harness, reseller: Principal, account_id: str | None) -> Account:
    """Return the account of a row."""
    assert account_id is not None
    return await harness.ask(FindAccount(account_id=account_id), reseller)


async def names(harness: Harness, reseller: Principal) -> list[str]:
    """Return the names of all accounts that are opening or open."""
    page = await harness.ask(ListAccounts(limit=100), reseller)
    return [account.name for account in page.data]


async def test_each_row_opens_like_a_single_order(harness: Harness, reseller: Principal) -> None:
    begun = await harness.ask(file_of("One", "Two"), reseller)
    assert (begun.state, begun.accounts, begun.total) == ("running", 2, 40_000_000)
    assert await names(harness, reseller) == []
    await look(harness)
    accounts = await harness.sent(OpenBillingAccount)
    assert [one.accepted_total for one in accounts][-2:] == [20_000_000, 20_000_000]
    assert {one.actor for one in accounts[-2:]} == {reseller.id}
    rows = (await found(harness, reseller, begun)).rows
    assert [(row.line, row.name, row.state) for row in rows] == [
        (2, "One", "opening"),
        (3, "Two", "opening"),
    ]
    for row in rows:
        await harness.hear(billing_account_opened(await opened(harness, reseller, row.account_id)))
    await look(harness)
    done = await found(harness, reseller, begun)
    assert (done.state, done.opened, done.failed) == ("done", 2, 0)
    assert done.finished_at is not None
    assert await names(harness, reseller) == ["One", "Two"]


async def test_a_row_that_fails_says_why_and_keeps_no_other_back(
    harness: Harness, reseller: Principal
) -> None:
    await harness.ask(order("Taken"), reseller)
    begun = await harness.ask(file_of("Taken", "Poor", "Good"), reseller)
    await look(harness)
    rows = {row.name: row for row in (await found(harness, reseller, begun)).rows}
    await harness.hear(
        billing_account_refused(await opened(harness, reseller, rows["Poor"].account_id))
    )
    await harness.hear(
        billing_account_opened(await opened(harness, reseller, rows["Good"].account_id))
    )
    await look(harness)
    done = await found(harness, reseller, begun)
    assert (done.state, done.opened, done.failed) == ("done", 1, 2)
    assert [(row.state, row.failure.code if row.failure else "") for row in done.rows] == [
        ("failed", "account-name-taken"),
        ("failed", "insufficient-credit"),
        ("opened", ""),
    ]


async def test_few_open_at_a_time(harness: Harness, reseller: Principal) -> None:
    begun = await harness.ask(
        file_of(*(f"Company {n:02}" for n in range(OPENING_AT_ONCE + 3))), reseller
    )
    await look(harness)
    await look(harness)
    rows = (await found(harness, reseller, begun)).rows
    assert [row.state for row in rows] == ["opening"] * OPENING_AT_ONCE + ["waiting"] * 3
    await harness.hear(billing_account_opened(await opened(harness, reseller, rows[0].account_id)))
    await look(harness)
    rows = (await found(harness, reseller, begun)).rows
    assert [row.state for row in rows] == [
        "opened",
        *["opening"] * OPENING_AT_ONCE,
        "waiting",
        "waiting",
    ]


async def test_processes_that_look_at_the_same_time_open_each_row_once(
    harness: Harness, reseller: Principal
) -> None:
    begun = await harness.ask(file_of(*(f"Company {n}" for n in range(5))), reseller)
    await asyncio.gather(*(look(harness) for _ in range(4)))
    assert len(await names(harness, reseller)) == 5
    rows = (await found(harness, reseller, begun)).rows
    for row in rows:
        await harness.hear(billing_account_opened(await opened(harness, reseller, row.account_id)))
    await asyncio.gather(*(look(harness) for _ in range(4)))
    done = await found(harness, reseller, begun)
    assert (done.state, done.opened, done.failed) == ("done", 5, 0)


async def test_rows_of_a_reseller_that_is_disabled_meanwhile_are_refused(
    harness: Harness, reseller: Principal
) -> None:
    begun = await harness.ask(file_of("One", "Two"), reseller)
    await harness.ask(DisableAccount(account_id=reseller.account_id), OPERATOR)
    await look(harness)
    done = await found(harness, reseller, begun)
    assert (done.state, done.failed) == ("done", 2)
    assert {row.failure.code for row in done.rows if row.failure} == {"account-disabled"}


async def test_an_import_is_of_one_reseller_and_only_a_reseller_has_one(
    harness: Harness, reseller: Principal
) -> None:
    other = await open_reseller(harness, "Voice Two", domain="two.example")
    begun = await harness.ask(file_of("One"), reseller)
    query = FindAccountImport(import_id=begun.id)
    assert (await harness.problem(query, other)).type == "not-found"
    assert (await harness.ask(ListAccountImports(), other)).data == ()
    (listed,) = (await harness.ask(ListAccountImports(), reseller)).data
    assert (listed.id, listed.rows) == (begun.id, ())
    for principal in (OPERATOR, CUSTOMER):
        assert (await harness.problem(file_of("Two"), principal)).type == "forbidden"
    assert (await harness.problem(file_of(), reseller)).type == "malformed-request"


@pytest.mark.parametrize(("minutes", "faults"), [(14, 0), (16, 1)])
async def test_the_audit_names_an_import_that_stands_still(
    harness: Harness, reseller: Principal, minutes: int, faults: int
) -> None:
    await harness.ask(file_of("One"), reseller)
    harness.clock.forward(minutes=minutes)
    found_faults = await imports.no_import_is_stuck(running(harness))
    assert len(found_faults) == faults
