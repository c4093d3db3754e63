"""The list of records that could not be charged: who sees it, its pages, and replaying."""

from datetime import timedelta

import pytest

from contracts.billing import ListRepairs, RepairPage, RepairStatus, ReplayRepair
from services.billing.store import repairs
from services.billing.store.repairs import KeptRecord
from services.chassis.cursor import cursor_of
from services.chassis.database import Cause, Transaction
from services.chassis.principal import Principal
from tests.harness import CUSTOMER, OPERATOR, RESELLER, Harness


async def keep(harness: Harness, *ids: str, status: RepairStatus = "waiting") -> None:
    """Keep records, a minute after each other."""
    for repair_id in ids:
        record = KeptRecord(
            id=repair_id,
            reason="no-rate",
            detail="The rate sheet has no rate for +86.",
            call_id=f"call-{repair_id}",
            account_id="acc_c1",
            reseller_id="acc_r1",
            record={"call_id": f"call-{repair_id}", "seconds": 61},
            status=status,
            received_at=harness.clock(),
        )

        async def work(tx: Transaction, record: KeptRecord = record) -> None:
            await repairs.keep(tx, record)

        cause = Cause(message_id=f"keep {repair_id}", correlation_id="test")
        await harness.database.once("test", cause, work)
        harness.clock.now += timedelta(minutes=1)


async def listed(
    harness: Harness, status: RepairStatus | None = None, cursor: str | None = None
) -> RepairPage:
    return await harness.ask(ListRepairs(status=status, limit=2, cursor=cursor), OPERATOR)


async def test_records_are_listed_the_oldest_first_in_pages(billing: Harness) -> None:
    await keep(billing, "z", "a")
    billing.clock.now -= timedelta(minutes=1)  # at the same time as the one before
    await keep(billing, "b", "y")
    seen: list[str] = []
    cursor = None
    for size in (2, 2):
        page = await listed(billing, cursor=cursor)
        assert len(page.data) == size
        seen += [repair.id for repair in page.data]
        cursor = page.next
    assert cursor is None
    assert seen == ["z", "a", "b", "y"]
    first = (await listed(billing)).data[0]
    assert (first.reason, first.status, first.call_id) == ("no-rate", "waiting", "call-z")
    assert first.record == {"call_id": "call-z", "seconds": 61}
    assert first.replayed_at is None


async def test_records_of_one_status_are_listed(billing: Harness) -> None:
    await keep(billing, "one", "two", "three", status="charged")
    await keep(billing, "four")
    assert [one.id for one in (await listed(billing, "waiting")).data] == ["four"]
    page = await listed(billing, "charged")
    assert [one.id for one in page.data] == ["one", "two"]
    rest = await listed(billing, "charged", page.next)
    assert [one.id for one in rest.data] == ["three"]
    assert (await listed(billing, "replaying")).data == ()


async def test_a_waiting_record_is_replayed_once_and_a_charged_one_never(billing: Harness) -> None:
    await keep(billing, "one")
    await keep(billing, "two", status="charged")
    for _ in range(2):
        repair = await billing.ask(ReplayRepair(repair_id="one"), OPERATOR)
        assert (repair.status, repair.replayed_at) == ("replaying", billing.clock.now)
    assert (await billing.ask(ReplayRepair(repair_id="two"), OPERATOR)).status == "charged"
    tx = billing.database.reader(Cause(message_id="m", correlation_id="test"))
    assert [kept.id for kept in await repairs.replaying(tx, 10)] == ["one"]
    problem = await billing.problem(ReplayRepair(repair_id="none"), OPERATOR)
    assert problem.type == "not-found"


@pytest.mark.parametrize("asker", [RESELLER, CUSTOMER], ids=["reseller", "customer"])
async def test_only_operators_look_after_the_list(billing: Harness, asker: Principal) -> None:
    await keep(billing, "one")
    for question in (ListRepairs(), ReplayRepair(repair_id="one")):
        problem = await billing.problem(question, asker)
        assert problem.type == "forbidden"
    assert (await listed(billing, "waiting")).data[0].id == "one"


async def test_strange_cursors_of_the_list_are_refused(billing: Harness) -> None:
    for cursor in ("x", cursor_of(3), cursor_of("gone")):
        problem = await billing.problem(ListRepairs(cursor=cursor), OPERATOR)
        assert problem.type == "invalid-cursor"
