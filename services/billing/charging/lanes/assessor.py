"""What becomes of records of calls: whose each is, what it is rated by, what it would charge.

Charging commits what this finds out and a preview shows it, so there is one way to a price.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from contracts.accounts import PLATFORM_ID
from contracts.billing import RejectionReason
from contracts.calls import CallEnded
from services.billing.charging.lanes.records import Malformed, Record
from services.billing.charging.lanes.rejected import Rejection
from services.billing.charging.model.call import (
    CallCharge,
    EndedCall,
    charge,
    entry_key,
    notes_of,
    same_facts,
)
from services.billing.charging.model.call_time import AGE_MAX, TimeFault, fault_of_time
from services.billing.charging.model.hold import CallAccount, is_served
from services.billing.charging.model.rejected_call import account_id_of
from services.billing.charging.store import charging, holds
from services.billing.charging.store.account_cache import Memory
from services.billing.charging.store.call_settings import CallSettings
from services.billing.charging.store.own_numbers import OwnNumbers
from services.billing.ledger.model.ledger import BillingAccount, Entry, LedgerHead
from services.billing.rating.model.call_rate import FREE, RatingFault, rate_of
from services.billing.rating.model.destination import Destination, destination_of
from services.billing.rating.model.price import PriceList, SheetRate
from services.billing.rating.store.price_lists import PriceLists
from services.chassis.database import Reader

ACCOUNTS_REMEMBERED: Final = 20_000
LOOK_AGAIN_AFTER: Final = timedelta(seconds=5)
"""So long an account is relied on for calls that were answered before it was read.

Terms of a billing account are kept with their dates, so none of those is missing for such a call.
"""


NOT_OF_THE_ACCOUNT: Final = "A call that comes in goes to a number of its account."

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


class Known(NamedTuple):
    """An account, and where its ledger stands."""

    billing_account: BillingAccount
    head: LedgerHead
    read_at: datetime


class Call(NamedTuple):
    """A record that can be charged."""

    record: CallEnded
    account_id: str
    ended: EndedCall
    destination: Destination
    rate: SheetRate

    @property
    def key(self) -> str:
        """The key of its ledger entry."""
        return entry_key(self.account_id, self.ended.call_id)


class Fault(NamedTuple):
    """Why a record can't be charged."""

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


class Batch:
    """What becomes of the records of one batch."""

    def __init__(self, received_at: datetime, owner_id: str = "") -> None:
        self.received_at = received_at
        self.owner_id = owner_id
        """Whose calls they may be only; empty: anybody's."""

        self.calls: dict[str, Call] = {}
        self.again: list[CallEnded] = []
        """Records that say something else of a call of the same batch: looked at after it."""

        self.ended: dict[str, list[str]] = {}
        """Calls by account for which nothing is to be held any more."""

        self.rejections: list[Rejection] = []
        """Records that cannot be charged."""

    def may_charge(self, account: BillingAccount) -> bool:
        """Tell whether a record may charge an account: one for a reseller only its own."""
        return self.owner_id in {"", PLATFORM_ID} or is_served(account, self.owner_id)

    def end(self, account_id: str, call_id: str) -> None:
        """Note that a call holds nothing any more."""
        self.ended.setdefault(account_id, []).append(call_id)

    def reject(self, record: Record, account: BillingAccount | None, fault: Fault) -> None:
        """Note that a record cannot be charged; its account's reseller mends it."""
        account_id, reseller_id = (account.id, account.reseller_id) if account else ("", "")
        self.rejections.append(Rejection(record, account_id, reseller_id, *fault))


