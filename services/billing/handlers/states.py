"""What becomes of a wallet when the state of its account changes."""

from contracts.accounts import AccountClosed, AccountDisabled, AccountEnabled, AccountSuspended
from services.billing.handlers.service import billing
from services.billing.model.ledger import Wallet, WalletStatus, closing_refund, entries_after
from services.billing.store import ledger, plans, wallets
from services.chassis.database import Transaction

AccountEvent = AccountClosed | AccountDisabled | AccountEnabled | AccountSuspended


@billing.hears(AccountDisabled)
async def note_account_disabled(event: AccountDisabled, tx: Transaction) -> None:
    """Note that an account is inoperative."""
    await _note(tx, event, "disabled")


@billing.hears(AccountEnabled)
async def note_account_enabled(event: AccountEnabled, tx: Transaction) -> None:
    """Note that an account works again."""
    await _note(tx, event, "active")


@billing.hears(AccountSuspended)
async def note_account_suspended(event: AccountSuspended, tx: Transaction) -> None:
    """Note that an account is inoperative because its invoices are unpaid."""
    await _note(tx, event, "suspended")


@billing.hears(AccountClosed)
async def close_wallet(event: AccountClosed, tx: Transaction) -> None:
    """Pay out what is left of the credit of a closed account and close its wallet."""
    wallet = await _note(tx, event, "closed")
    if wallet is None:
        return
    standing = await ledger.standing(tx, wallet)
    entries = entries_after(
        standing,
        [closing_refund(wallet.id, standing.balance)],
        now=tx.now,
        cause=tx.cause.message_id,
        actor=tx.actor,
    )
    await ledger.append(tx, wallet, entries)
    await plans.close(tx, wallet.id)


async def _note(tx: Transaction, event: AccountEvent, status: WalletStatus) -> Wallet | None:
    """Keep the state of the account; None when this event, or a newer one, told it before."""
    wallet = await wallets.find(tx, event.account_id)
    # an account gets its wallet before it can have a state; one that failed to open has neither
    if wallet is None or event.version <= wallet.account_version:
        return None
    noted = wallet.model_copy(update={"status": status, "account_version": event.version})
    await wallets.save_status(tx, noted)
    return noted
