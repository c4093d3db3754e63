"""RADIUS: a real client asks a real agent, and a real system charges the calls."""

import asyncio
import socket
import time
import uuid
from pathlib import Path

import pytest

from tests.integrations.agents import charged, open_account
from tests.integrations.line import Line
from tests.integrations.radius import (
    ACCESS_ACCEPT,
    DONE,
    OTHER_SECRET,
    SECRET,
    AccountingKamailio,
    FakeNas,
    RadiusAgent,
    accounting,
    call_of,
    exchanged,
    held,
    packets,
)
from tests.integrations.sip import (
    ACK,
    HANGS_UP,
    INVITE,
    PICKS_UP,
    TALKS_UNTIL_THE_OTHER_HANGS_UP,
    gets,
    waits,
)
from tests.world import Reseller

END_SECONDS_MAX = 1.0
RUNNING = "accounts_manager_switch_running_calls"
AT_ONCE_SECONDS = 1.0


@pytest.fixture
def agent(radius: RadiusAgent) -> RadiusAgent:
    """Give the agent that the tests share."""
    return radius


# --- what becomes of a call -------------------------------------------------------------------


async def test_a_call_is_charged_when_it_stops(reseller: Reseller, agent: RadiusAgent) -> None:
    account = await open_account(reseller)
    call = call_of(account)
    began = time.time() - 61
    assert (await agent.authorize(call)).kind == ACCESS_ACCEPT
    assert await agent.account("Start", call, at=began) == DONE
    assert await agent.account("Stop", call, 61) == DONE
    await charged(reseller, account, "0.328")


async def test_an_interim_update_extends_a_call_whose_start_was_lost(
    reseller: Reseller, agent: RadiusAgent
) -> None:
    account = await open_account(reseller)
    call = call_of(account)
    assert (await agent.authorize(call)).kind == ACCESS_ACCEPT
    await held(reseller, account, "0.82")
    assert await agent.account("Interim-Update", call, 241) == DONE
    await held(reseller, account, "1.64")
    assert await agent.account("Interim-Update", call, 245) == DONE
    assert await agent.account("Stop", call, 290) == DONE
    await charged(reseller, account, "0.82")


async def test_a_stop_that_comes_again_is_charged_once(
    reseller: Reseller, agent: RadiusAgent
) -> None:
    account = await open_account(reseller)
    call = call_of(account)
    assert (await agent.authorize(call)).kind == ACCESS_ACCEPT
    before = await asyncio.to_thread(packets, agent, "duplicate")
    stop = accounting(call, 2, seconds=30)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as port:
        answers = [await asyncio.to_thread(exchanged, agent, port, stop) for _ in range(3)]
    assert answers[0]
    assert len(set(answers)) == 1, "an answer is remembered"
    assert await asyncio.to_thread(packets, agent, "duplicate") == before + 2
    # once more, as another packet
    assert await agent.account("Stop", call, 30) == DONE
    assert await agent.account("Stop", call, 30, Acct_Delay_Time=2) == DONE
    # and its Start, which was overtaken
    assert await agent.account("Start", call, at=time.time() - 30) == DONE
    await charged(reseller, account, "0.164")


async def test_a_call_is_charged_that_stops_after_its_agent_was_killed(
    reseller: Reseller, agent: RadiusAgent
) -> None:
    account = await open_account(reseller)
    call = call_of(account)
    assert (await agent.authorize(call)).kind == ACCESS_ACCEPT
    assert await agent.account("Start", call, at=time.time() - 30) == DONE
    agent.kill()
    stopping = asyncio.create_task(agent.account("Stop", call, 30))
    agent.start()
    assert await stopping == DONE  # the client tells it until it's answered
    agent.kill()
    agent.start()
    await asyncio.to_thread(agent.wait_until_ready)
    assert await agent.account("Stop", call, 30) == DONE
    await charged(reseller, account, "0.164")


async def test_a_nas_that_never_asks_has_its_calls_charged(
    reseller: Reseller, agent: RadiusAgent
) -> None:
    account = await open_account(reseller)
    call = call_of(account)
    # it doesn't count seconds either
    began = time.time() - 90
    assert await agent.account("Start", call, at=began) == DONE
    assert await agent.account("Stop", call, at=began + 60) == DONE
    assert await agent.account("Stop", call, at=began + 60) == DONE
    await charged(reseller, account, "0.164")


async def test_a_session_id_that_is_used_again_is_another_call(
    reseller: Reseller, agent: RadiusAgent
) -> None:
    account = await open_account(reseller)
    call = call_of(account)
    began = time.time() - 200
    assert await agent.account("Start", call, at=began) == DONE
    assert await agent.account("Stop", call, 10, at=began + 10) == DONE
    assert await agent.account("Start", call, at=began + 60) == DONE
    assert await agent.account("Stop", call, 10, at=began + 10) == DONE  # the first, once more
    assert await agent.account("Stop", call, 100, at=began + 160) == DONE
    await charged(reseller, account, "0.328", "0.164")


