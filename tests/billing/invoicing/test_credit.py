"""Adjustments, credit limits, and credit of any kind that pays what is due."""

import asyncio
from typing import Any

import pytest

from contracts.accounts import AccountClosed, AccountSuspended
from contracts.base import Refused
from contracts.billing import (
    AddCredit,
    AdjustBalance,
    BalanceAdjusted,
    BalanceLow,
    ChangePlan,
    CreditLimitChanged,
    CreditOrder,
    FindBalance,
    FindBillingAccounts,
    InvoicePaid,
    LedgerEntry,
    Overdraft,
    PayInvoice,
    PlanChange,
    QuotePlanChange,
    ReceivablesChanged,
    SetCreditLimit,
)
from contracts.values import decimal_text, micros
from services.billing.lifecycle.handlers.renewals import renew_due
from tests.billing.base.test_changes import trail
from tests.billing.charging_world import World, record
from tests.billing.conftest import audit, balance_of, ledger_of, open_account, plan, running
from tests.billing.invoiced import credit as issue_credit_note
from tests.billing.invoiced import forget_receipts, know_invoice_parties, owe
from tests.billing.months import day, invoices_of, live_on, live_until
from tests.harness import CUSTOMER, OPERATOR, OTHER_RESELLER, RESELLER, Harness

ACCOUNT = {"account_id": "acc_c1", "reseller_id": "acc_r1"}


def adjust(amount: str, entry_seq: int | None = None, **fields: Any) -> AdjustBalance:  # noqa: ANN401 - any part of it
    return AdjustBalance.model_validate(
        {
            "account_id": "acc_c1",
            "amount": amount,
            "reason": "Mistyped",
            "entry_seq": entry_seq,
            **fields,
        }
    )


def limit(amount: str, account_id: str = "acc_c1") -> SetCreditLimit:
    return SetCreditLimit(account_id=account_id, credit_limit=micros(amount))


def credit(amount: str) -> AddCredit:
    return AddCredit(account_id="acc_c1", credit=CreditOrder(amount=micros(amount)))


async def refused(
    billing: Harness, command: AdjustBalance | SetCreditLimit
) -> list[tuple[str, str]]:
    problem = await billing.problem(command, RESELLER)
    assert problem.code == "invalid-fields"
    return [(error.pointer, error.type) for error in problem.errors]


def dues(entries: list[LedgerEntry]) -> list[tuple[str, str]]:
    return [(entry.type, decimal_text(entry.amount)) for entry in entries]


# --- adjustments ----------------------------------------------------------------------------


async def test_a_credit_typed_by_mistake_is_taken_back(billing: Harness) -> None:
    await open_account(billing)
    mistake = await billing.ask(credit("400.00"), RESELLER)
    entry = await billing.ask(adjust("-360.00", mistake.seq), RESELLER, message_id="request-1")
    assert (entry.type, entry.amount, entry.corrects_seq) == (
        "adjustment",
        -micros("360.00"),
        mistake.seq,
    )
    assert entry.text == f"Correction of entry {mistake.seq}: Mistyped"
    assert (entry.cause, entry.actor) == ("request-1", "usr_r1")
    assert await balance_of(billing) == micros("372.00")
    (event,) = await billing.sent(BalanceAdjusted)
    assert (event.seq, event.amount, event.corrects_seq) == (entry.seq, entry.amount, mistake.seq)
    told = (await trail(billing))[-1]
    assert (told.action, told.subject) == ("balance.adjusted", "-360.00 USD")
    assert told.after["reason"] == "Mistyped"
    assert await audit(billing) == []


async def test_the_same_adjustment_twice_moves_money_once(billing: Harness) -> None:
    await open_account(billing)
    first = await billing.ask(adjust("-5.00", 1), RESELLER, message_id="request-1")
    await forget_receipts(billing)
    assert await billing.ask(adjust("-5.00", 1), RESELLER, message_id="request-1") == first
    await forget_receipts(billing)
    for other in (adjust("-6.00", 1), adjust("-5.00")):
        with pytest.raises(Refused, match="idempotency-key-reused"):
            await billing.ask(other, RESELLER, message_id="request-1")
    assert len(await ledger_of(billing)) == 3


