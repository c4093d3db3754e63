"""The opening saga: how it goes on, is undone, and is pushed when it is stuck."""

from collections.abc import Callable

import pytest

from contracts.accounts import (
    AcceptedQuote,
    Account,
    AccountActivated,
    AccountFailed,
    AccountOpening,
    CloseAccount,
    ListAccounts,
)
from contracts.base import Event
from contracts.billing import CreditOrder, OpenBillingAccount
from contracts.numbers import (
    AssignNumbers,
    CancelReservation,
    ReserveAccountNumbers,
)
from services.accounts.handlers.saga import no_opening_is_stuck
from services.chassis.database import Transaction
from services.chassis.principal import Principal
from services.chassis.service import Running
from services.chassis.settings import Settings
from tests.accounts.opened import (
    NUMBERS,
    billing_account_opened,
    billing_account_refused,
    held,
    listed,
    numbers_assigned,
    numbers_refused,
    open_account,
    order,
    plan,
    priced,
    shown,
)
from tests.harness import Harness


async def test_an_account_without_numbers_goes_straight_to_its_billing_account(
    harness: Harness, reseller: Principal
) -> None:
    credit = CreditOrder(amount=500_000_000, note="first")
    account = await harness.ask(order(plan=plan(), credit=credit), reseller)
    assert account.status == "opening"
    assert account.version == 1
    (opening,) = [event for event in await harness.sent(AccountOpening) if event.name == "Acme"]
    assert (opening.account_id, opening.realm) == (account.id, account.realm)
    tell = (await harness.sent(OpenBillingAccount))[-1]
    assert (tell.account_id, tell.parent_path) == (account.id, ("platform", reseller.account_id))
    assert (tell.plan, tell.credit, tell.numbers) == (plan(), credit, ())
    assert (tell.opened_at, tell.actor) == (account.created_at, reseller.id)
    assert await harness.sent(ReserveAccountNumbers) == []
    await harness.hear(billing_account_opened(account))
    active = await shown(harness, reseller, account)
    assert (active.status, active.version) == ("active", 2)
    assert await harness.sent(AssignNumbers) == []


async def test_an_account_with_numbers_holds_them_first_and_pays_what_they_cost(
    harness: Harness, reseller: Principal
) -> None:
    account = await harness.ask(order(plan=plan(*NUMBERS), reservation_id="hold_1"), reseller)
    assert [tell.account_id for tell in await harness.sent(OpenBillingAccount)] == [
        reseller.account_id
    ]
    (hold,) = await harness.sent(ReserveAccountNumbers)
    assert (hold.numbers, hold.reservation_id, hold.reseller_id) == (
        NUMBERS,
        "hold_1",
        reseller.account_id,
    )
    await harness.hear(held(account, *NUMBERS))
    (tell,) = await harness.sent(OpenBillingAccount)
    assert tell.numbers == priced(*NUMBERS)
    assert (await shown(harness, reseller, account)).status == "opening"
    await harness.hear(billing_account_opened(account))
    (assign,) = await harness.sent(AssignNumbers)
    assert assign.account_id == account.id
    await harness.hear(numbers_assigned(account, *NUMBERS))
    active = await shown(harness, reseller, account)
    assert (active.status, active.numbers, active.version) == ("active", NUMBERS, 2)


async def test_the_activation_tells_all_that_a_welcome_needs(
    harness: Harness, reseller: Principal
) -> None:
    await harness.sent(AccountActivated)
    account = await open_account(harness, reseller, send_welcome=False)
    (activated,) = await harness.sent(AccountActivated)
    assert activated.administrator == account.administrator
    assert activated.reseller_name == "Voice One"
    assert activated.administrator_user_id.startswith("usr_")
    assert (activated.realm, activated.send_welcome) == (account.realm, False)


@pytest.mark.parametrize(
    ("refusal", "kind", "releases"),
    [(numbers_refused, "number-taken", 0), (billing_account_refused, "insufficient-credit", 1)],
)
async def test_a_refusal_undoes_all_hides_the_account_and_frees_its_name(
    harness: Harness,
    reseller: Principal,
    refusal: Callable[[Account], Event],
    kind: str,
    releases: int,
) -> None:
    account = await harness.ask(order(plan=plan(*NUMBERS)), reseller)
    if releases:
        await harness.hear(held(account, *NUMBERS))
    await harness.hear(refusal(account))
    failed = await shown(harness, reseller, account)
    assert (failed.status, failed.version) == ("failed", 2)
    assert failed.failure is not None
    assert failed.failure.code == kind
    assert failed.failure.detail
    (event,) = await harness.sent(AccountFailed)
    assert event.failure == failed.failure
    assert len(await harness.sent(CancelReservation)) == releases
    assert await listed(harness, reseller) == []
    page = await harness.ask(ListAccounts(status="failed"), reseller)
    assert [found.id for found in page.data] == [account.id]
    again = await open_account(harness, reseller)
    assert again.name == account.name
    assert again.realm != account.realm


@pytest.mark.parametrize("refusal", [numbers_refused, billing_account_refused])
async def test_a_refusal_that_comes_out_of_its_step_changes_nothing(
    harness: Harness, reseller: Principal, refusal: Callable[[Account], Event]
) -> None:
    account = await harness.ask(order(plan=plan(*NUMBERS)), reseller)
    if refusal is numbers_refused:
        await harness.hear(held(account, *NUMBERS))
    await harness.hear(refusal(account))
    assert (await shown(harness, reseller, account)).status == "opening"
    assert await harness.sent(AccountFailed) == []


