"""The only module that knows the MongoDB driver."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal

from bson import ObjectId
from bson.codec_options import CodecOptions
from bson.int64 import Int64
from motor.motor_asyncio import (
    AsyncIOMotorClient,
    AsyncIOMotorClientSession,
    AsyncIOMotorCollection,
    AsyncIOMotorDatabase,
)
from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument, UpdateOne
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    DuplicateKeyError,
    OperationFailure,
    PyMongoError,
    WriteConcernError,
)
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

Document = dict[str, Any]
Client = AsyncIOMotorClient[Document]
Session = AsyncIOMotorClientSession
RawDatabase = AsyncIOMotorDatabase[Document]
RawCollection = AsyncIOMotorCollection[Document]
Sort = Sequence[tuple[str, int]]

__all__ = [
    "ASCENDING",
    "DESCENDING",
    "MAJORITY",
    "Client",
    "Collections",
    "Document",
    "Documents",
    "DuplicateKeyError",
    "IndexModel",
    "Int64",
    "PyMongoError",
    "RawDatabase",
    "Session",
    "connect",
    "database_of",
    "first_object_id",
    "is_duplicate",
    "is_outage",
    "is_passing",
    "new_object_id",
    "refuse_without_replica_set",
]

MAJORITY: Final = WriteConcern("majority", wtimeout=10_000, j=True)
SERVER_SELECTION_MILLISECONDS: Final = 3_000
OPERATION_MILLISECONDS: Final = 20_000
POOL_CONNECTIONS_MAX: Final = 64
DUPLICATE_KEY: Final = 11000
OUTAGES: Final = {91, 189, 11600, 11602, 10107, 13435, 13436}
"""Shutting down, interrupted by that or by an election, or no longer or not yet the primary."""


def connect(url: str) -> Client:
    """Return a client; it connects with its first operation."""
    return AsyncIOMotorClient(
        url,
        tz_aware=True,
        serverSelectionTimeoutMS=SERVER_SELECTION_MILLISECONDS,
        socketTimeoutMS=OPERATION_MILLISECONDS,
        maxPoolSize=POOL_CONNECTIONS_MAX,
    )


def database_of(client: Client, name: str) -> RawDatabase:
    """Return a database whose writes wait for majority and journal."""
    return client.get_database(
        name,
        codec_options=CodecOptions[Document](tz_aware=True),
        write_concern=MAJORITY,
        read_concern=ReadConcern("majority"),
    )


async def refuse_without_replica_set(client: Client) -> None:
    """Raise RuntimeError when the server is no replica set: it would have no transactions."""
    hello = await client.admin.command("hello")
    if "setName" not in hello:
        message = (
            "MongoDB runs without a replica set, so it has no transactions. "
            "Start mongod with --replSet rs0 and run rs.initiate() once."
        )
        raise RuntimeError(message)


def new_object_id() -> str:
    """Return a new id that sorts by the time it was made."""
    return str(ObjectId())


def first_object_id(moment: datetime) -> str:
    """Return an id that sorts before every id made at or after the moment."""
    return str(ObjectId.from_datetime(moment))


def is_duplicate(error: BaseException) -> bool:
    """Tell whether a unique index refused a document."""
    if isinstance(error, BulkWriteError):
        return any(fault["code"] == DUPLICATE_KEY for fault in error.details["writeErrors"])
    return isinstance(error, DuplicateKeyError)


def is_passing(error: BaseException) -> bool:
    """Tell whether the whole transaction should simply be tried again at once."""
    return isinstance(error, PyMongoError) and (
        error.has_error_label("TransientTransactionError")
        or error.has_error_label("UnknownTransactionCommitResult")
        or is_duplicate(error)
    )


def is_outage(error: BaseException) -> bool:
    """Tell whether the database cannot be reached, or not promise that it keeps what it wrote.

    Wait for it, however long; what was written may stand, or be undone.
    """
    if isinstance(error, BulkWriteError):
        codes = {fault["code"] for fault in error.details["writeErrors"]}
        return bool(error.details["writeConcernErrors"] or codes & OUTAGES)
    if isinstance(error, WriteConcernError):
        return True
    if isinstance(error, OperationFailure):
        return error.code in OUTAGES
    return isinstance(error, AutoReconnect)


class Collections(dict[str, RawCollection]):
    """A database's collections by their names, each made once: the driver takes its time for it."""

    def __init__(self, database: RawDatabase) -> None:
        super().__init__()
        self._database = database

    def __missing__(self, name: str) -> RawCollection:
        """Make a collection that nobody has asked for before."""
        return self.setdefault(name, self._database[name])


