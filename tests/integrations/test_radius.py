"""RADIUS: a real client asks a real agent, and a real system charges the calls."""

import asyncio
import os
import socket
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pyrad.packet import AcctPacket

from local.client import Json
from local.system import System
from tests.integrations.agents import NOWHERE, PREMIUM, charged, open_account
from tests.integrations.line import Line
from tests.integrations.radius import (
    ACCESS_ACCEPT,
    ACCESS_REJECT,
    ACCOUNTING_RESPONSE,
    OTHER_SECRET,
    SECRET,
    AccountingKamailio,
    FakeNas,
    RadiusAgent,
    Reply,
    call_of,
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
from tests.waiting import eventually
from tests.world import Reseller

END_SECONDS_MAX = 1.0
AT_ONCE_SECONDS = 1.0
DONE = Reply(ACCOUNTING_RESPONSE, {})


@pytest.fixture(scope="session")
async def nas() -> AsyncIterator[FakeNas]:
    """Give a NAS that ends calls as it's told."""
    async with FakeNas() as nas:
        yield nas


@pytest.fixture(scope="session")
async def agent(
    system: System, nas: FakeNas, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[RadiusAgent]:
    """Give an agent that a NAS asks, ready."""
    agent = RadiusAgent(system, tmp_path_factory.mktemp("radius"), nas.port)
    try:
        agent.start()
        await asyncio.to_thread(agent.wait_until_ready)
        yield agent
    finally:
        agent.stop()


async def held(reseller: Reseller, account: Json, amount: str) -> None:
    """Wait until so much is held for an account's calls."""

    async def as_expected() -> bool:
        balance = await reseller.client.get(f"/v1/accounts/{account['id']}/balance")
        assert balance["held"] == amount
        return True

    await eventually(as_expected)


def packets(agent: RadiusAgent, outcome: str) -> float:
    """Return how many packets an agent has counted of an outcome."""
    return agent.counted(f'accounts_manager_switch_radius_packets_total{{outcome="{outcome}"}}')


# --- asking -----------------------------------------------------------------------------------


async def test_a_call_is_granted_for_as_long_as_its_account_could_pay(
    reseller: Reseller, agent: RadiusAgent
) -> None:
    account = await open_account(reseller, "60.82")  # 0.82 are left: five minutes
    call = call_of(account)
    kind, values = await agent.authorize(call)
    assert kind == ACCESS_ACCEPT
    assert (values["Session-Timeout"], values["Acct-Interim-Interval"]) == ("300", "60")
    assert "Message-Authenticator" in values
    await held(reseller, account, "0.82")
    # nobody picked up
    assert await agent.account("Stop", call, 0) == DONE
    await charged(reseller, account)


async def test_a_refusal_says_why(reseller: Reseller, agent: RadiusAgent) -> None:
    account, poor = await open_account(reseller), await open_account(reseller, "60.00")
    stopped = await open_account(reseller)
    await reseller.client.post(f"/v1/accounts/{stopped['id']}/disable")
    asked = {
        "account-not-found": call_of({"realm": "nobody.example"}),
        "account-disabled": call_of(stopped),
        "insufficient-credit": call_of(poor),
        "premium-not-allowed": call_of(account, PREMIUM),
        "invalid-destination": call_of(account, "+" + "9" * 100),
        "destination-not-allowed": call_of(account, "+4915112345678"),
    }
    for reason, call in asked.items():
        kind, values = await agent.authorize(call)
        assert kind == ACCESS_REJECT, reason
        assert values["Reply-Message"].endswith(f"({reason})")
        assert "Message-Authenticator" in values
    for one in (account, poor, stopped):
        await charged(reseller, one)


async def test_a_request_that_is_asked_again_holds_money_once(
    reseller: Reseller, agent: RadiusAgent
) -> None:
    account = await open_account(reseller)
    call = call_of(account)
    assert (await agent.authorize(call)).kind == ACCESS_ACCEPT
    assert (await agent.authorize(call)).kind == ACCESS_ACCEPT
    await held(reseller, account, "0.82")
    # the same session tries another number, and the first is forgotten
    india = {**call, "Called-Station-Id": "+919876543210"}
    assert (await agent.authorize(india)).kind == ACCESS_ACCEPT
    await held(reseller, account, "0.105")
    assert await agent.account("Stop", india, 0) == DONE
    await charged(reseller, account)


async def test_a_password_is_never_said_to_be_right(reseller: Reseller, agent: RadiusAgent) -> None:
    account = await open_account(reseller)
    asked = {**call_of(account), "Message-Authenticator": "0x00"}
    kind, values = await agent.request({**asked, "User-Password": "guessed"})
    assert (kind, "Passwords" in values["Reply-Message"]) == (ACCESS_REJECT, True)
    del asked["Called-Station-Id"]
    assert (await agent.request(asked)).kind == ACCESS_REJECT
    await charged(reseller, account)


async def test_an_emergency_call_waits_for_nobody(
    system: System, nas: FakeNas, tmp_path: Path
) -> None:
    agent = RadiusAgent(system, tmp_path, nas.port, AM_RABBITMQ_URL=NOWHERE)
    agent.start()
    try:
        await agent.wait_until_alive()
        call = call_of({"realm": "anybody.example"}, "911")
        began = time.monotonic()
        kind, values = await agent.authorize(call)
        assert time.monotonic() - began < AT_ONCE_SECONDS
        assert (kind, values["Session-Timeout"]) == (ACCESS_ACCEPT, "14400")
        assert await agent.account("Start", call) == DONE
        assert await agent.account("Stop", call, 20) == DONE
    finally:
        agent.stop()


async def test_a_call_that_nobody_answers_for_is_refused_after_a_bounded_wait(
    system: System, nas: FakeNas, tmp_path: Path
) -> None:
    settings = {"AM_RABBITMQ_URL": NOWHERE, "AM_SWITCH_ANSWER_SECONDS": "0.2"}
    agent = RadiusAgent(system, tmp_path, nas.port, **settings)
    agent.start()
    try:
        await agent.wait_until_alive()
        kind, values = await agent.authorize(call_of({"realm": "anybody.example"}))
        assert (kind, values["Reply-Message"]) == (
            ACCESS_REJECT,
            "Service Unavailable (unavailable)",
        )
    finally:
        agent.stop()


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


def accounting(call: dict[str, str], status: int, seconds: int) -> bytes:
    """Return an Accounting-Request as bytes, to be sent as it is."""
    numbers = {"User-Name": 1, "Called-Station-Id": 30, "Calling-Station-Id": 31}
    numbers |= {"NAS-Identifier": 32, "Acct-Session-Id": 44}
    packet = AcctPacket(4, 7, SECRET.encode())
    for name, number in numbers.items():
        packet[number] = [call[name].encode()]
    packet[40], packet[46] = [status.to_bytes(4)], [seconds.to_bytes(4)]
    packet[55] = [int(time.time()).to_bytes(4)]
    return packet.RequestPacket()


def exchanged(agent: RadiusAgent, port: socket.socket, packet: bytes) -> bytes:
    """Send a packet from a port; return the answer, empty when there's none."""
    port.settimeout(5)
    port.sendto(packet, ("127.0.0.1", agent.acct_port))
    return port.recv(4_096)


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
    nobody = {"NAS-Identifier": "sbc1", "User-Name": f"104@{account['realm']}"}
    assert await agent.account("Stop", nobody, 10) == DONE
    assert await asyncio.to_thread(agent.counted, name) == before + 3
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


# --- strangers --------------------------------------------------------------------------------


async def test_a_wrong_secret_is_not_answered(reseller: Reseller, agent: RadiusAgent) -> None:
    account = await open_account(reseller)
    before = await asyncio.to_thread(packets, agent, "wrong-secret")
    asked = {**call_of(account), "Message-Authenticator": "0x00"}
    nothing = Reply("", {})
    assert await agent.request(asked, secret=OTHER_SECRET, tries=1) == nothing
    assert await asyncio.to_thread(packets, agent, "wrong-secret") == before + 1
    log = agent.log.read_text()
    assert "wrong-secret" in log
    assert SECRET not in log
    await charged(reseller, account)


async def test_a_request_without_message_authenticator_is_not_answered(
    reseller: Reseller, agent: RadiusAgent
) -> None:
    account = await open_account(reseller)
    outcome = "no-message-authenticator"
    before = await asyncio.to_thread(packets, agent, outcome)
    assert await agent.request(call_of(account), tries=1) == Reply("", {})
    assert await asyncio.to_thread(packets, agent, outcome) == before + 1
    await charged(reseller, account)


async def test_whoever_is_no_nas_is_not_answered(reseller: Reseller, agent: RadiusAgent) -> None:
    account = await open_account(reseller)
    before = await asyncio.to_thread(packets, agent, "unknown-nas")
    asked = {**call_of(account), "Message-Authenticator": "0x00"}
    stranger = {**asked, "Packet-Src-IP-Address": "127.0.0.9"}
    assert await agent.request(stranger, tries=1) == Reply("", {})
    assert await asyncio.to_thread(packets, agent, "unknown-nas") == before + 1
    await charged(reseller, account)


async def test_packets_that_are_none_leave_the_agent_at_work(
    reseller: Reseller, agent: RadiusAgent
) -> None:
    account = await open_account(reseller)
    before = await asyncio.to_thread(packets, agent, "malformed")
    call = call_of(account)
    stop = accounting(call, 2, seconds=30)
    broken = [b"", b"\x04", stop[:-3], os.urandom(500), b"\x01\x01\xff\xff" + bytes(16)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as port:
        for packet in broken:
            port.sendto(packet, ("127.0.0.1", agent.acct_port))
    assert (await agent.authorize(call)).kind == ACCESS_ACCEPT
    assert await agent.account("Stop", call, 30) == DONE
    assert await asyncio.to_thread(packets, agent, "malformed") >= before + 4
    await charged(reseller, account, "0.164")
