"""What a record tells beside its facts is kept with the call, and keeps none from being charged."""

import json

import pytest

from contracts.billing import CallNotes, FindCalls, ListCalls
from contracts.calls import CallEnded
from services.billing.charging.lanes.records import read
from tests.billing.charging_world import World, record
from tests.billing.conftest import audit
from tests.harness import RESELLER, Harness

TOLD = {
    "hangup_cause": "NORMAL_CLEARING",
    "sip_code": 200,
    "carrier": "carrier-a",
    "switch_call_id": "84b4@192.0.2.20",
}


def body(**fields: object) -> bytes:
    """Return a record as a switch sends it."""
    plain = json.loads(record("call-1").model_dump_json(exclude_none=True))
    return json.dumps({**plain, **fields}).encode()


async def noted(billing: Harness) -> CallNotes | None:
    """Return what is noted of the one call."""
    (call,) = (await billing.ask(FindCalls(call_id="call-1"), RESELLER)).data
    (listed,) = (await billing.ask(ListCalls(account_id="acc_c1"), RESELLER)).data
    assert listed.notes == call.notes
    return call.notes


async def test_what_a_record_tells_is_kept_with_its_call(billing: Harness) -> None:
    world = World(billing)
    await world.open()
    others = {"mos": 4.1, "codec": "PCMA", "$where": True, "a.b": None, "": {"deep": [1]}}
    await world.charger.charge(read(body(**TOLD, **others)))
    assert await noted(billing) == CallNotes.model_validate(
        {
            **TOLD,
            "others": {
                "mos": "4.1",
                "codec": "PCMA",
                "$where": "true",
                "a.b": "null",
                "": '{"deep": [1]}',
            },
        }
    )
    assert await audit(billing) == []


async def test_a_record_that_tells_nothing_more_has_no_notes(billing: Harness) -> None:
    world = World(billing)
    await world.open()
    await world.charger.charge(read(body()))
    assert await noted(billing) is None
    assert (await world.repairs()) == []


async def test_the_same_call_told_otherwise_is_charged_once_and_is_no_conflict(
    billing: Harness,
) -> None:
    world = World(billing)
    await world.open()
    first, second = read(body(**TOLD)), read(body(hangup_cause="", mos=1))
    await world.charger.charge([*first, *second])
    await world.charger.charge(second)
    assert len(await world.calls()) == 1
    assert await world.repairs() == []
    notes = await noted(billing)
    assert notes is not None
    assert notes.hangup_cause == "NORMAL_CLEARING"


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ({"hangup_cause": "x" * 999}, {"hangup_cause": "x" * 64}),
        ({"hangup_cause": 16}, {"hangup_cause": "16"}),
        ({"hangup_cause": ["\u0000", 1]}, {"hangup_cause": '["\\u0000", 1]'}),
        ({"hangup_cause": ""}, {}),
        ({"sip_code": "486"}, {"sip_code": 486}),
        ({"sip_code": ""}, {}),
        ({"sip_code": 99}, {}),
        ({"sip_code": 10**30}, {}),
        ({"sip_code": None}, {}),
        ({"carrier": "c" * 65}, {"carrier": "c" * 64}),
        ({"switch_call_id": "é" * 300}, {"switch_call_id": "é" * 255}),
    ],
)
def test_what_is_only_noted_keeps_no_record_from_being_read(
    fields: dict[str, object], kept: dict[str, object]
) -> None:
    (told,) = read(body(**fields))
    assert isinstance(told, CallEnded)
    names = ("hangup_cause", "sip_code", "carrier", "switch_call_id")
    assert {name: getattr(told, name) for name in names if getattr(told, name) is not None} == kept


def test_so_many_fields_that_are_not_known_are_kept_each_so_long() -> None:
    (told,) = read(body(**{f"{number:02}{'n' * 99}": "v" * 999 for number in range(50)}))
    assert isinstance(told, CallEnded)
    assert len(told.others) == 20
    assert {(len(name), len(value)) for name, value in told.others.items()} == {(64, 128)}


@pytest.mark.parametrize(
    ("seconds", "charged"),
    [(0.2, 1), (59.999, 60), (60.0, 60), (60.001, 61), (0.0, 0), ("12", 12), (86_399.5, 86_400)],
)
def test_seconds_with_decimals_are_rounded_up(seconds: object, charged: int) -> None:
    (told,) = read(body(seconds=seconds))
    assert isinstance(told, CallEnded)
    assert told.seconds == charged


@pytest.mark.parametrize("seconds", [-0.5, 86_400.5, 1e308, "12.5", [1]])
def test_seconds_that_are_none_are_no_record(seconds: object) -> None:
    (told,) = read(body(seconds=seconds))
    assert not isinstance(told, CallEnded)


@pytest.mark.parametrize(
    "answered", [1_795_338_000, 1_795_338_000.25, "1795338000", "1795338000.25"]
)
def test_an_answer_is_told_in_seconds_since_1970_as_well(answered: object) -> None:
    (told,) = read(body(answered_at=answered))
    assert isinstance(told, CallEnded)
    assert told.answered_at is not None
    assert told.answered_at.timestamp() == float(str(answered))


def test_a_direction_that_is_none_is_no_record() -> None:
    (told,) = read(body(direction="sideways"))
    assert not isinstance(told, CallEnded)
