"""Following a ledger entry by entry, to prove that nothing is missing and every sum is right."""

from pydantic import BaseModel, ConfigDict

from services.billing.charging.model.call import after_call
from services.billing.ledger.model.ledger import Entry, LedgerHead


class Chain(BaseModel):
    """What an audit has seen of a ledger so far, and the first fault that it found."""

    model_config = ConfigDict(frozen=True)

    account_id: str
    last: Entry | None = None
    total: int = 0
    fault: str = ""

    @property
    def seq(self) -> int:
        """Of the last entry; 0 without one."""
        return self.last.seq if self.last else 0

    @property
    def balance(self) -> int:
        """After the last entry."""
        return self.last.balance_after if self.last else 0

    def after(self, entry: Entry) -> "Chain":
        """Return the chain with one more entry."""
        total = self.total + entry.amount
        fault = self.fault or self._fault_of(entry, total)
        return Chain.model_construct(
            account_id=self.account_id, last=entry, total=total, fault=fault
        )

    def _fault_of(self, entry: Entry, total: int) -> str:
        if entry.seq != self.seq + 1:
            fault = f"entry {self.seq} is followed by entry {entry.seq}"
        elif entry.balance_after != self.balance + entry.amount:
            fault = f"entry {entry.seq} does not carry on the balance before it"
        elif entry.balance_after != total:
            fault = f"the balance after entry {entry.seq} is not the sum of the entries"
        elif self.last is not None and entry.at < self.last.at:
            fault = f"entry {entry.seq} is older than the one before it"
        elif entry.corrects_seq is not None and not 0 < entry.corrects_seq < entry.seq:
            fault = f"entry {entry.seq} corrects entry {entry.corrects_seq}, which is not before it"
        elif not _carries_on_calls(self.last, entry):
            fault = f"entry {entry.seq} does not carry on the totals or bundles of calls"
        else:
            return ""
        return f"ledger of {self.account_id}: {fault}"


def _carries_on_calls(last: Entry | None, entry: Entry) -> bool:
    """Tell whether what an entry says of all calls and of bundles follows from the one before."""
    rated, charges = (last.rated_seconds_after, last.call_charges_after) if last else (0, 0)
    call = entry.call
    if call is not None:
        rated, charges = rated + call.rated_seconds, charges - entry.amount
    if last is not None and not _carries_on_bundles(last, entry):
        return False
    return (entry.rated_seconds_after, entry.call_charges_after) == (rated, charges)


def _carries_on_bundles(last: Entry, entry: Entry) -> bool:
    """Tell whether a call used the bundle of its period, and all else left both as they were."""
    call, before = entry.call, last.last_bundles
    if call is None:
        after = entry.last_bundles
        if after == (before.at(entry.at) if before else None):
            return True
        # a period has begun, which keeps what was left
        is_next = after is not None and (before is None or before.ended_at < after.ended_at)
        return is_next and after is not None and after.seconds == last.seconds_after
    head = LedgerHead(
        account_id=last.account_id, at=last.at, seconds=last.seconds_after, last_bundles=before
    )
    after = after_call(head, call.answered_at, call.country or "", call.free_seconds, entry.at)
    left = [*entry.seconds_after.values()]
    left += entry.last_bundles.seconds.values() if entry.last_bundles else ()
    return after == (entry.seconds_after, entry.last_bundles) and min(left, default=0) >= 0
