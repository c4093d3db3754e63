"""Rejected calls: who sees them, and what correcting, retrying and dismissing them does."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from contracts.audit import AuditFilter
from contracts.base import Answer, Ask
from contracts.billing import (
    CallRejected,
    CorrectRejectedCall,
    DismissRejectedCall,
    FindRejectedCall,
    ListBillingChanges,
    ListRejectedCalls,
    RejectCalls,
    RejectedCall,
    RejectedCallPage,
    RejectedCallStatus,
    RejectedRecord,
    RetryRejectedCall,
)
from services.billing.charging.lanes.records import record_of
from services.chassis.cursor import cursor_of
from services.chassis.principal import Principal
from tests.billing.charging_world import ANSWERED, GERMANY, World, record
from tests.billing.conftest import audit, open_account
from tests.harness import CUSTOMER, OPERATOR, OTHER_RESELLER, RESELLER, Harness

OWN_SWITCH = Principal(id="key_r1", account_id="acc_r1", parent_id="platform", role="switch")
OTHER_SWITCH = Principal(id="key_r2", account_id="acc_r2", parent_id="platform", role="switch")
PARIS = "+33142685300"


@pytest.fixture
async def world(billing: Harness) -> AsyncIterator[World]:
    """Give a world with one account; its ledger must pass the audit whatever was done to it."""
    world = World(billing)
    await world.open()
    yield world
    assert await audit(billing) == []


async def listed(
    world: World,
    by: Principal = OPERATOR,
    status: RejectedCallStatus | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> RejectedCallPage:
    query = ListRejectedCalls(status=status, limit=limit, cursor=cursor)
    return await world.billing.ask(query, by)


async def the_only(world: World, by: Principal = OPERATOR) -> RejectedCall:
    (rejected,) = (await listed(world, by)).data
    return rejected


async def send_unknown(world: World, switch: Principal, **fields: object) -> str:
    """Send a record as the gateway does when the switch doesn't serve its account."""
    unknown = RejectedRecord(
        record=record(**fields).model_dump(mode="json"),  # pyright: ignore[reportArgumentType] - a call id is a text
        reason="unknown-account",
        detail="No account that this switch serves has this id.",
    )
    (rejected_id,) = (await world.billing.ask(RejectCalls(records=(unknown,)), switch)).ids
    return rejected_id


async def reject(world: World, call_id: str, account_id: str = "acc_c1") -> None:
    """Send a record for which there is no rate, and go on by a minute."""
    await world.charger.charge([record(call_id, account_id=account_id, destination=PARIS)])
    world.billing.clock.forward(minutes=1)


# --- who sees what --------------------------------------------------------------------------


async def test_rejected_calls_are_listed_the_oldest_first_in_pages(world: World) -> None:
    for call_id in ("z", "a", "b"):
        await reject(world, call_id)
    seen: list[str] = []
    cursor = None
    for size in (2, 1):
        page = await listed(world, cursor=cursor, limit=2)
        assert len(page.data) == size
        seen += [one.call_id for one in page.data]
        cursor = page.next
    assert cursor is None
    assert seen == ["z", "a", "b"]
    first = (await listed(world)).data[0]
    assert (first.reason, first.status, first.account_id) == ("no-rate", "waiting", "acc_c1")
    assert first.record["destination"] == PARIS
    by_reason = ListRejectedCalls(reason="conflict")
    assert (await world.billing.ask(by_reason, OPERATOR)).data == ()


async def test_a_reseller_sees_and_mends_its_own_and_nobody_elses(world: World) -> None:
    await reject(world, "call-1")
    own = await the_only(world, RESELLER)
    assert await the_only(world) == own
    assert (await listed(world, OTHER_RESELLER)).data == ()
    asked: tuple[Ask[Answer], ...] = (
        FindRejectedCall(rejected_call_id=own.id),
        RetryRejectedCall(rejected_call_id=own.id),
        DismissRejectedCall(rejected_call_id=own.id, reason="Not ours."),
        CorrectRejectedCall(rejected_call_id=own.id, version=own.version, seconds=1),
    )
    for question in asked:
        assert (await world.billing.problem(question, OTHER_RESELLER)).type == "not-found"
    for question in (*asked, ListRejectedCalls()):
        assert (await world.billing.problem(question, CUSTOMER)).type == "forbidden"
    assert await the_only(world, RESELLER) == own


