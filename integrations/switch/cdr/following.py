"""Follows a file to which a switch adds records, through rotation, restarts and kills."""

import asyncio
import sqlite3
import time
from pathlib import Path
from typing import Final, Literal

import structlog

from integrations.switch import telemetry
from integrations.switch.cdr.files import (
    Place,
    beginning_after,
    changed_at,
    chunk_at,
    end_of,
    file_of,
    moved,
)
from integrations.switch.cdr.formats import Legs, cut
from integrations.switch.cdr.gathering import AGAIN_SECONDS, Gathering
from integrations.switch.spool import FOREVER, Note, Spool, SpoolFull

CHUNK_BYTES: Final = 2_000_000
"""More than a record may have."""

LOOK_SECONDS: Final = 0.5
QUIET_NANOSECONDS: Final = 5_000_000_000
"""So long after the last change of a rotated file, its switch doesn't write to it any longer."""

Start = Literal["end", "start"]
log = structlog.get_logger()


class Follower:
    """Reads a file from where it was read before, and what follows it when it's rotated."""

    def __init__(
        self, path: Path, legs: Legs, gathering: Gathering, spool: Spool, *, by_paragraph: bool
    ) -> None:
        self._path = path
        self._legs = legs
        self._gathering = gathering
        self._spool = spool
        self._by_paragraph = by_paragraph
        self._name = f"cdr-place:{path}"

    async def begin(self, start: Start) -> None:
        """At the first start, note where to begin: behind what there is, or at its start."""
        if await self._spool.note(self._name) is not None:
            return
        if not self._path.is_file():
            log.warning("no such file yet", path=str(self._path))
        place = beginning_after(time.time_ns())
        if start == "end" and self._path.is_file():
            place = await asyncio.to_thread(end_of, self._path)
        await self._gathering.take((), (self._note(place),))

    async def run(self) -> None:
        """Read what is added, until cancelled; what keeps it from that is said once."""
        fault = ""
        while True:
            try:
                has_more = await self.read()
            except (SpoolFull, sqlite3.Error, OSError) as error:
                if (reason := f"{type(error).__name__}: {error}") != fault:
                    log.error("file not read", path=str(self._path), reason=reason)  # noqa: TRY400 - where in the code says nothing more
                fault = reason
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                fault = ""
                await asyncio.sleep(0 if has_more else LOOK_SECONDS)

    async def read(self) -> bool:
        """Read some more; tell whether there may be more yet.

        Raises OSError, SpoolFull or sqlite3.Error, and has read nothing then.
        """
        place = Place.model_validate_json(await self._spool.note(self._name) or "")
        path = await asyncio.to_thread(file_of, place, self._path)
        if path is None:
            return False
        chunk = await asyncio.to_thread(chunk_at, path, place, CHUNK_BYTES)
        if await asyncio.to_thread(file_of, place, self._path) != path:
            return True  # it was rotated meanwhile, and the chunk may be another file's
        is_done = path != self._path and _is_quiet(path)
        if chunk is None:
            if not is_done and path != self._path:
                return False  # it's compressed just now
            await self._miss(place, path)
            return True
        is_last = len(chunk.data) < CHUNK_BYTES
        found = cut(
            chunk.data, place.line, by_paragraph=self._by_paragraph, is_whole=is_done and is_last
        )
        if found.used:
            place = moved(place, chunk, found.used, found.lines)
            legs = [leg for record in found.records for leg in self._legs(record)]
            await self._gathering.take(legs, (self._note(place),))
        elif is_done:
            await self._gathering.take((), (self._note(beginning_after(chunk.changed_at)),))
        telemetry.CDR_UNREAD.set(max(chunk.size - place.offset, 0))
        return bool(found.used) or is_done

    async def _miss(self, place: Place, path: Path) -> None:
        """Go on behind what is gone: what was in it may never be charged."""
        telemetry.CDR_GAPS.inc()
        log.error("file gone before it was read", path=str(path), place=place.offset)
        since = place.since if path == self._path else changed_at(path)
        await self._gathering.take((), (self._note(beginning_after(since)),))

    def _note(self, place: Place) -> Note:
        return Note(self._name, place.model_dump_json(), FOREVER)


def _is_quiet(path: Path) -> bool:
    return time.time_ns() - changed_at(path) > QUIET_NANOSECONDS
