"""Lanes of one process that commit together: what waits during a commit goes with the next."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple

from services.billing.charging.lanes.records import Record
from services.chassis import mongo

RECORDS_AT_ONCE: Final = 1_000
"""A commit of more is no quicker, and what is asked meanwhile waits longer."""


class _Part(NamedTuple):
    """What one lane waits for."""

    records: Sequence[Record]
    committed: "asyncio.Future[None]"


class Together:
    """Commits the batches of several lanes as one, one commit at a time.

    A lane learns what became of its own records only: when they cannot be committed with others',
    each lane's are committed alone.
    """

    def __init__(self, work: Callable[[Sequence[Record]], Awaitable[None]]) -> None:
        self._work = work
        self._waiting: list[_Part] = []
        self._working: asyncio.Task[None] | None = None

    async def commit(self, records: Sequence[Record]) -> None:
        """Return when they are committed; raises what committing them raised."""
        part = _Part(records, asyncio.get_running_loop().create_future())
        self._waiting.append(part)
        if self._working is None:
            # a task of its own: a lane that leaves does not take the others' records along
            self._working = asyncio.create_task(self._commit_waiting())
        await part.committed

    async def _commit_waiting(self) -> None:
        try:
            while self._waiting:
                await self._commit(self._take())
        finally:
            self._working = None

    def _take(self) -> list[_Part]:
        parts: list[_Part] = []
        records = 0
        while self._waiting and (
            not parts or records + len(self._waiting[0].records) <= RECORDS_AT_ONCE
        ):
            parts.append(self._waiting.pop(0))
            records += len(parts[-1].records)
        return parts

    async def _commit(self, parts: Sequence[_Part]) -> None:
        try:
            await self._work([record for part in parts for record in part.records])
        except Exception as error:  # noqa: BLE001 - whatever it is, the lanes that wait are told
            if len(parts) == 1 or mongo.is_outage(error):
                for part in parts:
                    if not part.committed.done():
                        part.committed.set_exception(error)
                return
            for part in parts:
                await self._commit([part])
        else:
            for part in parts:
                if not part.committed.done():
                    part.committed.set_result(None)
