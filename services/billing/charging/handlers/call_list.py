"""Charged calls as they are shown: a list with totals, and days; and whose calls a switch tells."""

from datetime import datetime, timedelta
from typing import Final

from contracts.base import Refused
from contracts.billing import (
    CHART_DAYS_MAX,
    BilledCall,
    CallAccounts,
    CallNotes,
    CallPage,
    CallTotals,
    DailyUsage,
    FindCalls,
    FindDailyUsage,
    FoundCall,
    FoundCalls,
    ListCalls,
    ResolveCallAccounts,
    UsageDay,
)
from contracts.exact_rates import exact_of
from services.billing.base.handlers.service import billing, seller_of
from services.billing.charging.handlers.balances import balance_of
from services.billing.charging.store import calls
from services.billing.ledger.handlers.accounts import account_seen_by_asker
from services.billing.ledger.model.call_facts import CallNotes as StoredNotes
from services.billing.ledger.model.ledger import Entry
from services.billing.ledger.model.usage import Usage, day_borders
from services.billing.ledger.store import usage
from services.chassis.cursor import cursor_of, position_of
from services.chassis.database import Reader

MILLISECOND: Final = timedelta(milliseconds=1)


@billing.replies(ListCalls)
async def list_calls(query: ListCalls, db: Reader) -> CallPage:
    """List the billed calls of a time frame, the last answered first, with what they come to."""
    account = await account_seen_by_asker(db, query.account_id)
    balance = await balance_of(db, account)
    before = None
    if query.cursor:
        milliseconds, seq = position_of(query.cursor, int, int)
        before = _moment(int(milliseconds)), int(seq)
    found = await calls.billed_newest_first(
        db,
        account.id,
        start=query.start,
        end=query.end,
        before=before,
        limit=query.limit + 1,
    )
    page = found[: query.limit]
    total = Usage()
    if query.with_totals:
        (total,) = await usage.between(db, account.id, (query.start, query.end))
    return CallPage(
        totals=CallTotals(
            available_credit=balance.available,
            minutes_used=total.minutes,
            call_charges=total.call_charges,
        ),
        currency=account.currency,
        data=tuple(_billed_call(entry) for entry in page),
        next=_cursor_after(page[-1]) if len(found) > query.limit else None,
    )


def _moment(milliseconds: int) -> datetime:
    latest = (usage.END - usage.BEGINNING) // MILLISECOND
    return usage.BEGINNING + min(max(milliseconds, 0), latest) * MILLISECOND


def _cursor_after(entry: Entry) -> str:
    assert entry.call is not None, "only calls are among the billed ones"
    return cursor_of((entry.call.answered_at - usage.BEGINNING) // MILLISECOND, entry.seq)


def _billed_call(entry: Entry) -> BilledCall:
    assert entry.call is not None, "only calls are among the billed ones"
    return BilledCall(
        call_id=entry.cause,
        charged_at=entry.at,
        cost=-entry.amount,
        rate_exact=exact_of(entry.call.rate, entry.call.rate_fraction),
        notes=_notes(entry.call.notes) if entry.call.notes else None,
        **entry.call.model_dump(exclude={"free_seconds", "rate_fraction", "notes"}),
    )


def _notes(notes: StoredNotes) -> CallNotes:
    return CallNotes.model_validate({**notes.model_dump(), "others": dict(notes.others)})


@billing.replies(FindDailyUsage)
async def find_daily_usage(query: FindDailyUsage, db: Reader) -> DailyUsage:
    """Answer with what billed calls came to on each day, as the account's time zone has days."""
    account = await account_seen_by_asker(db, query.account_id)
    if not 0 <= (query.last - query.first).days < CHART_DAYS_MAX:
        detail = f"Ask for 1 to {CHART_DAYS_MAX} days: a first one, and a last one not before it."
        raise Refused("invalid-fields", detail)
    borders = day_borders(query.first, query.last, account.time_zone)
    usages = await usage.between(db, account.id, borders)
    return DailyUsage(
        currency=account.currency,
        data=tuple(
            UsageDay(
                day=query.first + timedelta(days=index),
                minutes_used=one.minutes,
                call_charges=one.call_charges,
            )
            for index, one in enumerate(usages)
        ),
    )


@billing.replies(FindCalls)
async def find_calls(query: FindCalls, db: Reader) -> FoundCalls:
    """Answer with the charged calls that have an id, of the asker's accounts."""
    found = await calls.find_by_id(db, seller_of(db), query.call_id)
    return FoundCalls(
        data=tuple(
            FoundCall(account_id=entry.account_id, seq=entry.seq, **dict(_billed_call(entry)))
            for entry in found
        )
    )


@billing.replies(ResolveCallAccounts)
async def resolve_call_accounts(query: ResolveCallAccounts, db: Reader) -> CallAccounts:
    """Answer with the accounts, of those named, whose calls the asker may send records of."""
    if db.principal.role == "customer":
        raise Refused("forbidden", "Only resellers, operators and switches can send call records.")
    found = await calls.find_owners(db, db.principal.account_id, query.account_ids, query.realms)
    return CallAccounts(data=found)
