"""Numbers of an open account: quoted and added, given up, or undone when they are not to be had."""

from collections.abc import Iterable

from contracts.base import Refused
from contracts.billing import (
    AddPlanNumbers,
    Plan,
    PlanChangeQuote,
    PricedNumber,
    QuoteNumbers,
    RemovePlanNumber,
    TakeNumberBack,
)
from contracts.numbers import AssignPlanNumbers, NumbersRefused, UnassignNumber
from services.billing.base.handlers.service import billing, refuse_fields
from services.billing.base.model.period import local_day
from services.billing.base.store import billing_settings
from services.billing.charging.store import charging
from services.billing.invoicing.handlers.payments import pay_what_is_due
from services.billing.ledger.handlers.accounts import record_of_account
from services.billing.ledger.model.ledger import BillingAccount, entries_after
from services.billing.ledger.store import billing_accounts, ledger
from services.billing.lifecycle.handlers.account_events import settle_late
from services.billing.lifecycle.handlers.plan_changes import (
    carry_out,
    changeable_account,
    put_in_force,
    quoted,
    refuse_all_but_parent,
)
from services.billing.lifecycle.handlers.router import router
from services.billing.lifecycle.model.plan_numbers import (
    NumberOrder,
    billed_months,
    check_numbers,
    propose_numbers,
    undoing,
    without_numbers,
)
from services.billing.lifecycle.store import number_orders, renewals
from services.billing.plans.handlers.plans import plan_of, shown_plan
from services.billing.plans.model.plan_change import Proposal, Today
from services.billing.plans.model.taking_back import (
    propose_taking_back,
    quarantined,
    without_number,
)
from services.billing.plans.store import plans
from services.chassis.annotations import Transaction
from services.chassis.changes import SYSTEM
from services.chassis.database import Reader


@billing.replies(QuoteNumbers)
async def quote_numbers(query: QuoteNumbers, db: Reader) -> PlanChangeQuote:
    """Say what numbers would charge that are added to a plan."""
    account, proposal = await _proposed(db, query)
    return await quoted(db, account, proposal)


@router.answers(AddPlanNumbers)
async def add_plan_numbers(command: AddPlanNumbers, tx: Transaction) -> Plan:
    """Add numbers to a plan and charge them; then they are taken, or else all of it is undone."""
    account, proposal = await _proposed(tx, command)
    return await _order(tx, account, command, command.numbers, proposal)


@router.answers(RemovePlanNumber)
async def remove_plan_number(command: RemovePlanNumber, tx: Transaction) -> Plan:
    """Take a number from a plan; nothing is refunded, and it goes to quarantine."""
    account = await _parents_account(tx, command.account_id)
    plan = await plan_of(tx, account)
    changed = without_number(plan, command.number, Today.of(account, tx.now), tx.now)
    if changed is plan:
        raise Refused("not-found", f"{command.number} is not among the numbers of this plan.")
    order = await number_orders.find_latest(tx, account.id, command.number)
    tx.tell(
        UnassignNumber(
            account_id=account.id,
            reseller_id=account.reseller_id,
            number=command.number,
            order_id=order.id if order else "",
        )
    )
    await record_of_account(tx, "number.removed", account, subject=command.number)
    account = await put_in_force(tx, account, changed)
    return await shown_plan(tx, account, changed, await ledger.head(tx, account))


@router.answers(TakeNumberBack)
async def take_number_back(command: TakeNumberBack, tx: Transaction) -> Plan:
    """Put a number in quarantine back in its plan, as an order of it that is already set up."""
    account = await _parents_account(tx, command.account_id)
    plan = await plan_of(tx, account)
    one = quarantined(plan, command.number, tx.now)
    if one is None:
        detail = f"{command.number} can't be taken back. Add it again once it is a spare number."
        raise Refused("not-found", detail)
    refuse_fields(check_numbers(plan, [one.priced], account.currency))
    settings = await billing_settings.find(tx, account.reseller_id)
    today = Today.of(account, tx.now, settings)
    proposal = propose_taking_back(plan, one, today, tx.now).taxed(settings, account.currency)
    return await _order(tx, account, command, [one.priced], proposal)


