"""`make setup`: says what to install, starts no service, and leaves the machine as it was."""

import os
import subprocess
from pathlib import Path

import pytest

from local.processes import ROOT

LIBRARIES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Give a folder for stand-ins of the machine's programs; Pango is not installed."""
    stand_in(tmp_path, "dpkg-query", "exit 1")
    return tmp_path


def stand_in(folder: Path, name: str, script: str) -> None:
    """Put a program of this name before the machine's own."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def set_up(machine: Path) -> "subprocess.CompletedProcess[str]":
    """Run it on that machine."""
    environment = {
        **os.environ,
        "PATH": f"{machine}:{os.environ['PATH']}",
        "POLICY_FILE": str(machine / "policy-rc.d"),
        "MONGODB_URL": "",
    }
    return subprocess.run(  # noqa: S603 - ours
        [ROOT / "local/setup"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_without_root_it_says_exactly_what_to_install(machine: Path) -> None:
    stand_in(machine, "id", "echo 1000")
    done = set_up(machine)
    assert done.returncode == 1
    assert "sudo apt-get update && sudo apt-get install --no-install-recommends " in done.stderr
    assert LIBRARIES in done.stderr


@pytest.mark.parametrize("before", ["#!/bin/sh\nexit 42\n", None])
def test_with_root_no_service_is_started_and_the_policy_is_put_back(
    machine: Path, before: str | None
) -> None:
    policy = machine / "policy-rc.d"
    if before:
        policy.write_text(before)
    stand_in(machine, "id", "echo 0")
    stand_in(
        machine,
        "apt-get",
        f'echo "apt-get $*"; {policy}; echo "may start: $?"; [ "$1" = update ]',
    )
    done = set_up(machine)
    assert done.returncode != 0  # the stand-in's install failed, and that is not passed over
    assert "may start: 101" in done.stdout
    assert "apt-get install -qq -y --no-install-recommends " in done.stdout
    assert f" libcurl4 {LIBRARIES}" in done.stdout
    assert (policy.read_text() if policy.exists() else None) == before
