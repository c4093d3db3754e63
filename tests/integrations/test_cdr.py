"""Files and posts of call records: a real agent reads them, and a real system charges the calls."""

import asyncio
import json
import os
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import pytest

from local.client import Json
from local.processes import ROOT
from local.system import System
from tests.call_files.test_json_records import B_LEG, freeswitch, kazoo
from tests.integrations.agents import NOWHERE, AgentProcess, charged, open_account
from tests.waiting import eventually
from tests.world import Reseller

COMMAND_SECONDS_MAX = 60
TO = "+971501234567"


class CdrAgent(AgentProcess):
    """An agent that reads records."""

    switch: ClassVar[str] = "cdr"

    def __init__(self, system: System, folder: Path, kind: str, path: str, **settings: str) -> None:
        told = {"AM_SWITCH_CDR_FORMAT": kind, "AM_SWITCH_CDR_START": "start"}
        told |= {"AM_SWITCH_CDR_TIME_ZONE": "UTC", "AM_SWITCH_CDR_SETTLE_SECONDS": "1"}
        if path:
            told["AM_SWITCH_CDR_PATH"] = path
        super().__init__(system, folder, "", **(told | settings))


def line(account: Json, seconds: int, unique: str = "", disposition: str = "ANSWERED") -> str:
    """Return a row of Asterisk's Master.csv, of a call that ended just now."""
    unique = unique or f"{int(time.time())}.{uuid.uuid4().int % 10_000_000}"
    answered = datetime.fromtimestamp(time.time() - seconds, UTC)
    times = ",".join([f'"{answered:%Y-%m-%d %H:%M:%S}"'] * 3)
    return (
        f'"{account["realm"]}","104","{TO}","internal","","SIP/104-3","SIP/trunk-4","Dial",'
        f'"SIP/trunk",{times},{seconds},{seconds},"{disposition}","DOCUMENTATION","{unique}",'
        f'"","","{unique}",3\n'
    )


def outcome(agent: AgentProcess, name: str) -> float:
    """Return how many calls an agent has counted of an outcome."""
    return agent.counted(f'accounts_manager_switch_cdr_calls_total{{outcome="{name}"}}')


async def test_calls_of_a_file_are_charged_once_through_kills_rotation_and_an_outage(
    system: System, reseller: Reseller, tmp_path: Path
) -> None:
    account = await open_account(reseller)
    path = tmp_path / "Master.csv"
    unique = f"{int(time.time())}.77"
    ringing = line(account, 6, unique, "NO ANSWER")
    path.write_text(ringing + line(account, 61, unique) + line(account, 20, disposition="BUSY"))
    agent = CdrAgent(system, tmp_path, "asterisk-master", str(path), AM_RABBITMQ_URL=NOWHERE)
    agent.start()
    try:
        await agent.wait_until_alive()
        await eventually(lambda: asyncio.to_thread(outcome, agent, "charged"))
        assert await asyncio.to_thread(outcome, agent, "not-answered") == 1
        agent.kill()
        with path.open("a") as file:
            file.write(line(account, 30))
        path.rename(tmp_path / "Master.csv.1")
        path.write_text(line(account, 121) + line(account, 1)[:40])
        agent.change(AM_RABBITMQ_URL=system.addresses.rabbitmq_url("switch"))
        agent.start()
        await asyncio.to_thread(agent.wait_until_ready)
        # the newest answered comes first
        await charged(reseller, account, "0.164", "0.328", "0.492")
        agent.kill()
        agent.start()
        await asyncio.to_thread(agent.wait_until_ready)
        with path.open("a") as file:
            file.write("\n" + line(account, 10))
        await charged(reseller, account, "0.164", "0.164", "0.328", "0.492")
    finally:
        agent.stop()


async def test_calls_are_charged_that_are_posted_as_legs(
    system: System, reseller: Reseller, tmp_path: Path
) -> None:
    account = await open_account(reseller)
    agent = CdrAgent(system, tmp_path, "freeswitch-json", "")
    call = {"accountcode": account["realm"], "answer_epoch": str(int(time.time()) - 60)}
    call |= {"call_uuid": str(uuid.uuid4())}
    agent.start()
    try:
        await asyncio.to_thread(agent.wait_until_ready)
        coming_in = freeswitch(TO, **call, billsec="70")
        going_out = freeswitch(TO, **call, billsec="59", direction="outbound", uuid=B_LEG)
        for leg in (coming_in, going_out, going_out):
            assert (await agent.post("/cdr?uuid=a", json.dumps(leg))).status_code == 200
        assert (await agent.post("/cdr", "cdr=%7Bnothing")).status_code == 200
        assert (await agent.post("/elsewhere", "{}")).status_code == 404
        await charged(reseller, account, "0.164")
        assert await asyncio.to_thread(outcome, agent, "rejected") == 1
    finally:
        agent.stop()