async def test_the_same_unknown_record_of_two_resellers_is_kept_for_each(world: World) -> None:
    fields = {"account_id": None, "realm": "nobody.test"}
    first = await send_unknown(world, OWN_SWITCH, **fields)
    second = await send_unknown(world, OTHER_SWITCH, **fields)
    assert first != second
    assert await send_unknown(world, OWN_SWITCH, **fields) == first, "sent again it's the same"
    assert [one.id for one in (await listed(world, RESELLER)).data] == [first]
    assert [one.id for one in (await listed(world, OTHER_RESELLER)).data] == [second]
    announced = await world.billing.sent(CallRejected)
    assert [one.reseller_id for one in announced] == ["acc_r1", "acc_r2"]


async def test_customers_send_no_records(world: World) -> None:
    assert (await world.billing.problem(RejectCalls(records=()), CUSTOMER)).type == "forbidden"
    for asker in (RESELLER, OPERATOR):
        assert (await world.billing.ask(RejectCalls(records=()), asker)).ids == ()


async def test_an_unreadable_record_belongs_to_the_reseller_of_its_account(world: World) -> None:
    bad = record().model_dump(mode="json") | {"seconds": -1}
    await world.charger.charge([record_of(bad)])
    rejected = await the_only(world, RESELLER)
    assert (rejected.reason, rejected.record["seconds"]) == ("malformed", -1)


async def test_strange_cursors_of_the_list_are_refused(world: World) -> None:
    await reject(world, "call-1")
    own = await the_only(world)
    for cursor in ("x", cursor_of(3), cursor_of("gone")):
        problem = await world.billing.problem(ListRejectedCalls(cursor=cursor), OPERATOR)
        assert problem.code == "invalid-cursor"
    others = ListRejectedCalls(cursor=cursor_of(own.id))
    assert (await world.billing.problem(others, OTHER_RESELLER)).type == "invalid-cursor"


# --- mending --------------------------------------------------------------------------------


async def test_a_corrected_call_is_charged_as_corrected_and_keeps_its_record(
    world: World,
) -> None:
    await reject(world, "call-1")
    own = await the_only(world, RESELLER)
    correction = CorrectRejectedCall(
        rejected_call_id=own.id, version=own.version, destination=GERMANY, seconds=60
    )
    corrected = await world.billing.ask(correction, RESELLER)
    assert (corrected.status, corrected.record["destination"]) == ("retrying", PARIS)
    assert corrected.corrections == {"destination": GERMANY, "seconds": 60}
    await world.retry()
    (entry,) = await world.calls()
    assert entry.call is not None
    assert (entry.call.destination, entry.call.seconds) == (GERMANY, 60)
    closed = await the_only(world, RESELLER)
    assert (closed.status, closed.closed_at) == ("charged", world.billing.clock.now)
    # the record that was wrong comes again: it's known, and closed
    await world.another_charger().charge([record("call-1", destination=PARIS)])
    assert await the_only(world, RESELLER) == closed
    assert len(await world.calls()) == 1


async def test_a_correction_of_an_older_version_is_refused(world: World) -> None:
    await reject(world, "call-1")
    own = await the_only(world)
    correction = CorrectRejectedCall(rejected_call_id=own.id, version=own.version, seconds=60)
    await world.billing.ask(correction, RESELLER)
    assert (await world.billing.problem(correction, RESELLER)).type == "version-conflict"
    current = correction.model_copy(update={"version": (await the_only(world)).version})
    assert (await world.billing.problem(current, RESELLER)).type == "rejected-call-closed"


