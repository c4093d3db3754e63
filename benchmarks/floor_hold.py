"""The floor of holding money for a call: one guarded update, majority and journal."""

from typing import Any, Final

from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection
from pymongo import ReturnDocument
from pymongo.write_concern import WriteConcern

WALLETS: Final = 2_000
BALANCE: Final = 10**12

Wallets = AsyncIOMotorCollection[dict[str, Any]]


async def put_in_wallets(mongodb_url: str, database: str) -> Wallets:
    """Return wallets with money for every call."""
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(mongodb_url)
    wallets = client[database].get_collection(
        "floor_wallets", write_concern=WriteConcern("majority", j=True)
    )
    await wallets.drop()
    await wallets.insert_many(
        [{"_id": number, "balance": BALANCE, "holds": []} for number in range(WALLETS)]
    )
    return wallets


async def hold(wallets: Wallets, number: int, call_id: str) -> int:
    """Hold something if there is money for it; return what is left."""
    document = await wallets.find_one_and_update(
        {"_id": number % WALLETS, "balance": {"$gte": 1}},
        {"$inc": {"balance": -1}, "$push": {"holds": {"call": call_id, "money": 1}}},
        return_document=ReturnDocument.AFTER,
    )
    assert document is not None, "there is money for every call"
    return document["balance"]
