"""What an account owes: shown, suspended for, lifted when paid, and in the way of closing it."""

import random
import uuid
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.accounts import (
    Account,
    AccountClosed,
    AccountDisabled,
    AccountEnabled,
    AccountSuspended,
    CloseAccount,
    CountAccounts,
    DisableAccount,
    EnableAccount,
    ListAccountChanges,
    ListAccounts,
)
from contracts.audit import AuditFilter
from contracts.base import Event
from contracts.billing import (
    InvoiceIssued,
    InvoiceOverdue,
    InvoicePaid,
    Receivables,
    ReceivablesChanged,
)
from contracts.values import micros
from services.chassis.principal import Principal
from tests.accounts.opened import (
    billing_account_opened,
    open_account,
    order,
    shown,
)
from tests.harness import OPERATOR, Harness


def receivables(version: int, *, unpaid: int = 0, suspended: bool = False) -> Receivables:
    return Receivables(
        version=version,
        unpaid_invoices=unpaid,
        unpaid=unpaid * micros("17.50"),
        suspended=suspended,
    )


def issued(account: Account, now: Receivables) -> InvoiceIssued:
    return InvoiceIssued.model_validate(
        {
            **_about(account, now),
            "kind": "invoice",
            "due": micros("17.50"),
            "period_start": "2026-11-01",
            "period_end": "2026-12-01",
            "due_on": "2026-11-22",
        }
    )


def paid(account: Account, now: Receivables) -> InvoicePaid:
    return InvoicePaid.model_validate(_about(account, now))


def overdue(account: Account, now: Receivables, days: int = 7) -> InvoiceOverdue:
    due = {"due": micros("17.50"), "due_on": "2026-11-22", "days": days}
    return InvoiceOverdue.model_validate({**_about(account, now), **due})


def _about(account: Account, now: Receivables) -> dict[str, object]:
    return {
        "invoice_id": "inv_1",
        "account_id": account.id,
        "reseller_id": account.parent_id,
        "number": "ACME-000001",
        "total": micros("17.50"),
        "currency": "USD",
        "receivables": now,
    }


@pytest.fixture
async def account(harness: Harness, reseller: Principal) -> Account:
    """Give an active customer."""
    return await open_account(harness, reseller)


@pytest.fixture
async def suspended(harness: Harness, account: Account) -> Account:
    """Give a customer who owes two invoices, one of them for too long."""
    await harness.hear(overdue(account, receivables(1, unpaid=2, suspended=True)))
    await harness.sent(AccountSuspended)
    return account


async def status_of(harness: Harness, reseller: Principal, account: Account) -> str:
    return (await shown(harness, reseller, account)).status


# --- suspending and lifting ---------------------------------------------------------------


