"""What follows from charges: events, warnings, records set aside; and charges that died midway."""

import asyncio
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import structlog

from contracts.base import Event
from contracts.billing import (
    CALLS_PER_EVENT_MAX,
    BalanceLow,
    BundleExhausted,
    CallsCharged,
    CallUnrated,
    ChargedCall,
    Overdraft,
    RepairReason,
)
from services.billing.charging.records import Malformed, Record
from services.billing.model.ledger import Entry, Wallet, standing_of
from services.billing.store import charging, holds, repairs
from services.billing.store.charging import Intent
from services.billing.store.repairs import KeptRecord
from services.chassis import mongo, wire
from services.chassis.bus import PUBLISH_ERRORS
from services.chassis.database import Cause, Reader, Transaction
from services.chassis.service import Running

ID_CHARACTERS: Final = 24
log = structlog.get_logger()


class Followup:
    """Sees charges through: whatever dies on the way, their intent brings it up again."""

    def __init__(self, running: Running) -> None:
        self._running = running

    def new_intent_id(self) -> str:
        """Return a new id for an intent."""
        return mongo.new_object_id()

    async def see_through(
        self, tx: Reader, intent: Intent, charged: Sequence[Entry], wallets: Mapping[str, Wallet]
    ) -> None:
        """Announce what was charged, then forget the intent.

        Without a broker the intent stays, and is taken over once it is old enough. A message that
        is published twice has the same id both times.
        """
        messages = [
            wire.envelope(event, message_id=message_id, correlation_id=intent.id, timestamp=tx.now)
            for message_id, event in _events(intent, charged, wallets)
        ]
        publish = self._running.bus.publish
        outcomes = await asyncio.gather(*map(publish, messages), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, PUBLISH_ERRORS):
                log.warning("charges not announced yet", reason=type(outcome).__name__)
                return
            if outcome is not None:
                raise outcome
        await charging.fulfil(tx, intent)

    async def take_over(self, tx: Reader) -> None:
        """See through the charges of processes that died, or lost their broker, in the middle."""
        for intent in await charging.take_over_stale(tx):
            charged = await charging.find_entries_of(tx, intent)
            accounts = await holds.find_many(tx, list({entry.account_id for entry in charged}))
            wallets = {account_id: account.wallet for account_id, account in accounts.items()}
            await self._show(tx, charged, wallets)
            await self.see_through(tx, intent, charged, wallets)

    async def _show(
        self, tx: Reader, charged: Sequence[Entry], wallets: Mapping[str, Wallet]
    ) -> None:
        call_ids: dict[str, list[str]] = {}
        for entry in charged:
            call_ids.setdefault(entry.account_id, []).append(entry.cause)
        last = await charging.last_entries(tx, call_ids)
        await holds.settle(
            tx,
            [
                holds.Charged(account_id, standing_of(wallets[account_id], last[account_id]), ids)
                for account_id, ids in call_ids.items()
            ],
        )

    async def set_aside(
        self,
        record: Record,
        reseller_id: str,
        reason: RepairReason,
        detail: str,
        attempt: str,
    ) -> None:
        """Keep a record that cannot be charged in the repair list, and say so, once."""
        body = record.record if isinstance(record, Malformed) else record.model_dump(mode="json")
        canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
        digest = hashlib.sha256(canonical.encode()).hexdigest()[:ID_CHARACTERS]
        kept = KeptRecord(
            id=f"rep_{digest}",
            reason=reason,
            detail=detail,
            call_id=str(body.get("call_id") or "")[:128],
            account_id=str(body.get("account_id") or "")[:64],
            reseller_id=reseller_id,
            record=body,
            received_at=self._running.clock(),
        )

        async def keep(tx: Transaction) -> None:
            await repairs.keep(tx, kept)
            tx.announce(
                CallUnrated(
                    repair_id=kept.id,
                    call_id=kept.call_id,
                    account_id=kept.account_id,
                    reseller_id=kept.reseller_id,
                    reason=kept.reason,
                    detail=kept.detail,
                )
            )

        cause = Cause(message_id=f"{kept.id}:{attempt}", correlation_id=kept.id)
        await self._running.database.once("billing.repairs", cause, keep)


def _events(
    intent: Intent, charged: Sequence[Entry], wallets: Mapping[str, Wallet]
) -> Iterator[tuple[str, Event]]:
    """Yield what is to be announced with ids that are the same whenever it is worked out again."""
    for number, start in enumerate(range(0, len(charged), CALLS_PER_EVENT_MAX)):
        entries = charged[start : start + CALLS_PER_EVENT_MAX]
        calls = tuple(_charged_call(entry, wallets[entry.account_id]) for entry in entries)
        yield f"{intent.id}:{number}", CallsCharged.model_construct(calls=calls)
    for entry in charged:
        yield from _warnings(entry, wallets[entry.account_id])


def _charged_call(entry: Entry, wallet: Wallet) -> ChargedCall:
    call = entry.call
    assert call is not None, "only calls are charged here"
    return ChargedCall.model_construct(
        call_id=entry.cause,
        account_id=entry.account_id,
        reseller_id=wallet.parent_id,
        seq=entry.seq,
        charged_at=entry.at,
        answered_at=call.answered_at,
        caller=call.caller,
        destination=call.destination,
        country=call.country,
        seconds=call.seconds,
        rated_seconds=call.rated_seconds,
        rate=call.rate,
        cost=-entry.amount,
        balance_after=entry.balance_after,
        currency=wallet.currency,
    )


def _warnings(entry: Entry, wallet: Wallet) -> Iterator[tuple[str, Event]]:
    """Yield what an entry crosses: each is told once, and again only after it was undone."""
    before, after = entry.balance_after - entry.amount, entry.balance_after
    account_id, reseller_id, seq, currency = wallet.id, wallet.parent_id, entry.seq, wallet.currency
    if before >= wallet.low_balance > after:
        low = BalanceLow(
            account_id=account_id,
            reseller_id=reseller_id,
            seq=seq,
            balance_after=after,
            threshold=wallet.low_balance,
            currency=currency,
        )
        yield f"{entry.key}:low", low
    if before >= 0 > after:
        overdraft = Overdraft(
            account_id=account_id,
            reseller_id=reseller_id,
            seq=seq,
            balance_after=after,
            currency=currency,
        )
        yield f"{entry.key}:overdraft", overdraft
    call = entry.call
    country = call.country if call is not None and call.free_seconds else None
    if country is not None and entry.seconds_after[country] == 0:
        exhausted = BundleExhausted(
            account_id=account_id, reseller_id=reseller_id, seq=seq, country=country
        )
        yield f"{entry.key}:bundle", exhausted
