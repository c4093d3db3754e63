"""Money of an account: credit, balance, transactions, and what lists show of it."""

from collections.abc import Sequence
from datetime import datetime

from contracts.base import FieldError, Refused
from contracts.billing import (
    AddCredit,
    Balance,
    BalanceLow,
    FindBalance,
    FindResellerTotals,
    FindWallets,
    LedgerEntry,
    ListTransactions,
    ResellerTotals,
    TransactionPage,
    WalletSummaries,
)
from contracts.values import decimal_text
from services.billing.handlers.changes import record_of_account
from services.billing.handlers.opening import announce_credit
from services.billing.handlers.service import (
    billing,
    own_wallet,
    refuse_fields,
    seller_of,
    wallet_seen_by_asker,
)
from services.billing.model.ledger import (
    BALANCE_MICROS_MAX,
    Entry,
    Standing,
    Wallet,
    credit_movement,
    entries_after,
    standing_of,
)
from services.billing.model.money import amount_text
from services.billing.model.names import trimmed
from services.billing.model.plan_checks import check_credit
from services.billing.store import holds, ledger, wallet_lists
from services.chassis.cursor import cursor_of, position_of
from services.chassis.database import Reader, Transaction


@billing.answers(AddCredit)
async def add_credit(command: AddCredit, tx: Transaction) -> LedgerEntry:
    """Add prepaid credit to an account directly below the asker."""
    seller_of(tx)
    wallet = await wallet_seen_by_asker(tx, command.account_id)
    if wallet.parent_id != tx.principal.account_id:
        raise Refused("forbidden", "Credit is added by the account's parent, not by itself.")
    movement = credit_movement(
        f"credit:{tx.cause.message_id}", command.credit.amount, trimmed(command.credit.note)
    )
    if (done := await ledger.find(tx, movement.key)) is not None:
        # the receipt of this request has been forgotten; the ledger forgets nothing
        return _same_credit(done, command)
    if wallet.status == "closed":
        raise Refused("account-not-active", "The account is closed; it takes no credit any more.")
    refuse_fields(check_credit(command.credit, wallet.currency, ""))
    standing = await ledger.standing(tx, wallet)
    if standing.balance + command.credit.amount > BALANCE_MICROS_MAX:
        detail = f"The balance must not come to more than {decimal_text(BALANCE_MICROS_MAX)}."
        refuse_fields([FieldError(pointer="/amount", type="too-large", detail=detail)])
    (entry,) = entries_after(
        standing, [movement], now=tx.now, cause=tx.cause.message_id, actor=tx.actor
    )
    await ledger.append(tx, wallet, [entry])
    announce_credit(tx, wallet, entry)
    await record_of_account(
        tx,
        "credit.added",
        wallet,
        subject=amount_text(entry.amount, wallet.currency),
        before={"balance": amount_text(standing.balance, wallet.currency)},
        after={"balance": amount_text(entry.balance_after, wallet.currency), "note": entry.text},
    )
    return _answer_of(entry)


@billing.replies(FindBalance)
async def find_balance(query: FindBalance, tx: Reader) -> Balance:
    """Answer with the exact balance of an account."""
    return await balance_of(tx, await wallet_seen_by_asker(tx, query.account_id))


async def balance_of(tx: Reader, wallet: Wallet) -> Balance:
    """Return the exact balance of a wallet, and what of it calls can still be made with.

    What is held is read first: a call that is charged meanwhile then counts twice for a moment,
    never not at all.
    """
    account = await holds.find(tx, wallet.id)
    held = sum(hold.money for hold in account.holds if hold.until > tx.now) if account else 0
    standing = await ledger.standing(tx, wallet)
    return Balance(
        account_id=wallet.id,
        balance=standing.balance,
        held=held,
        available=standing.balance + wallet.credit_limit - held,
        credit_limit=wallet.credit_limit,
        currency=wallet.currency,
    )


def warn_of_low_balance(
    tx: Transaction, wallet: Wallet, balance: int, entries: Sequence[Entry]
) -> None:
    """Tell everyone when entries after this balance take it below the one that is low."""
    if not entries or not balance >= wallet.low_balance > entries[-1].balance_after:
        return
    tx.announce(
        BalanceLow(
            account_id=wallet.id,
            reseller_id=wallet.parent_id,
            seq=entries[-1].seq,
            balance_after=entries[-1].balance_after,
            threshold=wallet.low_balance,
            currency=wallet.currency,
        )
    )


async def standings_at_ends(
    tx: Reader, wallet: Wallet, start: datetime | None, end: datetime | None
) -> tuple[Standing, Standing]:
    """Return where a ledger stood at the ends of a time frame; they are alike in an empty one."""
    opening = (
        standing_of(wallet, None)
        if start is None
        else await ledger.standing_before(tx, wallet, start)
    )
    closing = (
        await ledger.standing(tx, wallet)
        if end is None
        else await ledger.standing_before(tx, wallet, end)
    )
    return opening, closing if closing.seq >= opening.seq else opening


@billing.replies(ListTransactions)
async def list_transactions(query: ListTransactions, tx: Reader) -> TransactionPage:
    """List the ledger entries of a time frame, newest first, with the balances at its ends."""
    wallet = await wallet_seen_by_asker(tx, query.account_id)
    opening, closing = await standings_at_ends(tx, wallet, query.start, query.end)
    last_seq = closing.seq
    if query.cursor:
        (shown_seq,) = position_of(query.cursor, int)
        last_seq = min(last_seq, int(shown_seq) - 1)
    found = await ledger.newest_first(
        tx, wallet.id, after_seq=opening.seq, up_to_seq=last_seq, limit=query.limit + 1
    )
    page = found[: query.limit]
    return TransactionPage(
        opening_balance=opening.balance,
        closing_balance=closing.balance,
        currency=wallet.currency,
        data=tuple(_answer_of(entry) for entry in page),
        next=cursor_of(page[-1].seq) if len(found) > query.limit else None,
    )


@billing.replies(FindWallets)
async def find_wallets(query: FindWallets, tx: Reader) -> WalletSummaries:
    """Answer with what a list shows of the money of accounts directly below the asker."""
    found = await wallet_lists.summaries(tx, seller_of(tx), query.account_ids)
    return WalletSummaries(data=found)


@billing.replies(FindResellerTotals)
async def find_reseller_totals(_: FindResellerTotals, tx: Reader) -> ResellerTotals:
    """Answer with totals over the open accounts of the asking reseller."""
    wallet = await own_wallet(tx, seller_of(tx))
    if wallet is None:
        raise Refused("forbidden", "Resellers differ in currency, so they have no totals.")
    totals = await wallet_lists.totals(tx, wallet.id)
    return ResellerTotals(
        currency=wallet.currency,
        monthly_charge=totals.monthly_charge,
        credit=totals.credit,
        below_zero=totals.below_zero,
    )


def _same_credit(done: Entry, command: AddCredit) -> LedgerEntry:
    if (done.account_id, done.amount) != (command.account_id, command.credit.amount):
        detail = "This Idempotency-Key was used to add other credit; use a new key."
        raise Refused("idempotency-key-reused", detail)
    return _answer_of(done)


def _answer_of(entry: Entry) -> LedgerEntry:
    return LedgerEntry.model_validate(entry.model_dump())