class Reads:
    """A collection as a reader sees it: it is looked at, and nothing in it changes."""

    def __init__(
        self, database: RawDatabase | Collections, name: str, session: Session | None
    ) -> None:
        self._collection = database[name]
        self._session = session

    async def find_one(
        self,
        query: Mapping[str, Any],
        *,
        fields: Sequence[str] | None = None,
        sort: Sort | None = None,
    ) -> Document | None:
        """Return the first match, or None."""
        return await self._collection.find_one(
            query, projection=fields, sort=sort, session=self._session
        )

    async def find(
        self,
        query: Mapping[str, Any],
        *,
        sort: Sort | None = None,
        limit: int,
        fields: Sequence[str] | None = None,
        hint: str | None = None,
    ) -> list[Document]:
        """Return at most `limit` matches in order of `sort`; `hint` names the index to read."""
        cursor = self._collection.find(
            query, projection=fields, sort=sort, limit=limit, hint=hint, session=self._session
        )
        return await cursor.to_list(length=limit)

    async def each(
        self, query: Mapping[str, Any], *, sort: Sort | None = None
    ) -> AsyncIterator[Document]:
        """Yield every match, for work over a whole collection."""
        async for document in self._collection.find(query, sort=sort, session=self._session):
            yield document

    async def batches(
        self, query: Mapping[str, Any], *, fields: Sequence[str], size: int
    ) -> AsyncIterator[list[Document]]:
        """Yield every match, so many at a time, with these fields only.

        What decodes a batch keeps everything else in the process waiting: make it a small one.
        """
        shown = {"_id": False, **dict.fromkeys(fields, True)}
        cursor = self._collection.find(
            query, projection=shown, batch_size=size, session=self._session
        )
        while batch := await cursor.to_list(length=size):
            yield batch

    async def count(self, query: Mapping[str, Any], *, limit: int = 0) -> int:
        """Count matches, up to `limit` if there is one."""
        options = {"limit": limit} if limit else {}
        return await self._collection.count_documents(query, session=self._session, **options)

    async def aggregate(
        self, stages: Sequence[Mapping[str, Any]], *, hint: str | None = None
    ) -> list[Document]:
        """Return what the stages make of the collection; the last stage must bound it.

        `hint` names the index to read.
        """
        options = {"hint": hint} if hint else {}
        cursor = self._collection.aggregate(list(stages), session=self._session, **options)
        return await cursor.to_list(length=None)


class Documents(Reads):
    """A collection as one transaction (or, without a session, whoever writes at once) has it."""

    async def insert(self, *documents: Document) -> None:
        """Insert documents; a duplicate aborts the transaction, which is then tried again."""
        if documents:
            await self._collection.insert_many(documents, ordered=True, session=self._session)

    async def insert_until_refused(self, documents: Sequence[Document]) -> int:
        """Insert documents in order up to the first duplicate; return how many stand.

        Outside a transaction: what came before the duplicate stays.
        """
        assert self._session is None, "a duplicate aborts a transaction"
        try:
            await self._collection.insert_many(documents, ordered=True)
        except BulkWriteError as error:
            if not is_duplicate(error) or is_outage(error):
                raise
            return int(error.details["writeErrors"][0]["index"])
        return len(documents)

    async def insert_missing(self, *documents: Document) -> None:
        """Insert those documents whose id is not there yet, outside a transaction."""
        assert self._session is None, "a duplicate aborts a transaction"
        try:
            await self._collection.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            faults = (*error.details["writeErrors"], *error.details["writeConcernErrors"])
            if any(fault["code"] != DUPLICATE_KEY for fault in faults):
                raise

    async def update_each(
        self, changes: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]
    ) -> int:
        """Update the one match of each query, in any order; return how many queries had one."""
        if not changes:
            return 0
        result = await self._collection.bulk_write(  # pyright: ignore[reportUnknownMemberType] - the driver does not say what `let` may hold
            [UpdateOne(query, change) for query, change in changes],
            ordered=False,
            session=self._session,
        )
        return result.matched_count

    async def replace(self, query: Mapping[str, Any], document: Document) -> bool:
        """Replace the one match; tell whether there was one."""
        result = await self._collection.replace_one(query, document, session=self._session)
        return result.matched_count == 1

    async def update(
        self,
        query: Mapping[str, Any],
        change: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        *,
        upsert: bool = False,
    ) -> bool:
        """Update the one match; tell whether there was one (or it was inserted)."""
        result = await self._collection.update_one(
            query, change, upsert=upsert, session=self._session
        )
        return result.matched_count == 1 or result.upserted_id is not None

    async def update_all(self, query: Mapping[str, Any], change: Mapping[str, Any]) -> int:
        """Update every match; return how many there were."""
        result = await self._collection.update_many(query, change, session=self._session)
        return result.matched_count

    async def find_and_update(
        self,
        query: Mapping[str, Any],
        change: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        *,
        answer: Literal["before", "after"] = "after",
        upsert: bool = False,
    ) -> Document | None:
        """Update the one match atomically and return it as it was before or is after."""
        when = ReturnDocument.AFTER if answer == "after" else ReturnDocument.BEFORE
        return await self._collection.find_one_and_update(
            query, change, return_document=when, upsert=upsert, session=self._session
        )

    async def delete(self, query: Mapping[str, Any]) -> int:
        """Delete every match; return how many there were."""
        result = await self._collection.delete_many(query, session=self._session)
        return result.deleted_count

    async def drop_index(self, name: str) -> None:
        """Drop an index of before, if it's still there."""
        if name in await self._collection.index_information():
            await self._collection.drop_index(name)

    async def ensure_indexes(self, *indexes: IndexModel) -> None:
        """Create the indexes that are missing."""
        if indexes:
            await self._collection.create_indexes(list(indexes))
