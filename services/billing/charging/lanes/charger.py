"""Charging a batch: one ordered insert into the ledger is the commit, all else follows from it."""

from collections.abc import Sequence

from services.billing.charging.lanes.assessor import Assessor, Batch, Call
from services.billing.charging.lanes.post_commit import CommittedCharges, Followup
from services.billing.charging.lanes.records import Record
from services.billing.charging.lanes.rejected import set_aside
from services.billing.charging.model.call import CallCharge
from services.billing.charging.model.rejected_call import RejectedCall
from services.billing.charging.store import charging, holds, intents
from services.billing.charging.store.intents import Intent
from services.billing.ledger.model.ledger import head_of
from services.chassis import mongo
from services.chassis.database import Writer
from services.chassis.service import Running


class Charger:
    """Charges records, each call once, whoever else charges; one commit at a time."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._database = running.database
        self._followup = Followup(running)
        self._assessor = Assessor()

    async def charge(self, records: Sequence[Record], retried: RejectedCall | None = None) -> None:
        """Charge records and see through what follows; `retried` is what the one record is of."""
        await self.commit(records, retried)
        await self.finish()

    async def finish(self) -> None:
        """Return when what follows from all that was committed is seen through."""
        await self._followup.finish()

    async def commit(self, records: Sequence[Record], retried: RejectedCall | None = None) -> None:
        """Charge records; what follows from it goes on by itself and cannot be lost any more.

        Raises what the database raises; then nothing was acknowledged, and it all comes again.
        """
        rest = records
        while rest:
            db = self._database.writer()
            batch = Batch(retried.received_at, retried.reseller_id) if retried else Batch(db.now)
            await self._assessor.sort(db, rest, batch)
            await self._commit(db, batch, retried)
            rest = batch.again
        self._assessor.bound()

    async def _commit(self, db: Writer, batch: Batch, retried: RejectedCall | None) -> None:
        unanswered = {account_id: tuple(ids) for account_id, ids in batch.ended.items()}
        intent = Intent(mongo.new_object_id(), tuple(batch.calls), unanswered)
        charged: list[CallCharge] = []
        if intent.keys or intent.unanswered:
            await intents.intend(db, intent)
            try:
                charged = await self._append(db, intent, batch)
            except BaseException:
                # what stands is not known: read the accounts again, let the intent be taken over
                self._assessor.forget(call.account_id for call in batch.calls.values())
                raise
        for rejection in batch.rejections:
            await set_aside(self._running, rejection, retried)
        if intent.keys or intent.unanswered:
            await self._followup.add(self._charges(intent, charged, batch))

    def _charges(
        self, intent: Intent, charged: Sequence[CallCharge], batch: Batch
    ) -> CommittedCharges:
        accounts = {call.account_id for call in batch.calls.values()}
        return CommittedCharges(
            intent=intent,
            charged=charged,
            accounts={
                account_id: self._assessor.known[account_id].billing_account
                for account_id in accounts
            },
            heads={account_id: self._assessor.known[account_id].head for account_id in accounts},
            ended=batch.ended,
        )

    # --- the commit ------------------------------------------------------------------------------

    async def _append(self, db: Writer, intent: Intent, batch: Batch) -> list[CallCharge]:
        """Append the entries of all calls that were not charged before; return them."""
        charged: list[CallCharge] = []
        rest = list(batch.calls.values())
        if rest and await db.memory(charging.OldKeys).exist(db):
            # the ledger does not refuse what was charged under another key
            rest = self._assessor.set_apart(
                await self._assessor.find_charged(db, rest), rest, batch
            )
        while rest:
            wanted = self._assessor.charged(rest, db.now)
            stand = await charging.insert(db, intent, wanted)
            last = {call.account_id: call for call in wanted[:stand]}
            for account_id, call in last.items():
                self._assessor.stands(account_id, call.head)
            for call in wanted[:stand]:
                batch.end(call.account_id, call.call_id)
            charged += wanted[:stand]
            rest = rest[stand:]
            if rest:
                rest = await self._not_charged_before(db, rest, batch)
        return charged

    async def _not_charged_before(
        self, db: Writer, calls: Sequence[Call], batch: Batch
    ) -> list[Call]:
        """Return the calls that are still to be charged, after the first of these was refused.

        It was charged before, or another writer has carried on its ledger; either way its account
        is read from the ledger itself.
        """
        found = await self._assessor.find_charged(db, calls)
        # others may have been written to as well: not to be refused for each, one by one
        accounts = await holds.find_many(db, list({call.account_id for call in calls}))
        for account_id, account in accounts.items():
            self._assessor.learn(account_id, account, db.now)
        stale = {calls[0].account_id, *(call.account_id for call in calls if call.key in found)}
        rest = self._assessor.set_apart(found, calls, batch)
        for account_id, entry in (await charging.last_entries(db, stale)).items():
            self._assessor.stands(
                account_id, head_of(self._assessor.known[account_id].billing_account, entry)
            )
        return rest
