"""A private RabbitMQ node on free ports of 127.0.0.1, with an epmd and a folder of its own."""

import json
import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

from accounts_manager.operations.rabbitmq_definitions import definitions
from local.processes import Process, StartError, free_port

# The program itself: the wrapper on the PATH would switch to the user `rabbitmq`.
PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
NODE_NAME = "accounts-manager@localhost"
# It ships with RabbitMQ but is off: the exchange type that spreads calls over queues by account.
PLUGINS = "[rabbitmq_consistent_hash_exchange].\n"
READY_SECONDS = 120
EPMD_SECONDS = 5
PROBE_SECONDS = 2
PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"


class PrivateRabbitmq:
    """One node; its data are found again by a later node with the same folder."""

    def __init__(self, folder: Path, passwords: Mapping[str, str], vhosts: Sequence[str]) -> None:
        """Choose the ports; nothing is written or started yet."""
        self.port = free_port()
        self._epmd_port = free_port()
        self._folder = folder
        self._definitions = json.dumps(definitions(passwords, vhosts))
        environment = self._environment()
        command = ["epmd", "-address", "127.0.0.1", "-port", str(self._epmd_port)]
        self._epmd = Process("epmd", command, environment, folder / "epmd.log")
        self.process = Process("rabbitmq", [str(PROGRAM)], environment, folder / "rabbitmq.log")

    def start(self) -> None:
        """Start the node without waiting for it; on the same port each time."""
        if not PROGRAM.exists():
            raise StartError(f"{PROGRAM} is missing: run `make setup`, or set RABBITMQ_URL")
        self._configure()
        # Were epmd not there first, the node would start a daemon that outlives it.
        self._epmd.start()
        self._epmd.wait_until(self._epmd_listens, EPMD_SECONDS)
        self.process.start()

    def wait_until_ready(self) -> None:
        """Wait until the node speaks AMQP; raises StartError."""
        self.process.wait_until(self._answers, READY_SECONDS)

    def stop(self) -> None:
        """Shut the node down as an administrator would, and its epmd with it."""
        self.process.stop()
        self._epmd.kill()

    def kill(self) -> None:
        """Kill the node as a power cut would."""
        self.process.kill()
        self._epmd.kill()

    def discard(self) -> None:
        """End it for good and at once; nobody wants its data again."""
        self.kill()

    def _configure(self) -> None:
        folder = self._folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "definitions.json").write_text(self._definitions)
        (folder / "enabled_plugins").write_text(PLUGINS)
        (folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\n"
            f"load_definitions = {folder / 'definitions.json'}\n"
            # the quorum queues' log, 512 MB a file by default
            "raft.wal_max_size_bytes = 33554432\n"
        )

    def _environment(self) -> dict[str, str]:
        folder = self._folder
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(folder),  # the Erlang cookie's place
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": NODE_NAME,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            # Makes the start script become the node instead of waiting beside it, so that signals,
            # and the end of the process that started it, reach the node itself.
            "RUNNING_UNDER_SYSTEMD": "true",
            # One scheduler that does not wait busily: kinder to a small machine.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
        }

    def _epmd_listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self._epmd_port), timeout=PROBE_SECONDS).close()
        except OSError:
            return False
        return True

    def _answers(self) -> bool:
        return speaks_amqp("127.0.0.1", self.port)


def speaks_amqp(host: str, port: int) -> bool:
    """Say whether a broker answers AMQP's opening words; a mere open port is not ready yet."""
    try:
        with socket.create_connection((host, port), timeout=PROBE_SECONDS) as connection:
            connection.sendall(PROTOCOL_HEADER)
            return connection.recv(1) == b"\x01"  # a method frame: connection.start
    except OSError:
        return False
