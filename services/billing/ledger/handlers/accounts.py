"""Finding a billing account for its reader, and recording its changes in the audit trail."""

from collections.abc import Mapping

from contracts.accounts import PLATFORM_ID
from contracts.base import Refused
from services.billing.ledger.model.ledger import BillingAccount
from services.billing.ledger.store import wallets
from services.chassis import changes
from services.chassis.changes import Actor
from services.chassis.database import Reader, Transaction


async def wallet_seen_by_asker(db: Reader, account_id: str) -> BillingAccount:
    """Return the wallet of an account that is the asker's own or directly below it."""
    if db.principal.role == "switch":
        raise Refused("forbidden", "A key of the switch is for calls only.")
    wallet = await wallets.find_seen_by(db, db.principal.account_id, account_id)
    if wallet is None:
        raise Refused("not-found", "There is no such account.")
    return wallet


async def own_wallet(db: Reader, reseller_id: str) -> BillingAccount | None:
    """Return the wallet of a seller itself; the platform has none."""
    if reseller_id == PLATFORM_ID:
        return None
    wallet = await wallets.find(db, reseller_id)
    if wallet is None:
        raise Refused("account-not-active", "This reseller is still being opened. Try again soon.")
    return wallet


async def record_of_account(
    tx: Transaction,
    action: str,
    wallet: BillingAccount,
    *,
    subject: str = "",
    before: Mapping[str, str] | None = None,
    after: Mapping[str, str] | None = None,
    by: Actor | None = None,
) -> None:
    """Keep in the audit trail what became of an account's plan or money."""
    await changes.record(
        tx,
        action,
        account_id=wallet.id,
        parent_id=wallet.reseller_id,
        subject=subject,
        before=before,
        after=after,
        by=by,
    )
