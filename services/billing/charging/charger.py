"""Charging a batch: one ordered insert into the ledger is the commit, all else follows from it."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from contracts.accounts import PLATFORM_ID
from contracts.billing import RejectionReason
from contracts.calls import CallEnded
from services.billing.charging.followup import Charges, Followup
from services.billing.charging.records import Malformed, Record
from services.billing.charging.rejected import Rejection, set_aside
from services.billing.model.call import (
    ChargedCall,
    EndedCall,
    RatingFault,
    charge,
    entry_key,
    rate_of,
    same_facts,
)
from services.billing.model.call_time import AGE_MAX, TimeFault, fault_of_time
from services.billing.model.destination import Destination, destination_of
from services.billing.model.hold import CallAccount, is_served
from services.billing.model.ledger import Entry, Standing, Wallet, standing_of
from services.billing.model.price import PriceList, SheetRate
from services.billing.model.rejected_call import RejectedCall, account_id_of
from services.billing.store import charging, holds, intents
from services.billing.store.dial_formats import DialFormats
from services.billing.store.intents import Intent
from services.billing.store.memory import Memory
from services.billing.store.price_lists import PriceLists
from services.chassis import mongo
from services.chassis.database import Cause, Reader
from services.chassis.service import Running

ACCOUNTS_REMEMBERED: Final = 20_000
LOOK_AGAIN_AFTER: Final = timedelta(seconds=5)
"""So long an account is relied on for calls that were answered before it was read.

Terms of a wallet are kept with their dates, so none of those is missing for such a call.
"""


_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


class _Known(NamedTuple):
    wallet: Wallet
    standing: Standing
    read_at: datetime


class _Call(NamedTuple):
    """A record that can be charged."""

    record: CallEnded
    account_id: str
    ended: EndedCall
    destination: Destination
    rate: SheetRate

    @property
    def key(self) -> str:
        return entry_key(self.account_id, self.ended.call_id)


class _Fault(NamedTuple):
    reason: RejectionReason
    detail: str


def _last_answers(records: Sequence[Record], owners: Sequence[str]) -> dict[str, datetime]:
    """Return when the last of each account's calls was answered; unanswered ones need no terms."""
    last: dict[str, datetime] = {}
    for record, owner in zip(records, owners, strict=True):
        if owner:
            answered_at = None if isinstance(record, Malformed) else record.answered_at
            answered_at = answered_at or _LONG_AGO
            last[owner] = max(last.get(owner, _LONG_AGO), answered_at)
    return last


def _explain(fault: RatingFault, destination: Destination) -> str:
    if fault == "no-rate":
        return f"The account's rate sheet has no rate for {destination.number}."
    return f"{destination.number} is not a number that can be called."


def _explain_time(fault: TimeFault) -> str:
    if fault == "too-late":
        return f"The call was answered more than {AGE_MAX.days} days before its record came."
    return "The call was answered in the future, or before the account was opened."


def _may_charge(retried: RejectedCall | None, wallet: Wallet) -> bool:
    """Tell whether a record may charge an account: a reseller's rejected call only its own."""
    if retried is None or retried.reseller_id in {"", PLATFORM_ID}:
        return True
    return is_served(wallet, retried.reseller_id)


class _Batch:
    """What becomes of the records of one batch."""

    def __init__(self, received_at: datetime, retried: RejectedCall | None) -> None:
        self.received_at = received_at
        self.retried = retried
        """The rejected call that the one record is of, when a person wants it charged."""

        self.calls: dict[str, _Call] = {}
        self.again: list[CallEnded] = []
        """Records that say something else of a call of the same batch: looked at after it."""

        self.ended: dict[str, list[str]] = {}
        """Calls by account for which nothing is to be held any more."""

        self.rejections: list[Rejection] = []
        """Records that cannot be charged."""

    def end(self, account_id: str, call_id: str) -> None:
        """Note that a call holds nothing any more."""
        self.ended.setdefault(account_id, []).append(call_id)

    def reject(self, record: Record, wallet: Wallet | None, fault: _Fault) -> None:
        """Note that a record cannot be charged; its account's reseller mends it."""
        account_id, reseller_id = (wallet.id, wallet.parent_id) if wallet else ("", "")
        self.rejections.append(Rejection(record, account_id, reseller_id, *fault))