async def test_what_an_account_owes_is_shown_and_stops_nothing_for_a_week(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    await harness.hear(issued(account, receivables(1, unpaid=1)))
    await harness.hear(overdue(account, receivables(2, unpaid=1), days=3))
    now = await shown(harness, reseller, account)
    assert (now.unpaid_invoices, now.status, now.version) == (1, "active", account.version)
    assert await harness.sent(AccountSuspended) == []


async def test_an_account_that_owes_for_too_long_is_suspended_and_everyone_told_once(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    event = overdue(account, receivables(3, unpaid=1, suspended=True))
    for message_id in ("one", "one", "two"):
        await harness.hear(event, message_id=message_id)
    now = await shown(harness, reseller, account)
    assert (now.status, now.version) == ("suspended", account.version + 1)
    (told,) = await harness.sent(AccountSuspended)
    assert (told.account_id, told.reseller_id, told.version) == (
        account.id,
        reseller.account_id,
        now.version,
    )
    page = await harness.ask(ListAccounts(status="suspended"), reseller)
    assert [found.id for found in page.data] == [account.id]
    assert (await harness.ask(CountAccounts(), reseller)).suspended == 1


async def test_paying_lifts_the_suspension_at_once(
    harness: Harness, reseller: Principal, suspended: Account
) -> None:
    await harness.hear(paid(suspended, receivables(2, unpaid=1)))
    now = await shown(harness, reseller, suspended)
    assert (now.status, now.unpaid_invoices) == ("active", 1)
    (told,) = await harness.sent(AccountEnabled)
    assert (told.version, told.after_suspension) == (now.version, True)


async def test_suspending_and_lifting_are_told_as_the_systems_own(
    harness: Harness, reseller: Principal, suspended: Account
) -> None:
    await harness.hear(paid(suspended, receivables(2)))
    wanted = AuditFilter(account_id=suspended.id, actor="system")
    page = await harness.ask(ListAccountChanges(filter=wanted), reseller)
    assert [(one.action, one.before, one.after) for one in page.data] == [
        (
            "account.suspension-lifted",
            {"status": "suspended", "unpaid": "2 invoices, $35.00"},
            {"status": "active"},
        ),
        (
            "account.suspended",
            {"status": "active"},
            {"status": "suspended", "unpaid": "2 invoices, $35.00"},
        ),
    ]


async def test_an_account_that_was_disabled_stays_so_until_it_is_enabled(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    await harness.ask(DisableAccount(account_id=account.id, reason="Fraud"), reseller)
    await harness.hear(overdue(account, receivables(1, unpaid=1, suspended=True)))
    assert await status_of(harness, reseller, account) == "disabled"
    assert await harness.sent(AccountSuspended) == []
    enabled = await harness.ask(EnableAccount(account_id=account.id), reseller)
    assert (enabled.status, enabled.disabled_reason) == ("suspended", None)
    (told,) = await harness.sent(AccountSuspended)
    assert told.version == enabled.version
    assert await harness.sent(AccountEnabled) == []
    await harness.hear(paid(account, receivables(2)))
    assert await status_of(harness, reseller, account) == "active"


async def test_a_suspended_account_that_is_disabled_and_pays_works_when_it_is_enabled(
    harness: Harness, reseller: Principal, suspended: Account
) -> None:
    await harness.ask(DisableAccount(account_id=suspended.id), reseller)
    assert await status_of(harness, reseller, suspended) == "disabled"
    await harness.hear(paid(suspended, receivables(2)))
    assert await status_of(harness, reseller, suspended) == "disabled"
    assert await harness.sent(AccountEnabled) == []
    enabled = await harness.ask(EnableAccount(account_id=suspended.id), reseller)
    assert enabled.status == "active"
    (told,) = await harness.sent(AccountEnabled)
    assert (told.version, told.after_suspension) == (enabled.version, False)


async def test_enabling_does_not_lift_a_suspension(
    harness: Harness, reseller: Principal, suspended: Account
) -> None:
    problem = await harness.problem(EnableAccount(account_id=suspended.id), reseller)
    assert problem.code == "account-not-active"
    assert "invoices are paid" in problem.detail
    assert await status_of(harness, reseller, suspended) == "suspended"


async def test_a_standing_that_overtakes_the_opening_counts_when_it_is_open(
    harness: Harness, reseller: Principal
) -> None:
    account = await harness.ask(order(), reseller)
    await harness.hear(overdue(account, receivables(1, unpaid=1, suspended=True)))
    assert await status_of(harness, reseller, account) == "opening"
    await harness.hear(billing_account_opened(account))
    assert await status_of(harness, reseller, account) == "suspended"
    (told,) = await harness.sent(AccountSuspended)
    assert told.version == account.version + 2


async def test_a_suspended_reseller_changes_no_account_and_is_told_why(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    own = await shown(harness, OPERATOR, account.model_copy(update={"id": reseller.account_id}))
    await harness.hear(overdue(own, receivables(1, unpaid=1, suspended=True)))
    for command in (DisableAccount(account_id=account.id), order("Other")):
        problem = await harness.problem(command, reseller)
        assert (problem.code, "Pay your bills" in problem.detail) == ("account-disabled", True)
    await harness.hear(paid(own, receivables(2)))
    await harness.ask(DisableAccount(account_id=account.id), reseller)


async def test_what_is_heard_of_an_account_that_does_not_exist_changes_nothing(
    harness: Harness, account: Account
) -> None:
    nobody = account.model_copy(update={"id": "acc_unknown"})
    await harness.hear(overdue(nobody, receivables(1, unpaid=1, suspended=True)))
    assert await harness.sent(AccountSuspended) == []


# --- closing ------------------------------------------------------------------------------


async def test_an_account_that_owes_is_closed_only_by_force(
    harness: Harness, reseller: Principal, suspended: Account
) -> None:
    problem = await harness.problem(
        CloseAccount(account_id=suspended.id, confirm_name=suspended.name), reseller
    )
    assert problem.code == "unpaid-invoices"
    for told in ("2 invoices", "$35.00", "by force", "written off"):
        assert told in problem.detail
    assert await harness.sent(AccountClosed) == []
    typed_wrong = CloseAccount(account_id=suspended.id, confirm_name="acme", force=True)
    assert (await harness.problem(typed_wrong, reseller)).type == "name-does-not-match"
    forced = CloseAccount(account_id=suspended.id, confirm_name=suspended.name, force=True)
    closed = await harness.ask(forced, reseller)
    assert (closed.status, closed.unpaid_invoices) == ("closed", 0)
    assert await harness.ask(forced, reseller) == closed
    assert len(await harness.sent(AccountClosed)) == 1


async def test_what_is_owed_by_an_invoice_without_a_number_yet_is_in_the_way_too(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    known = {"account_id": account.id, "reseller_id": account.parent_id}
    now = receivables(1, unpaid=1)
    await harness.hear(ReceivablesChanged.model_validate({**known, "receivables": now}))
    problem = await harness.problem(
        CloseAccount(account_id=account.id, confirm_name=account.name), reseller
    )
    assert problem.code == "unpaid-invoices"


async def test_one_invoice_is_one_invoice_and_a_paid_one_is_in_nobodys_way(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    await harness.hear(issued(account, receivables(1, unpaid=1)))
    problem = await harness.problem(
        CloseAccount(account_id=account.id, confirm_name=account.name), reseller
    )
    assert "1 invoice, $17.50" in problem.detail
    await harness.hear(paid(account, receivables(2)))
    assert (
        await harness.ask(CloseAccount(account_id=account.id, confirm_name=account.name), reseller)
    ).status == "closed"


async def test_a_closed_account_stays_closed_whatever_is_heard(
    harness: Harness, reseller: Principal, suspended: Account
) -> None:
    await harness.ask(
        CloseAccount(account_id=suspended.id, confirm_name=suspended.name, force=True), reseller
    )
    await harness.hear(paid(suspended, receivables(2)))
    await harness.hear(overdue(suspended, receivables(3, unpaid=1, suspended=True)))
    now = await shown(harness, reseller, suspended)
    assert (now.status, now.unpaid_invoices) == ("closed", 0)
    assert await harness.sent(AccountEnabled) == []


# --- any order ----------------------------------------------------------------------------


async def told_states(harness: Harness, account: Account) -> list[str]:
    """Return the states that were announced of an account, by version; each is another one."""
    kinds = {AccountSuspended: "suspended", AccountEnabled: "active", AccountDisabled: "disabled"}
    told = [
        (event.version, state)
        for kind, state in kinds.items()
        for event in await harness.sent(kind)
        if event.account_id == account.id
    ]
    versions = sorted(version for version, _ in told)
    assert versions == list(range(account.version + 1, account.version + 1 + len(told)))
    return [state for _, state in sorted(told)]


@given(
    suspensions=st.lists(st.booleans(), min_size=1, max_size=6),
    orders=st.lists(st.booleans(), max_size=4),
    chance=st.randoms(),
)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_the_newest_standing_and_the_last_order_decide_whatever_comes_when(
    lasting: Harness,
    lasting_reseller: Principal,
    suspensions: list[bool],
    orders: list[bool],
    chance: random.Random,
) -> None:
    account = await open_account(lasting, lasting_reseller, uuid.uuid4().hex)
    events: list[Event] = []
    for version, suspended in enumerate(suspensions, start=1):
        kinds = (overdue,) if suspended else (issued, paid)
        now = receivables(version, unpaid=int(suspended), suspended=suspended)
        events.append(chance.choice(kinds)(account, now))
    steps: list[Event | None] = [*events, *chance.choices(events, k=3)]
    chance.shuffle(steps)
    for _ in orders:  # which keep their order among themselves
        steps.insert(chance.randrange(len(steps) + 1), None)
    left = iter(orders)
    disabled = False
    for step in steps:
        if step is not None:
            await lasting.hear(step)
            continue
        wanted = next(left)
        if wanted != disabled:
            command = (DisableAccount if wanted else EnableAccount)(account_id=account.id)
            await lasting.ask(command, lasting_reseller)
            disabled = wanted
    end = await shown(lasting, lasting_reseller, account)
    working = "suspended" if suspensions[-1] else "active"
    assert end.status == ("disabled" if disabled else working)
    assert end.unpaid_invoices == int(suspensions[-1])
    states = ["active", *(await told_states(lasting, account))]
    assert all(one != other for one, other in pairwise(states))
    assert (states[-1], end.version) == (end.status, account.version + len(states) - 1)
