"""Real calls: sipp calls sipp through a real Kamailio, with a real agent and a real system."""

import asyncio
import hashlib
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from local.system import System
from tests.integrations.agents import (
    EMIRATES,
    NOWHERE,
    PREMIUM,
    AgentProcess,
    answered,
    charged,
    open_account,
)
from tests.integrations.burst import Burst, burst
from tests.integrations.line import Line
from tests.integrations.sip import (
    ACK,
    ACK_OF_NO_CALL,
    ACK_REFUSAL,
    ACK_SECOND,
    ACK_SECOND_REFUSAL,
    BYE_OF_FEW_HOPS,
    CANCEL,
    HANGS_UP,
    INVITE,
    INVITE_AGAIN,
    INVITE_OF_NO_CALL,
    PICKS_UP,
    PICKS_UP_AND_HANGS_UP,
    TALKS_UNTIL_THE_OTHER_HANGS_UP,
    Kamailio,
    answers,
    authenticated,
    ended_well,
    gets,
    listens,
    receives,
    sipp,
    waits,
)
from tests.waiting import eventually
from tests.world import Reseller

PASSWORD = "violet-tractor-97-moss"
END_SECONDS_MAX = 1.0
PROGRAM_SECONDS = 1.5
"""How long sipp takes to end after its last step."""

CALLER_HANGS_UP = INVITE + gets(200) + ACK + waits(500) + HANGS_UP
CALLER_LISTENS = INVITE + gets(200) + ACK + TALKS_UNTIL_THE_OTHER_HANGS_UP
CALLEE_LISTENS = PICKS_UP + TALKS_UNTIL_THE_OTHER_HANGS_UP


@pytest.fixture(scope="session")
async def pair(
    system: System, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[AgentProcess, Kamailio]]:
    """Give a Kamailio and its agent, ready."""
    folder = tmp_path_factory.mktemp("kamailio")
    agent = AgentProcess(system, folder, "", AM_SWITCH_SEEN_SECONDS="1")
    kamailio = Kamailio(folder / "kamailio", f"http://127.0.0.1:{agent.door_port}")
    agent.change(AM_SWITCH_CONTROL_URL=kamailio.control_url)
    try:
        agent.start()
        kamailio.start()
        await asyncio.to_thread(kamailio.wait_until_ready)
        await asyncio.to_thread(agent.wait_until_ready)
        yield agent, kamailio
    finally:
        kamailio.stop()
        agent.stop()


@pytest.fixture
def line(pair: tuple[AgentProcess, Kamailio], tmp_path: Path) -> Line:
    """Give a line for calls of this test's own."""
    return Line(pair[1], tmp_path)


@pytest.fixture
def agent(pair: tuple[AgentProcess, Kamailio]) -> AgentProcess:
    """Give the agent beside that Kamailio."""
    return pair[0]


# --- calls that end by themselves ------------------------------------------------------------


@pytest.mark.parametrize(
    ("caller", "callee"),
    [
        pytest.param(CALLER_HANGS_UP, CALLEE_LISTENS, id="the caller hangs up"),
        pytest.param(CALLER_LISTENS, PICKS_UP_AND_HANGS_UP, id="the callee hangs up"),
    ],
)
async def test_an_answered_call_is_charged(
    reseller: Reseller, line: Line, caller: str, callee: str
) -> None:
    account = await open_account(reseller)
    await line.call(account["realm"], caller, callee)
    await charged(reseller, account, "0.164")


@pytest.mark.parametrize(("code", "phrase"), [(486, "Busy Here"), (302, "Moved Temporarily")])
async def test_a_busy_or_redirected_call_costs_and_holds_nothing(
    reseller: Reseller, line: Line, code: int, phrase: str
) -> None:
    account = await open_account(reseller)
    callee = receives("INVITE") + answers(code, phrase) + receives("ACK")
    await line.call(account["realm"], INVITE + gets(code) + ACK_REFUSAL, callee)
    await charged(reseller, account)


async def test_a_cancelled_call_costs_and_holds_nothing(reseller: Reseller, line: Line) -> None:
    account = await open_account(reseller)
    caller = INVITE + gets(180, after='<recv response="100" optional="true"/>') + CANCEL
    caller += '<recv response="200"/>' + gets(487, after="") + ACK_REFUSAL
    callee = receives("INVITE") + answers(180, "Ringing")
    callee += receives("CANCEL") + answers(200, "OK", own_tag="")
    callee += answers(487, "Request Terminated", cseq="1 INVITE") + receives("ACK")
    await line.call(account["realm"], caller, callee)
    await charged(reseller, account)


async def test_a_call_that_is_cancelled_while_it_is_asked_for_never_rings(
    reseller: Reseller, line: Line, agent: AgentProcess
) -> None:
    account = await open_account(reseller)
    caller = INVITE + gets(100, after="") + CANCEL + gets(487, after="") + ACK_REFUSAL
    caller += '<recv response="200"/>'  # Kamailio confirms a CANCEL when it has asked
    assert agent.pid is not None
    os.kill(agent.pid, signal.SIGSTOP)
    try:
        calling = asyncio.create_task(line.call(account["realm"], caller))
        messages = line.folder / "caller.messages"
        await eventually(lambda: messages.exists() and "\nCANCEL sip:" in messages.read_text())
    finally:
        os.kill(agent.pid, signal.SIGCONT)
    await calling
    await charged(reseller, account)


