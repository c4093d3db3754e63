"""What becomes of a billing account when the state of its account changes."""

from collections.abc import Iterable, Sequence

from contracts.accounts import AccountClosed, AccountDisabled, AccountEnabled, AccountSuspended
from services.billing.base.model.money import amount_text
from services.billing.base.model.period import local_day
from services.billing.base.store import billing_settings
from services.billing.invoicing.handlers.issuing import announce_receivables, issue
from services.billing.invoicing.model.invoice import StoredInvoice
from services.billing.invoicing.model.payment import write_off_movements
from services.billing.invoicing.store import arrears, draft_invoices, invoices
from services.billing.ledger.handlers.accounts import record_of_account
from services.billing.ledger.model.ledger import BillingAccount, BillingAccountStatus, entries_after
from services.billing.ledger.model.movement import Movement, closing_movement
from services.billing.ledger.store import billing_accounts, ledger
from services.billing.lifecycle.handlers.router import router
from services.billing.lifecycle.model.billing_run import final_bill
from services.billing.lifecycle.store import renewals
from services.billing.plans.store import plans
from services.chassis.annotations import Transaction
from services.chassis.changes import SYSTEM

AccountEvent = AccountClosed | AccountDisabled | AccountEnabled | AccountSuspended


@router.hears(AccountDisabled)
async def note_account_disabled(event: AccountDisabled, tx: Transaction) -> None:
    """Note that an account is inoperative."""
    await _note(tx, event, "disabled")


@router.hears(AccountEnabled)
async def note_account_enabled(event: AccountEnabled, tx: Transaction) -> None:
    """Note that an account works again."""
    await _note(tx, event, "active")


@router.hears(AccountSuspended)
async def note_account_suspended(event: AccountSuspended, tx: Transaction) -> None:
    """Note that an account is inoperative because its invoices are unpaid."""
    await _note(tx, event, "suspended")


@router.hears(AccountClosed)
async def close_billing_account(event: AccountClosed, tx: Transaction) -> None:
    """Send the final invoice of a closed account, write off what it owes, pay out what is left."""
    account = await _note(tx, event, "closed")
    if account is not None:
        await _settle(tx, account)
        await plans.close(tx, account.id)


async def settle_late(tx: Transaction, account_id: str) -> None:
    """Bill a closed account what was charged since, and leave nothing on it again.

    A call that was running may end after the account, and its record come later still.
    """
    account = await billing_accounts.find(tx, account_id)
    assert account is not None, f"{account_id} has lost its billing account"
    head = await ledger.head(tx, account)
    if account.status == "closed" and head.balance:
        await _settle(tx, account, after_seq=head.seq)


async def _settle(tx: Transaction, account: BillingAccount, *, after_seq: int = 0) -> None:
    await _bill_finally(tx, account, after_seq)
    await issue(tx, account.reseller_id, await draft_invoices.drafts_of(tx, account.id))
    await write_off(tx, account, await invoices.unpaid(tx, [account.id]))
    balance = (await ledger.head(tx, account)).balance
    last = closing_movement(account.id, balance, after_seq=after_seq)
    await _append(tx, account, [last], tx.trigger.message_id)


async def _bill_finally(tx: Transaction, account: BillingAccount, after_seq: int) -> None:
    """Leave the draft of the last invoice: for what was charged since the one before."""
    head = await ledger.head(tx, account)
    settings = await billing_settings.find(tx, account.reseller_id)
    owed = await arrears.since_last_invoice(tx, account, settings)
    bill = final_bill(
        account,
        await plans.find(tx, account.id),
        owed,
        settings=settings,
        balance=head.balance,
        day=local_day(tx.now, account.time_zone),
        after_seq=after_seq,
    )
    await _append(tx, account, bill.movements, bill.invoice.id)
    if not bill.is_nothing:
        await invoices.add(tx, bill.invoice)
    ended = {"renews_at": None, "invoiced_seq": bill.through_seq}
    await renewals.save(tx, account.model_copy(update=ended))


async def write_off_closed(tx: Transaction, issued: Iterable[StoredInvoice]) -> None:
    """Write off what closed accounts owe: an invoice may get its number after the closing only."""
    for invoice in issued:
        if invoice.is_unpaid:
            account = await billing_accounts.find(tx, invoice.account_id)
            assert account is not None, f"{invoice.id} is an invoice of nobody"
            if account.status == "closed":
                await write_off(tx, account, [invoice])


async def write_off(
    tx: Transaction, account: BillingAccount, owed: Sequence[StoredInvoice]
) -> None:
    """Write off what is due of invoices, by entries that cancel out: they are void then.

    That nothing of them is owed any more is told: their issue may have told the opposite just now.
    """
    for invoice in owed:
        await _append(tx, account, write_off_movements(invoice), invoice.id)
        await invoices.save(tx, invoice.written_off_rest())
        lost = {"written off": amount_text(invoice.due, invoice.currency)}
        await record_of_account(
            tx, "invoice.written-off", account, subject=invoice.number, after=lost, by=SYSTEM
        )
    if owed:
        await announce_receivables(tx, account)


async def _append(
    tx: Transaction, account: BillingAccount, movements: Iterable[Movement], cause: str
) -> None:
    head = await ledger.head(tx, account)
    entries = entries_after(head, movements, now=tx.now, cause=cause, actor=tx.actor)
    await ledger.append(tx, account, entries)


async def _note(
    tx: Transaction, event: AccountEvent, status: BillingAccountStatus
) -> BillingAccount | None:
    """Keep the state of the account; None when this event, or a newer one, told it before."""
    account = await billing_accounts.find(tx, event.account_id)
    # an account is billed before it can have a state; one that failed to open has neither
    if account is None or event.version <= account.account_version:
        return None
    noted = account.model_copy(update={"status": status, "account_version": event.version})
    await billing_accounts.save_status(tx, noted)
    return noted
