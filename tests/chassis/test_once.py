"""One message = one transaction: done once, answered the same, or no trace of it at all."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from contracts.base import Answer, Refused
from services.chassis import database as chassis
from services.chassis.database import INBOX, OUTBOX, Database, Transaction, Trigger
from services.chassis.mongo import IndexModel, PyMongoError, is_duplicate
from services.chassis.relay import Relay
from tests.chassis.service_for_tests import Add, Added, Total

Work = Callable[[Transaction], Awaitable[Answer | None]]


def trigger(
    message_id: str = "m1", fingerprint: str = "f1", *, receipt_only: bool = False
) -> Trigger:
    return Trigger(
        message_id=message_id,
        correlation_id="trail",
        fingerprint=fingerprint,
        receipt_only=receipt_only,
    )


async def add_one(tx: Transaction) -> Total:
    await tx.documents("totals").update({"_id": "x"}, {"$inc": {"amount": 1}}, upsert=True)
    tx.announce(Added(to="x", amount=1))
    found = await tx.documents("totals").find_one({"_id": "x"})
    assert found is not None
    return Total(amount=found["amount"])


async def assert_nothing_is_left(database: Database) -> None:
    for collection in ("totals", INBOX, OUTBOX):
        assert await database.documents(collection).count({}) == 0, collection


async def test_a_message_twice_is_done_once_and_answered_the_same(database: Database) -> None:
    first = await database.once("probe", trigger(), add_one)
    second = await database.once("probe", trigger(), add_one)
    assert first == second == {"type": "answer", "body": '{"amount":1}'}
    assert await database.documents(OUTBOX).count({}) == 1


async def test_a_message_delivered_to_many_at_once_is_done_once(database: Database) -> None:
    answers = await asyncio.gather(
        *(database.once("probe", trigger(), add_one) for _ in range(15)),
        *(database.once("probe", trigger("m2"), add_one) for _ in range(15)),
    )
    assert len({str(answer) for answer in answers[:15]}) == 1
    assert len({str(answer) for answer in answers[15:]}) == 1
    assert {str(answers[0]), str(answers[-1])} == {
        str({"type": "answer", "body": f'{{"amount":{amount}}}'}) for amount in (1, 2)
    }


async def test_two_consumers_each_do_the_message(database: Database) -> None:
    await database.once("probe", trigger(), add_one)
    second = await database.once("other", trigger(), add_one)
    assert second == {"type": "answer", "body": '{"amount":2}'}


async def test_the_same_message_id_for_another_request_is_refused(database: Database) -> None:
    await database.once("probe", trigger(), add_one)
    with pytest.raises(Refused, match="idempotency-key-reused"):
        await database.once("probe", trigger(fingerprint="f2"), add_one)
    assert await database.documents(OUTBOX).count({}) == 1


async def test_who_asks_for_the_receipt_only_gets_it_or_nothing_is_done(database: Database) -> None:
    with pytest.raises(Refused, match="not-found"):
        await database.once("probe", trigger(receipt_only=True), add_one)
    await assert_nothing_is_left(database)
    done = await database.once("probe", trigger(), add_one)
    assert await database.once("probe", trigger(receipt_only=True), add_one) == done


async def test_a_check_finds_what_would_be_refused_and_leaves_nothing(database: Database) -> None:
    only = Trigger(message_id="m1", correlation_id="trail", receipt_only=True, check_only=True)
    assert await database.once("probe", only, add_one) is None
    await assert_nothing_is_left(database)

    async def refuse(tx: Transaction) -> None:
        await add_one(tx)
        raise Refused("number-taken", "Taken.")

    with pytest.raises(Refused, match="number-taken"):
        await database.once("probe", only, refuse)
    await assert_nothing_is_left(database)
    assert await database.once("probe", trigger(), add_one) is not None


async def test_of_thirty_who_want_the_last_thing_one_gets_it(database: Database) -> None:
    await database.documents("stock").insert({"_id": "thing", "left": 1})

    async def take(tx: Transaction) -> Total:
        stock = await tx.documents("stock").find_one({"_id": "thing"})
        assert stock is not None
        if stock["left"] == 0:
            raise Refused("number-taken", "Somebody was quicker.")
        await tx.documents("stock").update({"_id": "thing"}, {"$set": {"left": stock["left"] - 1}})
        tx.announce(Added(to="thing", amount=1))
        return Total(amount=1)

    outcomes = await asyncio.gather(
        *(database.once("probe", trigger(f"m{number}"), take) for number in range(30)),
        return_exceptions=True,
    )
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert len(refusals) == 29
    assert await database.documents("stock").find_one({}) == {"_id": "thing", "left": 0}
    assert await database.documents(OUTBOX).count({}) == 1


@pytest.mark.parametrize("error", [Refused("number-taken", "Taken."), ZeroDivisionError("a bug")])
async def test_a_refusal_and_a_bug_leave_nothing(database: Database, error: Exception) -> None:
    async def fail(tx: Transaction) -> None:
        await add_one(tx)
        raise error

    with pytest.raises(type(error)):
        await database.once("probe", trigger(), fail)
    await assert_nothing_is_left(database)
    await database.once("probe", trigger(), add_one)


async def test_a_unique_index_decides_a_race_and_the_loser_looks_again(database: Database) -> None:
    await database.documents("names").ensure_indexes(IndexModel("name", unique=True))
    both_looked = asyncio.Barrier(2)
    looks: list[str] = []

    def taking(who: str) -> Work:
        async def take(tx: Transaction) -> Total:
            found = await tx.documents("names").find_one({"name": "acme"})
            looks.append(who)
            if len(looks) <= 2:
                await both_looked.wait()
            if found is not None:
                raise Refused("account-name-taken", "Taken.")
            await tx.documents("names").insert({"_id": who, "name": "acme"})
            return Total(amount=1)

        return take

    outcomes = await asyncio.gather(
        *(database.once("probe", trigger(who), taking(who)) for who in ("anna", "ben")),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, Refused) for outcome in outcomes) == 1
    assert await database.documents("names").count({}) == 1
    assert len(looks) >= 3


async def test_work_that_never_wins_is_given_up(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chassis, "ATTEMPTS_MAX", 3)
    monkeypatch.setattr(chassis, "BACKOFF_SECONDS", 0.0)
    await database.documents("things").insert({"_id": "x"})
    tries = 0

    async def collide(tx: Transaction) -> None:
        nonlocal tries
        tries += 1
        await tx.documents("things").insert({"_id": "x"})

    with pytest.raises(PyMongoError) as failure:
        await database.once("probe", trigger(), collide)
    assert is_duplicate(failure.value)
    assert tries == 3


async def test_only_declared_messages_leave(database: Database) -> None:
    database.may_send = frozenset({Added})

    async def tell(tx: Transaction) -> None:
        tx.tell(Add(to="x", amount=1))

    with pytest.raises(AssertionError, match=r"probe\.add\.v1 is not among"):
        await database.once("probe", trigger(), tell)
    await assert_nothing_is_left(database)


async def test_what_is_done_on_behalf_of_a_person_needs_one(database: Database) -> None:
    reader = database.reader()
    assert reader.actor == "system"
    with pytest.raises(Refused, match="not-signed-in"):
        _ = reader.principal


async def test_messages_that_find_no_room_in_memory_stay_in_the_outbox(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.chassis.relay.NUDGED_MESSAGES_MAX", 1)

    async def never(_: object) -> None:
        raise AssertionError("the relay does not run in this test")

    Relay(database, never, "probe")
    for number in range(3):
        await database.once("probe", trigger(f"m{number}"), add_one)
    assert await database.documents(OUTBOX).count({}) == 3