async def test_a_retransmitted_invite_makes_one_call(reseller: Reseller, line: Line) -> None:
    account = await open_account(reseller)
    caller = INVITE + gets(100, after="") + INVITE_AGAIN + gets(200) + ACK + waits(300) + HANGS_UP
    await line.call(account["realm"], caller, CALLEE_LISTENS)
    await charged(reseller, account, "0.164")


async def test_an_invite_that_comes_many_times_and_ways_is_asked_for_once(
    reseller: Reseller, line: Line, agent: AgentProcess
) -> None:
    account = await open_account(reseller)
    before = await asyncio.to_thread(asked, agent)
    sent = Burst(account["realm"], EMIRATES, copies=10, ways=5)
    busy = receives("INVITE") + answers(486, "Busy Here") + receives("ACK")
    async with sipp(line.folder, "callee", busy, ("-p", str(line.kamailio.gateway_port))) as end:
        await listens(line.kamailio.gateway_port)
        finals = await burst(line.kamailio.port, sent)
        await ended_well(line.folder, "callee", end)
    assert sorted(finals.values()) == [482, 482, 482, 482, 486]
    assert await asyncio.to_thread(asked, agent) == before + 1
    await charged(reseller, account)


def asked(agent: AgentProcess) -> int:
    """Return how many calls an agent was asked for."""
    lines = agent.metrics().splitlines()
    counted = [one for one in lines if one.startswith("accounts_manager_switch_calls_total{")]
    return sum(int(float(one.rpartition(" ")[2])) for one in counted)


# --- calls that are refused ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("to", "code"),
    [
        pytest.param("+4915112345678", 403, id="a country that isn't opened"),
        pytest.param(PREMIUM, 403, id="a premium number"),
        pytest.param("+999", 404, id="no number"),
        pytest.param("9" * 100, 400, id="more digits than any number has"),
    ],
)
async def test_a_destination_that_is_refused_never_rings(
    reseller: Reseller, line: Line, to: str, code: int
) -> None:
    account = await open_account(reseller)
    await line.call(account["realm"], INVITE + gets(code) + ACK_REFUSAL, to=to)
    await charged(reseller, account)


async def test_a_caller_without_an_account_or_money_is_refused(
    reseller: Reseller, line: Line
) -> None:
    account = await open_account(reseller, "60.00")
    await line.call("nobody.example", INVITE + gets(403) + ACK_REFUSAL)
    await line.call(account["realm"], INVITE + gets(402) + ACK_REFUSAL)
    await charged(reseller, account)


async def test_money_for_one_call_is_no_money_for_two(
    reseller: Reseller, line: Line, agent: AgentProcess
) -> None:
    account = await open_account(reseller, "60.20")  # 0.20 are left, a minute costs 0.164
    first = await agent.ask(account, EMIRATES)
    assert first["seconds"] == "60"
    await line.call(account["realm"], INVITE + gets(402) + ACK_REFUSAL)
    over = {**answered(account, first, EMIRATES, 0), "what": "ended", "at": "", "until": ""}
    assert await agent.tell(over) == 200
    await charged(reseller, account)


async def test_an_invite_of_a_call_that_never_was_is_no_free_call(
    reseller: Reseller, line: Line
) -> None:
    account = await open_account(reseller)
    await line.call(account["realm"], INVITE_OF_NO_CALL + gets(481, after="") + ACK_OF_NO_CALL)


async def test_a_bye_that_the_callee_never_gets_ends_neither_call_nor_charge(
    reseller: Reseller, line: Line
) -> None:
    account = await open_account(reseller)
    caller = INVITE + gets(200) + ACK + BYE_OF_FEW_HOPS + '<recv response="483"/>'
    await line.call(account["realm"], caller + waits(300) + HANGS_UP, CALLEE_LISTENS)
    await charged(reseller, account, "0.164")


# --- calls that must end ---------------------------------------------------------------------


async def test_a_call_ends_within_a_second_when_its_account_is_disabled(
    reseller: Reseller, line: Line, agent: AgentProcess
) -> None:
    account = await open_account(reseller)
    call = await talking(line, agent, account["realm"], CALLER_LISTENS)
    await reseller.client.post(f"/v1/accounts/{account['id']}/disable")
    began = time.monotonic()
    await call
    assert time.monotonic() - began < END_SECONDS_MAX + PROGRAM_SECONDS
    await charged(reseller, account, "0.164")


async def talking(line: Line, agent: AgentProcess, realm: str, caller: str) -> "asyncio.Task[None]":
    """Begin a call; return when the agent knows that it was answered."""
    before = await asyncio.to_thread(running, agent)
    call = asyncio.create_task(line.call(realm, caller, CALLEE_LISTENS))

    async def is_answered() -> bool:
        if call.done():
            call.result()
        return await asyncio.to_thread(running, agent) == before + 1

    await eventually(is_answered)
    return call


