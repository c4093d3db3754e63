"""What must survive: records that billing doesn't have yet, and the calls that run."""

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

from contracts.calls import CallEnded
from integrations.switch import telemetry
from integrations.switch.model import RunningCall, routing_key

FILE: Final = "calls.sqlite"
BUSY_SECONDS: Final = 5.0
DISK_SPARE_BYTES: Final = 100_000_000
"""With less, no further record is taken: SQLite itself needs some to empty the store."""

RECORD_BYTES: Final = 1_000
"""What one more record takes at most, about."""

TABLES: Final = """
CREATE TABLE IF NOT EXISTS records (
    id INTEGER PRIMARY KEY AUTOINCREMENT, routing_key TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS running (call_id TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS unreadable (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS notes (
    name TEXT PRIMARY KEY, body TEXT NOT NULL, until REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS notes_by_end ON notes (until);
"""

UNREADABLE_MAX: Final = 100_000
"""Of these the newest are kept for a person."""

NOTES_FORGOTTEN_AT_ONCE: Final = 1_000
FOREVER: Final = float("inf")


class SpoolFull(Exception):  # noqa: N818 - it reads as the fact it is
    """No further record fits: the switch has to keep it and send it again."""


class SpooledRecord(NamedTuple):
    """A record that waits for billing."""

    id: int
    routing_key: str
    body: str


class Note(NamedTuple):
    """What an adapter must remember: it's kept together with the records that it belongs to."""

    name: str
    body: str
    """Empty: it's forgotten."""

    until: float
    """When it may be forgotten, in seconds since 1970."""


class Statement(NamedTuple):
    """One change of what is kept."""

    sql: str
    values: tuple[str | int | float, ...]


def _noted(note: Note) -> Statement:
    if not note.body:
        return Statement("DELETE FROM notes WHERE name = ?", (note.name,))
    return Statement("INSERT OR REPLACE INTO notes VALUES (?, ?, ?)", note)


