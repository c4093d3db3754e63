"""Managing accounts, and looking at what they have and owe."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from contracts.accounts import (
    Account,
    AccountCounts,
    AccountPage,
    AdministratorChange,
    ChangeAccount,
    CloseAccount,
    CountAccounts,
    DisableAccount,
    EnableAccount,
    FindAccount,
    ListAccounts,
    SendWelcome,
)
from contracts.base import Refused
from contracts.billing import (
    AddCredit,
    AdjustBalance,
    Balance,
    FindBalance,
    FindResellerTotals,
    LedgerEntry,
    ListTransactions,
    ResellerTotals,
    SetCreditLimit,
    TransactionPage,
)
from contracts.values import decimal_text
from gateway.features.accounts.schemas import (
    AccountPatch,
    AdjustmentBody,
    BillingDetailsPatch,
    CreditBody,
    CreditLimitBody,
)
from gateway.http.exports import csv_of
from gateway.identity.caller import Caller, RequestKey, action
from services.chassis.cursor import cursor_of
from services.chassis.tables import guarded

TRANSACTION_COLUMNS: Final = ("seq", "at", "type", "amount", "balance_after", "text", "cause")


@dataclass(frozen=True, slots=True)
class Figures:
    """The business of a reseller in figures."""

    counts: AccountCounts
    totals: ResellerTotals


# --- finding ----------------------------------------------------------------------------


@action("operator", "reseller")
async def count_accounts(caller: Caller, search: str = "") -> AccountCounts:
    """Count the caller's accounts by state."""
    return await caller.ask(CountAccounts(search=search))


@action("reseller")
async def find_figures(caller: Caller) -> Figures:
    """Tell how the reseller's business goes."""
    counts, totals = await asyncio.gather(
        caller.ask(CountAccounts()), caller.ask(FindResellerTotals())
    )
    return Figures(counts, totals)


@action("operator", "reseller", "customer")
async def find_account(caller: Caller, account_id: str) -> Account:
    """Return one account below the caller's, or the caller's own, in whatever state it is."""
    return await caller.ask(FindAccount(account_id=account_id))


@action("operator")
async def find_reseller(caller: Caller, account_id: str) -> Account:
    """Return one reseller."""
    account = await caller.ask(FindAccount(account_id=account_id))
    if account.reseller is None:
        raise Refused("not-found", "There is no such reseller.")
    return account


@action("reseller", "customer")
async def find_own_account(caller: Caller) -> Account:
    """Return the account that the caller belongs to."""
    return await caller.ask(FindAccount(account_id=caller.account_id))


@action("operator")
async def list_resellers(caller: Caller, query: ListAccounts) -> AccountPage:
    """List the resellers."""
    return await caller.ask(query)


# --- changing ---------------------------------------------------------------------------


@action("reseller", "customer", changes=True)
async def change_own_account(caller: Caller, version: int, patch: AccountPatch) -> Account:
    """Change the billing details of the account that the caller belongs to."""
    return await change_account(caller, caller.account_id, version, patch)


@action("operator", "reseller", "customer", changes=True)
async def change_account(
    caller: Caller,
    account_id: str,
    version: int,
    patch: AccountPatch,
    request_key: RequestKey | None = None,
) -> Account:
    """Change an account unless someone else has changed it since that version.

    Its own administrator changes the billing address and tax ID only.
    """
    details = None
    if patch.model_fields_set & BillingDetailsPatch.model_fields.keys():
        stored = await caller.ask(FindAccount(account_id=account_id))
        details = patch.merged(stored.billing_details)
    administrator = (
        AdministratorChange.model_validate(patch.administrator.model_dump())
        if patch.administrator
        else None
    )
    command = ChangeAccount(
        account_id=account_id,
        version=version,
        name=patch.name,
        administrator=administrator,
        billing_details=details,
    )
    account = await caller.ask(command, request_key=request_key)
    caller.gateway.users.forget(account_id)
    return account


@action("operator", "reseller", changes=True)
async def disable_account(
    caller: Caller, account_id: str, reason: str, request_key: RequestKey | None = None
) -> Account:
    """Make an account inoperative at once; its sessions end, though it may sign in and pay."""
    command = DisableAccount(account_id=account_id, reason=reason)
    account = await caller.ask(command, request_key=request_key)
    caller.gateway.users.forget(account_id)
    await caller.gateway.sessions.end_from_before_disabling(account_id)
    return account


