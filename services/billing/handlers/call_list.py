"""Charged calls as they are shown: a list with totals, and days; and whose calls a switch tells."""

from datetime import timedelta
from itertools import pairwise

from contracts.base import Refused
from contracts.billing import (
    CHART_DAYS_MAX,
    BilledCall,
    CallDay,
    CallDays,
    CallOwners,
    CallPage,
    CallTotals,
    FindCallDays,
    FindCallOwners,
    ListCalls,
)
from services.billing.handlers.money import balance_of, standings_at_ends
from services.billing.handlers.service import billing, wallet_seen_by_asker
from services.billing.model.ledger import Entry
from services.billing.model.usage import day_borders, usage_between
from services.billing.store import calls
from services.chassis.cursor import cursor_of, position_of
from services.chassis.database import Reader


@billing.replies(ListCalls)
async def list_calls(query: ListCalls, tx: Reader) -> CallPage:
    """List the billed calls of a time frame, the last charged first, with what they come to."""
    wallet = await wallet_seen_by_asker(tx, query.account_id)
    balance = await balance_of(tx, wallet)
    opening, closing = await standings_at_ends(tx, wallet, query.start, query.end)
    last_seq = closing.seq
    if query.cursor:
        (shown_seq,) = position_of(query.cursor, int)
        last_seq = min(last_seq, int(shown_seq) - 1)
    found = await calls.billed_newest_first(
        tx, wallet.id, after_seq=opening.seq, up_to_seq=last_seq, limit=query.limit + 1
    )
    page = found[: query.limit]
    usage = usage_between(opening, closing)
    return CallPage(
        totals=CallTotals(
            available_credit=balance.available,
            minutes_used=usage.minutes,
            call_charges=usage.call_charges,
        ),
        currency=wallet.currency,
        data=tuple(_billed_call(entry) for entry in page),
        next=cursor_of(page[-1].seq) if len(found) > query.limit else None,
    )


def _billed_call(entry: Entry) -> BilledCall:
    assert entry.call is not None, "only calls are among the billed ones"
    return BilledCall(
        call_id=entry.cause,
        cost=-entry.amount,
        **entry.call.model_dump(exclude={"free_seconds"}),
    )


@billing.replies(FindCallDays)
async def find_call_days(query: FindCallDays, tx: Reader) -> CallDays:
    """Answer with what billed calls came to on each day, as the account's time zone has days."""
    wallet = await wallet_seen_by_asker(tx, query.account_id)
    if not 0 <= (query.last - query.first).days < CHART_DAYS_MAX:
        detail = f"Ask for 1 to {CHART_DAYS_MAX} days: a first one, and a last one not before it."
        raise Refused("invalid-fields", detail)
    borders = day_borders(query.first, query.last, wallet.time_zone)
    standings = await calls.standings_before(tx, wallet, borders)
    usages = [usage_between(*ends) for ends in pairwise(standings)]
    return CallDays(
        currency=wallet.currency,
        data=tuple(
            CallDay(
                day=query.first + timedelta(days=index),
                minutes_used=usage.minutes,
                call_charges=usage.call_charges,
            )
            for index, usage in enumerate(usages)
        ),
    )


@billing.replies(FindCallOwners)
async def find_call_owners(query: FindCallOwners, tx: Reader) -> CallOwners:
    """Answer with the accounts, of those named, whose calls the asking switch may tell of."""
    if tx.principal.role != "switch":
        raise Refused("forbidden", "Only the switch tells of calls.")
    found = await calls.find_owners(tx, tx.principal.account_id, query.account_ids, query.realms)
    return CallOwners(data=found)