async def _order(
    tx: Transaction,
    account: BillingAccount,
    command: AddPlanNumbers | TakeNumberBack,
    numbers: Iterable[PricedNumber],
    proposal: Proposal,
) -> Plan:
    """Charge numbers under an order of their own, and have it assigned once that stands."""
    order = NumberOrder(
        id=tx.new_id("order"),
        account_id=account.id,
        numbers=tuple(priced.number for priced in numbers),
        at=tx.now,
        plan_version=proposal.plan.version,
    )
    await number_orders.add(tx, order)
    is_back = isinstance(command, TakeNumberBack)
    tx.tell(
        AssignPlanNumbers(
            account_id=account.id,
            reseller_id=account.reseller_id,
            order_id=order.id,
            reservation_id="" if is_back else command.reservation_id,
            numbers=order.numbers,
            from_quarantine=is_back,
        )
    )
    action = "number.taken-back" if is_back else "numbers.added"
    await record_of_account(tx, action, account, subject=", ".join(order.numbers))
    return await carry_out(
        tx,
        account,
        proposal,
        key=order.key,
        cause=order.id,
        expected_total=command.expected_total,
    )


@router.hears(NumbersRefused)
async def undo_number_order(event: NumbersRefused, tx: Transaction) -> None:
    """Take back what an order of numbers charged, and the numbers from the plan."""
    order = await number_orders.find(tx, event.account_id, event.order_id)
    if order is None or order.undone:
        return  # of an opening, or told again
    await number_orders.save_undone(tx, order)
    account, plan = (
        await billing_accounts.find(tx, order.account_id),
        await plans.find(tx, order.account_id),
    )
    assert account is not None, "who has ordered has a billing account"
    assert plan is not None, "and a plan"
    gone = set(order.numbers) - await number_orders.ordered_again(tx, order)
    await _take_back(tx, account, order, gone)
    numbers = ", ".join(order.numbers)
    await record_of_account(tx, "numbers.not-added", account, subject=numbers, by=SYSTEM)
    changed = without_numbers(plan, gone)
    if changed is not plan:
        await put_in_force(tx, account, changed)


async def _take_back(
    tx: Transaction, account: BillingAccount, order: NumberOrder, gone: Iterable[str]
) -> None:
    """Take back what an order charged, and what renewals have billed for its numbers since."""
    day = local_day(order.at, account.time_zone)
    months = billed_months(gone, await renewals.begun_after(tx, account.id, day))
    keys = (*order.entry_keys, *(month.entry_key for month in months))
    back = undoing(order, months, await charging.find_entries(tx, keys))
    entries = entries_after(
        await ledger.head(tx, account), back, now=tx.now, cause=order.id, actor=tx.actor
    )
    await ledger.append(tx, account, entries)
    if account.status == "closed":
        await settle_late(tx, account.id)
    elif entries:
        await pay_what_is_due(tx, account)


async def _proposed(
    db: Reader, asked: QuoteNumbers | AddPlanNumbers
) -> tuple[BillingAccount, Proposal]:
    account = await _parents_account(db, asked.account_id)
    plan = await plan_of(db, account)
    refuse_fields(check_numbers(plan, asked.numbers, account.currency))
    settings = await billing_settings.find(db, account.reseller_id)
    proposal = propose_numbers(plan, asked.numbers, Today.of(account, db.now, settings))
    return account, proposal.taxed(settings, account.currency)


async def _parents_account(db: Reader, account_id: str) -> BillingAccount:
    account = await changeable_account(db, account_id)
    refuse_all_but_parent(db, account, "Send the numbers to add or remove.")
    return account
