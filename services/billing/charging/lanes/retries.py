"""Rejected calls that people have retried, and those that close by themselves."""

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from contracts.accounts import PLATFORM_ID
from services.billing.base.handlers.service import billing
from services.billing.charging.lanes.charger import Charger
from services.billing.charging.lanes.records import Malformed, record_of
from services.billing.charging.model.hold import is_served
from services.billing.charging.model.rejected_call import NOBODY_ANSWERED, RejectedCall
from services.billing.charging.store import charging, holds, rejected_calls
from services.chassis import mongo
from services.chassis.database import Writer
from services.chassis.service import Running

RETRIES_PER_TURN: Final = 100
CLOSINGS_PER_TURN: Final = 500
RETRY_SECONDS: Final = 1.0
CLOSING_SECONDS: Final = 2.0

log = structlog.get_logger()


@billing.background
async def retry_rejected_calls(running: Running) -> None:
    """Charge the rejected calls that a person has retried."""
    charger = Charger(running)
    while True:
        for rejected in await rejected_calls.retrying(_reader(running), RETRIES_PER_TURN):
            try:
                await retry(running, charger, rejected)
            except Exception as error:
                if mongo.is_outage(error):
                    raise
                # it's tried again in the next turn, and holds up no other
                log.exception("rejected call not retried", rejected_call=rejected.id)
        await asyncio.sleep(RETRY_SECONDS)


@billing.background
async def close_charged_calls(running: Running) -> None:
    """Close rejected calls whose call has been charged by another record."""
    after_id = ""
    while True:
        after_id = await close_some(_reader(running), after_id)
        if not after_id:
            await asyncio.sleep(CLOSING_SECONDS)


async def retry(running: Running, charger: Charger, rejected: RejectedCall) -> None:
    """Charge a rejected call, as corrected; one that still can't be charged waits again."""
    record = record_of(rejected.corrected)
    await charger.charge([record], rejected)
    db = _reader(running)
    closed = rejected.charged(db.now)
    if not isinstance(record, Malformed) and record.seconds == 0:
        closed = rejected.dismissed(NOBODY_ANSWERED, db.now)
    # one that waits again has another version by now, and stays as it is
    await rejected_calls.replace(db, rejected, closed)


async def close_some(db: Writer, after_id: str) -> str:
    """Close those of the next rejected calls whose call is charged; return the last one's id.

    Empty when there are no more: the charging path does not know of them, so they are looked
    through again and again.
    """
    waiting = await rejected_calls.waiting(db, after_id, CLOSINGS_PER_TURN)
    for rejected in await _charged(db, waiting):
        await rejected_calls.replace(db, rejected, rejected.charged(db.now))
    return waiting[-1].id if len(waiting) == CLOSINGS_PER_TURN else ""


async def _charged(db: Writer, waiting: Sequence[RejectedCall]) -> list[RejectedCall]:
    """Return those whose call is in the ledger of an account that their owner serves."""
    if not waiting:
        return []
    found = await charging.find_calls(db, [(one.account_id, one.call_id) for one in waiting])
    charged = {(entry.account_id, entry.cause) for entry in found.values()}
    those = [one for one in waiting if (one.account_id, one.call_id) in charged]
    accounts = await holds.find_many(db, [one.account_id for one in those])
    return [
        one
        for one in those
        if one.reseller_id in {"", PLATFORM_ID}
        or is_served(accounts[one.account_id].billing_account, one.reseller_id)
    ]


def _reader(running: Running) -> Writer:
    return running.database.writer()
