"""The whole system as real processes on this machine: each service, and the gateway."""

import os
import signal
import sys
from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from accounts_manager.operations.rabbitmq_definitions import SERVICES
from local.client import TLS
from local.processes import Process, Spawn, Spawned, StartError, free_port, interruption, spawn
from local.servers import Addresses

READY_SECONDS = 120
PROBE_SECONDS = 2
OPERATION_SECONDS = 60


class Member(Process):
    """One process of the system; it keeps its ports through every stop and start."""

    def __init__(
        self,
        name: str,
        command: list[str],
        environment: dict[str, str],
        folder: Path,
        spawn: Spawn,
    ) -> None:
        self.port = int(environment["AM_HTTP_PORT"])
        self.metrics_port = int(environment["AM_METRICS_PORT"])
        super().__init__(name, command, environment, folder / f"{name}.log", spawn)

    def wait_until_ready(self) -> None:
        """Wait until `GET /ready` answers 200; raises StartError."""
        self.wait_until(self._is_ready, READY_SECONDS)

    def _is_ready(self) -> bool:
        try:
            answer = httpx.get(
                f"http://127.0.0.1:{self.port}/ready", timeout=PROBE_SECONDS, verify=TLS
            )
        except httpx.TransportError:
            return False
        return answer.is_success


class System:
    """One running Accounts Manager; its members are found by name, such as `billing`."""

    def __init__(
        self,
        folder: Path,
        addresses: Addresses,
        *,
        portal_port: int | None = None,
        settings: Mapping[str, str] | None = None,
        spawn: Spawn = spawn,
    ) -> None:
        """Prepare it without starting anything.

        Keys, logs and e-mails are kept in `folder`; `settings` are further environment variables
        for every process; `spawn` starts each.
        """
        self._spawn = spawn
        self.folder = folder.resolve()
        self.mailbox = self.folder / "mailbox"
        self.mailbox.mkdir(parents=True, exist_ok=True)
        self.addresses = addresses
        portal_port = free_port(portal_port)
        self.portal_url = f"http://127.0.0.1:{portal_port}"
        private_key, public_key = _principal_keys(self.folder / "principal-key.pem")
        self._private_key = private_key
        self._environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "AM_MONGODB_URL": addresses.mongodb,
            "AM_DATABASE_PREFIX": addresses.database_prefix,
            "AM_PRINCIPAL_PUBLIC_KEY": public_key,
            "AM_PORTAL_URL": self.portal_url,
            "AM_MAILBOX_FOLDER": str(self.mailbox),
            **(settings or {}),
        }
        self.members: dict[str, Member] = {}
        self._replicas: Counter[str] = Counter()
        for service in SERVICES:
            self._add(service, service, free_port())
        self._add("gateway", "gateway", portal_port)

    def __getitem__(self, name: str) -> Member:
        """Give the member of this name."""
        return self.members[name]

    def start(self) -> None:
        """Start all without waiting; from a thread that lives as long as they should."""
        for member in self.members.values():
            member.start()

    def wait_until_ready(self) -> None:
        """Wait until every member is ready; raises StartError with the end of its log."""
        for member in self.members.values():
            member.wait_until_ready()

    def check(self) -> None:
        """Raise StartError, with the end of its log, when a member has ended by itself."""
        for member in self.members.values():
            member.check()

    def stop(self) -> None:
        """Ask all to finish what they began, and wait; kill what does not end in time."""
        for member in self.members.values():
            member.ask_to_stop()
        for member in self.members.values():
            member.stop()

    def discard(self) -> None:
        """End all for good and at once; nobody wants what they are doing, such as letters."""
        for member in self.members.values():
            member.kill()

    @contextmanager
    def replica(self, service: str, **settings: str) -> Generator[Member]:
        """Run one more process of a service, or of the gateway, ready; it ends with the block.

        `settings` are environment variables of its own. No two replicas have the same name.
        """
        self._replicas[service] += 1
        name = f"{service}-{self._replicas[service] + 1}"
        member = self._add(service, name, free_port(), settings)
        try:
            member.start()
            member.wait_until_ready()
            yield member
        finally:
            member.stop()
            del self.members[name]

    def operate(self, *arguments: str, seconds_max: float = OPERATION_SECONDS) -> str:
        """Run `accounts-manager …` and return what it prints; raises StartError."""
        environment = {
            **self._environment,
            "AM_RABBITMQ_URL": self.addresses.rabbitmq_url("operations"),
        }
        command = [sys.executable, "-m", "accounts_manager.operations", *arguments]
        with TemporaryDirectory() as folder:
            printed, said = Path(folder) / "printed", Path(folder) / "said"
            spawned: Spawned | None = None
            try:
                with interruption, printed.open("wb") as output, said.open("wb") as errors:
                    spawned = self._spawn(command, environment, output, errors)
                status = spawned.wait(seconds_max)
            finally:
                if spawned and spawned.poll() is None:
                    os.killpg(spawned.pid, signal.SIGKILL)
                    spawned.wait()
            if status:
                why = printed.read_text() + said.read_text()
                raise StartError(f"accounts-manager {arguments[0]} failed:\n{why}")
            return printed.read_text()

    def _add(
        self, service: str, name: str, port: int, settings: Mapping[str, str] | None = None
    ) -> Member:
        environment = {
            **self._environment,
            "AM_RABBITMQ_URL": self.addresses.rabbitmq_url(service),
            "AM_HTTP_HOST": "127.0.0.1",
            "AM_HTTP_PORT": str(port),
            "AM_METRICS_PORT": str(free_port()),
            **(settings or {}),
        }
        command = [sys.executable, "-m", "services", service]
        if service == "gateway":
            command = [sys.executable, "-m", "gateway"]
            environment["AM_PRINCIPAL_PRIVATE_KEY"] = self._private_key
        self.members[name] = Member(name, command, environment, self.folder / "logs", self._spawn)
        return self.members[name]


def _principal_keys(path: Path) -> tuple[str, str]:
    """Give the private and the public key that prove who asks; made once for a folder."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_bytes(
            Ed25519PrivateKey.generate().private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
    private_key = path.read_bytes()
    public_key = serialization.load_pem_private_key(private_key, password=None).public_key()
    public_pem = public_key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private_key.decode(), public_pem.decode()
