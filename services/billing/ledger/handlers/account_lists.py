"""Lists of billing accounts by their money, and the pace that says how long credit lasts."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Final

from contracts.base import Refused
from contracts.billing import (
    BILLING_ACCOUNTS_PICKED_MAX,
    BillingAccountPage,
    BillingAccountSummary,
    ListBillingAccounts,
    PickBillingAccounts,
    PickedBillingAccounts,
)
from contracts.values import MOMENT_END
from services.billing.base.handlers.service import billing
from services.billing.ledger.model.ledger import BillingAccount
from services.billing.ledger.model.runway import pace_due, pace_of, pace_since
from services.billing.ledger.store import account_lists, ledger, paces
from services.billing.ledger.store.account_lists import Position
from services.chassis.cursor import cursor_of, position_of
from services.chassis.database import Reader
from services.chassis.service import Running

LOOK_SECONDS: Final = 30.0
ACCOUNTS_PER_LOOK: Final = 20
RESTS_BESIDE_CALLS: Final = 99
"""A process spends a hundredth of its time on paces at most, however many are due: enough for
200,000 accounts. A tenth showed in what a call costs."""

NEVER: Final = -1
BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)


@billing.replies(ListBillingAccounts)
async def list_billing_accounts(query: ListBillingAccounts, db: Reader) -> BillingAccountPage:
    """List billing accounts directly below the asking reseller in order of their money."""
    beyond, backward = _position(query)
    found = await account_lists.page(
        db,
        _reseller(db),
        query.sort,
        query.filter,
        beyond=beyond,
        backward=backward,
        limit=query.limit + 1,
    )
    more = len(found) > query.limit
    shown = found[: query.limit]
    if backward:
        shown.reverse()
    after = before = None
    if shown and (more or backward):
        after = _cursor("after", query, shown[-1])
    if shown and ((backward and more) or (beyond is not None and not backward)):
        before = _cursor("before", query, shown[0])
    return BillingAccountPage(data=tuple(shown), next=after, previous=before)


@billing.replies(PickBillingAccounts)
async def pick_billing_accounts(query: PickBillingAccounts, db: Reader) -> PickedBillingAccounts:
    """Return the ids of the accounts that a filter lets through."""
    found = await account_lists.pick(db, _reseller(db), query.filter)
    return PickedBillingAccounts(
        account_ids=tuple(found[:BILLING_ACCOUNTS_PICKED_MAX]),
        more=len(found) > BILLING_ACCOUNTS_PICKED_MAX,
    )


def _reseller(db: Reader) -> str:
    if db.principal.role != "reseller":
        detail = "Only a reseller's accounts share a currency to be sorted and filtered by."
        raise Refused("forbidden", detail)
    return db.principal.account_id


def _position(query: ListBillingAccounts) -> tuple[Position | None, bool]:
    if not query.cursor:
        return None, False
    way, value, account_id = position_of(query.cursor, str, int, str)
    place = int(value)
    if query.sort.endswith("balance"):
        return Position(place, str(account_id)), way == "before"
    latest = (MOMENT_END - BEGINNING) // MILLISECOND
    at = None if place == NEVER else BEGINNING + min(max(place, 0), latest) * MILLISECOND
    return Position(at, str(account_id)), way == "before"


def _cursor(way: str, query: ListBillingAccounts, account: BillingAccountSummary) -> str:
    if query.sort.endswith("balance"):
        return cursor_of(way, account.balance, account.account_id)
    at = account.renews_at
    place = NEVER if at is None else (at - BEGINNING) // MILLISECOND
    return cursor_of(way, place, account.account_id)


# --- what calls cost a day -----------------------------------------------------------------------


@billing.background
async def keep_paces(running: Running) -> None:
    """Work out what calls of accounts cost a day, again and again, beside the calls' own path."""
    while True:
        await work_out_paces(running, rests=RESTS_BESIDE_CALLS)
        await asyncio.sleep(LOOK_SECONDS)


async def work_out_paces(running: Running, *, rests: int = 0) -> int:
    """Work out every pace that is due; return how many.

    After some of them it rests for `rests` times as long as they took: when all accounts are due
    at once, calls go on as before.
    """
    db = running.database.writer()
    worked_out = 0
    while found := await paces.due(db, limit=ACCOUNTS_PER_LOOK):
        began = time.monotonic()
        await paces.save(
            db, [(one.id, await _pace(db, one), pace_due(one, db.now)) for one in found]
        )
        worked_out += len(found)
        await asyncio.sleep(rests * (time.monotonic() - began))
    return worked_out


async def _pace(db: Reader, account: BillingAccount) -> int:
    now = await ledger.head(db, account)
    then = await ledger.head_before(db, account, pace_since(account, db.now))
    return pace_of(account, now.call_charges - then.call_charges, db.now)