class Charger:
    """Charges records, each call once, whoever else charges; one commit at a time."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._database = running.database
        self._followup = Followup(running)
        self._known: OrderedDict[str, _Known] = OrderedDict()

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
            tx = self._database.reader(Cause(message_id="", correlation_id=""))
            batch = _Batch(retried.received_at if retried else tx.now, retried)
            await self._sort(tx, rest, batch)
            await self._commit(tx, batch)
            rest = batch.again
        self._bound()

    async def _commit(self, tx: Reader, batch: _Batch) -> None:
        unanswered = {account_id: tuple(ids) for account_id, ids in batch.ended.items()}
        intent = Intent(mongo.new_object_id(), tuple(batch.calls), unanswered)
        charged: list[ChargedCall] = []
        if intent.keys or intent.unanswered:
            await intents.intend(tx, intent)
            try:
                charged = await self._append(tx, intent, batch)
            except BaseException:
                # what stands is not known: read the accounts again, let the intent be taken over
                self._forget(call.account_id for call in batch.calls.values())
                raise
        for rejection in batch.rejections:
            await set_aside(self._running, rejection, batch.retried)
        if intent.keys or intent.unanswered:
            await self._followup.add(self._charges(intent, charged, batch))

    def _charges(self, intent: Intent, charged: Sequence[ChargedCall], batch: _Batch) -> Charges:
        accounts = {call.account_id for call in batch.calls.values()}
        return Charges(
            intent=intent,
            charged=charged,
            wallets={account_id: self._known[account_id].wallet for account_id in accounts},
            standings={account_id: self._known[account_id].standing for account_id in accounts},
            ended=batch.ended,
        )

    # --- what the records are ------------------------------------------------------------------

    async def _sort(self, tx: Reader, records: Sequence[Record], batch: _Batch) -> None:
        """Find out whose each call is and what it is rated by."""
        owners = [await self._owner(tx, record) for record in records]
        await self._look_at(tx, _last_answers(records, owners))
        for record, owner in zip(records, owners, strict=True):
            known = self._known.get(owner)
            if isinstance(record, Malformed):
                wallet = known.wallet if known else None
                batch.reject(record, wallet, _Fault("malformed", record.detail))
            elif known is None or not _may_charge(batch.retried, known.wallet):
                fault = _Fault("unknown-account", "There is no such account or realm.")
                batch.reject(record, None, fault)
            elif record.seconds == 0:
                batch.end(owner, record.call_id)
            elif (same := batch.calls.get(entry_key(owner, record.call_id))) is not None:
                if record != same.record:
                    batch.again.append(record)
            else:
                call = await self._rated(tx, known.wallet, record, batch.received_at)
                if isinstance(call, _Fault):
                    # the call is over, whatever is to become of its record
                    batch.end(owner, record.call_id)
                    batch.reject(record, known.wallet, call)
                else:
                    batch.calls[call.key] = call

    async def _owner(self, tx: Reader, record: Record) -> str:
        if isinstance(record, Malformed):
            return account_id_of(record.record)
        return record.account_id or await tx.memory(Memory).account_of_realm(tx, record.realm or "")

    async def _look_at(self, tx: Reader, last_answers: Mapping[str, datetime]) -> None:
        """Read the accounts that are not known, or not well enough for when calls were answered."""
        old = tx.now - LOOK_AGAIN_AFTER
        unknown = [
            account_id
            for account_id, answered_at in last_answers.items()
            if (known := self._known.get(account_id)) is None
            or known.read_at < max(old, min(answered_at, tx.now))
        ]
        if unknown:
            for account_id, found in (await holds.find_many(tx, unknown)).items():
                self._learn(account_id, found, tx.now)

    def _learn(self, account_id: str, found: CallAccount, now: datetime) -> None:
        known = self._known.get(account_id)
        newer = known is not None and known.standing.seq >= found.standing.seq
        standing = known.standing if known is not None and newer else found.standing
        self._known[account_id] = _Known(found.wallet, standing, now)
        self._known.move_to_end(account_id)

    async def _rated(
        self, tx: Reader, wallet: Wallet, record: CallEnded, received_at: datetime
    ) -> _Call | _Fault:
        assert record.answered_at is not None, "a call that lasted was answered"
        untimely = fault_of_time(record.answered_at, wallet.opened_at, received_at)
        if untimely is not None:
            return _Fault(untimely, _explain_time(untimely))
        # milliseconds, as the ledger keeps them: the same record is the same again
        answered_at = record.answered_at.replace(
            microsecond=record.answered_at.microsecond // 1000 * 1000
        )
        destination = destination_of(
            record.destination,
            wallet.country,
            record.dial_format or await tx.memory(DialFormats).of_account(tx, wallet),
            internal=record.internal,
        )
        terms = wallet.terms_at(answered_at)
        sheet_id = terms.rate_sheet_id if terms else ""
        prices: PriceList | None = None
        if sheet_id:
            lists = tx.memory(PriceLists)
            prices = lists.known(sheet_id, answered_at)
            prices = prices or await lists.find(tx, sheet_id, answered_at)
        rate = rate_of(destination, wallet.country, terms, prices, answered_at)
        if rate == "no-rate" and sheet_id:
            # a rate that the sheet was given since then still charges the call: in time, or when
            # its record is retried
            prices = await tx.memory(PriceLists).find(tx, sheet_id, tx.now, fresh=True)
            rate = rate_of(destination, wallet.country, terms, prices, answered_at)
        if isinstance(rate, str):
            return _Fault(rate, _explain(rate, destination))
        ended = EndedCall(record.call_id, record.caller, answered_at, record.seconds)
        return _Call(record, wallet.id, ended, destination, rate)

    # --- the commit ------------------------------------------------------------------------------

    async def _append(self, tx: Reader, intent: Intent, batch: _Batch) -> list[ChargedCall]:
        """Append the entries of all calls that were not charged before; return them."""
        charged: list[ChargedCall] = []
        rest = list(batch.calls.values())
        if rest and await tx.memory(charging.OldKeys).exist(tx):
            # the ledger does not refuse what was charged under another key
            rest = self._set_apart(await self._find_charged(tx, rest), rest, batch)
        while rest:
            wanted = self._charged(rest, tx.now)
            stand = await charging.insert(tx, intent, wanted)
            last = {call.account_id: call for call in wanted[:stand]}
            for account_id, call in last.items():
                self._stands(account_id, call.standing)
            for call in wanted[:stand]:
                batch.end(call.account_id, call.call_id)
            charged += wanted[:stand]
            rest = rest[stand:]
            if rest:
                rest = await self._not_charged_before(tx, rest, batch)
        return charged

    def _charged(self, calls: Sequence[_Call], now: datetime) -> list[ChargedCall]:
        after: dict[str, Standing] = {}
        charged: list[ChargedCall] = []
        for call in calls:
            standing = after.get(call.account_id) or self._known[call.account_id].standing
            one = charge(standing, call.ended, call.destination, call.rate, now)
            after[call.account_id] = one.standing
            charged.append(one)
        return charged

    def _stands(self, account_id: str, standing: Standing) -> None:
        self._known[account_id] = self._known[account_id]._replace(standing=standing)

    async def _not_charged_before(
        self, tx: Reader, calls: Sequence[_Call], batch: _Batch
    ) -> list[_Call]:
        """Return the calls that are still to be charged, after the first of these was refused.

        It was charged before, or another writer has carried on its ledger; either way its account
        is read from the ledger itself.
        """
        found = await self._find_charged(tx, calls)
        # others may have been written to as well: not to be refused for each, one by one
        accounts = await holds.find_many(tx, list({call.account_id for call in calls}))
        for account_id, account in accounts.items():
            self._learn(account_id, account, tx.now)
        stale = {calls[0].account_id, *(call.account_id for call in calls if call.key in found)}
        rest = self._set_apart(found, calls, batch)
        for account_id, entry in (await charging.last_entries(tx, stale)).items():
            self._stands(account_id, standing_of(self._known[account_id].wallet, entry))
        return rest

    async def _find_charged(self, tx: Reader, calls: Sequence[_Call]) -> dict[str, Entry]:
        return await charging.find_calls(
            tx, [(call.account_id, call.ended.call_id) for call in calls]
        )

    def _set_apart(
        self, found: Mapping[str, Entry], calls: Sequence[_Call], batch: _Batch
    ) -> list[_Call]:
        """Return the calls that are not charged yet; one charged with other facts is a conflict.

        Either way the call has ended, so nothing is held for it any more.
        """
        rest: list[_Call] = []
        for call in calls:
            entry = found.get(call.key)
            if entry is None:
                rest.append(call)
                continue
            batch.end(call.account_id, call.ended.call_id)
            if not same_facts(entry, call.account_id, call.ended, call.destination):
                detail = "The call was charged before by a record with other facts."
                wallet = self._known[call.account_id].wallet
                batch.reject(call.record, wallet, _Fault("conflict", detail))
        return rest

    def _forget(self, account_ids: Iterable[str]) -> None:
        for account_id in account_ids:
            self._known.pop(account_id, None)

    def _bound(self) -> None:
        while len(self._known) > ACCOUNTS_REMEMBERED:
            self._known.popitem(last=False)
