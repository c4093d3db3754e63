"""The promises of the agent, with a real system on one side and a switch that we play."""

import asyncio
import time
from pathlib import Path

import pytest

from local.system import System
from tests.integrations.agents import (
    EMIRATES,
    INDIA,
    NOWHERE,
    PREMIUM,
    AgentProcess,
    FakeSwitch,
    answered,
    charged,
    ended,
    open_account,
)
from tests.waiting import eventually
from tests.world import Reseller, World

END_SECONDS_MAX = 1.0
AT_ONCE_SECONDS = 1.0
"""Of an answer that waits for nobody: far less than any time-out of the agent."""


async def test_an_answered_call_is_charged_by_its_started_seconds(
    reseller: Reseller, agent: AgentProcess
) -> None:
    account = await open_account(reseller)
    answer = await agent.ask(account, EMIRATES)
    assert (answer["granted"], answer["account"]) == ("1", account["id"])
    assert (answer["seconds"], answer["emergency"]) == ("300", "0")
    running = answered(account, answer, EMIRATES, time.time() - 60.2)
    assert await agent.tell(running) == 200
    assert await agent.tell(ended(running, 60.2)) == 200
    await charged(reseller, account, "0.328")  # 61 s are two minutes of 0.164


async def test_a_call_that_came_to_nothing_holds_nothing(
    reseller: Reseller, agent: AgentProcess
) -> None:
    account = await open_account(reseller)
    answer = await agent.ask(account, EMIRATES)
    balance = await reseller.client.get(f"/v1/accounts/{account['id']}/balance")
    assert balance["held"] == "0.82"
    over = {**answered(account, answer, EMIRATES, 0), "what": "ended", "at": "", "until": ""}
    assert await agent.tell(over) == 200
    await charged(reseller, account)


async def test_a_refusal_says_what_the_phone_is_answered(
    reseller: Reseller, agent: AgentProcess
) -> None:
    account = await open_account(reseller)
    poor = await open_account(reseller, "60.00")
    answers = {
        "realm": await agent.ask({"realm": "nobody.example"}, EMIRATES),
        "country": await agent.ask(account, "+4915112345678"),
        "premium": await agent.ask(account, PREMIUM),
        "money": await agent.ask(poor, EMIRATES),
        "number": await agent.ask(account, "+999"),
        "long number": await agent.ask(account, "+" + "9" * 100),
        "no realm": await agent.ask({"realm": "x" * 300}, EMIRATES),
    }
    found = {what: (one["granted"], one["code"], one["reason"]) for what, one in answers.items()}
    assert found == {
        "realm": ("0", "403", "account-not-found"),
        "country": ("0", "403", "destination-not-allowed"),
        "premium": ("0", "403", "premium-not-allowed"),
        "money": ("0", "402", "insufficient-credit"),
        "number": ("0", "404", "invalid-destination"),
        "long number": ("0", "404", "invalid-destination"),
        "no realm": ("0", "403", "account-not-found"),
    }


async def test_calls_end_within_a_second_when_their_account_is_disabled(
    reseller: Reseller, agent: AgentProcess, switch: FakeSwitch
) -> None:
    account, other = await open_account(reseller), await open_account(reseller)
    talking = await agent.ask(account, EMIRATES)
    ringing = await agent.ask(account, EMIRATES)
    elsewhere = await agent.ask(other, EMIRATES)
    emergency = {**await agent.ask(account, "911"), "account": account["id"]}
    await agent.tell(
        answered(account, talking, EMIRATES, time.time()),
        answered(other, elsewhere, EMIRATES, time.time()),
        answered(account, emergency, "911", time.time()),
    )
    await reseller.client.post(f"/v1/accounts/{account['id']}/disable")
    disabled_at = time.monotonic()
    told = await switch.hears("end", talking["call"])
    assert told.at - disabled_at < END_SECONDS_MAX
    assert told.values["reason"] == "account-disabled"
    # answered when it was too late to refuse it
    await agent.tell(answered(account, ringing, EMIRATES, time.time()))
    await switch.hears("end", ringing["call"])
    assert {one.values["call"] for one in switch.told if one.what == "end"} == {
        talking["call"],
        ringing["call"],
    }


