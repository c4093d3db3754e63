"""One child process of ours: in a group of its own, its output in a file, never outliving us."""

import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

ROOT = Path(__file__).resolve().parent.parent
POLL_SECONDS = 0.05
# Longer than a service's own bounds: 15 s for what it began, 5 s for what it has yet to publish.
STOP_SECONDS = 30
LOG_TAIL_LINES = 40

# Below the range that outgoing connections take their ports from: while a server is down for a
# restart, no client's own end of a connection can come to sit on the server's port.
PORTS = range(20_000, 32_000)
PORT_TRIES_MAX = 100


class StartError(Exception):
    """Something did not start; the message says what and shows the end of its log."""


given_ports: set[int] = set()


def free_port(preferred: int | None = None) -> int:
    """Give a port of 127.0.0.1 that nobody listens on: the preferred one when it is free."""
    random_ports = (secrets.choice(PORTS) for _ in range(PORT_TRIES_MAX))
    for port in ([preferred] if preferred else []) + list(random_ports):
        if port in given_ports:
            continue  # whoever got it may be about to listen
        with socket.socket() as probe:
            # As servers do: a port whose last connections are still being forgotten counts as free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        given_ports.add(port)
        return port
    raise StartError(f"no free port of 127.0.0.1 found in {PORT_TRIES_MAX} tries")


def wait_until(
    ready: Callable[[], bool],
    runs: Callable[[], bool],
    seconds: float,
    explain: Callable[[str], str],
) -> None:
    """Wait until something that runs is ready; raises StartError when it ends or takes too long."""
    deadline = time.monotonic() + seconds
    while not ready():
        if not runs():
            raise StartError(explain("ended before it was ready"))
        if time.monotonic() > deadline:
            raise StartError(explain(f"was not ready within {seconds:.0f} s"))
        time.sleep(POLL_SECONDS)


class Spawned(Protocol):
    """A running child, the leader of a group of its own: what is used of `subprocess.Popen`."""

    @property
    def pid(self) -> int:
        """Its process id."""
        ...

    def poll(self) -> int | None:
        """Return its exit status when it has ended."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended; raises `subprocess.TimeoutExpired`."""
        ...


class Spawn(Protocol):
    """Starts a command with an environment, its output and its errors in files."""

    def __call__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        output: BinaryIO,
        errors: BinaryIO,
        /,
    ) -> Spawned:
        """Start it; return at once."""
        ...


def spawn(
    command: Sequence[str], environment: Mapping[str, str], output: BinaryIO, errors: BinaryIO
) -> subprocess.Popen[bytes]:
    """Start a program that gets a SIGTERM when the thread ends that started it."""
    return subprocess.Popen(
        ["setpriv", "--pdeathsig", "TERM", "--", *command],  # noqa: S607 - of the PATH, like all of set-up
        env=environment,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        start_new_session=True,
    )


class Interruption:
    """Ends the run by a KeyboardInterrupt, but never between a child's start and its record.

    A child that was started and not yet recorded would be stopped by nobody.
    """

    def __init__(self) -> None:
        self._starting = 0
        self._waits = False

    def __enter__(self) -> None:
        self._starting += 1

    def __exit__(self, *_: object) -> None:
        self._starting -= 1
        if self._waits and not self._starting:
            self._waits = False
            raise KeyboardInterrupt

    def now(self) -> None:
        """Raise KeyboardInterrupt, or let what is being started raise it once that is recorded."""
        if not self._starting:
            raise KeyboardInterrupt
        self._waits = True


interruption = Interruption()


class Process:
    """A command that can be started, stopped, killed and started again.

    Start it from a thread that lives as long as the process should: Linux ends the process (with
    SIGTERM) when the thread that started it ends, so even a `kill -9` of us leaves nothing behind.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        spawn: Spawn = spawn,
    ) -> None:
        self.name = name
        self.log = log
        self._command = list(command)
        self._environment = dict(environment)
        self._spawn = spawn
        self._process: Spawned | None = None

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start it without waiting for anything."""
        assert self._process is None, f"{self.name} runs already"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with interruption, self.log.open("ab") as log:
            self._process = self._spawn(self._command, self._environment, log, log)

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Wait until it is ready; raises StartError when it ends first or takes too long."""
        wait_until(ready, self._runs, seconds, self._explain)

    def check(self) -> None:
        """Raise StartError when it was started and has ended by itself."""
        if self._process and not self._runs():
            raise StartError(self._explain("ended by itself"))

    def ask_to_stop(self) -> None:
        """Send SIGTERM to its whole group and do not wait."""
        self._signal(signal.SIGTERM)

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Send SIGTERM and wait; kill what is left after so many seconds."""
        self.ask_to_stop()
        if self._process:
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                os.write(2, f"{self._explain(f'did not stop within {seconds} s')}\n".encode())
        self.kill()

    def kill(self) -> None:
        """Kill its whole group (SIGKILL), as a power cut would."""
        self._signal(signal.SIGKILL)
        if self._process:
            self._process.wait()
            self._process = None

    def _signal(self, number: signal.Signals) -> None:
        if self._process:
            try:
                os.killpg(self._process.pid, number)
            except ProcessLookupError:
                return  # the whole group has ended by itself

    def _runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _explain(self, what: str) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]
        return "\n".join([f"{self.name} {what}; the end of {self.log}:", *lines])