class Spool:
    """A SQLite database: what it has taken survives the kill of any process.

    Each change returns when it is on the disk. Changes that wait for the disk together go
    together, so that many calls share one wait.
    """

    def __init__(self, folder: Path, records_max: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._records_max = records_max
        self._thread = ThreadPoolExecutor(1, "spool")
        self._database = sqlite3.connect(
            folder / FILE, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.executescript(TABLES)
        (self._records,) = self._database.execute("SELECT count(*) FROM records").fetchone()
        self._waiting: list[tuple[Sequence[Statement], asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self.grown = asyncio.Event()
        """Set whenever there may be records to send."""

        self.empty = asyncio.Event()
        """Set while no record waits."""

        if self._records:
            self.grown.set()
        self._show()

    def close(self) -> None:
        """Close it; whatever was taken is on the disk already."""
        self._thread.shutdown()
        self._database.close()

    @property
    def records(self) -> int:
        """How many records wait for billing."""
        return self._records

    @property
    def full_ratio(self) -> float:
        """How full it is, from 0 to 1: of records, or the disk of anything."""
        disk = os.statvfs(self._folder)
        free = max(disk.f_bavail * disk.f_frsize - DISK_SPARE_BYTES, 0)
        used = self._records * RECORD_BYTES
        by_disk = 1.0 if not free else used / (used + free)
        return max(self._records / self._records_max, by_disk)

    # --- what is kept -------------------------------------------------------------------------

    async def keep(
        self,
        running: Iterable[RunningCall],
        ended: Iterable[CallEnded],
        unreadable: Iterable[str] = (),
        over: Iterable[str] = (),
        notes: Iterable[Note] = (),
    ) -> None:
        """Keep calls that run, records of calls that have ended, and what can't be read.

        `over` are further calls that run no longer, and need no record. `notes` replace those of
        the same names.
        """
        records = list(ended)
        if records and self.full_ratio >= 1:
            raise SpoolFull
        statements = [
            Statement(
                "INSERT OR REPLACE INTO running VALUES (?, ?)",
                (call.call_id, call.model_dump_json()),
            )
            for call in running
        ]
        for record in records:
            body = record.model_dump_json(exclude_none=True)
            statements += [
                Statement("DELETE FROM running WHERE call_id = ?", (record.call_id,)),
                Statement(
                    "INSERT INTO records (routing_key, body) VALUES (?, ?)",
                    (routing_key(record), body),
                ),
            ]
        statements += [Statement("DELETE FROM running WHERE call_id = ?", (one,)) for one in over]
        oldest = "DELETE FROM unreadable WHERE id <= (SELECT max(id) FROM unreadable) - ?"
        for one in unreadable:
            statements += [
                Statement("INSERT INTO unreadable (body) VALUES (?)", (one,)),
                Statement(oldest, (UNREADABLE_MAX,)),
            ]
        statements += map(_noted, notes)
        await self._commit(statements)
        self._records += len(records)
        if records:
            self.grown.set()
        self._show()

    def running(self) -> list[RunningCall]:
        """Return the calls that ran when this was last open; for the start only."""
        rows = self._database.execute("SELECT body FROM running").fetchall()
        return [RunningCall.model_validate_json(body) for (body,) in rows]

    async def note(self, name: str) -> str | None:
        """Return what was noted under a name."""

        def read() -> str | None:
            sql = "SELECT body FROM notes WHERE name = ?"
            row: tuple[str] | None = self._database.execute(sql, (name,)).fetchone()
            return row[0] if row else None

        return await asyncio.get_running_loop().run_in_executor(self._thread, read)

    async def notes(self, prefix: str) -> list[tuple[str, str]]:
        """Return the names and bodies of notes whose names begin so; for the start only."""

        def read() -> list[tuple[str, str]]:
            sql = "SELECT name, body FROM notes WHERE name >= ? AND name < ? ORDER BY name"
            return self._database.execute(sql, (prefix, f"{prefix}\U0010ffff")).fetchall()

        return await asyncio.get_running_loop().run_in_executor(self._thread, read)

    async def forget_notes(self, now: float) -> None:
        """Forget notes whose time is over, some at once."""
        sql = "DELETE FROM notes WHERE name IN (SELECT name FROM notes WHERE until < ? LIMIT ?)"
        await self._commit([Statement(sql, (now, NOTES_FORGOTTEN_AT_ONCE))])

    # --- what is sent -------------------------------------------------------------------------

    async def oldest(self, number: int) -> list[SpooledRecord]:
        """Return the records that wait longest."""

        def read() -> list[SpooledRecord]:
            sql = "SELECT id, routing_key, body FROM records ORDER BY id LIMIT ?"
            return [SpooledRecord(*row) for row in self._database.execute(sql, (number,))]

        return await asyncio.get_running_loop().run_in_executor(self._thread, read)

    async def remove(self, records: Sequence[SpooledRecord]) -> None:
        """Remove records that billing has."""
        await self._commit(
            [Statement("DELETE FROM records WHERE id = ?", (record.id,)) for record in records]
        )
        self._records -= len(records)
        telemetry.SENT.inc(len(records))
        self._show()

    # --- the disk -----------------------------------------------------------------------------

    async def _commit(self, statements: Sequence[Statement]) -> None:
        if not statements:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((statements, future))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        await future

    async def _write_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            statements = [one for some, _ in waiting for one in some]
            try:
                await loop.run_in_executor(self._thread, self._write, statements)
            except sqlite3.Error as error:
                for _, future in waiting:
                    if not future.done():
                        future.set_exception(error)
            else:
                for _, future in waiting:
                    if not future.done():
                        future.set_result(None)

    def _write(self, statements: Sequence[Statement]) -> None:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            for statement in statements:
                self._database.execute(statement.sql, statement.values)
            self._database.execute("COMMIT")
        except sqlite3.Error:
            with contextlib.suppress(sqlite3.Error):  # what failed first is what is raised
                self._database.execute("ROLLBACK")
            raise

    def _show(self) -> None:
        telemetry.RECORDS.set(self._records)
        telemetry.FULL_RATIO.set(self.full_ratio)
        if self._records:
            self.empty.clear()
        else:
            self.empty.set()