def running(agent: AgentProcess) -> int:
    """Return how many running calls an agent knows of."""
    lines = agent.metrics().splitlines()
    name = "accounts_manager_switch_running_calls "
    return next(int(float(one.removeprefix(name))) for one in lines if one.startswith(name))


async def test_a_call_whose_money_runs_out_is_cut_before_it_costs_more(
    reseller: Reseller, line: Line
) -> None:
    sheet = await reseller.client.post("/v1/rate-sheets", {"name": "Dear"})
    head = "prefix,country,name,rate,min_duration,increment\n"
    table = f"{head}91,IN,India,0.0210,6,6\n971,AE,Emirates,30.0000,1,1\n"
    await reseller.client.post_csv(f"/v1/rate-sheets/{sheet['id']}/imports", table)
    account = await open_account(reseller, "62.00", sheet["id"])
    await line.call(account["realm"], CALLER_LISTENS, CALLEE_LISTENS)  # 2.00 are four seconds

    async def never_overdrawn() -> bool:
        balance = await reseller.client.get(f"/v1/accounts/{account['id']}/balance")
        assert balance["held"] == "0.00"
        calls = (await reseller.client.get(f"/v1/accounts/{account['id']}/calls"))["data"]
        assert [call["cost"] for call in calls] in (["1.00"], ["1.50"], ["2.00"])
        return True

    await eventually(never_overdrawn)


# --- whose call it is ------------------------------------------------------------------------


async def test_a_password_says_whose_call_it_is_and_a_forged_name_does_not(
    reseller: Reseller, agent: AgentProcess, tmp_path: Path
) -> None:
    account, victim = await open_account(reseller), await open_account(reseller)
    realm: str = account["realm"]
    secret = hashlib.md5(f"104:{realm}:{PASSWORD}".encode(), usedforsecurity=False).hexdigest()
    kamailio = Kamailio(
        tmp_path / "kamailio",
        f"http://127.0.0.1:{agent.door_port}",
        trunk="192.0.2.1",
        users=f'$sht(users=>104@{realm}) = "{secret}";',
    )
    kamailio.start()
    try:
        await asyncio.to_thread(kamailio.wait_until_ready)
        line = Line(kamailio, tmp_path)
        right, wrong = ("-au", "104", "-ap", PASSWORD), ("-au", "104", "-ap", "guessed")
        caller = authenticated(gets(200) + ACK_SECOND + waits(300) + HANGS_UP)
        await line.call(realm, caller, CALLEE_LISTENS, arguments=right)
        refused = authenticated(gets(407) + ACK_SECOND_REFUSAL)
        await line.call(realm, refused, arguments=wrong)
        await line.call(victim["realm"], refused, arguments=right)
    finally:
        kamailio.stop()
    await charged(reseller, account, "0.164")
    await charged(reseller, victim)


# --- outages ---------------------------------------------------------------------------------


async def test_emergency_calls_pass_with_everything_stopped_and_others_get_503(
    system: System, tmp_path: Path
) -> None:
    agent = AgentProcess(system, tmp_path, "", AM_RABBITMQ_URL=NOWHERE)
    kamailio = Kamailio(tmp_path / "kamailio", f"http://127.0.0.1:{agent.door_port}")
    kamailio.start()
    try:
        await asyncio.to_thread(kamailio.wait_until_ready)
        line = Line(kamailio, tmp_path)
        await line.call("anybody.example", CALLER_HANGS_UP, CALLEE_LISTENS, to="911")
        await line.call("anybody.example", INVITE + gets(503) + ACK_REFUSAL)
        # what Kamailio couldn't tell, it tells when the agent is there
        agent.start()
        await eventually(lambda: asyncio.to_thread(waiting_records, agent))
    finally:
        kamailio.stop()
        agent.stop()


def waiting_records(agent: AgentProcess) -> bool:
    """Tell whether an agent has a record that it can't send."""
    try:
        return "accounts_manager_switch_records 1.0" in agent.metrics().splitlines()
    except httpx.TransportError:
        return False


async def test_a_call_that_outlives_its_killed_agent_is_charged_once(
    reseller: Reseller, line: Line, agent: AgentProcess
) -> None:
    account = await open_account(reseller)
    caller = INVITE + gets(200) + ACK + waits(3_000) + HANGS_UP
    call = await talking(line, agent, account["realm"], caller)
    agent.kill()
    try:
        await call
    finally:
        agent.start()
    await asyncio.to_thread(agent.wait_until_ready)
    await charged(reseller, account, "0.164")


async def test_calls_of_a_killed_kamailio_are_charged_until_they_were_last_seen(
    reseller: Reseller, line: Line, agent: AgentProcess
) -> None:
    account = await open_account(reseller)
    call = await talking(line, agent, account["realm"], CALLER_LISTENS)
    line.kamailio.kill()
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    line.kamailio.start()
    await asyncio.to_thread(line.kamailio.wait_until_ready)
    await charged(reseller, account, "0.164")
