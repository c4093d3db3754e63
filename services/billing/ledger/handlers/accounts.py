"""Finding a billing account for its reader, and recording its changes in the audit trail."""

from collections.abc import Mapping

from contracts.accounts import PLATFORM_ID
from contracts.base import Refused
from services.billing.ledger.model.ledger import BillingAccount
from services.billing.ledger.store import billing_accounts
from services.chassis import changes
from services.chassis.changes import Actor
from services.chassis.database import Reader, Transaction


async def account_seen_by_asker(db: Reader, account_id: str) -> BillingAccount:
    """Return the billing account of an account that is the asker's own or directly below it."""
    if db.principal.role == "switch":
        raise Refused("forbidden", "A key of the switch is for calls only.")
    account = await billing_accounts.find_seen_by(db, db.principal.account_id, account_id)
    if account is None:
        raise Refused("not-found", "There is no such account.")
    return account


async def own_account(db: Reader, reseller_id: str) -> BillingAccount | None:
    """Return a reseller's own billing account; the platform has none."""
    if reseller_id == PLATFORM_ID:
        return None
    account = await billing_accounts.find(db, reseller_id)
    if account is None:
        raise Refused("account-not-active", "This reseller is still being opened. Try again soon.")
    return account


async def record_of_account(
    tx: Transaction,
    action: str,
    account: BillingAccount,
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
        account_id=account.id,
        parent_id=account.reseller_id,
        subject=subject,
        before=before,
        after=after,
        by=by,
    )
