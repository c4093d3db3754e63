"""What running calls hold, written for several accounts at once; each change is guarded still."""

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

from services.billing.model.hold import CallAccount, Hold
from services.billing.store import holds
from services.chassis.database import Reader

WRITES_AT_ONCE_MAX: Final = 100


class _Write(NamedTuple):
    account: CallAccount
    """As it was seen; nothing is written if anything of it has changed since."""

    others: Sequence[Hold]
    hold: Hold
    kept: "asyncio.Future[bool]"


class HoldWrites:
    """Gathers the holds that are decided while others are being written, and writes them together.

    A write on its own costs more than all that was decided before it, most of which is the way to
    the database and back.
    """

    def __init__(self) -> None:
        self._waiting: list[_Write] = []
        self._writing: asyncio.Task[None] | None = None

    async def save(
        self, tx: Reader, account: CallAccount, others: Sequence[Hold], hold: Hold
    ) -> bool:
        """Keep a hold beside the others; False when anything of the account has changed."""
        write = _Write(account, others, hold, asyncio.get_running_loop().create_future())
        self._waiting.append(write)
        if self._writing is None:
            # a task of its own: one caller who leaves does not take the others' writes along
            self._writing = asyncio.create_task(self._write_waiting(tx))
        return await write.kept

    async def _write_waiting(self, tx: Reader) -> None:
        try:
            while writes := self._waiting[:WRITES_AT_ONCE_MAX]:
                del self._waiting[: len(writes)]
                await _write_together(tx, writes)
        finally:
            self._writing = None


async def _write_together(tx: Reader, writes: Sequence[_Write]) -> None:
    """Write holds of different accounts, and tell each who waits whether theirs was kept."""
    try:
        kept = await _kept(tx, writes)
    except Exception as error:  # noqa: BLE001 - whatever it is, each of those who wait is told
        for write in writes:
            if not write.kept.done():
                write.kept.set_exception(error)
        return
    for write in writes:
        if not write.kept.done():
            write.kept.set_result((write.account.wallet.id, write.hold) in kept)


async def _kept(tx: Reader, writes: Sequence[_Write]) -> set[tuple[str, Hold]]:
    """Return whose holds were kept; the database says of how many only, so it may be asked."""
    found = await holds.save_each(
        tx, [(write.account, (*write.others, write.hold)) for write in writes]
    )
    if found == len(writes):
        return {(write.account.wallet.id, write.hold) for write in writes}
    if not found:
        return set()
    ids = [write.account.wallet.id for write in writes]
    accounts = await holds.find_many(tx, ids)
    return {
        (account_id, hold) for account_id, account in accounts.items() for hold in account.holds
    }
