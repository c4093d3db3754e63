"""The two servers as containers, for tests on a machine with Docker."""

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence

from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from accounts_manager.operations.rabbitmq_definitions import definitions
from local.mongodb import PARAMETERS, REPLICA_SET, is_primary
from local.processes import LOG_TAIL_LINES, free_port, wait_until
from local.rabbitmq import PLUGINS, speaks_amqp

RABBITMQ_IMAGE, MONGODB_IMAGE = "rabbitmq:4.3", "mongo:8.0"
ENGINE_SECONDS = 2
READY_SECONDS = 60


def available() -> bool:
    """Say whether a Docker engine answers and has both images; never pulls, never hangs."""
    try:
        subprocess.run(
            ["docker", "image", "inspect", RABBITMQ_IMAGE, MONGODB_IMAGE],  # noqa: S607 - wherever it is
            capture_output=True,
            check=True,
            timeout=ENGINE_SECONDS,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return True


class ContainerServer:
    """A server in a container, on the same port of this machine through every stop and start."""

    def __init__(self, image: str, port: int, port_inside: int, ready: Callable[[], bool]) -> None:
        """Describe the container; nothing is started yet."""
        testcontainers_config.ryuk_disabled = True  # a third image, for what `discard` does
        self.port = port
        self.container = DockerContainer(image).with_bind_ports(port_inside, port)
        self._ready = ready
        self._made = False

    def start(self) -> None:
        """Start it without waiting for it."""
        if self._made:
            self.container.get_wrapped_container().start()
        else:
            self.container.start()
            self._made = True

    def wait_until_ready(self) -> None:
        """Wait until it does its work; raises StartError."""
        wait_until(self._ready, self._runs, READY_SECONDS, self._explain)

    def stop(self) -> None:
        """Shut it down as an administrator would."""
        self.container.get_wrapped_container().stop()

    def kill(self) -> None:
        """Kill it as a power cut would."""
        self.container.get_wrapped_container().kill()

    def discard(self) -> None:
        """Remove the container and its data."""
        self.container.stop(force=True, delete_volume=True)

    def _runs(self) -> bool:
        self.container.reload()
        return self.container.status == "running"

    def _explain(self, what: str) -> str:
        lines = self.container.get_wrapped_container().logs(tail=LOG_TAIL_LINES).decode()
        return f"{self.container.image} {what}; the end of its log:\n{lines}"


class RabbitmqContainer(ContainerServer):
    """RabbitMQ with our users."""

    def __init__(self, passwords: Mapping[str, str], vhosts: Sequence[str]) -> None:
        """Choose the port and describe the configuration; nothing is started yet."""
        port = free_port()
        super().__init__(RABBITMQ_IMAGE, port, 5672, lambda: speaks_amqp("127.0.0.1", port))
        files = {
            "definitions.json": json.dumps(definitions(passwords, vhosts)),
            "enabled_plugins": PLUGINS,
            "conf.d/20-accounts-manager.conf": "load_definitions = /etc/rabbitmq/definitions.json",
        }
        for name, text in files.items():
            self.container.with_copy_into_container(text.encode(), f"/etc/rabbitmq/{name}")
        # The data folder is named after the host.
        self.container.with_kwargs(hostname="accounts-manager")


class MongodbContainer(ContainerServer):
    """MongoDB as a replica set of one, known to itself by the address that clients use."""

    def __init__(self) -> None:
        """Choose the port; nothing is started yet."""
        port = free_port()
        # The same port inside and outside: the set's member is the address that clients are told.
        super().__init__(MONGODB_IMAGE, port, port, lambda: is_primary(port))
        parameters = " ".join(
            f"--setParameter {name}={value}" for name, value in PARAMETERS.items()
        )
        self.container.with_command(
            f"--replSet {REPLICA_SET} --bind_ip_all --port {port} {parameters}"
        )

    @property
    def url(self) -> str:
        """Where it is."""
        return f"mongodb://127.0.0.1:{self.port}/?replicaSet={REPLICA_SET}"
