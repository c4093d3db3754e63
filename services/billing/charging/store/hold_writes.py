"""What running calls hold, written for several accounts at once; each change is guarded still."""

import asyncio
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from services.billing.charging.model.hold import CallAccount, Hold
from services.billing.charging.store import charging, holds
from services.chassis.database import Writer

WRITES_AT_ONCE_MAX: Final = 100

Outcome = Literal["kept", "changed", "charged"]
"""What became of a hold: `changed` when something of its account has changed meanwhile, `charged`
when its call was charged before and may not be made again."""


class _Write(NamedTuple):
    account: CallAccount
    """As it was seen; nothing is written if anything of it has changed since."""

    others: Sequence[Hold]
    hold: Hold
    begins: bool
    """Whether its call begins: it is only held for if it was not charged before."""

    outcome: "asyncio.Future[Outcome]"


class HoldWrites:
    """Gathers the holds that are decided while others are being written, and writes them together.

    A write on its own costs more than all that was decided before it, most of which is the way to
    the database and back.
    """

    def __init__(self) -> None:
        self._waiting: list[_Write] = []
        self._writing: asyncio.Task[None] | None = None

    async def save(
        self,
        db: Writer,
        account: CallAccount,
        others: Sequence[Hold],
        hold: Hold,
        *,
        begins: bool,
    ) -> Outcome:
        """Keep a hold beside the others, unless its call `begins` and was charged before."""
        outcome = asyncio.get_running_loop().create_future()
        write = _Write(account, others, hold, begins, outcome)
        self._waiting.append(write)
        if self._writing is None:
            # a task of its own: one caller who leaves does not take the others' writes along
            self._writing = asyncio.create_task(self._write_waiting(db))
        return await write.outcome

    async def _write_waiting(self, db: Writer) -> None:
        try:
            while writes := self._waiting[:WRITES_AT_ONCE_MAX]:
                del self._waiting[: len(writes)]
                await _write_together(db, writes)
        finally:
            self._writing = None


async def _write_together(db: Writer, writes: Sequence[_Write]) -> None:
    """Write holds of different accounts, and tell each who waits whether theirs was kept."""
    try:
        charged = await charging.charged_among(db, [_call(one) for one in writes if one.begins])
        writable = [one for one in writes if not (one.begins and _call(one) in charged)]
        kept = await _kept(db, writable)
    except Exception as error:  # noqa: BLE001 - whatever it is, each of those who wait is told
        for write in writes:
            if not write.outcome.done():
                write.outcome.set_exception(error)
        return
    for write in writes:
        if not write.outcome.done():
            write.outcome.set_result(_outcome(write, charged, kept))


def _call(write: _Write) -> tuple[str, str]:
    return write.account.billing_account.id, write.hold.call_id


def _outcome(write: _Write, charged: set[tuple[str, str]], kept: set[tuple[str, Hold]]) -> Outcome:
    if write.begins and _call(write) in charged:
        return "charged"
    return "kept" if (write.account.billing_account.id, write.hold) in kept else "changed"


async def _kept(db: Writer, writes: Sequence[_Write]) -> set[tuple[str, Hold]]:
    """Return whose holds were kept; the database says of how many only, so it may be asked."""
    found = await holds.save_each(
        db, [(write.account, (*write.others, write.hold)) for write in writes]
    )
    if found == len(writes):
        return {(write.account.billing_account.id, write.hold) for write in writes}
    if not found:
        return set()
    ids = [write.account.billing_account.id for write in writes]
    accounts = await holds.find_many(db, ids)
    return {
        (account_id, hold) for account_id, account in accounts.items() for hold in account.holds
    }
