"""RADIUS: which requests are answered, and how."""

import asyncio
import os
import socket
import time
from pathlib import Path

import pytest

from local.system import System
from tests.integrations.agents import NOWHERE, PREMIUM, charged, open_account
from tests.integrations.radius import (
    ACCESS_ACCEPT,
    ACCESS_REJECT,
    DONE,
    OTHER_SECRET,
    SECRET,
    FakeNas,
    RadiusAgent,
    Reply,
    accounting,
    call_of,
    held,
    packets,
)
from tests.world import Reseller

END_SECONDS_MAX = 1.0
AT_ONCE_SECONDS = 1.0


@pytest.fixture
def agent(radius: RadiusAgent) -> RadiusAgent:
    """Give the agent that the tests share."""
    return radius


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
