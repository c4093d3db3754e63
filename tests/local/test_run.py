"""`make run`: one command brings everything up, Ctrl-C takes everything down."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.processes import ROOT, wait_until
from tests.local.leftovers import processes_of

START_SECONDS = 900
CALL_SECONDS_MAX = 60

pytestmark = pytest.mark.long


@contextmanager
def running(folder: Path, *options: str) -> Generator[tuple[list[str], dict[str, Any]]]:
    """Run it until it is ready; give what it printed and what it wrote; press Ctrl-C."""
    with subprocess.Popen(  # noqa: S603 - this interpreter
        [sys.executable, "-m", "local", str(folder), *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        text=True,
    ) as process:
        assert process.stdout is not None
        printed: list[str] = []
        try:
            for line in process.stdout:
                printed.append(line)
                if "Ctrl-C stops it all" in line:
                    break
            assert "Ctrl-C stops it all" in printed[-1], "".join(printed)
            yield printed, json.loads((folder / "demo.json").read_text())
        finally:
            process.send_signal(signal.SIGINT)
            process.stdout.read()
        assert process.wait() == 0


def sign_in(demo: dict[str, Any], role: str) -> httpx.Response:
    """Sign in with a printed log-in."""
    return httpx.post(f"{demo['portal']}/v1/sessions", json=demo["logins"][role], timeout=20)


def place_a_call(folder: Path, demo: dict[str, Any]) -> None:
    """Have the demo's phone call its other phone; the account then pays for it."""
    called = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-m", "local.call", "--folder", str(folder), "+971501234567", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=CALL_SECONDS_MAX,
        check=True,
    )
    assert "SIP/2.0 200 OK" in called.stdout, called.stdout
    account_id = called.stdout.split("/")[-2]
    key = {"Authorization": f"Bearer {demo['keys']['reseller']}"}

    def charged() -> bool:
        answer = httpx.get(f"{demo['portal']}/v1/accounts/{account_id}/calls", headers=key)
        return "104" in [call["caller"] for call in answer.json()["data"]]

    wait_until(charged, lambda: True, CALL_SECONDS_MAX, lambda what: f"what is charged {what}")


@pytest.mark.timeout(START_SECONDS)
def test_one_command_starts_everything_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    with running(tmp_path) as (printed, first):
        text = "".join(printed)
        assert f"ready: {first['portal']}\n" in text
        for role in ("operator", "reseller", "customer"):
            login = first["logins"][role]
            assert re.search(rf"{role} +{login['email']} +{re.escape(login['password'])}\n", text)
            assert sign_in(first, role).is_success
        assert stat.S_IMODE((tmp_path / "demo.json").stat().st_mode) == 0o600
        assert set(first["keys"]) == {"operator", "reseller", "switch"}
        assert Path(first["mailbox"]).is_dir()
        refused = subprocess.run(  # noqa: S603 - this interpreter
            [sys.executable, "-m", "local", str(tmp_path)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert refused.returncode == 1
        assert "runs already" in refused.stderr
    assert processes_of(tmp_path) == []
    with running(tmp_path, "--sip") as (printed, second):
        assert "A reseller with customers" not in "".join(printed)
        assert second["logins"] == first["logins"]
        assert sign_in(second, "customer").is_success
        assert f"Kamailio: sip:{second['sip']}\n" in "".join(printed)
        place_a_call(tmp_path, second)
    assert processes_of(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_a_script_began_in_the_background_ends_at_a_signal_and_a_second_one_changes_nothing(
    tmp_path: Path, number: signal.Signals
) -> None:
    # a shell without a terminal starts what is in the background with SIGINT ignored
    script = '"$@" & echo $!; wait'
    with subprocess.Popen(  # noqa: S603 - this interpreter
        ["/bin/sh", "-c", script, "sh", sys.executable, "-m", "local", str(tmp_path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        text=True,
    ) as shell:
        assert shell.stdout is not None
        pid = int(shell.stdout.readline())
        assert "RabbitMQ and MongoDB" in shell.stdout.readline()
        assert processes_of(tmp_path) != []
        os.kill(pid, number)
        os.kill(pid, number)
        assert "The end" in shell.stdout.read()
    assert processes_of(tmp_path) == []
