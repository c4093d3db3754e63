"""Money of an account as it is shown: balance, transactions, and what lists show of it."""

from collections.abc import Sequence
from typing import Final

from accounts_manager.formatting import money
from contracts.base import Refused
from contracts.billing import (
    Balance,
    BalanceLow,
    BillingAccountSummaries,
    FindBalance,
    FindBillingAccounts,
    FindResellerTotals,
    Overdraft,
    ResellerTotals,
)
from services.billing.base.handlers.service import billing, seller_of
from services.billing.base.store import invoice_parties
from services.billing.charging.store import holds
from services.billing.ledger.handlers.accounts import account_seen_by_asker, own_account
from services.billing.ledger.model.ledger import BillingAccount, Entry
from services.billing.ledger.store import account_lists, ledger
from services.chassis.database import Reader, Transaction

PARENT_WORDS: Final = "your provider"
"""The parent of an account whose name was not heard yet."""


@billing.replies(FindBalance)
async def find_balance(query: FindBalance, db: Reader) -> Balance:
    """Answer with the exact balance of an account."""
    return await balance_of(db, await account_seen_by_asker(db, query.account_id))


async def balance_of(db: Reader, billing_account: BillingAccount) -> Balance:
    """Return the exact balance of a billing account, and what of it calls can still be made with.

    What is held is read first: a call that is charged meanwhile then counts twice for a moment,
    never not at all.
    """
    account = await holds.find(db, billing_account.id)
    held = sum(hold.money for hold in account.holds if hold.until > db.now) if account else 0
    head = await ledger.head(db, billing_account)
    return Balance(
        account_id=billing_account.id,
        balance=head.balance,
        held=held,
        available=billing_account.available(head.balance, held),
        credit_limit=billing_account.credit_limit,
        currency=billing_account.currency,
    )


async def how_to_add(db: Reader, account: BillingAccount, missing: int) -> str:
    """Say how the asker comes to more credit: an account adds none by itself, its parent does."""
    credit = f"{money(missing, account.currency)} of credit first"
    if db.principal.account_id != account.id:
        return f"add {credit}"
    parent_id = account.parent_path[-1]
    parent = (await invoice_parties.find(db, [parent_id])).get(parent_id)
    return f"ask {parent.name if parent else PARENT_WORDS} to add {credit}"


def warn_of_low_balance(
    tx: Transaction, account: BillingAccount, balance: int, entries: Sequence[Entry]
) -> None:
    """Tell everyone when entries take a balance, once this, below what is low or allowed."""
    if not entries:
        return
    last = entries[-1]
    crossed = {
        "account_id": account.id,
        "reseller_id": account.reseller_id,
        "seq": last.seq,
        "balance_after": last.balance_after,
        "currency": account.currency,
    }
    if balance >= account.low_balance > last.balance_after:
        low = {"threshold": account.low_balance, "credit_limit": account.credit_limit}
        tx.announce(BalanceLow.model_validate(crossed | low))
    if account.is_overdrawn(last.balance_after) and not account.is_overdrawn(balance):
        tx.announce(Overdraft.model_validate(crossed))


@billing.replies(FindBillingAccounts)
async def find_billing_accounts(query: FindBillingAccounts, db: Reader) -> BillingAccountSummaries:
    """Answer with what a list shows of the money of accounts directly below the asker."""
    found = await account_lists.summaries(db, seller_of(db), query.account_ids)
    return BillingAccountSummaries(data=found)


@billing.replies(FindResellerTotals)
async def find_reseller_totals(_: FindResellerTotals, db: Reader) -> ResellerTotals:
    """Answer with totals over the open accounts of the asking reseller."""
    account = await own_account(db, seller_of(db))
    if account is None:
        raise Refused("forbidden", "Resellers differ in currency, so they have no totals.")
    totals = await account_lists.totals(db, account.id)
    return ResellerTotals(
        currency=account.currency,
        monthly_charge=totals.monthly_charge,
        credit=totals.credit,
        below_zero=totals.below_zero,
        low=totals.low,
    )
