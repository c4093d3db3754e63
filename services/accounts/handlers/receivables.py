"""What an account owes: heard from billing, shown, and followed by suspending or lifting it."""

from contracts.accounts import AccountEnabled, AccountSuspended
from contracts.billing import InvoiceIssued, InvoiceOverdue, InvoicePaid, ReceivablesChanged
from services.accounts import store
from services.accounts.handlers.service import record_change, router
from services.accounts.model.accounts import StoredAccount
from services.accounts.model.receivables import after_receivables, is_newer
from services.chassis.annotations import Transaction
from services.chassis.changes import SYSTEM


@router.hears(InvoiceIssued)
async def invoice_issued(event: InvoiceIssued, tx: Transaction) -> None:
    """Note what an account owes after an invoice was issued."""
    await _note(tx, event)


@router.hears(InvoicePaid)
async def invoice_paid(event: InvoicePaid, tx: Transaction) -> None:
    """Note what an account owes after an invoice was paid; lift its suspension if that was all."""
    await _note(tx, event)


@router.hears(InvoiceOverdue)
async def invoice_overdue(event: InvoiceOverdue, tx: Transaction) -> None:
    """Note what an account owes after a reminder; suspend it if it owes for too long."""
    await _note(tx, event)


@router.hears(ReceivablesChanged)
async def receivables_changed(event: ReceivablesChanged, tx: Transaction) -> None:
    """Note what an account owes after a part payment, or of an invoice without a number yet."""
    await _note(tx, event)


async def _note(
    tx: Transaction, event: InvoiceIssued | InvoicePaid | InvoiceOverdue | ReceivablesChanged
) -> None:
    account = await store.find_account(tx, event.account_id)
    if account is None or not is_newer(event.receivables, account.receivables):
        return
    noted = account.model_copy(update={"receivables": event.receivables})
    await store.save_account(tx, noted)
    await follow_receivables(tx, noted, before=account)


async def follow_receivables(
    tx: Transaction, account: StoredAccount, *, before: StoredAccount | None = None
) -> None:
    """Suspend an account that owes for too long, or lift its suspension, and tell everyone."""
    after = after_receivables(account)
    if after.status == account.status:
        return
    await store.save_account(tx, after)
    announce_working(tx, after, after_suspension=True)
    action = "account.suspended" if after.status == "suspended" else "account.suspension-lifted"
    await record_change(tx, action, after, before=before or account, by=SYSTEM)


def announce_working(tx: Transaction, account: StoredAccount, *, after_suspension: bool) -> None:
    """Tell that an account works again, or that it does not because its invoices are unpaid."""
    known = {
        "account_id": account.id,
        "reseller_id": account.parent_id,
        "version": account.version,
    }
    if account.status == "suspended":
        tx.announce(AccountSuspended.model_validate(known))
        return
    assert account.status == "active", f"{account.id} does not work"
    tx.announce(AccountEnabled.model_validate({**known, "after_suspension": after_suspension}))
