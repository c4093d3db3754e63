"""The RabbitMQ and the MongoDB that a local system or the tests run on, and where they come from.

In this order: `RABBITMQ_URL` and `MONGODB_URL` of the environment; for tests, containers when a
Docker engine answers and has the images; else private ones. What else may listen on this machine
is never used.
"""

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self
from urllib.parse import quote, urlsplit

from pymongo import MongoClient

from accounts_manager.operations.rabbitmq_definitions import USERS
from local import containers
from local.mongodb import PrivateMongodb
from local.processes import StartError
from local.rabbitmq import PrivateRabbitmq, speaks_amqp

TEST_WORKERS_MAX = 8
# Of each worker one for its tests and one for its running system, which would take their messages.
TEST_VHOSTS = (
    "/",
    *(f"{kind}{number}" for kind in ("test", "system") for number in range(TEST_WORKERS_MAX)),
)
OUTSIDE_SECONDS = 10
AMQP_PORT = 5672


@dataclass(frozen=True)
class Addresses:
    """Where the servers are and how to enter; JSON, so that test workers can be told."""

    rabbitmq: str
    """An AMQP URL: of a broker from outside as it was given, else without user and path."""

    mongodb: str
    passwords: dict[str, str] = field(default_factory=dict[str, str], repr=False)
    """Of each RabbitMQ user; empty for a broker from outside, which knows none of ours."""

    vhost: str = "/"
    database_prefix: str = ""

    def rabbitmq_url(self, user: str = "operations") -> str:
        """Give the URL of one RabbitMQ user; on a broker from outside, that broker's own user."""
        url = urlsplit(self.rabbitmq)
        if self.passwords:
            url = url._replace(netloc=f"{user}:{self.passwords[user]}@{url.netloc}")
        elif self.vhost == "/":
            return self.rabbitmq
        return url._replace(path=f"/{quote(self.vhost, safe='')}").geturl()

    def dump(self) -> str:
        """Write them as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, text: str) -> Self:
        """Read what `dump` wrote."""
        return cls(**json.loads(text))


class Server(Protocol):
    """One server that we started; it keeps its address through every stop and start."""

    def start(self) -> None:
        """Start it without waiting."""

    def wait_until_ready(self) -> None:
        """Wait until it does its work; raises StartError."""

    def stop(self) -> None:
        """Shut it down and wait."""

    def kill(self) -> None:
        """Kill it as a power cut would."""

    def discard(self) -> None:
        """End it for good and at once; nobody wants its data again."""


@dataclass(frozen=True)
class Servers:
    """The two servers; None stands for one from outside, which we neither start nor stop."""

    addresses: Addresses
    rabbitmq: Server | None
    mongodb: Server | None

    def start(self) -> None:
        """Start what is ours without waiting; from a thread that lives as long as they should."""
        for server in self._own():
            server.start()

    def wait_until_ready(self) -> None:
        """Wait for both; raises StartError for one that does not come or cannot be used."""
        for server in self._own():
            server.wait_until_ready()
        if self.rabbitmq is None:
            _check_rabbitmq(self.addresses.rabbitmq)
        if self.mongodb is None:
            _check_mongodb(self.addresses.mongodb)

    def stop(self) -> None:
        """Shut down what is ours."""
        for server in self._own():
            server.stop()

    def discard(self) -> None:
        """End what is ours for good and at once; nobody wants its data again."""
        for server in self._own():
            server.discard()

    def _own(self) -> list[Server]:
        return [server for server in (self.mongodb, self.rabbitmq) if server]


def choose(
    folder: Path, vhosts: Sequence[str] = ("/",), *, allow_containers: bool = False
) -> Servers:
    """Choose where the servers come from; private ones keep their data in the folder."""
    folder = folder.resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    passwords = _passwords(folder)
    in_containers = allow_containers and containers.available()
    rabbitmq_url, mongodb_url = _address("RABBITMQ_URL"), _address("MONGODB_URL")
    rabbitmq = mongodb = None
    if rabbitmq_url:
        passwords = {}
    else:
        rabbitmq = (
            containers.RabbitmqContainer(passwords, vhosts)
            if in_containers
            else PrivateRabbitmq(folder / "rabbitmq", passwords, vhosts)
        )
        rabbitmq_url = f"amqp://127.0.0.1:{rabbitmq.port}"
    if not mongodb_url:
        mongodb = (
            containers.MongodbContainer() if in_containers else PrivateMongodb(folder / "mongodb")
        )
        mongodb_url = mongodb.url
    return Servers(Addresses(rabbitmq_url, mongodb_url, passwords), rabbitmq, mongodb)


def _address(name: str) -> str | None:
    """Return a server's address from the environment, with our prefix or without."""
    return os.environ.get(f"AM_{name}") or os.environ.get(name)


def _passwords(folder: Path) -> dict[str, str]:
    """Make a password for each RabbitMQ user, once for all starts from this folder."""
    path = folder / "rabbitmq-passwords.json"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(json.dumps({user: secrets.token_urlsafe() for user in USERS}))
    return json.loads(path.read_text())


def _check_rabbitmq(url: str) -> None:
    parts = urlsplit(url)
    host, port = parts.hostname or "localhost", parts.port or AMQP_PORT
    if parts.scheme == "amqp" and not speaks_amqp(host, port):
        raise StartError(f"RABBITMQ_URL: nothing speaks AMQP at {host}:{port}")


def _check_mongodb(url: str) -> None:
    client: MongoClient[dict[str, Any]] = MongoClient(
        url, serverSelectionTimeoutMS=OUTSIDE_SECONDS * 1000
    )
    with client:
        if "setName" not in client.admin.command("hello"):
            raise StartError(
                "MONGODB_URL: this MongoDB is not a replica set, and without one it has no "
                "transactions. Start it with `--replSet rs0`, call `rs.initiate()` once, and put "
                "`?replicaSet=rs0` into the URL."
            )
