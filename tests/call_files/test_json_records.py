"""Records of calls as JSON: FreeSWITCH's and Kazoo's, read with the right leg or refused."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.call_files import calls_of
from contracts.call_files.json_records import (
    JsonFormat,
    JsonRecord,
    fitting_json,
    json_records,
    leg_of_json,
)

ANSWERED = datetime(2026, 11, 22, 15, 33, 23, tzinfo=UTC)
EPOCH = int(ANSWERED.timestamp())
A_LEG, B_LEG = "7adced1a-4c7c-11ea-b08c-2bfc2a06d67d", "7ae0a3e2-4c7c-11ea-b08d-2bfc2a06d67d"


def freeswitch(destination: str = "%2B442079460321", **variables: str) -> dict[str, Any]:
    """Return a leg as mod_json_cdr writes it: the one that came in from a phone."""
    told = {
        "direction": "inbound",
        "uuid": A_LEG,
        "call_uuid": A_LEG,
        "accountcode": "1004",
        "answer_epoch": str(EPOCH),
        "billsec": "17",
        "hangup_cause": "NORMAL_CLEARING",
        "last_bridge_to": B_LEG,
        **variables,
    }
    profile = {"caller_id_number": "1004", "destination_number": destination}
    return {"variables": told, "callflow": [{"caller_profile": profile}]}


def kazoo(**fields: object) -> dict[str, Any]:
    """Return a leg as Kazoo keeps it: the one that a device began."""
    return {
        "call_id": "a-leg",
        "interaction_id": "63962580803-1",
        "call_direction": "inbound",
        "authorizing_id": "device",
        "from": "user_1@archer.voice.example",
        "caller_id_number": "104",
        "dialed_number": "+442079460321",
        "billing_seconds": 17,
        "timestamp": EPOCH + 17 + 62_167_219_200,
        "hangup_cause": "NORMAL_CLEARING",
        **fields,
    }


def outcomes(name: JsonFormat, *records: dict[str, Any]) -> list[tuple[str, int]]:
    """Return what the calls come to, and for how long people talked."""
    legs = [leg_of_json(name, record) for record in json_records(json.dumps(records), 10)]
    return [(call.outcome, call.leg.seconds) for call in calls_of(legs)]


def test_a_leg_of_freeswitch_is_read_as_the_call_that_it_is() -> None:
    (record,) = json_records(json.dumps(freeswitch()), 10)
    leg = leg_of_json("freeswitch-json", record)
    assert (leg.call_id, leg.account, leg.caller) == (A_LEG, "1004", "1004")
    assert (leg.destination, leg.answered_at, leg.seconds) == ("+442079460321", ANSWERED, 17)


def test_the_outbound_leg_of_freeswitch_is_charged_if_it_is_in_the_file() -> None:
    ringing = freeswitch(billsec="23")
    talking = freeswitch("442079460321", uuid=B_LEG, direction="outbound", billsec="17")
    assert outcomes("freeswitch-json", ringing, talking) == [("answered", 17)]
    assert outcomes("freeswitch-json", ringing) == [("answered", 23)]


def test_a_leg_that_nobody_was_called_by_is_not_charged() -> None:
    assert outcomes("freeswitch-json", freeswitch(last_bridge_to="")) == [("not-outbound", 17)]
    unanswered = freeswitch(answer_epoch="0", billsec="0", hangup_cause="NO_ANSWER")
    assert outcomes("freeswitch-json", unanswered) == [("not-answered", 0)]


def test_a_leg_of_kazoo_is_answered_its_billed_seconds_before_it_ended() -> None:
    (record,) = json_records(json.dumps({"data": [kazoo()]}), 10)
    leg = leg_of_json("kazoo-json", record)
    assert (leg.account, leg.destination) == ("archer.voice.example", "+442079460321")
    assert (leg.answered_at, leg.seconds) == (ANSWERED, 17)
    listed = kazoo(unix_timestamp=str(EPOCH + 17), billing_seconds="17", timestamp=None)
    (record,) = json_records(json.dumps(listed), 10)
    assert leg_of_json("kazoo-json", record).answered_at == ANSWERED


def test_kazoos_leg_to_a_carrier_is_charged_and_legs_from_one_are_not() -> None:
    resource = {"resource_type": "offnet-termination", "account_realm": "archer.voice.example"}
    out = kazoo(call_id="b-leg", call_direction="outbound", custom_channel_vars=resource)
    assert outcomes("kazoo-json", kazoo(billing_seconds=23), out) == [("answered", 17)]
    assert outcomes("kazoo-json", kazoo()) == [("answered", 17)]
    came_in = kazoo(custom_channel_vars={"resource_type": "offnet-origination"})
    to_device = kazoo(call_id="b-leg", call_direction="outbound")
    assert outcomes("kazoo-json", came_in, to_device) == [("not-outbound", 17)]
    assert outcomes("kazoo-json", kazoo(authorizing_id="")) == [("not-outbound", 17)]


def test_records_may_stand_one_after_the_other_or_in_an_array() -> None:
    first, second = json.dumps(freeswitch()), json.dumps(freeswitch(), indent=1)
    for text in (f"{first}\n{second}\n", f"[{first},\n{second}]", f" [ {first} ,\n {second} ] "):
        assert [record.line for record in json_records(text, 10)] == [1, 2]
    assert fitting_json(json_records(first, 1)[0]) == "freeswitch-json"
    assert fitting_json(json_records(json.dumps(kazoo()), 1)[0]) == "kazoo-json"
    assert fitting_json(JsonRecord(1, {"destination": "1254"})) is None


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "no records"),
        ("[]", "no records"),
        ("{", "isn't valid JSON"),
        ('{"a": 1}\n{"b": }', r"isn't valid JSON \(line 2\)"),
        ("[1]", "Each record is a JSON object"),
        ('{"data": [1]}', "Each record is a JSON object"),
        ("{}" * 11, "more than 10 records"),
        ("[" * 100_000, "isn't valid JSON"),
        ('{"a":' * 100_000, "isn't valid JSON"),
        ('{"a": ' + "9" * 5_000 + "}", "isn't valid JSON"),
    ],
)
def test_a_file_that_is_no_json_names_the_cause(text: str, cause: str) -> None:
    with pytest.raises(ValueError, match=cause):
        json_records(text, 10)


def test_a_record_of_another_format_is_no_call() -> None:
    (record,) = json_records(json.dumps(kazoo()), 1)
    assert leg_of_json("freeswitch-json", record).fault
    (record,) = json_records(json.dumps(freeswitch()), 1)
    assert leg_of_json("kazoo-json", record).fault


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=9,
)


@given(
    name=st.sampled_from(["freeswitch-json", "kazoo-json"]),
    key=st.sampled_from([*kazoo(), "variables", "callflow", "custom_channel_vars"]),
    value=JSON,
)
def test_any_value_anywhere_is_read_or_refused(name: JsonFormat, key: str, value: object) -> None:
    record = {**(kazoo() if name == "kazoo-json" else freeswitch()), key: value}
    with suppress(ValueError):
        for found in json_records(json.dumps(record), 10):
            leg = leg_of_json(name, found)
            assert leg.fault or not leg.seconds or leg.answered_at is not None
