"""Programs that tests fork behave as those that are started."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

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


def test_nothing_that_is_loaded_before_a_fork_starts_a_thread() -> None:
    program = f"import {', '.join(LOADED)}, os; print(len(os.listdir('/proc/self/task')))"
    found = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", program], capture_output=True, check=True, timeout=SECONDS_MAX
    )
    assert found.stdout == b"1\n", "a fork has one thread only, and the others' locks for ever"
