"""Records that cannot be charged are set aside, each once, and announced."""

from typing import NamedTuple

from contracts.billing import RejectionReason
from services.billing.charging.handlers.rejected_calls import announce_rejection
from services.billing.charging.lanes.records import Malformed, Record
from services.billing.charging.model.rejected_call import RejectedCall, rejected_call
from services.billing.charging.store import rejected_calls
from services.chassis.database import Transaction, Trigger
from services.chassis.service import Running


class Rejection(NamedTuple):
    """A record that cannot be charged, and why."""

    record: Record
    account_id: str
    """Empty when it is not known; likewise the reseller's."""

    reseller_id: str
    reason: RejectionReason
    detail: str


async def set_aside(
    running: Running, rejection: Rejection, retried: RejectedCall | None = None
) -> None:
    """Keep a record that cannot be charged, and announce it.

    The same record of the same owner makes the same rejected call. `retried` is the one that a
    person wanted to be charged again: it waits with the new reason.
    """
    record = rejection.record
    body = record.record if isinstance(record, Malformed) else record.model_dump(mode="json")
    first = rejected_call(
        rejection.reseller_id,
        body,
        rejection.reason,
        rejection.detail,
        now=running.clock(),
        account_id=rejection.account_id,
    )

    async def keep(tx: Transaction) -> None:
        if await rejected_calls.keep(tx, first):
            announce_rejection(tx, first)

    async def reject_again(tx: Transaction) -> None:
        assert retried is not None, "it is retried"
        again = retried.rejected_again(rejection.reason, rejection.detail)
        if await rejected_calls.replace(tx, retried, again):
            announce_rejection(tx, again)

    consumer = f"{running.name}.rejected-calls"
    if retried is None:
        trigger = Trigger(message_id=f"{first.id}:{first.reason}", correlation_id=first.id)
        await running.database.once(consumer, trigger, keep)
    else:
        trigger = Trigger(message_id=f"{retried.id}:{retried.attempt}", correlation_id=retried.id)
        await running.database.once(consumer, trigger, reject_again)
