"""Disabling, enabling and closing accounts."""

from contracts import accounts as contracts
from contracts.accounts import (
    AccountClosed,
    AccountDisabled,
    CloseAccount,
    DisableAccount,
    EnableAccount,
)
from contracts.base import Refused
from contracts.names import trimmed
from services.accounts import store
from services.accounts.handlers.receivables import announce_working
from services.accounts.handlers.service import (
    own_account_below,
    record_change,
    router,
    shown,
)
from services.accounts.handlers.trunks import remove_trunks
from services.accounts.model.accounts import StoredAccount
from services.accounts.model.receivables import unpaid_text
from services.chassis.annotations import Transaction
from services.chassis.confirming import refuse_unconfirmed


@router.answers(DisableAccount)
async def disable_account(command: DisableAccount, tx: Transaction) -> contracts.Account:
    """Make an account inoperative; disabling it twice changes nothing more."""
    account = await own_account_below(tx, command.account_id)
    if account.status == "disabled":
        return await shown(tx, account)
    if account.status not in ("active", "suspended"):
        raise Refused("account-not-active", f"The account is {account.status}, not active.")
    reason = trimmed(command.reason)
    disabled = account.with_status("disabled", disabled_reason=reason)
    await store.save_account(tx, disabled)
    tx.announce(
        AccountDisabled(
            account_id=disabled.id,
            reseller_id=disabled.parent_id,
            version=disabled.version,
            reason=reason,
        )
    )
    await record_change(tx, "account.disabled", disabled, before=account)
    return await shown(tx, disabled)


@router.answers(EnableAccount)
async def enable_account(command: EnableAccount, tx: Transaction) -> contracts.Account:
    """Make a disabled account work again, or be suspended again if it owes for too long."""
    account = await own_account_below(tx, command.account_id)
    if account.status == "active":
        return await shown(tx, account)
    if account.status == "suspended":
        raise Refused("account-not-active", "The account works again once its invoices are paid.")
    if account.status != "disabled":
        raise Refused("account-not-active", f"The account is {account.status}, not disabled.")
    enabled = account.with_status(account.working_status, disabled_reason=None)
    await store.save_account(tx, enabled)
    announce_working(tx, enabled, after_suspension=False)
    await record_change(tx, "account.enabled", enabled, before=account)
    return await shown(tx, enabled)


@router.answers(CloseAccount)
async def close_account(command: CloseAccount, tx: Transaction) -> contracts.Account:
    """Close an account for good; closing it twice changes nothing more."""
    account = await own_account_below(tx, command.account_id)
    if account.status == "closed":
        return await shown(tx, account)
    if account.status not in ("active", "disabled", "suspended"):
        raise Refused("account-not-active", f"The account is {account.status}; wait or retry.")
    refuse_unconfirmed(command, account.name, "account")
    if account.reseller is not None:
        await store.meet_openings(tx, account)
    if await store.has_open_accounts_below(tx, account.id):
        raise Refused("account-not-active", "The reseller still has accounts. Close them first.")
    _refuse_unpaid(account, force=command.force)
    closed = account.with_status("closed", disabled_reason=None)
    await store.save_account(tx, closed)
    await remove_trunks(tx, closed)
    tx.announce(
        AccountClosed(
            account_id=closed.id,
            reseller_id=closed.parent_id,
            version=closed.version,
            name=closed.name,
        )
    )
    await record_change(tx, "account.closed", closed, before=account)
    return await shown(tx, closed)


def _refuse_unpaid(account: StoredAccount, *, force: bool) -> None:
    """Refuse to close an account that owes; what it owes is written off when it is forced."""
    if account.unpaid_invoices and not force:
        detail = (
            f"Unpaid: {unpaid_text(account)}. Have it paid first, "
            "or close the account by force: what is unpaid is written off then."
        )
        raise Refused("unpaid-invoices", detail)
