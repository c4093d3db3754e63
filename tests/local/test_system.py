"""The whole system as real processes: it comes up, comes back after a kill, and goes."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import httpx
import pytest

from local.processes import Process, StartError, interruption, spawn
from local.servers import Addresses
from local.system import System

NAMES = ["accounts", "billing", "numbers", "notifications", "gateway"]


def test_every_process_is_ready_at_a_port_of_its_own(system: System) -> None:
    assert list(system.members)[:5] == NAMES
    ports = {member.port for member in system.members.values()}
    assert len(ports) == len(system.members)
    for port in ports:
        assert httpx.get(f"http://127.0.0.1:{port}/ready").status_code == 200
    assert system.portal_url == f"http://127.0.0.1:{system['gateway'].port}"


@pytest.mark.parametrize("name", NAMES)
def test_a_killed_process_comes_back_at_the_same_port(system: System, name: str) -> None:
    member = system[name]
    pid = member.pid
    member.kill()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{member.port}/ready")
    member.start()
    member.wait_until_ready()
    assert member.pid != pid
    assert httpx.get(f"http://127.0.0.1:{member.port}/ready").status_code == 200


def test_a_second_replica_runs_beside_the_first(system: System) -> None:
    with system.replica("billing") as replica:
        assert replica.name in system.members
        assert replica.port != system["billing"].port
        assert httpx.get(f"http://127.0.0.1:{replica.port}/ready").status_code == 200
    assert replica.name not in system.members
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{replica.port}/ready")


def test_a_process_that_cannot_start_shows_the_end_of_its_log(
    servers: Addresses, tmp_path: Path
) -> None:
    broken = System(tmp_path, servers, settings={"AM_LOG_LEVEL": "INFO", "AM_DEMO": "perhaps"})
    accounts = broken["accounts"]
    accounts.start()
    try:
        with pytest.raises(StartError, match=r"(?s)accounts ended before it was ready.*demo"):
            accounts.wait_until_ready()
    finally:
        broken.stop()


def test_what_is_being_started_at_the_end_is_known_and_can_be_stopped(tmp_path: Path) -> None:
    def interrupted(
        command: Sequence[str], environment: Mapping[str, str], output: BinaryIO, errors: BinaryIO
    ) -> subprocess.Popen[bytes]:
        started = spawn(command, environment, output, errors)
        interruption.now()
        return started

    process = Process("nobody", ["sleep", "60"], os.environ, tmp_path / "log", interrupted)
    with pytest.raises(KeyboardInterrupt):
        process.start()
    assert process.pid
    process.stop()
    assert process.pid is None


def test_the_key_that_signs_principals_is_kept_and_is_its_owners_alone(
    servers: Addresses, tmp_path: Path
) -> None:
    System(tmp_path, servers)
    path = tmp_path / "principal-key.pem"
    key = path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    System(tmp_path, servers)
    assert path.read_bytes() == key