async def test_two_nas_may_have_the_same_session_id(reseller: Reseller, agent: RadiusAgent) -> None:
    accounts = [await open_account(reseller) for _ in range(3)]
    session_id = uuid.uuid4().hex
    calls = [call_of(one, Acct_Session_Id=session_id) for one in accounts]
    calls[1]["NAS-Identifier"] = "sbc2"
    calls[2]["Packet-Src-IP-Address"] = "127.0.0.2"
    secrets = [SECRET, SECRET, OTHER_SECRET]
    for call, secret in zip(calls, secrets, strict=True):
        assert (await agent.authorize(call, secret=secret)).kind == ACCESS_ACCEPT
    for call, secret, seconds in zip(calls, secrets, (60, 61, 121), strict=True):
        assert await agent.account("Stop", call, seconds, secret=secret) == DONE
    for account, cost in zip(accounts, ("0.164", "0.328", "0.492"), strict=True):
        await charged(reseller, account, cost)


async def test_calls_of_a_nas_that_starts_anew_are_charged_until_they_were_last_seen(
    reseller: Reseller, agent: RadiusAgent
) -> None:
    account = await open_account(reseller)
    lost, other = call_of(account), call_of(account, NAS_Identifier="sbc2")
    for call in (lost, other):
        assert (await agent.authorize(call)).kind == ACCESS_ACCEPT
    began = time.time() - 100
    for call in (lost, other):
        assert await agent.account("Start", call, at=began) == DONE
        assert await agent.account("Interim-Update", call, 70, at=began + 70) == DONE
    assert await agent.account("Accounting-On", {"NAS-Identifier": "sbc1"}) == DONE
    await held(reseller, account, "0.82")  # of the other
    assert await agent.account("Stop", other, 20) == DONE
    await charged(reseller, account, "0.164", "0.328")


async def test_what_cannot_be_read_is_answered_and_kept_for_a_person(
    reseller: Reseller, agent: RadiusAgent
) -> None:
    account = await open_account(reseller)
    name = "accounts_manager_switch_unreadable_total"
    before = await asyncio.to_thread(agent.counted, name)
    long = {"Called-Station-Id": "9" * 100}
    assert await agent.account("Stop", {**call_of(account), **long}, 10) == DONE
    assert await agent.account("Stop", call_of(account)) == DONE  # of how many seconds?
    endless = {**call_of(account), **long}
    assert await agent.account("Start", endless) == DONE  # it could never be charged
    nobody = {"NAS-Identifier": "sbc1", "User-Name": f"104@{account['realm']}"}
    assert await agent.account("Stop", nobody, 10) == DONE
    assert await asyncio.to_thread(agent.counted, name) == before + 4
    assert await asyncio.to_thread(agent.counted, RUNNING) == 0
    await charged(reseller, account)


async def test_a_call_through_a_kamailio_that_only_accounts_is_charged(
    reseller: Reseller, agent: RadiusAgent, tmp_path: Path
) -> None:
    account = await open_account(reseller)
    kamailio = AccountingKamailio(tmp_path / "kamailio", agent.acct_port)
    kamailio.start()
    try:
        await asyncio.to_thread(kamailio.wait_until_ready)
        caller = INVITE + gets(200) + ACK + waits(500) + HANGS_UP
        line = Line(kamailio, tmp_path)
        await line.call(account["realm"], caller, PICKS_UP + TALKS_UNTIL_THE_OTHER_HANGS_UP)
        await charged(reseller, account, "0.164")
    finally:
        kamailio.stop()


# --- calls that must end ----------------------------------------------------------------------


async def test_a_call_ends_within_a_second_when_its_account_is_disabled(
    reseller: Reseller, agent: RadiusAgent, nas: FakeNas
) -> None:
    account = await open_account(reseller)
    call, emergency = call_of(account), call_of(account, "911")
    for one in (call, emergency):
        assert (await agent.authorize(one)).kind == ACCESS_ACCEPT
        assert await agent.account("Start", one) == DONE
    nas.lost = 1
    await reseller.client.post(f"/v1/accounts/{account['id']}/disable")
    disabled_at = time.monotonic()
    told = await nas.hears(call)
    assert told.at - disabled_at < END_SECONDS_MAX
    assert told.nas_identifier == "sbc1"
    assert await agent.account("Stop", call, 1) == DONE
    assert emergency["Acct-Session-Id"] not in {one.session_id for one in nas.ended}
    assert await agent.account("Stop", emergency, 0) == DONE
    await charged(reseller, account, "0.164")


async def test_a_call_whose_money_is_used_up_ends_before_it_costs_more(
    reseller: Reseller, agent: RadiusAgent, nas: FakeNas
) -> None:
    sheet = await reseller.client.post("/v1/rate-sheets", {"name": f"Dear {uuid.uuid4().hex}"})
    head = "prefix,country,name,rate,min_duration,increment\n"
    table = f"{head}91,IN,India,0.0210,6,6\n971,AE,Emirates,30.0000,1,1\n"
    await reseller.client.post_csv(f"/v1/rate-sheets/{sheet['id']}/imports", table)
    account = await open_account(reseller, "62.00", sheet["id"])
    call = call_of(account)
    kind, values = await agent.authorize(call)
    assert (kind, values["Session-Timeout"]) == (ACCESS_ACCEPT, "4")
    began = time.time()
    assert await agent.account("Start", call, at=began) == DONE
    await nas.hears(call)
    lasted = time.time() - began
    assert 2 < lasted < 4
    assert await agent.account("Stop", call, int(lasted)) == DONE
    await charged(reseller, account, "1.00" if int(lasted) == 2 else "1.50")