async def test_a_correction_that_helps_nothing_waits_with_its_new_reason(world: World) -> None:
    await reject(world, "call-1")
    own = await the_only(world)
    late = ANSWERED + timedelta(hours=3)
    correction = CorrectRejectedCall(rejected_call_id=own.id, version=own.version, answered_at=late)
    await world.billing.ask(correction, RESELLER)
    await world.retry()
    again = await the_only(world, RESELLER)
    assert (again.id, again.status, again.reason) == (own.id, "waiting", "implausible-time")
    assert await world.calls() == []


async def test_a_call_of_nobody_is_given_to_an_account_by_its_reseller(world: World) -> None:
    rejected_id = await send_unknown(world, OWN_SWITCH, account_id=None, realm="nobody.test")
    await world.billing.ask(RetryRejectedCall(rejected_call_id=rejected_id), RESELLER)
    await world.retry()
    waiting = await the_only(world, RESELLER)
    assert (waiting.status, waiting.reason) == ("waiting", "unknown-account")
    correction = CorrectRejectedCall(
        rejected_call_id=rejected_id, version=waiting.version, realm="ACC_C1.test"
    )
    await world.billing.ask(correction, RESELLER)
    await world.retry()
    assert (await the_only(world, RESELLER)).status == "charged"
    assert len(await world.calls()) == 1


async def test_a_reseller_charges_no_account_of_another_whatever_its_switch_sent(
    world: World,
) -> None:
    rejected_id = await send_unknown(world, OTHER_SWITCH, account_id="acc_c1")
    for asker in (OTHER_RESELLER, OPERATOR):
        await world.billing.ask(RetryRejectedCall(rejected_call_id=rejected_id), asker)
        await world.retry()
        waiting = await the_only(world, OTHER_RESELLER)
        assert (waiting.status, waiting.reason) == ("waiting", "unknown-account")
    for fields in ({"account_id": "acc_c1"}, {"realm": "acc_c1.test"}):
        correction = CorrectRejectedCall.model_validate(
            {"rejected_call_id": rejected_id, "version": waiting.version, **fields}
        )
        problem = await world.billing.problem(correction, OTHER_RESELLER)
        assert [error.type for error in problem.errors] == ["not-found"]
    assert await world.calls() == []
    # nor does it learn whether the other one was charged for the call
    await world.charger.charge([record()])
    await world.close_charged()
    assert (await the_only(world, OTHER_RESELLER)).status == "waiting"


async def test_what_still_cannot_be_read_is_named_by_its_field(world: World) -> None:
    await reject(world, "call-1")
    own = await the_only(world)
    correction = CorrectRejectedCall(rejected_call_id=own.id, version=own.version)
    assert (await world.billing.problem(correction, RESELLER)).type == "invalid-fields"
    nobody = correction.model_copy(update={"account_id": "acc_none"})
    problem = await world.billing.problem(nobody, RESELLER)
    assert [error.pointer for error in problem.errors] == ["/account_id"]


async def test_a_dismissed_call_says_why_and_can_still_be_retried(world: World) -> None:
    await reject(world, "call-1")
    own = await the_only(world)
    empty = DismissRejectedCall(rejected_call_id=own.id, reason="  ")
    assert (await world.billing.problem(empty, RESELLER)).type == "invalid-fields"
    dismissal = DismissRejectedCall(rejected_call_id=own.id, reason="A test call.")
    dismissed = await world.billing.ask(dismissal, RESELLER)
    assert (dismissed.status, dismissed.dismissed_because) == ("dismissed", "A test call.")
    await world.another_charger().charge([record("call-1", destination=PARIS)])
    assert (await the_only(world)).status == "dismissed", "its record came again"
    await world.billing.ask(RetryRejectedCall(rejected_call_id=own.id), RESELLER)
    await world.retry()
    assert (await the_only(world)).status == "waiting"


async def test_a_call_that_nobody_answered_closes_without_a_charge(world: World) -> None:
    rejected_id = await send_unknown(
        world, OWN_SWITCH, account_id="acc_c1", seconds=0, answered_at=None
    )
    await world.billing.ask(RetryRejectedCall(rejected_call_id=rejected_id), RESELLER)
    await world.retry()
    closed = await the_only(world)
    assert closed.status == "dismissed"
    assert "Nobody answered" in closed.dismissed_because


