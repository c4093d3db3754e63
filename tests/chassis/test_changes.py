"""The audit trail: kept with the change, shown to the owner and its parent, to nobody else."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts.audit import AuditFilter, AuditPage, AuditRecord
from contracts.base import Refused
from services.chassis import changes
from services.chassis.changes import SYSTEM, Actor, list_changes, record, together
from services.chassis.cursor import cursor_of
from services.chassis.database import Database, Transaction, Trigger
from services.chassis.principal import Principal
from tests.harness import CUSTOMER, OPERATOR, OTHER_RESELLER, RESELLER, TestClock

SWITCH = Principal(id="key_s1", account_id="acc_r1", parent_id="platform", role="switch")


@pytest.fixture
def clock() -> TestClock:
    """Give a clock that stands still until it is moved."""
    return TestClock()


@pytest.fixture
async def trail(database: Database, clock: TestClock) -> Database:
    """Give a database with an empty audit trail."""
    database.clock = clock
    await changes.prepare(database)
    return database


async def change(
    database: Database,
    action: str = "account.renamed",
    *,
    principal: Principal | None = RESELLER,
    message_id: str = "",
    refused: bool = False,
    **told: Any,  # noqa: ANN401 - what is told of it
) -> None:
    """Work off a message that changes something of a customer of the first reseller."""
    told = {"account_id": "acc_c1", "parent_id": "acc_r1", **told}

    async def work(tx: Transaction) -> None:
        await record(tx, action, **told)
        if refused:
            raise Refused("forbidden", "Not this time.")

    trigger = Trigger(
        message_id=message_id or uuid.uuid4().hex, correlation_id="test", principal=principal
    )
    await database.once("probe", trigger, work)


async def seen(
    database: Database, principal: Principal | None = RESELLER, **wanted: object
) -> AuditPage:
    """Return what somebody sees."""
    return await list_changes(database.reader(principal), AuditFilter.model_validate(wanted))


async def actions(
    database: Database, principal: Principal = RESELLER, **wanted: object
) -> list[str]:
    """Return the actions that somebody sees, newest first."""
    return [one.action for one in (await seen(database, principal, **wanted)).data]


# --- what is kept -------------------------------------------------------------------------


async def test_a_record_says_who_changed_what_from_what_to_what_and_on_whose_behalf(
    trail: Database, clock: TestClock
) -> None:
    before = {"name": "Acme", "email": "a@acme.example", "reason": "", "phone": "+1"}
    after = {"name": "Acme Two", "email": "a@acme.example", "reason": "moved", "phone": ""}
    await change(trail, subject="Acme Two", before=before, after=after)
    (kept,) = (await seen(trail)).data
    assert kept == AuditRecord(
        id=kept.id,
        at=clock.now,
        actor="usr_r1",
        actor_account_id="acc_r1",
        account_id="acc_c1",
        action="account.renamed",
        subject="Acme Two",
        before={"name": "Acme", "phone": "+1"},
        after={"name": "Acme Two", "reason": "moved"},
    )


async def test_a_change_that_changed_nothing_is_not_kept(trail: Database) -> None:
    await change(trail, before={"name": "Acme"}, after={"name": "Acme"})
    assert await actions(trail) == []


async def test_a_record_stands_and_falls_with_its_change_and_is_there_once(
    trail: Database,
) -> None:
    with pytest.raises(Refused):
        await change(trail, refused=True, message_id="m1")
    assert await actions(trail) == []
    for _ in range(3):
        await change(trail, message_id="m1")
    assert await actions(trail) == ["account.renamed"]


async def test_work_that_nobody_asked_for_says_by_whom_it_is(trail: Database) -> None:
    with pytest.raises(Refused, match="not-signed-in"):
        await change(trail, principal=None)
    await change(trail, "account.suspended", principal=None, by=SYSTEM)
    await change(trail, "password.set", principal=None, by=Actor("usr_c1", "acc_c1"))
    by = {one.action: (one.actor, one.actor_account_id) for one in (await seen(trail)).data}
    assert by == {"account.suspended": ("system", ""), "password.set": ("usr_c1", "acc_c1")}


async def test_a_long_text_is_cut_and_said_to_be(trail: Database) -> None:
    await change(trail, subject="s" * 2_000, after={"note": "n" * 500})
    (kept,) = (await seen(trail)).data
    assert (len(kept.subject), kept.subject[-1]) == (500, "…")
    assert kept.after == {"note": "n" * 500}


# --- who sees it --------------------------------------------------------------------------


async def test_the_owners_reseller_sees_a_record_and_another_one_never_does(
    trail: Database,
) -> None:
    await change(trail)
    assert await actions(trail, RESELLER) == ["account.renamed"]
    assert await actions(trail, OTHER_RESELLER) == []
    assert await actions(trail, OTHER_RESELLER, account_id="acc_c1") == []
    assert await actions(trail, OTHER_RESELLER, actor="usr_r1") == []
    (kept,) = (await seen(trail)).data
    later = cursor_of(4_000_000_000_000, kept.id)
    assert await actions(trail, OTHER_RESELLER, cursor=later) == []


async def test_each_sees_its_own_account_and_those_directly_below_it(trail: Database) -> None:
    await change(trail, "customer.changed")
    await change(trail, "reseller.changed", account_id="acc_r1", parent_id="platform")
    own: dict[str, Any] = {"account_id": "platform", "parent_id": ""}
    await change(trail, "platform.changed", principal=OPERATOR, **own)
    assert await actions(trail, RESELLER) == ["reseller.changed", "customer.changed"]
    assert await actions(trail, OPERATOR) == ["platform.changed", "reseller.changed"]


@pytest.mark.parametrize("principal", [CUSTOMER, SWITCH])
async def test_customers_and_the_switch_have_no_audit_trail(
    trail: Database, principal: Principal
) -> None:
    with pytest.raises(Refused, match="forbidden"):
        await seen(trail, principal)
    with pytest.raises(Refused, match="not-signed-in"):
        await seen(trail, None)


# --- filters and pages --------------------------------------------------------------------


async def test_records_are_found_by_account_actor_and_a_time_that_ends_before_its_end(
    trail: Database, clock: TestClock
) -> None:
    start = clock.now
    colleague = Principal(id="usr_r9", account_id="acc_r1", parent_id="platform", role="reseller")
    await change(trail, "first")
    clock.forward(hours=1)
    await change(trail, "second", account_id="acc_c2")
    clock.forward(hours=1)
    await change(trail, "third", principal=colleague)
    assert await actions(trail, account_id="acc_c1") == ["third", "first"]
    assert await actions(trail, account_id="acc_c1", actor="usr_r1") == ["first"]
    assert await actions(trail, actor="usr_r9") == ["third"]
    hour = timedelta(hours=1)
    assert await actions(trail, start=start, end=start + hour) == ["first"]
    assert await actions(trail, start=start + hour) == ["third", "second"]
    assert await actions(trail, end=start) == []


async def test_pages_go_from_new_to_old_without_a_gap_also_within_one_moment(
    trail: Database, clock: TestClock
) -> None:
    for number in range(9):
        await change(trail, f"step.{number}")
        clock.forward(seconds=number % 3)
    found: list[str] = []
    cursor = None
    for _ in range(5):
        page = await seen(trail, limit=2, cursor=cursor, end=clock.now + timedelta(days=1))
        found += [one.action for one in page.data]
        cursor = page.next
    assert found == [f"step.{number}" for number in reversed(range(9))]
    assert cursor is None


@pytest.mark.parametrize(
    "cursor",
    ["nonsense", cursor_of("a", "b"), cursor_of(1), cursor_of(1, "a", "b")],
)
async def test_a_cursor_that_is_not_ours_is_refused(trail: Database, cursor: str) -> None:
    with pytest.raises(Refused, match="invalid-cursor"):
        await seen(trail, cursor=cursor)


@pytest.mark.parametrize("milliseconds", [-(2**62), -1, 0, 2**62])
async def test_a_cursor_beyond_all_times_is_a_page(trail: Database, milliseconds: int) -> None:
    await change(trail)
    shown = await actions(trail, cursor=cursor_of(milliseconds, "chg_z"))
    assert shown == (["account.renamed"] if milliseconds > 0 else [])


def records(*ages: int) -> tuple[AuditRecord, ...]:
    """Return records so many minutes old."""
    noon = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    return tuple(
        AuditRecord(
            id=f"chg_{100 - age}",
            at=noon - timedelta(minutes=age),
            actor="usr_r1",
            actor_account_id="acc_r1",
            account_id="acc_c1",
            action=f"age.{age}",
        )
        for age in ages
    )


async def test_what_several_services_keep_is_read_as_one_trail() -> None:
    kept = [records(1, 4, 6, 7), records(2, 3), records(5, 8, 9)]

    def answers(shown: int, limit: int) -> list[AuditPage]:
        """Answer as services do that were shown so many of all records."""
        pages: list[AuditPage] = []
        for own in kept:
            left = [one for one in own if int(one.action.removeprefix("age.")) > shown]
            more = cursor_of(0, "x") if len(left) > limit else None
            pages.append(AuditPage(data=tuple(left[:limit]), next=more))
        return pages

    found: list[str] = []
    for shown in (0, 4, 8):
        page = together(answers(shown, 4), 4)
        found += [one.action for one in page.data]
        assert (page.next is None) == (shown == 8)
    assert found == [f"age.{age}" for age in range(1, 10)]
    assert together([AuditPage(data=()), AuditPage(data=())], 4) == AuditPage(data=())