async def test_the_calls_of_a_disabled_resellers_accounts_end_too(
    world: World, agent: AgentProcess, switch: FakeSwitch
) -> None:
    reseller = await world.reseller(numbers=1)
    account = await open_account(reseller)
    answer = await agent.ask(account, EMIRATES)
    await agent.tell(answered(account, answer, EMIRATES, time.time()))
    await world.operator.post(f"/v1/resellers/{reseller.id}/disable")
    told = await switch.hears("end", answer["call"])
    assert told.values["reason"] == "account-disabled"


async def test_a_call_is_extended_a_minute_before_its_time_is_over(
    reseller: Reseller, agent: AgentProcess, switch: FakeSwitch
) -> None:
    account = await open_account(reseller)
    answer = await agent.ask(account, INDIA)
    await agent.tell(answered(account, answer, INDIA, time.time() - 241))
    told = await switch.hears("limit", answer["call"])
    assert (told.values["entry"], told.values["id"]) == ("17", "4711")
    # 600 of them, of which 241 have passed and a few more since
    assert 300 < int(told.values["seconds"]) <= 358


async def test_a_call_whose_money_is_used_up_lasts_as_long_as_it_may(
    reseller: Reseller, agent: AgentProcess, switch: FakeSwitch
) -> None:
    account = await open_account(reseller, "60.82")  # 0.82 are left: five minutes, to the cent
    other = await open_account(reseller)
    answer, more = await agent.ask(account, EMIRATES), await agent.ask(other, EMIRATES)
    assert answer["seconds"] == "300"
    began = time.time() - 241
    await agent.tell(answered(account, answer, EMIRATES, began))
    await agent.tell(answered(other, more, EMIRATES, began))
    await switch.hears("limit", more["call"])  # by then both were asked about
    running = answered(account, answer, EMIRATES, began)
    await agent.tell(ended(running, 299.0), ended(answered(other, more, EMIRATES, began), 299.0))
    await charged(reseller, account, "0.82")
    limited = {one.values["call"] for one in switch.told if one.what != "running"}
    assert limited == {more["call"]}


async def test_an_emergency_call_waits_for_nobody(
    system: System, switch: FakeSwitch, tmp_path: Path
) -> None:
    agent = AgentProcess(system, tmp_path, switch.url, AM_RABBITMQ_URL=NOWHERE)
    agent.start()
    try:
        await agent.wait_until_alive()
        began = time.monotonic()
        answer = await agent.ask({"realm": "anybody.example"}, "911")
        assert time.monotonic() - began < AT_ONCE_SECONDS
        assert (answer["granted"], answer["emergency"]) == ("1", "1")
        assert await agent.tell(answered({"realm": ""}, answer, "911", time.time())) == 200
    finally:
        agent.stop()


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("closed", {"granted": "0", "code": "503", "reason": "unavailable"}),
        ("open", {"granted": "1", "account": "", "seconds": "300"}),
    ],
)
async def test_a_call_that_nobody_answers_for_follows_the_failure_policy(
    system: System, switch: FakeSwitch, tmp_path: Path, policy: str, expected: dict[str, str]
) -> None:
    agent = AgentProcess(
        system,
        tmp_path,
        switch.url,
        AM_RABBITMQ_URL=NOWHERE,
        AM_SWITCH_FAIL=policy,
        AM_SWITCH_ANSWER_SECONDS="0.2",
    )
    agent.start()
    try:
        await agent.wait_until_alive()
        answer = await agent.ask({"realm": "anybody.example"}, EMIRATES)
        assert {name: answer[name] for name in expected} == expected
    finally:
        agent.stop()


async def test_a_record_of_a_killed_agent_is_charged_once_after_its_restart(
    system: System, reseller: Reseller, switch: FakeSwitch, tmp_path: Path
) -> None:
    account = await open_account(reseller)
    agent = AgentProcess(
        system, tmp_path, switch.url, AM_SWITCH_FAIL="open", AM_SWITCH_ANSWER_SECONDS="0.2"
    )
    agent.change(AM_RABBITMQ_URL=NOWHERE)
    agent.start()
    try:
        await agent.wait_until_alive()
        answer = await agent.ask(account, EMIRATES)
        over = ended(answered(account, answer, EMIRATES, time.time() - 30), 30.0)
        assert await agent.tell(over) == 200
        agent.kill()
        agent.change(AM_RABBITMQ_URL=system.addresses.rabbitmq_url("switch"))
        agent.start()
        await asyncio.to_thread(agent.wait_until_ready)
        # the switch never had its answer, and says it again
        assert await agent.tell(over) == 200
        await charged(reseller, account, "0.164")
        agent.kill()
        agent.start()
        await asyncio.to_thread(agent.wait_until_ready)
        await charged(reseller, account, "0.164")
    finally:
        agent.stop()


