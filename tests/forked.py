"""A system whose processes are forked from one that has loaded our code already.

Loading it takes each process one to two seconds of a core, and a test run starts some three
hundred. What is forked runs the same `python -m …` from its first line, with an environment, a
log, a session and a death of its own. Processes started the way `make run` does it are in
`tests/local`.
"""

import ctypes
import gc
import os
import runpy
import signal
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import forkserver, get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from subprocess import TimeoutExpired
from typing import BinaryIO, Final, Self

from local.processes import ROOT

SET_PARENT_DEATH_SIGNAL: Final = 1
"""`PR_SET_PDEATHSIG` of Linux's prctl(2)."""

LOADED: Final = (
    "gateway.app",
    "services.accounts.app",
    "services.notifications.app",
    "services.numbers.app",
    "accounts_manager.operations.__main__",
    "tests.forked",
)
"""All but what starts threads, which are lost in a fork: billing's polars does."""

_fork: Final = get_context("forkserver")
_fork.set_forkserver_preload(list(LOADED))


class Forked:
    """A running child: the part of `subprocess.Popen` that `local.processes` uses."""

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process
        assert process.pid
        self.pid = process.pid

    @classmethod
    def of(
        cls,
        command: Sequence[str],
        environment: Mapping[str, str],
        output: BinaryIO,
        errors: BinaryIO,
    ) -> Self:
        """Run `python -m …`; returns when it has its own session, so that it can be killed."""
        program, flag, *arguments = command
        assert (program, flag) == (sys.executable, "-m"), "only Python's modules are loaded"
        ours, theirs = _fork.Pipe(duplex=False)
        files = (Path(output.name), Path(errors.name))
        process = _fork.Process(target=_run, args=(arguments, dict(environment), files, theirs))
        process.start()
        theirs.close()
        with ours:
            ours.recv_bytes()
        return cls(process)

    def poll(self) -> int | None:
        """Return its exit status when it has ended."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended; raises TimeoutExpired."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise TimeoutExpired([self._process.name], timeout or 0)
        return self._process.exitcode


def _run(
    arguments: list[str],
    environment: dict[str, str],
    files: tuple[Path, Path],
    started: Connection,
) -> None:
    """Become what `python -m …` would be, in the forked process."""
    os.setsid()
    _let_the_server_end()
    ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)
    for path, stream in zip(files, (sys.stdout, sys.stderr), strict=True):
        with path.open("ab") as file:
            os.dup2(file.fileno(), stream.fileno())
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = list(arguments)
    started.send_bytes(b"")
    started.close()
    runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)


def _let_the_server_end() -> None:
    """Close what keeps the server of the forks running for as long as one of them has it open.

    It ends with the tests, even with those that are killed, and its end ends what it forked.
    """
    held = getattr(forkserver, "_forkserver")._forkserver_alive_fd  # noqa: B009, SLF001 - the library has no other way
    os.close(held)


# What is loaded by now stays: what is not looked through for garbage, a fork need not copy.
gc.freeze()
