"""What the agent keeps, and how it reads what it is told."""

import asyncio
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from contracts.billing import CallRefusal
from contracts.calls import CallEnded
from integrations.switch import broker
from integrations.switch.kamailio.messages import ended_call, read_form
from integrations.switch.model import RunningCall, is_emergency
from integrations.switch.refusals import ANSWERS, sip_answer
from integrations.switch.spool import Spool, SpoolFull
from services.chassis import wire

ANSWERED = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def record(call_id: str, account_id: str = "acc_1") -> CallEnded:
    return CallEnded(
        call_id=call_id,
        account_id=account_id,
        caller="104",
        destination="+971501234567",
        answered_at=ANSWERED,
        seconds=60,
    )


def seconds_and_caller(text: str) -> tuple[int, str]:
    ended = ended_call(read_form(text), None)
    assert ended is not None
    return ended.seconds, ended.caller


def running(call_id: str, seconds: int = 300) -> RunningCall:
    return RunningCall(
        call_id=call_id,
        switch_call_id="c1",
        account_id="acc_1",
        caller="104",
        destination="+971501234567",
        answered_at=ANSWERED,
        seconds=seconds,
    )


async def test_records_are_kept_in_their_order_until_they_are_removed(tmp_path: Path) -> None:
    spool = Spool(tmp_path, records_max=1_000)
    await asyncio.gather(*(spool.keep((), (record(f"call-{n}"),)) for n in range(20)))
    assert spool.records == 20
    spool.close()
    again = Spool(tmp_path, records_max=1_000)
    assert again.grown.is_set()
    kept = await again.oldest(5)
    assert [CallEnded.model_validate_json(one.body).call_id for one in kept] == [
        f"call-{n}" for n in range(5)
    ]
    assert {one.routing_key for one in kept} == {"acc_1"}
    await again.remove(kept)
    assert again.records == 15
    assert [one.id for one in await again.oldest(1)] == [kept[-1].id + 1]
    again.close()


async def test_a_call_that_has_ended_runs_no_longer(tmp_path: Path) -> None:
    spool = Spool(tmp_path, records_max=1_000)
    await spool.keep((running("first"), running("second")), ())
    await spool.keep((running("second", seconds=600),), (record("first"),))
    spool.close()
    again = Spool(tmp_path, records_max=1_000)
    assert again.running() == [running("second", seconds=600)]
    await again.keep((), (record("second"),))
    assert again.running() == []
    again.close()


async def test_a_full_store_takes_no_record_and_still_takes_what_needs_no_room(
    tmp_path: Path,
) -> None:
    spool = Spool(tmp_path, records_max=2)
    await spool.keep((), (record("first"), record("second")))
    assert spool.full_ratio == 1
    with pytest.raises(SpoolFull):
        await spool.keep((), (record("third"),))
    await spool.keep((running("fourth"),), ())
    await spool.remove(await spool.oldest(1))
    await spool.keep((), (record("third"),))
    spool.close()


async def test_records_that_come_together_share_one_wait_for_the_disk(tmp_path: Path) -> None:
    spool = Spool(tmp_path, records_max=10_000)
    await spool.keep((), (record("before"),))
    began = time.monotonic()
    await spool.keep((), (record("alone"),))
    alone = time.monotonic() - began
    began = time.monotonic()
    await asyncio.gather(*(spool.keep((), (record(f"call-{n}"),)) for n in range(500)))
    # far from 500 waits, however slow this disk is
    assert time.monotonic() - began < max(100 * alone, 1)
    spool.close()


@pytest.mark.parametrize(
    ("until", "seconds"), [("160.0", 60), ("160.001", 61), ("160.999", 61), ("99.9", 0)]
)
def test_started_seconds_count_whole(until: str, seconds: int) -> None:
    text = f"what=ended&call=c&account=a&realm=&caller=1&to=%2B44&at=100.0&until={until}"
    assert seconds_and_caller(text) == (seconds, "1")


def test_a_callers_name_however_long_keeps_no_call_from_being_charged() -> None:
    text = f"call=c&account=a&realm=&caller={'1' * 500}&to=%2B44&at=100.0&until=160.0"
    assert seconds_and_caller(text) == (60, "1" * 64)


def test_a_plus_is_a_plus_and_not_a_space() -> None:
    assert read_form("to=+44%2020&realm=a%26b&empty=") == {
        "to": "+44 20",
        "realm": "a&b",
        "empty": "",
    }
    with pytest.raises(ValueError, match="too many"):
        read_form("&".join(f"f{n}=1" for n in range(100)))


def test_a_call_that_could_never_be_charged_is_no_running_call() -> None:
    for values in ({"destination": "9" * 65}, {"caller": "9" * 65}, {"realm": "x" * 256}):
        with pytest.raises(ValueError, match="at most"):
            RunningCall.model_validate(running("call").model_dump() | values)


@pytest.mark.parametrize("at", ["nan", "inf", "1e300", "x", "-1e300"])
def test_a_time_that_is_none_is_refused(at: str) -> None:
    text = f"what=ended&call=c&account=a&realm=&caller=1&to=%2B44&at={at}&until=1"
    with pytest.raises(ValueError, match=r"."):
        ended_call(read_form(text), None)


def test_every_refusal_has_an_answer_of_sip_that_kamailio_can_read() -> None:
    assert set(get_args(CallRefusal)) < ANSWERS.keys()
    assert sip_answer("a-reason-of-tomorrow").code == 403
    for reason, answer in ANSWERS.items():
        assert 400 <= answer.code < 700
        assert re.fullmatch(r"[A-Za-z -]+", answer.phrase), reason


@pytest.mark.parametrize(
    ("destination", "country", "emergency"),
    [
        ("112", "GB", True),
        ("999", "GB", True),
        ("9-1-1", "US", True),
        ("911", "DE", False),
        ("110", "DE", True),
        ("101", "US", False),
        ("+4420", "GB", False),
        ("", "GB", False),
    ],
)
def test_emergency_numbers_are_those_of_the_switchs_country(
    destination: str, country: str, *, emergency: bool
) -> None:
    assert is_emergency(destination, country) is emergency


def test_more_is_asked_for_a_minute_before_the_end_or_in_the_middle_of_a_short_call() -> None:
    long, short = running("long", seconds=300), running("short", seconds=30)
    assert (long.extends_at - ANSWERED).total_seconds() == 240
    assert (short.extends_at - ANSWERED).total_seconds() == 15


def test_the_envelope_is_the_services_own() -> None:
    ours = (broker.EVENTS_EXCHANGE, broker.COMMANDS_EXCHANGE, broker.REPLY_QUEUE)
    assert ours == (wire.EVENTS_EXCHANGE, wire.COMMANDS_EXCHANGE, wire.REPLY_QUEUE)
    assert (broker.PROBLEM_TYPE, broker.JSON_TYPE) == (wire.PROBLEM_TYPE, wire.JSON_TYPE)