# --- closing by itself ------------------------------------------------------------------------


async def test_a_rejected_call_closes_when_a_later_record_charges_its_call(world: World) -> None:
    await reject(world, "call-1")
    await reject(world, "call-2")
    await world.close_charged()
    assert len((await listed(world, status="waiting")).data) == 2
    await world.charger.charge([record("call-1")])
    await world.close_charged()
    assert [one.call_id for one in (await listed(world, status="waiting")).data] == ["call-2"]
    closed = (await listed(world, status="charged")).data[0]
    assert (closed.call_id, closed.closed_at) == ("call-1", world.billing.clock.now)
    retried = await world.billing.ask(RetryRejectedCall(rejected_call_id=closed.id), RESELLER)
    assert retried.status == "charged"
    dismissal = DismissRejectedCall(rejected_call_id=closed.id, reason="No.")
    assert (await world.billing.problem(dismissal, RESELLER)).type == "rejected-call-closed"


async def test_a_conflict_waits_for_a_person_though_its_call_is_charged(world: World) -> None:
    await world.charger.charge([record(), record(seconds=600)])
    await world.close_charged()
    conflict = await the_only(world, RESELLER)
    assert (conflict.reason, conflict.status) == ("conflict", "waiting")
    correction = CorrectRejectedCall(
        rejected_call_id=conflict.id, version=conflict.version, call_id="call-1b"
    )
    await world.billing.ask(correction, RESELLER)
    await world.retry()
    assert [entry.cause for entry in await world.calls()] == ["call-1", "call-1b"]


async def test_a_call_that_waited_for_months_is_not_too_old(billing: Harness) -> None:
    world = World(billing)
    await world.open()
    await reject(world, "call-1")
    own = await the_only(world)
    billing.clock.forward(days=90)
    correction = CorrectRejectedCall(
        rejected_call_id=own.id, version=own.version, destination=GERMANY
    )
    await billing.ask(correction, RESELLER)
    await world.retry()
    assert (await the_only(world)).status == "charged", "it's judged by when its record came"


# --- what was before, and who did it ------------------------------------------------------------


async def test_records_kept_before_there_were_versions_can_be_mended(world: World) -> None:
    await reject(world, "call-1")
    own = await the_only(world)
    former = {
        "$set": {"status": "replaying", "replayed_at": world.billing.clock.now},
        "$unset": {"version": 1, "corrections": 1, "retried_at": 1, "closed_at": 1},
    }
    await world.billing.database.documents("repairs").update({"_id": own.id}, former)
    assert (await the_only(world)).status == "retrying"
    await world.retry()
    waiting = await the_only(world)
    assert (waiting.status, waiting.retried_at) == ("waiting", world.billing.clock.now)


async def test_each_action_is_in_the_trail_of_its_reseller(world: World) -> None:
    await open_account(world.billing, "acc_c9")
    await reject(world, "call-1")
    own = await the_only(world)
    correction = CorrectRejectedCall(rejected_call_id=own.id, version=own.version, seconds=60)
    await world.billing.ask(correction, RESELLER)
    await world.retry()
    await world.billing.ask(RetryRejectedCall(rejected_call_id=own.id), OPERATOR)
    await world.retry()
    dismissal = DismissRejectedCall(rejected_call_id=own.id, reason="A test call.")
    await world.billing.ask(dismissal, OPERATOR)
    trail = await world.billing.ask(ListBillingChanges(filter=AuditFilter()), RESELLER)
    mended = [one for one in trail.data if one.action.startswith("rejected-call.")]
    assert sorted(one.action for one in mended) == [
        "rejected-call.corrected",
        "rejected-call.dismissed",
        "rejected-call.retried",
    ]
    assert {one.actor for one in mended} == {RESELLER.id, OPERATOR.id}
    corrected = next(one for one in mended if one.action == "rejected-call.corrected")
    assert (corrected.before["seconds"], corrected.after["seconds"]) == ("120", "60")
