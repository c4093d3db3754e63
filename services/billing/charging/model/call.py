"""A call: where it goes, which rate it has, and what it does to a ledger."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from contracts.calls import CallEnded
from services.billing.ledger.model.bundles import LastBundles
from services.billing.ledger.model.call_facts import CallNotes
from services.billing.ledger.model.ledger import Entry, LedgerHead
from services.billing.rating.model.call_rate import FREE
from services.billing.rating.model.destination import Destination
from services.billing.rating.model.price import NOTHING, Settled, SheetRate, settled

OLD_KEYS: Final = "call:"
OLD_KEYS_END: Final = "call;"
"""How keys of calls begin that do not name their account; all of them sort before the end."""


class EndedCall(NamedTuple):
    """What the switch tells of a call that lasted."""

    call_id: str
    caller: str
    answered_at: datetime
    seconds: int
    notes: CallNotes | None = None


def notes_of(record: CallEnded) -> CallNotes | None:
    """Return what else a record tells; nearly always nothing."""
    told = (record.hangup_cause, record.sip_code, record.carrier, record.switch_call_id)
    if record.direction == "out" and not any(told) and not record.model_extra:
        return None
    return CallNotes(
        direction=record.direction,
        hangup_cause=record.hangup_cause,
        sip_code=record.sip_code,
        carrier=record.carrier,
        switch_call_id=record.switch_call_id,
        others=tuple(record.others.items()),
    )


def entry_key(account_id: str, call_id: str) -> str:
    """Return the key of a call's ledger entry: an account is charged once for it.

    The owner comes first: a switch may use the same id for calls of other accounts.
    """
    return f"{account_id}:{OLD_KEYS}{call_id}"


def old_entry_key(call_id: str) -> str:
    """Return the key that the entry of a call had when its id alone was the key."""
    return f"{OLD_KEYS}{call_id}"


def settle(
    head: LedgerHead,
    call: EndedCall,
    destination: Destination,
    rate: SheetRate,
    now: datetime,
) -> Settled:
    """Return what a call comes to where a ledger stands."""
    if rate is FREE:
        return NOTHING
    left = head.seconds_for(call.answered_at, now)
    return settled(call.seconds, left.get(destination.bundle, 0), rate)


class CallCharge(NamedTuple):
    """The entry that charges a call, as the charging path makes thousands of them a second."""

    key: str
    account_id: str
    seq: int
    at: datetime
    amount: int
    """Micro-units, negative or zero."""

    balance_after: int
    seconds_after: Mapping[str, int]
    rated_seconds_after: int
    call_charges_after: int
    call_id: str
    answered_at: datetime
    caller: str
    destination: str
    country: str | None
    seconds: int
    rated_seconds: int
    free_seconds: int
    rate: int
    last_bundles: LastBundles | None
    rate_fraction: int = 0
    notes: CallNotes | None = None

    @property
    def text(self) -> str:
        """What stands in the ledger."""
        if self.notes is not None and self.notes.direction == "in":
            return f"Call from {self.caller}"
        return f"Call to {self.destination}"

    @property
    def head(self) -> LedgerHead:
        """Where the ledger stands after it."""
        return LedgerHead(
            account_id=self.account_id,
            at=self.at,
            seconds=self.seconds_after,
            seq=self.seq,
            balance=self.balance_after,
            rated_seconds=self.rated_seconds_after,
            call_charges=self.call_charges_after,
            last_bundles=self.last_bundles,
        )

    @property
    def is_late(self) -> bool:
        """Whether it was answered before the current period of its account's bundles."""
        return self.last_bundles is not None and self.last_bundles.has(self.answered_at)


def after_call(
    head: LedgerHead, answered_at: datetime, country: str, free_seconds: int, at: datetime
) -> tuple[Mapping[str, int], LastBundles | None]:
    """Return the bundles of this period and of the last one after a call that used some seconds."""
    seconds, last = head.seconds, head.last_bundles
    if last is not None:
        if free_seconds and last.has(answered_at):
            return seconds, last.less(country, free_seconds).at(at)
        last = last.at(at)
    if free_seconds:
        seconds = {**seconds, country: seconds.get(country, 0) - free_seconds}
    return seconds, last


def charge(
    head: LedgerHead,
    call: EndedCall,
    destination: Destination,
    rate: SheetRate,
    now: datetime,
) -> CallCharge:
    """Return the entry that charges a call where a ledger stands."""
    at = max(now, head.at)
    rated_seconds, free_seconds, cost = settle(head, call, destination, rate, at)
    seconds, last = after_call(head, call.answered_at, destination.bundle, free_seconds, at)
    return CallCharge(
        key=entry_key(head.account_id, call.call_id),
        account_id=head.account_id,
        seq=head.seq + 1,
        at=at,
        amount=-cost,
        balance_after=head.balance - cost,
        seconds_after=seconds,
        rated_seconds_after=head.rated_seconds + rated_seconds,
        call_charges_after=head.call_charges + cost,
        call_id=call.call_id,
        answered_at=call.answered_at,
        caller=call.caller,
        destination=destination.number,
        country=destination.country,
        seconds=call.seconds,
        rated_seconds=rated_seconds,
        free_seconds=free_seconds,
        rate=rate.rate,
        rate_fraction=rate.rate_fraction,
        last_bundles=last,
        notes=call.notes,
    )


def charged_call(entry: Entry) -> CallCharge:
    """Return the entry of a call as the charging path had it."""
    call = entry.call
    assert call is not None, f"{entry.key} charges no call"
    return CallCharge(
        key=entry.key,
        account_id=entry.account_id,
        seq=entry.seq,
        at=entry.at,
        amount=entry.amount,
        balance_after=entry.balance_after,
        seconds_after=entry.seconds_after,
        rated_seconds_after=entry.rated_seconds_after,
        call_charges_after=entry.call_charges_after,
        call_id=entry.cause,
        answered_at=call.answered_at,
        caller=call.caller,
        destination=call.destination,
        country=call.country,
        seconds=call.seconds,
        rated_seconds=call.rated_seconds,
        free_seconds=call.free_seconds,
        rate=call.rate,
        rate_fraction=call.rate_fraction,
        last_bundles=entry.last_bundles,
        notes=call.notes,
    )


def same_facts(entry: Entry, account_id: str, call: EndedCall, destination: Destination) -> bool:
    """Tell whether a record says the same of a call as the one that it was charged by."""
    charged = entry.call
    return charged is not None and (
        entry.account_id,
        charged.caller,
        charged.answered_at,
        charged.seconds,
        charged.destination,
    ) == (account_id, call.caller, call.answered_at, call.seconds, destination.number)
