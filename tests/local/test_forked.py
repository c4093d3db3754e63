"""Programs that tests fork behave as those that are started."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

from local.processes import ROOT, wait_until
from tests.forked import LOADED, Forked

SECONDS_MAX: Final = 60


def test_a_forked_program_ends_with_its_own_status_and_writes_into_its_log(tmp_path: Path) -> None:
    with (tmp_path / "log").open("ab") as log:
        forked = Forked.of([sys.executable, "-m", "services", "nothing"], {}, log, log)
    assert forked.wait(SECONDS_MAX) == 2
    assert (tmp_path / "log").read_text().startswith("usage: python -m services {")


def test_a_forked_program_is_killed_with_its_group(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "http.server", "0", "--bind", "127.0.0.1"]
    with (tmp_path / "log").open("ab") as log:
        forked = Forked.of(command, {}, log, log)
    assert os.getsid(forked.pid) == os.getpgid(forked.pid) == forked.pid
    os.killpg(forked.pid, signal.SIGKILL)
    assert forked.wait(SECONDS_MAX) == -signal.SIGKILL


STARTER: Final = """
import signal, sys
from tests.forked import Forked
command = [sys.executable, "-m", "http.server", "0", "--bind", "127.0.0.1"]
with open(sys.argv[1], "ab") as log:
    print(Forked.of(command, {}, log, log).pid, flush=True)
signal.pause()
"""


def test_a_forked_program_ends_with_the_tests_that_started_it(tmp_path: Path) -> None:
    with subprocess.Popen(  # noqa: S603 - this interpreter
        [sys.executable, "-c", STARTER, str(tmp_path / "log")],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    ) as tests:
        assert tests.stdout is not None
        forked = Path("/proc", tests.stdout.readline().strip())
        assert forked.exists()
        tests.kill()
    wait_until(lambda: not forked.exists(), lambda: True, SECONDS_MAX, str)


def test_nothing_that_is_loaded_before_a_fork_starts_a_thread() -> None:
    program = f"import {', '.join(LOADED)}, os; print(len(os.listdir('/proc/self/task')))"
    found = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", program], capture_output=True, check=True, timeout=SECONDS_MAX
    )
    assert found.stdout == b"1\n", "a fork has one thread only, and the others' locks for ever"
