"""Inserting in order until one is refused, also when the server cannot promise what it wrote."""

import uuid
from collections.abc import AsyncIterator

import pytest
from pymongo import WriteConcern
from pymongo.errors import PyMongoError

from services.chassis import mongo
from services.chassis.mongo import Documents, RawDatabase, is_outage


@pytest.fixture
async def database(mongodb_url: str, database_prefix: str) -> AsyncIterator[RawDatabase]:
    """Give an empty database."""
    client = mongo.connect(mongodb_url)
    name = f"{database_prefix}{uuid.uuid4().hex[:8]}"
    yield mongo.database_of(client, name)
    await client.drop_database(name)
    client.close()


async def test_documents_stand_up_to_the_first_that_is_refused(database: RawDatabase) -> None:
    documents = Documents(database, "things", None)
    assert await documents.insert_until_refused([{"_id": 1}, {"_id": 2}]) == 2
    assert await documents.insert_until_refused([{"_id": 3}, {"_id": 2}, {"_id": 4}]) == 1
    assert await documents.count({}) == 3


@pytest.mark.parametrize("again", [[], [{"_id": 1}]])
async def test_what_no_majority_has_does_not_stand_yet_and_is_waited_for(
    database: RawDatabase, again: list[dict[str, int]]
) -> None:
    two_servers = database.with_options(write_concern=WriteConcern(w=2, wtimeout=10))
    documents = Documents(two_servers, "things", None)
    with pytest.raises(PyMongoError) as failure:
        await documents.insert_until_refused([{"_id": 1}, *again])
    assert is_outage(failure.value)
    with pytest.raises(PyMongoError) as failure:
        await documents.update({"_id": 1}, {"$set": {"seen": True}})
    assert is_outage(failure.value)
