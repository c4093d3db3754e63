"""The ledger of an account in a time frame, as its parent and its administrator see it."""

from datetime import datetime
from typing import Final

from contracts.billing import (
    LedgerEntry,
    ListTransactions,
    TransactionPage,
)
from services.billing.base.handlers.service import billing
from services.billing.ledger.handlers.accounts import account_seen_by_asker
from services.billing.ledger.model.ledger import BillingAccount, Entry, LedgerHead, head_of
from services.billing.ledger.store import ledger, transactions
from services.billing.ledger.store.transactions import Stretch
from services.chassis.cursor import cursor_of, position_of
from services.chassis.database import Reader

ENTRIES_PER_PAGE_MAX: Final = 20_000
"""A page looks at so many entries at most: it ends early where few of them are wanted."""

STRETCHES_MAX: Final = 10
"""So many of them, one after the other, while nothing at all is found."""


@billing.replies(ListTransactions)
async def list_transactions(query: ListTransactions, db: Reader) -> TransactionPage:
    """List the ledger entries of a time frame, newest first, with the balances at its ends."""
    account = await account_seen_by_asker(db, query.account_id)
    opening, closing = await heads_at_ends(db, account, query.start, query.end)
    last_seq = closing.seq
    if query.cursor:
        (shown_seq,) = position_of(query.cursor, int)
        last_seq = min(last_seq, int(shown_seq) - 1)
    page, shown = await _page(db, query, opening, last_seq)
    folded = query.free_calls == "folded" and (not query.types or "call" in query.types)
    free = await transactions.free_calls_by_day(db, shown, account.time_zone) if folded else []
    return TransactionPage(
        opening_balance=opening.balance,
        closing_balance=closing.balance,
        currency=account.currency,
        data=tuple(answer_of(entry) for entry in page),
        free_calls=tuple(free),
        count=_count(query, opening, closing),
        next=cursor_of(shown.after_seq + 1) if shown.after_seq > opening.seq else None,
    )


async def _page(
    db: Reader, query: ListTransactions, opening: LedgerHead, last_seq: int
) -> tuple[list[Entry], Stretch]:
    """Return the entries of a page, and the whole stretch that it stands for."""
    calls_wanted = not query.types or "call" in query.types
    everything = not query.types and query.free_calls == "listed"
    bottom = opening.seq
    if calls_wanted and not everything:  # else there is nothing to pass over
        bottom = max(opening.seq, last_seq - ENTRIES_PER_PAGE_MAX)
    stretch = Stretch(query.account_id, bottom, last_seq)
    for _ in range(STRETCHES_MAX):
        found = await transactions.newest_first(
            db, stretch, limit=query.limit + 1, types=query.types, free_calls=query.free_calls
        )
        if len(found) > query.limit:
            page = found[: query.limit]
            return page, stretch._replace(after_seq=page[-1].seq - 1, up_to_seq=last_seq)
        if found or query.free_calls == "folded" or stretch.after_seq <= opening.seq:
            return found, stretch._replace(up_to_seq=last_seq)
        bottom = max(opening.seq, stretch.after_seq - ENTRIES_PER_PAGE_MAX)
        stretch = Stretch(query.account_id, bottom, stretch.after_seq)
    return [], stretch._replace(up_to_seq=last_seq)


def _count(query: ListTransactions, opening: LedgerHead, closing: LedgerHead) -> int | None:
    """Return how many entries there are: the numbers of a ledger have no holes."""
    if query.types or query.free_calls == "only":
        return None
    return closing.seq - opening.seq


async def heads_at_ends(
    db: Reader, account: BillingAccount, start: datetime | None, end: datetime | None
) -> tuple[LedgerHead, LedgerHead]:
    """Return where a ledger stood at the ends of a time frame; they are alike in an empty one."""
    opening = (
        head_of(account, None) if start is None else await ledger.head_before(db, account, start)
    )
    closing = (
        await ledger.head(db, account)
        if end is None
        else await ledger.head_before(db, account, end)
    )
    return opening, closing if closing.seq >= opening.seq else opening


def answer_of(entry: Entry) -> LedgerEntry:
    """Return an entry as it is shown."""
    return LedgerEntry.model_validate(entry.model_dump())
