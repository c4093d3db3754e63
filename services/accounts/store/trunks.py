"""Reads and writes of trunks, and of the networks that belong to at most one of them."""

from collections.abc import AsyncIterator
from ipaddress import ip_network
from typing import Final

from contracts.accounts import TRUNKS_MAX
from services.accounts.model.trunks import StoredTrunk, network_block, network_span
from services.chassis.cursor import cursor_of, position_of
from services.chassis.database import Database, Reader, Transaction
from services.chassis.mongo import ASCENDING, DESCENDING, Document, IndexModel

TRUNKS: Final = "trunks"
NETWORKS: Final = "trunk_networks"
BLOCKS: Final = "trunk_blocks"


async def prepare(database: Database) -> None:
    """Create the indexes."""
    account = ("account_id", ASCENDING)
    await database.documents(TRUNKS).ensure_indexes(
        IndexModel([account, ("_id", ASCENDING)], name="account"),
        IndexModel(
            [account, ("digest_user", ASCENDING)],
            name="digest_user",
            unique=True,
            partialFilterExpression={"digest_user": {"$type": "string"}},
        ),
        IndexModel([("served_by", ASCENDING), ("_id", ASCENDING)], name="served_by"),
    )
    await database.documents(NETWORKS).ensure_indexes(
        IndexModel([("first", ASCENDING)], name="first", unique=True),
        IndexModel([("trunk_id", ASCENDING)], name="trunk"),
    )


def _trunk(document: Document) -> StoredTrunk:
    return StoredTrunk.model_validate({**document, "id": document["_id"]})


def _document(trunk: StoredTrunk) -> Document:
    kept = trunk.model_dump(exclude={"id"})
    lists = {"served_by": list(trunk.served_by), "networks": list(trunk.networks)}
    return {"_id": trunk.id, **kept, **lists}


async def add(tx: Transaction, trunk: StoredTrunk) -> None:
    """Keep a new trunk and take its networks."""
    await tx.documents(TRUNKS).insert(_document(trunk))
    await _take_networks(tx, trunk)


async def save(tx: Transaction, trunk: StoredTrunk) -> None:
    """Keep a changed trunk, with the networks that it has now."""
    query = {"_id": trunk.id, "account_id": trunk.account_id}
    found = await tx.documents(TRUNKS).replace(query, _document(trunk))
    assert found, f"{trunk.id} is saved before it was added"
    await tx.documents(NETWORKS).delete({"trunk_id": trunk.id})
    await _take_networks(tx, trunk)


async def remove(tx: Transaction, trunk: StoredTrunk) -> None:
    """Forget a trunk and free its networks."""
    await tx.documents(TRUNKS).delete({"_id": trunk.id, "account_id": trunk.account_id})
    await tx.documents(NETWORKS).delete({"trunk_id": trunk.id})


async def _take_networks(tx: Transaction, trunk: StoredTrunk) -> None:
    documents: list[Document] = []
    for text in trunk.networks:
        first, last = network_span(ip_network(text))
        documents.append({"_id": text, "first": first, "last": last, "trunk_id": trunk.id})
    if documents:
        await tx.documents(NETWORKS).insert(*documents)


async def find(db: Reader, account_id: str, trunk_id: str) -> StoredTrunk | None:
    """Return a trunk of an account."""
    document = await db.documents(TRUNKS).find_one({"_id": trunk_id, "account_id": account_id})
    return _trunk(document) if document else None


async def of_account(db: Reader, account_id: str) -> list[StoredTrunk]:
    """Return all trunks of an account, the oldest first."""
    documents = await db.documents(TRUNKS).find(
        {"account_id": account_id}, sort=[("_id", ASCENDING)], limit=TRUNKS_MAX
    )
    return [_trunk(document) for document in documents]


async def served_by(
    db: Reader, switch_account_id: str, limit: int, cursor: str | None
) -> tuple[list[StoredTrunk], str | None]:
    """Return a page of the trunks that a switch serves, and the cursor to what comes after."""
    query: Document = {"served_by": switch_account_id}
    if cursor is not None:
        query["_id"] = {"$gt": position_of(cursor, str)[0]}
    documents = await db.documents(TRUNKS).find(query, sort=[("_id", ASCENDING)], limit=limit + 1)
    shown = [_trunk(document) for document in documents[:limit]]
    return shown, cursor_of(shown[-1].id) if len(documents) > limit else None


async def taken_networks(tx: Transaction, trunk: StoredTrunk) -> list[str]:
    """Return which networks of a trunk overlap those of other trunks.

    Two transactions that take networks in one block write the same document, so one of them is
    tried again and sees what the other took.
    """
    taken: list[str] = []
    for text in trunk.networks:
        network = ip_network(text)
        await tx.documents(BLOCKS).update(
            {"_id": network_block(network)}, {"$inc": {"writes": 1}}, upsert=True
        )
        first, last = network_span(network)
        # networks that are kept share no address: only the last that begins before the end can
        # overlap, but for those of this trunk itself, which may lie between
        nearest = await tx.documents(NETWORKS).find_one(
            {"first": {"$lte": last}, "trunk_id": {"$ne": trunk.id}}, sort=[("first", DESCENDING)]
        )
        if nearest is not None and nearest["last"] >= first:
            taken.append(text)
    return taken


# --- for the audit ----------------------------------------------------------------------------


async def each(db: Reader) -> AsyncIterator[StoredTrunk]:
    """Yield every trunk."""
    async for document in db.documents(TRUNKS).each({}):
        yield _trunk(document)


async def each_network(db: Reader) -> AsyncIterator[tuple[str, str]]:
    """Yield every network that is taken and the trunk that has it, in order of addresses."""
    async for document in db.documents(NETWORKS).each({}, sort=[("first", ASCENDING)]):
        yield document["_id"], document["trunk_id"]
