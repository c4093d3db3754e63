"""The floor of holding money for a call: one guarded update, majority and journal."""

from typing import Any, Final

from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection
from pymongo import ReturnDocument
from pymongo.write_concern import WriteConcern

BILLING_ACCOUNTS: Final = 2_000
BALANCE: Final = 10**12

Accounts = AsyncIOMotorCollection[dict[str, Any]]


async def put_in_accounts(mongodb_url: str, database: str) -> Accounts:
    """Return billing accounts with money for every call."""
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(mongodb_url)
    accounts = client[database].get_collection(
        "floor_wallets", write_concern=WriteConcern("majority", j=True)
    )
    await accounts.drop()
    await accounts.insert_many(
        [{"_id": number, "balance": BALANCE, "holds": []} for number in range(BILLING_ACCOUNTS)]
    )
    return accounts


async def hold(accounts: Accounts, number: int, call_id: str) -> int:
    """Hold something if there is money for it; return what is left."""
    document = await accounts.find_one_and_update(
        {"_id": number % BILLING_ACCOUNTS, "balance": {"$gte": 1}},
        {"$inc": {"balance": -1}, "$push": {"holds": {"call": call_id, "money": 1}}},
        return_document=ReturnDocument.AFTER,
    )
    assert document is not None, "there is money for every call"
    return document["balance"]