async def test_a_restarted_agent_still_ends_the_calls_that_run(
    reseller: Reseller, agent: AgentProcess, switch: FakeSwitch
) -> None:
    account = await open_account(reseller)
    answer = await agent.ask(account, EMIRATES)
    await agent.tell(answered(account, answer, EMIRATES, time.time()))
    agent.kill()
    await reseller.client.post(f"/v1/accounts/{account['id']}/disable")
    agent.start()
    await asyncio.to_thread(agent.wait_until_ready)
    await switch.hears("end", answer["call"])


async def test_a_call_that_its_switch_has_lost_is_charged_until_it_was_last_seen(
    reseller: Reseller, agent: AgentProcess, switch: FakeSwitch
) -> None:
    account = await open_account(reseller)
    lost, kept = await agent.ask(account, EMIRATES), await agent.ask(account, EMIRATES)
    switch.lost.add(lost["call"])
    began = time.time() - 40
    running = answered(account, kept, EMIRATES, began - 5)
    await agent.tell(running, answered(account, lost, EMIRATES, began))

    async def charged_alone() -> bool:
        calls = (await reseller.client.get(f"/v1/accounts/{account['id']}/calls"))["data"]
        assert [(call["call_id"], call["seconds"]) for call in calls] == [(lost["call"], 1)]
        return True

    await eventually(charged_alone)
    await switch.hears("running", kept["call"])
    await agent.tell(ended(running, 61.0))
    await charged(reseller, account, "0.164", "0.328")


async def test_a_line_that_is_not_readable_keeps_no_other_from_being_charged(
    reseller: Reseller, agent: AgentProcess
) -> None:
    account = await open_account(reseller)
    answer = await agent.ask(account, EMIRATES)
    over = ended(answered(account, answer, EMIRATES, time.time() - 30), 30.0)
    bad = {**over, "at": "yesterday"}
    assert await agent.tell(bad, {"what": "answered"}, over) == 200
    await charged(reseller, account, "0.164")


async def test_an_agent_that_is_asked_to_stop_sends_what_it_has(
    reseller: Reseller, agent: AgentProcess
) -> None:
    account = await open_account(reseller)
    answer = await agent.ask(account, EMIRATES)
    over = ended(answered(account, answer, EMIRATES, time.time() - 30), 30.0)
    assert await agent.tell(over) == 200
    agent.stop()
    await charged(reseller, account, "0.164")


async def test_an_emergency_call_that_names_no_account_is_over_when_it_ends_or_is_lost(
    reseller: Reseller, agent: AgentProcess, switch: FakeSwitch
) -> None:
    account = await open_account(reseller)
    nobody = {"realm": ""}
    first, second = await agent.ask(account, "911"), await agent.ask(account, "911")
    switch.lost.add(second["call"])

    async def running(number: str) -> None:
        async def shown() -> bool:
            text = (await asyncio.to_thread(agent.metrics)).splitlines()
            assert f"accounts_manager_switch_running_calls {number}" in text
            assert "accounts_manager_switch_records 0.0" in text
            assert "accounts_manager_switch_unreadable_total 0.0" in text
            return True

        await eventually(shown)

    call = answered(nobody, {**first, "account": ""}, "911", time.time())
    assert await agent.tell(call) == 200
    await running("1.0")
    assert await agent.tell(ended(call, 5.0)) == 200
    await running("0.0")
    unseen = answered(nobody, {**second, "account": ""}, "911", time.time() - 40)
    assert await agent.tell(unseen) == 200
    await switch.hears("running", second["call"])
    await running("0.0")


async def test_metrics_say_what_waits_and_what_was_asked(
    reseller: Reseller, agent: AgentProcess
) -> None:
    account = await open_account(reseller)
    await agent.ask(account, EMIRATES)

    async def shown() -> bool:
        text = (await asyncio.to_thread(agent.metrics)).splitlines()
        assert 'accounts_manager_switch_calls_total{outcome="granted"} 1.0' in text
        assert "accounts_manager_switch_records 0.0" in text
        return True

    await eventually(shown)