async def test_a_call_of_kazoo_is_charged_by_its_caller(
    system: System, reseller: Reseller, tmp_path: Path
) -> None:
    account = await open_account(reseller)
    codes = tmp_path / "accounts.json"
    codes.write_text(json.dumps({"104": account["id"], "105": "ignore"}))
    agent = CdrAgent(
        system,
        tmp_path,
        "kazoo-json",
        "",
        AM_SWITCH_CDR_ACCOUNT_FROM="caller",
        AM_SWITCH_CDR_ACCOUNTS_FILE=str(codes),
    )
    agent.start()
    try:
        await asyncio.to_thread(agent.wait_until_ready)
        ended = int(time.time()) + 62_167_219_200
        for caller in ("104", "105", "106"):
            told = {"dialed_number": TO, "timestamp": ended, "caller_id_number": caller}
            record = kazoo(**told, interaction_id=uuid.uuid4().hex)
            assert (await agent.post("/cdr", json.dumps(record))).status_code == 200
        await charged(reseller, account, "0.164")
        assert await asyncio.to_thread(outcome, agent, "ignored") == 1
        assert await asyncio.to_thread(outcome, agent, "rejected") == 1
    finally:
        agent.stop()


async def test_a_detail_file_of_radius_is_charged(
    system: System, reseller: Reseller, tmp_path: Path
) -> None:
    account = await open_account(reseller)
    path = tmp_path / "detail"
    path.write_text(
        "".join(
            f"Sun Nov 22 15:34:24 2026\n\tAcct-Status-Type = {status}\n"
            f'\tAcct-Session-Id = "5f3a"\n\tNAS-Identifier = "{uuid.uuid4().hex}"\n'
            f'\tUser-Name = "104@{account["realm"]}"\n\tCalled-Station-Id = "{TO}"\n'
            f"\tAcct-Session-Time = 61\n\tTimestamp = {int(time.time())}\n\n"
            for status in ("Start", "Stop")
        )
    )
    agent = CdrAgent(system, tmp_path, "radius-detail", str(path))
    agent.start()
    try:
        await charged(reseller, account, "0.328")
    finally:
        agent.stop()


def command(tmp_path: Path, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run the agent's command to its end."""
    return subprocess.run(  # noqa: S603 - the agent itself
        [sys.executable, "-m", "integrations.switch", "cdr", *arguments],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS_MAX,
        env={
            "PATH": os.environ["PATH"],
            "AM_SWITCH_COUNTRY": "US",
            "AM_SWITCH_FOLDER": str(tmp_path / "agent"),
            "AM_RABBITMQ_URL": NOWHERE,
            **settings,
        },
    )


def test_a_dry_run_says_what_would_be_charged_and_notes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "Master.csv"
    account = {"realm": "acme.voice.example"}
    path.write_text(line(account, 61, "1795361600.6") + "nonsense\n" + line({"realm": ""}, 5))
    told = {"AM_SWITCH_CDR_FORMAT": "asterisk-master", "AM_SWITCH_CDR_TIME_ZONE": "UTC"}
    done = command(tmp_path, "--dry-run", str(path), **told)
    assert done.returncode == 0, done.stderr
    rows = [one.split(",") for one in done.stdout.splitlines()]
    assert rows[0][:3] == ["lines", "call_id", "status"]
    assert [one[2] for one in rows[1:]] == ["charged", "rejected", "rejected"]
    assert rows[1][:2] == ["1", "1795361600.6"]
    assert rows[1][3:6] == ["acme.voice.example", "104", TO]
    assert "1 charged, 2 rejected" in done.stderr
    assert not (tmp_path / "agent").exists()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "AM_SWITCH_CDR_FORMAT"),
        ({"AM_SWITCH_CDR_FORMAT": "asterisk-master"}, "AM_SWITCH_CDR_TIME_ZONE"),
        (
            {"AM_SWITCH_CDR_FORMAT": "kazoo-json", "AM_SWITCH_CDR_TIME_ZONE": "Mars/Olympus"},
            "time zone by its name",
        ),
        (
            {"AM_SWITCH_CDR_FORMAT": "kazoo-json", "AM_SWITCH_CDR_ACCOUNTS_FILE": "/nowhere"},
            "can't be read",
        ),
    ],
)
def test_settings_that_say_too_little_say_what_is_missing(
    tmp_path: Path, settings: dict[str, str], said: str
) -> None:
    done = command(tmp_path, **settings)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