class Assessor:
    """Finds out what records come to; it remembers the accounts that they are of."""

    def __init__(self) -> None:
        self.known: OrderedDict[str, Known] = OrderedDict()
        """By account, as it is after what was charged here."""

    async def sort(self, db: Reader, records: Sequence[Record], batch: Batch) -> None:
        """Find out whose each call is and what it is rated by."""
        owners = [await self.owner(db, record) for record in records]
        await self._look_at(db, _last_answers(records, owners))
        for record, owner in zip(records, owners, strict=True):
            known = self.known.get(owner)
            if isinstance(record, Malformed):
                account = known.billing_account if known else None
                batch.reject(record, account, Fault("malformed", record.detail))
            elif known is None or not batch.may_charge(known.billing_account):
                fault = Fault("unknown-account", "There is no such account or realm.")
                batch.reject(record, None, fault)
            elif record.seconds == 0:
                batch.end(owner, record.call_id)
            elif (same := batch.calls.get(key := entry_key(owner, record.call_id))) is not None:
                if record != same.record:
                    batch.again.append(record)
            else:
                call = await self._rated(db, known.billing_account, record, batch.received_at)
                if isinstance(call, Fault):
                    # the call is over, whatever is to become of its record
                    batch.end(owner, record.call_id)
                    batch.reject(record, known.billing_account, call)
                else:
                    batch.calls[key] = call

    async def owner(self, db: Reader, record: Record) -> str:
        """Return the id of the account that a record names; empty when there is none."""
        if isinstance(record, Malformed):
            return account_id_of(record.record)
        return record.account_id or await db.memory(Memory).account_of_realm(db, record.realm or "")

    async def _look_at(self, db: Reader, last_answers: Mapping[str, datetime]) -> None:
        """Read the accounts that are not known, or not well enough for when calls were answered."""
        old = db.now - LOOK_AGAIN_AFTER
        unknown = [
            account_id
            for account_id, answered_at in last_answers.items()
            if (known := self.known.get(account_id)) is None
            or known.read_at < max(old, min(answered_at, db.now))
        ]
        if unknown:
            for account_id, found in (await holds.find_many(db, unknown)).items():
                self.learn(account_id, found, db.now)

    def learn(self, account_id: str, found: CallAccount, now: datetime) -> None:
        """Remember an account as it was read; its ledger never goes back."""
        known = self.known.get(account_id)
        newer = known is not None and known.head.seq >= found.head.seq
        head = known.head if known is not None and newer else found.head
        self.known[account_id] = Known(found.billing_account, head, now)
        self.known.move_to_end(account_id)

    async def _rated(
        self, db: Reader, account: BillingAccount, record: CallEnded, received_at: datetime
    ) -> Call | Fault:
        assert record.answered_at is not None, "a call that lasted was answered"
        untimely = fault_of_time(record.answered_at, account.opened_at, received_at)
        if untimely is not None:
            return Fault(untimely, _explain_time(untimely))
        # milliseconds, as the ledger keeps them: the same record is the same again
        answered_at = record.answered_at
        if finer := answered_at.microsecond % 1000:
            answered_at = answered_at.replace(microsecond=answered_at.microsecond - finer)
        dial_format = record.dial_format
        if dial_format is None:
            settings = db.memory(CallSettings)
            known = settings.known(account, db.now)
            dial_format = (known or await settings.of_account(db, account)).dial_format
        destination = destination_of(
            record.destination, account.country, dial_format, internal=record.internal
        )
        ended = EndedCall(
            record.call_id, record.caller, answered_at, record.seconds, notes_of(record)
        )
        if record.direction == "in":
            owner = await db.memory(OwnNumbers).owner(db, destination.number)
            if owner != account.id:
                return Fault("invalid-destination", NOT_OF_THE_ACCOUNT)
            return Call(record, account.id, ended, destination, FREE)
        terms = account.terms_at(answered_at)
        sheet_id = terms.rate_sheet_id if terms else ""
        prices: PriceList | None = None
        if sheet_id:
            lists = db.memory(PriceLists)
            prices = lists.known(sheet_id, answered_at)
            prices = prices or await lists.find(db, sheet_id, answered_at)
        rate = rate_of(destination, account.country, terms, prices, answered_at)
        if rate == "no-rate" and sheet_id:
            # a rate that the sheet was given since then still charges the call: in time, or when
            # its record is retried
            prices = await db.memory(PriceLists).find(db, sheet_id, db.now, fresh=True)
            rate = rate_of(destination, account.country, terms, prices, answered_at)
        if isinstance(rate, str):
            return Fault(rate, _explain(rate, destination))
        return Call(record, account.id, ended, destination, rate)

    def charged(self, calls: Sequence[Call], now: datetime) -> list[CallCharge]:
        """Return the entries that charge calls, in order, where their ledgers stand."""
        after: dict[str, LedgerHead] = {}
        charged: list[CallCharge] = []
        for call in calls:
            head = after.get(call.account_id) or self.known[call.account_id].head
            one = charge(head, call.ended, call.destination, call.rate, now)
            after[call.account_id] = one.head
            charged.append(one)
        return charged

    def stands(self, account_id: str, head: LedgerHead) -> None:
        """Note where an account's ledger stands now."""
        self.known[account_id] = self.known[account_id]._replace(head=head)

    def set_apart(
        self, found: Mapping[str, Entry], calls: Sequence[Call], batch: Batch
    ) -> list[Call]:
        """Return the calls that are not charged yet; one charged with other facts is a conflict.

        Either way the call has ended, so nothing is held for it any more.
        """
        rest: list[Call] = []
        for call in calls:
            entry = found.get(call.key)
            if entry is None:
                rest.append(call)
                continue
            batch.end(call.account_id, call.ended.call_id)
            if not same_facts(entry, call.account_id, call.ended, call.destination):
                detail = "The call was already charged by a record with different facts."
                account = self.known[call.account_id].billing_account
                batch.reject(call.record, account, Fault("conflict", detail))
        return rest

    async def find_charged(self, db: Reader, calls: Sequence[Call]) -> dict[str, Entry]:
        """Return the entries of those calls that are charged already, by their keys."""
        return await charging.find_calls(
            db, [(call.account_id, call.ended.call_id) for call in calls]
        )

    def forget(self, account_ids: Iterable[str]) -> None:
        """Forget accounts of which it isn't known what stands."""
        for account_id in account_ids:
            self.known.pop(account_id, None)

    def bound(self) -> None:
        """Forget accounts that nobody has asked about for long."""
        while len(self.known) > ACCOUNTS_REMEMBERED:
            self.known.popitem(last=False)
