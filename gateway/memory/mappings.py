"""What the columns of tables meant before, so that the next file of a carrier needs no question."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from contracts.tables import TableKind
from services.chassis.database import Database
from services.chassis.mongo import ASCENDING, DESCENDING, IndexModel

MAPPINGS_MAX: Final = 200
"""Per reseller and sender. Beyond that, the one that wasn't used for the longest time is dropped;
nothing expires by itself."""


class Remembered(NamedTuple):
    """How a table with these column names was read the last time that it was stated."""

    meanings: tuple[str, ...]
    """Of its columns, in order."""

    encoding: str = ""
    """That was confirmed; empty where none had to be."""


class Mappings:
    """The mappings of all resellers.

    A key names the reseller whose tables they are, and the account that sends them: what a
    reseller says doesn't change how the platform's files are read.
    """

    def __init__(self, database: Database) -> None:
        self._documents = database.documents("mappings")
        self._clock = database.clock

    async def prepare(self) -> None:
        """Create the indexes."""
        await self._documents.ensure_indexes(
            IndexModel(
                [("reseller_id", ASCENDING), ("sender_id", ASCENDING), ("used_at", ASCENDING)],
                name="age",
            )
        )

    def of(self, reseller_id: str, sender_id: str) -> "MappingMemory":
        """Return what is remembered of one reseller's tables, as one account sends them."""
        return MappingMemory(self, reseller_id, sender_id)

    async def find(self, key: str) -> Mapping[str, Any] | None:
        """Return a mapping, and note that it was used."""
        change = {"$set": {"used_at": self._clock()}}
        return await self._documents.find_and_update({"_id": key}, change)

    async def keep(self, key: str, whose: Mapping[str, str], fields: Mapping[str, Any]) -> None:
        """Keep a mapping in place of the one with its key, and no more than the limit."""
        change = {"$set": {**whose, **fields, "used_at": self._clock()}}
        await self._documents.update({"_id": key}, change, upsert=True)
        beyond = await self._documents.count(whose) - MAPPINGS_MAX
        if beyond > 0:
            oldest = [("used_at", ASCENDING), ("_id", DESCENDING)]
            found = await self._documents.find(whose, sort=oldest, limit=beyond, fields=["_id"])
            await self._documents.delete({"_id": {"$in": [one["_id"] for one in found]}})


class MappingMemory(NamedTuple):
    """What is remembered of one reseller's tables, as one account sends them."""

    mappings: Mappings
    reseller_id: str
    sender_id: str

    async def find(self, kind: TableKind, header: Sequence[str]) -> Remembered | None:
        """Return how a table with exactly these column names was read last."""
        found = await self.mappings.find(self._key(kind, header))
        return Remembered(tuple(found["meanings"]), found["encoding"]) if found else None

    async def keep(self, kind: TableKind, header: Sequence[str], read: Remembered) -> None:
        """Remember how a table is read, in place of what was remembered before."""
        whose = {"reseller_id": self.reseller_id, "sender_id": self.sender_id}
        fields = {"kind": kind, "meanings": list(read.meanings), "encoding": read.encoding}
        await self.mappings.keep(self._key(kind, header), whose, fields)

    def _key(self, kind: TableKind, header: Sequence[str]) -> str:
        names = json.dumps(list(header), ensure_ascii=True)
        digest = hashlib.sha256(names.encode()).hexdigest()
        return f"{self.reseller_id}/{self.sender_id}/{kind}/{digest}"