async def test_only_the_parent_adjusts_and_sets_limits(billing: Harness) -> None:
    await open_account(billing)
    for command in (adjust("1.00"), limit("1.00")):
        asked = {
            "forbidden": CUSTOMER,
            "not-found": OTHER_RESELLER,
        }
        for kind, by in asked.items():
            assert (await billing.problem(command, by)).type == kind
        assert (await billing.problem(command, OPERATOR)).type == "not-found"
    own = adjust("1.00", account_id="acc_r1")
    assert (await billing.problem(own, RESELLER)).type == "forbidden"
    assert (await billing.ask(own, OPERATOR)).balance_after == micros("1.00")
    assert (await billing.problem(limit("1.00", "acc_r1"), RESELLER)).type == "forbidden"
    assert (await billing.ask(limit("1.00", "acc_r1"), OPERATOR)).available == micros("2.00")


async def test_wrong_adjustments_are_refused(billing: Harness) -> None:
    await open_account(billing)
    assert await refused(billing, adjust("0.00")) == [("/amount", "out-of-range")]
    assert await refused(billing, adjust("0.001")) == [("/amount", "too-many-decimals")]
    assert await refused(billing, adjust("1.00", reason="  ")) == [("/reason", "required")]
    for seq in (0, -1, 9, 2**70):
        assert await refused(billing, adjust("-1.00", seq)) == [("/entry_seq", "not-found")]
    assert await refused(billing, adjust("-500.01", 1)) == [("/amount", "out-of-range")]
    assert len(await ledger_of(billing)) == 2
    await billing.hear(AccountClosed(**ACCOUNT, version=5, name="Acme"))
    for command in (adjust("1.00"), limit("1.00")):
        assert (await billing.problem(command, RESELLER)).type == "account-not-active"


async def test_all_corrections_of_an_entry_take_back_no_more_than_it_moved(
    billing: Harness,
) -> None:
    await open_account(billing)
    for _ in range(4):
        await billing.ask(adjust("-100.00", 1), RESELLER)
    assert await refused(billing, adjust("-100.01", 1)) == [("/amount", "out-of-range")]
    await billing.ask(adjust("-100.00", 1), RESELLER)
    assert await refused(billing, adjust("-0.01", 1)) == [("/entry_seq", "not-correctable")]
    assert await balance_of(billing) == -micros("168.00")
    # too little was typed, a charge was wrong, a correction was wrong
    again = await billing.ask(adjust("-1.00"), RESELLER)
    await billing.ask(adjust("-50.00", again.seq), RESELLER)
    await billing.ask(adjust("168.00", 2), RESELLER)
    await billing.ask(adjust("51.00", again.seq), RESELLER)
    assert await balance_of(billing) == 0
    assert await audit(billing) == []


async def test_corrections_at_once_take_back_an_entry_once(billing: Harness) -> None:
    await open_account(billing)
    outcomes = await asyncio.gather(
        *(billing.ask(adjust("-300.00", 1), RESELLER) for _ in range(4)), return_exceptions=True
    )
    assert sum(isinstance(one, LedgerEntry) for one in outcomes) == 1
    assert await balance_of(billing) == micros("32.00")


async def test_a_call_that_cost_less_than_a_coin_is_taken_back_whole(billing: Harness) -> None:
    world = World(billing)
    await world.open()
    await world.charger.charge([record("call-1", seconds=1)])
    (charged,) = [entry for entry in await ledger_of(billing) if entry.type == "call"]
    assert charged.amount % micros("0.01")
    back = await billing.ask(adjust(decimal_text(-charged.amount), charged.seq), RESELLER)
    assert back.balance_after == charged.balance_after - charged.amount
    assert await audit(billing) == []


async def test_payments_are_corrected_by_credit_notes(billing: Harness) -> None:
    await owe(billing, "20.00")
    await billing.ask(PayInvoice(invoice_id="inv_1"), RESELLER)
    assert await refused(billing, adjust("20.00", 2)) == [("/entry_seq", "not-correctable")]


