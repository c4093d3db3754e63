"""Previews of calls: records are assessed as charging does it, and nothing is kept."""

import asyncio
from collections.abc import Sequence
from typing import Final

from contracts.base import Refused
from contracts.billing import CallPreview, CallPreviews, CallPreviewStatus, PreviewCalls
from contracts.calls import CallEnded
from contracts.exact_rates import exact_of
from services.billing.base.handlers.service import billing
from services.billing.charging.lanes.assessor import Assessor, Batch
from services.billing.charging.model.call import CallCharge, charged_call, entry_key
from services.billing.charging.store import charging
from services.billing.ledger.model.ledger import Entry, head_of
from services.chassis.database import Reader

RECORDS_AT_ONCE: Final = 200
"""After so many, calls that wait to be authorised get their turn."""


@billing.replies(PreviewCalls)
async def preview_calls(query: PreviewCalls, db: Reader) -> CallPreviews:
    """Answer with what charging records would come to, where their ledgers stand now."""
    if db.principal.role == "customer":
        raise Refused("forbidden", "Only resellers, operators and switches can send call records.")
    preview = _Preview(db)
    found: list[CallPreview] = []
    for start in range(0, len(query.records), RECORDS_AT_ONCE):
        found += await preview.of(query.records[start : start + RECORDS_AT_ONCE])
        await asyncio.sleep(0)
    return CallPreviews(data=tuple(found))


class _Preview:
    """What records come to, one batch after the other as charging would have them."""

    def __init__(self, db: Reader) -> None:
        self._tx = db
        self._assessor = Assessor()
        self._first: dict[str, tuple[CallEnded, CallPreview]] = {}
        """By entry key the record that would charge a call; others of it come after it."""

        self._read: set[str] = set()

    async def of(self, records: Sequence[CallEnded]) -> list[CallPreview]:
        """Return what becomes of each of these records."""
        batch = Batch(self._tx.now, self._tx.principal.account_id)
        await self._assessor.sort(self._tx, records, batch)
        await self._read_ledgers({call.account_id for call in batch.calls.values()})
        calls = [call for call in batch.calls.values() if call.key not in self._first]
        entries = await self._assessor.find_charged(self._tx, calls)
        rest = self._assessor.set_apart(entries, calls, batch)
        charged = {one.key: one for one in self._assessor.charged(rest, self._tx.now)}
        for one in charged.values():
            self._assessor.stands(one.account_id, one.head)
        rejected = {
            id(one.record): CallPreview(
                status="rejected", reason=one.reason, detail=one.detail, account_id=one.account_id
            )
            for one in batch.rejections
        }
        for call in calls:
            shown = rejected.get(id(call.record)) or self._shown(charged, entries, call.key)
            self._first[call.key] = (call.record, shown)
        return [rejected.get(id(record)) or await self._again(record) for record in records]

    async def _again(self, record: CallEnded) -> CallPreview:
        """Return what becomes of a record that is not rejected by itself."""
        owner = await self._assessor.owner(self._tx, record)
        found = self._first.get(entry_key(owner, record.call_id))
        if record.seconds == 0 or found is None:
            return CallPreview(status="not-answered", account_id=owner)
        first, shown = found
        if first == record:
            return shown
        detail = "Another record of this call has different facts."
        return CallPreview(status="rejected", reason="conflict", detail=detail, account_id=owner)

    def _shown(
        self, charged: dict[str, CallCharge], entries: dict[str, Entry], key: str
    ) -> CallPreview:
        if (one := charged.get(key)) is not None:
            return self._preview("chargeable", one)
        return self._preview("charged", charged_call(entries[key]))

    def _preview(self, status: CallPreviewStatus, one: CallCharge) -> CallPreview:
        return CallPreview(
            status=status,
            account_id=one.account_id,
            destination=one.destination,
            country=one.country,
            rated_seconds=one.rated_seconds,
            rate=one.rate,
            rate_exact=exact_of(one.rate, one.rate_fraction),
            cost=-one.amount,
            currency=self._assessor.known[one.account_id].billing_account.currency,
        )

    async def _read_ledgers(self, account_ids: set[str]) -> None:
        """Have each account's ledger stand where its last entry says, not where lists show it."""
        unread = account_ids - self._read
        self._read |= unread
        for account_id, entry in (await charging.last_entries(self._tx, unread)).items():
            account = self._assessor.known[account_id].billing_account
            self._assessor.stands(account_id, head_of(account, entry))
