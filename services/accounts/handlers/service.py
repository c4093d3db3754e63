"""The accounts service, what it sends, and what its handlers share."""

from typing import Final

from contracts import accounts as contracts
from contracts.accounts import (
    AccountActivated,
    AccountChanged,
    AccountClosed,
    AccountDisabled,
    AccountEnabled,
    AccountFailed,
    AccountOpening,
    AccountSuspended,
    PasswordChanged,
    PlatformDetailsChanged,
    TrunksChanged,
)
from contracts.base import Refused
from contracts.billing import OpenBillingAccount
from contracts.notifications import SendPasswordLink
from contracts.numbers import AssignNumbers, CancelReservation, ReserveAccountNumbers
from services.accounts import store
from services.accounts.model.accounts import StoredAccount, account_view
from services.accounts.model.receivables import described
from services.chassis import changes
from services.chassis.changes import Actor
from services.chassis.database import Reader, Transaction
from services.chassis.service import Service

accounts = Service(
    "accounts",
    sends=(
        AccountOpening,
        AccountActivated,
        AccountFailed,
        AccountChanged,
        AccountDisabled,
        AccountEnabled,
        AccountSuspended,
        AccountClosed,
        PasswordChanged,
        PlatformDetailsChanged,
        TrunksChanged,
        ReserveAccountNumbers,
        OpenBillingAccount,
        AssignNumbers,
        CancelReservation,
        SendPasswordLink,
    ),
)
router: Final = accounts.router()
"""Of its commands and events, each handled in a transaction."""

accounts.prepare(store.prepare)
accounts.prepare(changes.prepare)


def no_such_account() -> Refused:
    """Return the refusal of an account that the asker has not."""
    return Refused("not-found", "There is no such account.")


async def own_account_below(db: Reader, account_id: str) -> StoredAccount:
    """Return an account that the asker may change: one directly below its own."""
    principal = db.principal
    if principal.role not in ("operator", "reseller"):
        raise Refused("forbidden", "Only the reseller can change an account.")
    account = await store.find_account_below(db, principal.account_id, account_id)
    if account is None:
        raise no_such_account()
    if principal.role == "reseller":
        refuse_unless_active(await store.find_account(db, principal.account_id))
    return account


async def account_changed_by(db: Reader, account_id: str, *, details_only: bool) -> StoredAccount:
    """Return an account whose details the asker may change: one below, or only those of its own."""
    principal = db.principal
    if not details_only or account_id != principal.account_id or principal.role == "switch":
        return await own_account_below(db, account_id)
    account = await store.find_account(db, account_id)
    if account is None:
        raise no_such_account()
    return account


async def record_change(
    tx: Transaction,
    action: str,
    account: StoredAccount,
    *,
    before: StoredAccount | None = None,
    by: Actor | None = None,
) -> None:
    """Keep in the audit trail what became of an account; by the asker unless said otherwise."""
    await changes.record(
        tx,
        action,
        account_id=account.id,
        parent_id=account.parent_id,
        subject=account.name,
        before=described(before) if before else None,
        after=described(account),
        by=by,
    )


def refuse_unless_active(own: StoredAccount | None) -> None:
    """Refuse what a reseller may do only while its own account works."""
    if own is not None and own.status == "suspended":
        raise Refused("account-disabled", "Your account is suspended. Pay your bills first.")
    if own is None or own.status != "active":
        raise Refused("account-disabled", "Your account is disabled. Contact the platform.")


async def shown(db: Reader, account: StoredAccount) -> contracts.Account:
    """Return an account as its parent and its administrator see it."""
    user = await store.find_user(db, account.administrator_user_id)
    pending = user is not None and not user.password_version
    view = account_view(account, await store.parent_name(db, account))
    return view.model_copy(update={"password_pending": pending})