async def test_an_adjustment_is_on_no_invoice_and_bears_no_tax(billing: Harness) -> None:
    await know_invoice_parties(billing, "acc_c1")
    await open_account(billing)
    await billing.ask(adjust("-32.00"), RESELLER)
    await live_on(billing)
    await live_until(billing, day(2026, 12, 22))
    opening, renewal = await invoices_of(billing)
    assert [line.kind for line in opening.lines] == ["users"]
    assert [line.kind for line in renewal.lines] == ["users"]
    assert await audit(billing) == []


async def test_an_adjustment_below_what_is_low_and_below_zero_is_told(billing: Harness) -> None:
    await open_account(billing)
    await billing.ask(adjust("-400.00"), RESELLER)
    (low,), (over,) = await billing.sent(BalanceLow), await billing.sent(Overdraft)
    assert low.balance_after == over.balance_after == -micros("68.00")


# --- the credit limit -----------------------------------------------------------------------


async def test_a_credit_limit_is_shown_told_and_kept_in_the_audit_trail(billing: Harness) -> None:
    await open_account(billing)
    balance = await billing.ask(limit("50.00"), RESELLER)
    assert (balance.credit_limit, balance.available) == (micros("50.00"), micros("382.00"))
    assert balance == await billing.ask(FindBalance(account_id="acc_c1"), CUSTOMER)
    (event,) = await billing.sent(CreditLimitChanged)
    assert (event.credit_limit, event.credit_limit_before) == (micros("50.00"), 0)
    told = (await trail(billing))[-1]
    assert (told.action, told.before, told.after) == (
        "credit-limit.changed",
        {"credit limit": "0.00 USD"},
        {"credit limit": "50.00 USD"},
    )
    (shown,) = (await billing.ask(FindBillingAccounts(account_ids=("acc_c1",)), RESELLER)).data
    assert shown.credit_limit == micros("50.00")
    assert await billing.ask(limit("50.00"), RESELLER) == balance
    assert await billing.sent(CreditLimitChanged) == []


async def test_wrong_limits_are_refused(billing: Harness) -> None:
    await open_account(billing)
    assert await refused(billing, limit("-1.00")) == [("/credit_limit", "out-of-range")]
    assert await refused(billing, limit("1.005")) == [("/credit_limit", "too-many-decimals")]


async def test_a_plan_change_and_a_renewal_use_the_credit_limit(billing: Harness) -> None:
    await know_invoice_parties(billing, "acc_c1")
    small = plan(users=1, cost_per_user=micros("10.00"))
    await open_account(billing, plan=small, credit=CreditOrder(amount=micros("10.00")))
    await live_on(billing)
    await billing.ask(limit("50.00"), RESELLER)
    change = PlanChange(users=3)
    quote = await billing.ask(QuotePlanChange(account_id="acc_c1", change=change), CUSTOMER)
    assert quote.sufficient_credit
    assert (quote.available, quote.total) == (micros("50.00"), micros("20.00"))
    assert (quote.available_after, quote.balance_after) == (micros("30.00"), -micros("20.00"))
    await billing.ask(ChangePlan(account_id="acc_c1", version=1, change=change), CUSTOMER)
    await billing.sent(ReceivablesChanged)
    await live_until(billing, day(2026, 12, 22))
    assert await balance_of(billing) == -micros("50.00")
    assert [one.status for one in await invoices_of(billing)] == ["paid", "paid"]
    await live_until(billing, day(2027, 1, 22))
    assert (await invoices_of(billing))[-1].due == micros("30.00")
    assert await audit(billing) == []


async def test_a_credit_limit_pays_no_invoice(billing: Harness) -> None:
    await owe(billing, "120.00")
    await billing.ask(limit("50.00"), RESELLER)
    problem = await billing.problem(PayInvoice(invoice_id="inv_1"), CUSTOMER)
    assert problem.code == "insufficient-credit"