async def test_numbers_held_for_an_account_that_has_failed_or_closed_are_given_back(
    harness: Harness, reseller: Principal
) -> None:
    account = await harness.ask(order(plan=plan(*NUMBERS)), reseller)
    await harness.hear(numbers_refused(account))
    await harness.hear(held(account, *NUMBERS))
    (release,) = await harness.sent(CancelReservation)
    assert release.account_id == account.id
    closed = await open_account(harness, reseller, numbers=NUMBERS)
    await harness.ask(CloseAccount(account_id=closed.id, confirm_name=closed.name), reseller)
    await harness.hear(held(closed, *NUMBERS))
    assert len(await harness.sent(CancelReservation)) == 1


@pytest.mark.parametrize(
    "late", [held, billing_account_opened, numbers_refused, billing_account_refused]
)
async def test_an_answer_for_an_account_that_nobody_knows_is_ignored(
    harness: Harness, reseller: Principal, late: Callable[[Account], Event]
) -> None:
    account = await harness.ask(order(), reseller)
    await harness.hear(late(account.model_copy(update={"id": "acc_unknown"})))
    assert (await shown(harness, reseller, account)).status == "opening"


async def test_a_realm_is_unique_whatever_happened_to_its_account(
    harness: Harness, reseller: Principal
) -> None:
    realms: set[str] = set()
    for _ in range(5):
        account = await open_account(harness, reseller)
        realms.add(account.realm)
        await harness.ask(CloseAccount(account_id=account.id, confirm_name=account.name), reseller)
    assert len(realms) == 5


async def test_a_suffix_that_is_taken_is_drawn_again(
    harness: Harness, reseller: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    suffixes = iter(["same", "same", "same", "else"])

    def draw(_: Transaction, characters: int) -> str:
        assert characters == 4
        return next(suffixes)

    monkeypatch.setattr(Transaction, "new_suffix", draw)
    first = await open_account(harness, reseller)
    await harness.ask(CloseAccount(account_id=first.id, confirm_name=first.name), reseller)
    second = await harness.ask(order(), reseller)
    assert (first.realm, second.realm) == ("acme-same.voice.example", "acme-else.voice.example")


# --- the clock and the audit ----------------------------------------------------------------


async def test_an_opening_that_does_not_move_is_told_on_again(
    harness: Harness, reseller: Principal
) -> None:
    account = await harness.ask(order(plan=plan(*NUMBERS)), reseller)
    assert len(await harness.sent(ReserveAccountNumbers)) == 1
    await harness.run_jobs()
    assert await harness.sent(ReserveAccountNumbers) == []
    harness.clock.forward(minutes=2, seconds=1)
    await harness.run_jobs()
    await harness.run_jobs()
    (again,) = await harness.sent(ReserveAccountNumbers)
    assert again.account_id == account.id
    await harness.hear(held(account, *NUMBERS))
    await harness.sent(OpenBillingAccount)
    harness.clock.forward(minutes=2, seconds=1)
    await harness.run_jobs()
    (billing_account,) = await harness.sent(OpenBillingAccount)
    assert billing_account.numbers == priced(*NUMBERS)
    assert await harness.sent(ReserveAccountNumbers) == []
    await harness.hear(billing_account_opened(account))
    harness.clock.forward(minutes=10)
    await harness.run_jobs()
    assert await harness.sent(OpenBillingAccount) == []


async def test_an_opening_that_began_while_a_clock_had_jumped_is_told_on_again(
    harness: Harness, reseller: Principal
) -> None:
    right = harness.clock()
    harness.clock.forward(days=1)
    await harness.ask(order(plan=plan(*NUMBERS)), reseller)
    assert len(await harness.sent(ReserveAccountNumbers)) == 1
    harness.clock.now = right
    await harness.run_jobs()
    assert len(await harness.sent(ReserveAccountNumbers)) == 1


async def test_the_audit_finds_an_opening_that_is_stuck_though_it_is_pushed(
    harness: Harness, reseller: Principal
) -> None:
    account = await harness.ask(order(), reseller)
    running = Running("accounts", harness.database, None, Settings(), harness.clock)  # pyright: ignore[reportArgumentType] - the audit asks nobody
    for _ in range(8):
        assert await no_opening_is_stuck(running) == []
        harness.clock.forward(minutes=2)
        await harness.run_jobs()
    (fault,) = await no_opening_is_stuck(running)
    assert account.id in fault
    await harness.hear(billing_account_opened(account))
    assert await no_opening_is_stuck(running) == []


async def test_numbers_whose_fees_change_after_the_order_cost_what_was_accepted(
    harness: Harness, reseller: Principal
) -> None:
    fees = priced(*NUMBERS)
    accepted = AcceptedQuote(total=30_000_000, numbers=fees)
    order_then = order(plan=plan(*NUMBERS), reservation_id="hold_1", accepted=accepted)
    account = await harness.ask(order_then, reseller)
    dearer = [one.model_copy(update={"monthly_fee": one.monthly_fee * 2}) for one in fees]
    event = held(account, *NUMBERS)
    await harness.hear(event.model_copy(update={"numbers": tuple(dearer)}))
    tell = (await harness.sent(OpenBillingAccount))[-1]
    assert tell.numbers == fees
    assert tell.accepted_total == 30_000_000
