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
from services.billing.base.store import parties
from services.billing.charging.store import holds
from services.billing.ledger.handlers.accounts import own_wallet, wallet_seen_by_asker
from services.billing.ledger.model.ledger import BillingAccount, Entry
from services.billing.ledger.store import ledger, wallet_lists
from services.chassis.database import Reader, Transaction

PARENT_WORDS: Final = "your provider"
"""The parent of an account whose name was not heard yet."""


@billing.replies(FindBalance)
async def find_balance(query: FindBalance, db: Reader) -> Balance:
    """Answer with the exact balance of an account."""
    return await balance_of(db, await wallet_seen_by_asker(db, query.account_id))


async def balance_of(db: Reader, wallet: BillingAccount) -> Balance:
    """Return the exact balance of a wallet, and what of it calls can still be made with.

    What is held is read first: a call that is charged meanwhile then counts twice for a moment,
    never not at all.
    """
    account = await holds.find(db, wallet.id)
    held = sum(hold.money for hold in account.holds if hold.until > db.now) if account else 0
    head = await ledger.head(db, wallet)
    return Balance(
        account_id=wallet.id,
        balance=head.balance,
        held=held,
        available=wallet.available(head.balance, held),
        credit_limit=wallet.credit_limit,
        currency=wallet.currency,
    )


async def how_to_add(db: Reader, wallet: BillingAccount, missing: int) -> str:
    """Say how the asker comes to more credit: an account adds none by itself, its parent does."""
    credit = f"{money(missing, wallet.currency)} of credit first"
    if db.principal.account_id != wallet.id:
        return f"add {credit}"
    parent_id = wallet.parent_path[-1]
    parent = (await parties.find(db, [parent_id])).get(parent_id)
    return f"ask {parent.name if parent else PARENT_WORDS} to add {credit}"


def warn_of_low_balance(
    tx: Transaction, wallet: BillingAccount, balance: int, entries: Sequence[Entry]
) -> None:
    """Tell everyone when entries take a balance, once this, below what is low or allowed."""
    if not entries:
        return
    last = entries[-1]
    crossed = {
        "account_id": wallet.id,
        "reseller_id": wallet.reseller_id,
        "seq": last.seq,
        "balance_after": last.balance_after,
        "currency": wallet.currency,
    }
    if balance >= wallet.low_balance > last.balance_after:
        low = {"threshold": wallet.low_balance, "credit_limit": wallet.credit_limit}
        tx.announce(BalanceLow.model_validate(crossed | low))
    if wallet.is_overdrawn(last.balance_after) and not wallet.is_overdrawn(balance):
        tx.announce(Overdraft.model_validate(crossed))


@billing.replies(FindBillingAccounts)
async def find_billing_accounts(query: FindBillingAccounts, db: Reader) -> BillingAccountSummaries:
    """Answer with what a list shows of the money of accounts directly below the asker."""
    found = await wallet_lists.summaries(db, seller_of(db), query.account_ids)
    return BillingAccountSummaries(data=found)


@billing.replies(FindResellerTotals)
async def find_reseller_totals(_: FindResellerTotals, db: Reader) -> ResellerTotals:
    """Answer with totals over the open accounts of the asking reseller."""
    wallet = await own_wallet(db, seller_of(db))
    if wallet is None:
        raise Refused("forbidden", "Resellers differ in currency, so they have no totals.")
    totals = await wallet_lists.totals(db, wallet.id)
    return ResellerTotals(
        currency=wallet.currency,
        monthly_charge=totals.monthly_charge,
        credit=totals.credit,
        below_zero=totals.below_zero,
        low=totals.low,
    )