async def test_low_and_overdraft_are_told_when_the_limit_is_nearly_used_up(
    billing: Harness,
) -> None:
    await open_account(billing)
    await billing.ask(limit("50.00"), RESELLER)
    await billing.ask(adjust("-340.00"), RESELLER)
    assert await billing.sent(BalanceLow) == []
    await billing.ask(adjust("-30.00"), RESELLER)
    (low,) = await billing.sent(BalanceLow)
    assert (low.threshold, low.credit_limit) == (-micros("16.40"), micros("50.00"))
    assert await billing.sent(Overdraft) == []
    await billing.ask(adjust("-20.00"), RESELLER)
    (over,) = await billing.sent(Overdraft)
    assert over.balance_after == -micros("58.00")


# --- what is due ----------------------------------------------------------------------------


@pytest.mark.parametrize("door", ["credit", "adjustment", "credit note"])
async def test_credit_through_any_door_pays_the_oldest_invoice_first(
    billing: Harness, door: str
) -> None:
    await owe(billing, "60.00", "150.00", "80.00")
    await billing.ask(PayInvoice(invoice_id="inv_1"), RESELLER)
    await billing.sent(InvoicePaid)
    command = {
        "credit": credit("120.00"),
        "adjustment": adjust("120.00"),
        "credit note": issue_credit_note("60.00"),
    }[door]
    await billing.ask(command, RESELLER)
    _, second, third, *_ = await invoices_of(billing)
    if door == "credit note":
        assert (second.due, third.due) == (micros("50.00"), micros("80.00"))
    else:
        assert (second.status, third.due) == ("paid", micros("70.00"))
        (paid,) = await billing.sent(InvoicePaid)
        assert (paid.invoice_id, paid.receivables.unpaid) == ("inv_2", micros("70.00"))
    assert await balance_of(billing) == 0


async def test_credit_lifts_a_suspension_at_once(billing: Harness) -> None:
    await owe(billing, "120.00")
    for days in (25, 29):
        await live_until(billing, day(2026, 11, days, 10))
    await billing.hear(AccountSuspended(**ACCOUNT, version=5))
    await billing.ask(credit("19.99"), RESELLER)
    (part,) = await billing.sent(ReceivablesChanged)
    assert (part.receivables.unpaid, part.receivables.suspended) == (micros("0.01"), True)
    await billing.ask(credit("5.00"), RESELLER)
    (paid,) = await billing.sent(InvoicePaid)
    assert not paid.receivables.suspended
    assert await balance_of(billing) == micros("4.99")
    assert await audit(billing) == []
    billing.clock.forward(minutes=2)
    (fault,) = await audit(billing)  # no account service hears it in this test
    assert fault == "billing account of acc_c1: the account is suspended and owes nothing"


async def test_credit_pays_what_a_renewal_left_due_a_moment_ago(billing: Harness) -> None:
    await know_invoice_parties(billing, "acc_c1")
    await open_account(billing, credit=CreditOrder(amount=micros("170.00")))
    await live_on(billing)
    billing.clock.now = day(2026, 12, 22)
    await renew_due(running(billing))
    assert [one.status for one in await invoices_of(billing)] == ["paid", "draft"]
    await billing.ask(credit("200.00"), RESELLER)
    assert [one.status for one in await invoices_of(billing)] == ["paid", "paid"]
    assert await balance_of(billing) == micros("34.00")
    await live_on(billing)
    assert await audit(billing) == []


async def test_money_that_running_calls_hold_pays_no_invoice(billing: Harness) -> None:
    await owe(billing, "150.00")
    held = {"call_id": "call-1", "destination": "+44", "country": "GB", "free_seconds": 0}
    times = {"seconds": 60, "began_at": billing.clock.now, "until": day(2027, 1, 1)}
    hold = {**held, **times, "money": micros("30.00")}
    accounts = billing.database.documents("wallets")
    await accounts.update({"_id": "acc_c1"}, {"$set": {"holds": [hold]}})
    await billing.ask(credit("50.00"), RESELLER)
    assert (await invoices_of(billing))[0].due == micros("30.00")
    assert await balance_of(billing) == micros("30.00")
    await billing.ask(limit("20.00"), RESELLER)  # the limit covers what is held as well
    await billing.ask(credit("1.00"), RESELLER)
    assert (await invoices_of(billing))[0].due == micros("9.00")
