"""What becomes of a wallet when the state of its account changes."""

from collections.abc import Iterable, Sequence

from contracts.accounts import AccountClosed, AccountDisabled, AccountEnabled, AccountSuspended
from services.billing.base.model.money import amount_text
from services.billing.base.model.period import local_day
from services.billing.base.store import billing_settings
from services.billing.invoicing.handlers.issuing import announce_receivables, issue
from services.billing.invoicing.model.invoice import Invoice
from services.billing.invoicing.model.payment import write_off_movements
from services.billing.invoicing.store import arrears, draft_invoices, invoices
from services.billing.ledger.handlers.accounts import record_of_account
from services.billing.ledger.model.ledger import BillingAccount, WalletStatus, entries_after
from services.billing.ledger.model.movement import Movement, closing_movement
from services.billing.ledger.store import ledger, wallets
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
async def close_wallet(event: AccountClosed, tx: Transaction) -> None:
    """Send the final invoice of a closed account, write off what it owes, pay out what is left."""
    wallet = await _note(tx, event, "closed")
    if wallet is not None:
        await _settle(tx, wallet)
        await plans.close(tx, wallet.id)


async def settle_late(tx: Transaction, account_id: str) -> None:
    """Bill a closed account what was charged since, and leave nothing on it again.

    A call that was running may end after the account, and its record come later still.
    """
    wallet = await wallets.find(tx, account_id)
    assert wallet is not None, f"{account_id} has lost its wallet"
    head = await ledger.head(tx, wallet)
    if wallet.status == "closed" and head.balance:
        await _settle(tx, wallet, after_seq=head.seq)


async def _settle(tx: Transaction, wallet: BillingAccount, *, after_seq: int = 0) -> None:
    await _bill_finally(tx, wallet, after_seq)
    await issue(tx, wallet.reseller_id, await draft_invoices.drafts_of(tx, wallet.id))
    await write_off(tx, wallet, await invoices.unpaid(tx, [wallet.id]))
    balance = (await ledger.head(tx, wallet)).balance
    last = closing_movement(wallet.id, balance, after_seq=after_seq)
    await _append(tx, wallet, [last], tx.cause.message_id)


async def _bill_finally(tx: Transaction, wallet: BillingAccount, after_seq: int) -> None:
    """Leave the draft of the last invoice: for what was charged since the one before."""
    head = await ledger.head(tx, wallet)
    settings = await billing_settings.find(tx, wallet.reseller_id)
    owed = await arrears.since_last_invoice(tx, wallet, settings)
    bill = final_bill(
        wallet,
        await plans.find(tx, wallet.id),
        owed,
        settings=settings,
        balance=head.balance,
        day=local_day(tx.now, wallet.time_zone),
        after_seq=after_seq,
    )
    await _append(tx, wallet, bill.movements, bill.invoice.id)
    if not bill.is_nothing:
        await invoices.add(tx, bill.invoice)
    ended = {"renews_at": None, "invoiced_seq": bill.through_seq}
    await renewals.save(tx, wallet.model_copy(update=ended))


async def write_off_closed(tx: Transaction, issued: Iterable[Invoice]) -> None:
    """Write off what closed accounts owe: an invoice may get its number after the closing only."""
    for invoice in issued:
        if invoice.is_unpaid:
            wallet = await wallets.find(tx, invoice.account_id)
            assert wallet is not None, f"{invoice.id} is an invoice of nobody"
            if wallet.status == "closed":
                await write_off(tx, wallet, [invoice])


async def write_off(tx: Transaction, wallet: BillingAccount, owed: Sequence[Invoice]) -> None:
    """Write off what is due of invoices, by entries that cancel out: they are void then.

    That nothing of them is owed any more is told: their issue may have told the opposite just now.
    """
    for invoice in owed:
        await _append(tx, wallet, write_off_movements(invoice), invoice.id)
        await invoices.save(tx, invoice.written_off_rest())
        lost = {"written off": amount_text(invoice.due, invoice.currency)}
        await record_of_account(
            tx, "invoice.written-off", wallet, subject=invoice.number, after=lost, by=SYSTEM
        )
    if owed:
        await announce_receivables(tx, wallet)


async def _append(
    tx: Transaction, wallet: BillingAccount, movements: Iterable[Movement], cause: str
) -> None:
    head = await ledger.head(tx, wallet)
    entries = entries_after(head, movements, now=tx.now, cause=cause, actor=tx.actor)
    await ledger.append(tx, wallet, entries)


async def _note(
    tx: Transaction, event: AccountEvent, status: WalletStatus
) -> BillingAccount | None:
    """Keep the state of the account; None when this event, or a newer one, told it before."""
    wallet = await wallets.find(tx, event.account_id)
    # an account gets its wallet before it can have a state; one that failed to open has neither
    if wallet is None or event.version <= wallet.account_version:
        return None
    noted = wallet.model_copy(update={"status": status, "account_version": event.version})
    await wallets.save_status(tx, noted)
    return noted