@action("operator", "reseller", changes=True)
async def enable_account(
    caller: Caller, account_id: str, request_key: RequestKey | None = None
) -> Account:
    """Make a disabled account work again."""
    account = await caller.ask(EnableAccount(account_id=account_id), request_key=request_key)
    caller.gateway.users.forget(account_id)
    return account


@action("operator", "reseller", changes=True)
async def send_welcome(
    caller: Caller, account_id: str, request_key: RequestKey | None = None
) -> None:
    """Send the welcome e-mail again to an administrator who has not set a password yet."""
    await caller.ask(SendWelcome(account_id=account_id), request_key=request_key)


@action("operator")
async def disable_reseller(
    caller: Caller, account_id: str, reason: str, request_key: RequestKey | None = None
) -> Account:
    """Make a reseller and all accounts below it inoperative at once."""
    return await disable_account(caller, account_id, reason, request_key)


@action("operator")
async def enable_reseller(
    caller: Caller, account_id: str, request_key: RequestKey | None = None
) -> Account:
    """Make a disabled reseller and the accounts below it work again."""
    return await enable_account(caller, account_id, request_key)


@action("operator", "reseller", changes=True)
async def close_account(
    caller: Caller,
    account_id: str,
    confirm_name: str,
    request_key: RequestKey | None = None,
    *,
    force: bool = False,
) -> Account:
    """Close an account for good; `confirm_name` must be its name.

    `force` writes unpaid invoices off; without it they are refused with `unpaid-invoices`.
    """
    command = CloseAccount(account_id=account_id, confirm_name=confirm_name, force=force)
    account = await caller.ask(command, request_key=request_key)
    if account.status == "closed":
        await caller.gateway.lock_out(account_id)
    return account


@action("operator", "reseller", changes=True)
async def add_credit(
    caller: Caller, account_id: str, body: CreditBody, request_key: RequestKey
) -> LedgerEntry:
    """Add prepaid credit to an account."""
    command = AddCredit(account_id=account_id, credit=body.to_contract())
    return await caller.ask(command, request_key=request_key)


@action("operator", "reseller", changes=True)
async def adjust_balance(
    caller: Caller, account_id: str, body: AdjustmentBody, request_key: RequestKey
) -> LedgerEntry:
    """Adjust the balance of an account, up or down, maybe to correct an entry."""
    command = AdjustBalance(
        account_id=account_id, amount=body.amount, reason=body.reason, entry_seq=body.entry_seq
    )
    return await caller.ask(command, request_key=request_key)


@action("operator", "reseller", changes=True)
async def set_credit_limit(
    caller: Caller,
    account_id: str,
    body: CreditLimitBody,
    request_key: RequestKey | None = None,
) -> Balance:
    """Set how far below zero calls and purchases may take an account."""
    command = SetCreditLimit(account_id=account_id, credit_limit=body.credit_limit)
    return await caller.ask(command, request_key=request_key)


# --- money -----------------------------------------------------------------------


def payable(balance: Balance) -> int:
    """Return what of a balance can pay invoices: a credit limit lends for other things."""
    return max(min(balance.balance, balance.available), 0)


@action("operator", "reseller")
async def find_entry(caller: Caller, account_id: str, seq: int) -> LedgerEntry | None:
    """Return one ledger entry of an account by its number; None when there is no such entry."""
    query = ListTransactions(account_id=account_id, limit=1, cursor=cursor_of(seq + 1))
    found = (await caller.ask(query)).data
    return found[0] if found and found[0].seq == seq else None


@action("operator", "reseller", "customer")
async def find_balance(caller: Caller, account_id: str) -> Balance:
    """Return the exact balance of an account, for its parent or its administrator."""
    return await caller.ask(FindBalance(account_id=account_id))


@action("operator", "reseller", "customer")
async def list_transactions(caller: Caller, query: ListTransactions) -> TransactionPage:
    """Return ledger entries of an account, for its parent or its administrator."""
    return await caller.ask(query)


@action("operator", "reseller", "customer")
async def export_transactions(caller: Caller, query: ListTransactions) -> AsyncIterator[str]:
    """Return ledger entries as CSV text in pieces, one per page; Refused before the first."""
    return await csv_of(caller.ask, query, TRANSACTION_COLUMNS, _cells)


def _cells(entry: LedgerEntry) -> tuple[str, ...]:
    return (
        str(entry.seq),
        entry.at.isoformat(),
        entry.type,
        decimal_text(entry.amount),
        decimal_text(entry.balance_after),
        guarded(entry.text),
        guarded(entry.cause),
    )
