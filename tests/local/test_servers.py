"""The servers are real, keep their addresses and data, and are gone when we are gone."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import aio_pika
import pymongo
import pytest

from local import containers, processes
from local.mongodb import WHEEL, PrivateMongodb, program
from local.processes import PORTS, Process, StartError, free_port, wait_until
from local.servers import Addresses, choose
from tests.local.leftovers import processes_of

EMAILS = "letters"


async def put_email(addresses: Addresses) -> None:
    """Leave a persistent message and a document."""
    async with (
        await aio_pika.connect(addresses.rabbitmq_url()) as connection,
        connection.channel() as channel,
    ):
        queue = await channel.declare_queue(EMAILS, durable=True)
        message = aio_pika.Message(b"kept", delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, routing_key=queue.name)
    with pymongo.MongoClient[dict[str, str]](addresses.mongodb) as client:
        client["local_test"]["letters"].insert_one({"_id": "kept"})


async def take_email(addresses: Addresses) -> None:
    """Find the message and the document again, and take both away, in a transaction."""
    async with (
        await aio_pika.connect(addresses.rabbitmq_url()) as connection,
        connection.channel() as channel,
    ):
        queue = await channel.declare_queue(EMAILS, durable=True)
        message = await queue.get(timeout=5)
        assert message is not None
        assert message.body == b"kept"
        await message.ack()
    with (
        pymongo.MongoClient[dict[str, str]](addresses.mongodb) as client,
        client.start_session() as session,
        session.start_transaction(),
    ):
        emails = client["local_test"]["letters"]
        assert emails.delete_one({"_id": "kept"}, session=session).deleted_count == 1


async def test_servers_find_their_data_again_after_a_kill_and_on_new_ports(tmp_path: Path) -> None:
    first, second = choose(tmp_path), choose(tmp_path)
    assert second.addresses.mongodb != first.addresses.mongodb
    assert second.addresses.rabbitmq != first.addresses.rabbitmq
    assert second.addresses.passwords == first.addresses.passwords
    assert first.rabbitmq is not None
    assert first.mongodb is not None
    try:
        first.start()
        first.wait_until_ready()
        await put_email(first.addresses)
        first.rabbitmq.kill()
        first.mongodb.kill()
        first.start()
        first.wait_until_ready()
        await take_email(first.addresses)
        await put_email(first.addresses)
        first.stop()
        second.start()
        second.wait_until_ready()
        await take_email(second.addresses)
    finally:
        first.discard()
        second.discard()


def test_servers_end_when_the_process_that_started_them_is_killed(tmp_path: Path) -> None:
    program = (
        "import pathlib, sys\n"
        "from local.servers import choose\n"
        "servers = choose(pathlib.Path(sys.argv[1]))\n"
        "servers.start()\n"
        "servers.wait_until_ready()\n"
        "print(servers.addresses.dump(), flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(  # noqa: S603 - this interpreter
        [sys.executable, "-c", program, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=processes.ROOT,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        Addresses.load(parent.stdout.readline())
        assert len(processes_of(tmp_path)) >= 3  # epmd, the node and mongod
        parent.kill()
    wait_until(
        lambda: not processes_of(tmp_path),
        lambda: True,
        30,
        lambda what: f"{processes_of(tmp_path)} {what}",
    )


def test_a_mongodb_without_replica_set_is_refused_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    data = tmp_path / "data"
    data.mkdir()
    alone = Process(
        "mongod",
        [str(program()), "--dbpath", str(data), "--port", str(port), "--bind_ip", "127.0.0.1"],
        {"PATH": os.environ["PATH"]},
        tmp_path / "log",
    )
    monkeypatch.setenv("MONGODB_URL", f"mongodb://127.0.0.1:{port}/")
    monkeypatch.setenv("RABBITMQ_URL", "amqps://elsewhere")
    servers = choose(tmp_path)
    alone.start()
    try:
        with pytest.raises(StartError, match=r"not a replica set.*--replSet rs0.*rs\.initiate"):
            servers.wait_until_ready()
    finally:
        alone.kill()


def test_servers_named_by_the_environment_are_neither_started_nor_stopped(
    servers: Addresses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONGODB_URL", servers.mongodb)
    monkeypatch.setenv("RABBITMQ_URL", servers.rabbitmq_url())
    outside = choose(tmp_path, allow_containers=True)
    outside.start()
    outside.wait_until_ready()
    outside.stop()
    outside.wait_until_ready()
    assert outside.addresses.rabbitmq_url("billing") == servers.rabbitmq_url()
    assert outside.addresses.mongodb == servers.mongodb


def test_a_rabbitmq_url_where_nothing_listens_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("MONGODB_URL", "mongodb://not-asked-yet/")
    monkeypatch.setenv("RABBITMQ_URL", f"amqp://guest:guest@127.0.0.1:{port}/")
    with pytest.raises(StartError, match=f"nothing speaks AMQP at 127.0.0.1:{port}"):
        choose(tmp_path).wait_until_ready()


def test_passwords_are_readable_by_their_owner_alone_and_not_shown(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    addresses = choose(folder).addresses
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / "rabbitmq-passwords.json").stat().st_mode & 0o077 == 0
    assert addresses.passwords["billing"] not in repr(addresses)
    assert urlsplit(addresses.rabbitmq_url("billing")).password == addresses.passwords["billing"]


def test_a_docker_engine_that_does_not_answer_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{silent.getsockname()[1]}")
        began = time.monotonic()
        assert not containers.available()
        assert time.monotonic() - began < 10


def test_a_server_that_ends_at_once_is_explained_by_its_log(tmp_path: Path) -> None:
    mongodb = PrivateMongodb(tmp_path)
    (tmp_path / "data").rmdir()
    mongodb.start()
    with pytest.raises(StartError, match=r"(?s)mongodb ended before it was ready.*not found"):
        mongodb.wait_until_ready()
    mongodb.stop()


def mongod_of(folder: Path, version: str) -> Path:
    """Make a program that says it is this version of MongoDB, and starts the one we have."""
    path = folder / "mongod"
    says = f"echo 'db version v{version}'"
    path.write_text(f'#!/bin/sh\n[ "$1" = --version ] && {says} && exit\nexec {WHEEL} "$@"\n')
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("named", ["by its path", "by its name"])
def test_the_mongod_that_the_environment_names_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    mongod = mongod_of(tmp_path, "8.0.12")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("MONGOD", str(mongod) if named == "by its path" else "mongod")
    assert program() == mongod
    mongodb = PrivateMongodb(tmp_path)
    try:
        mongodb.start()
        mongodb.wait_until_ready()
    finally:
        mongodb.discard()


@pytest.mark.parametrize("version", ["5.0.31", "9.0.0"])
def test_a_mongod_of_a_version_that_we_do_not_know_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setenv("MONGOD", str(mongod_of(tmp_path, version)))
    with pytest.raises(StartError, match=f"no MongoDB 6 to 8: it says “db version v{version}”"):
        PrivateMongodb(tmp_path).start()


def test_the_mongod_of_the_path_serves_where_the_packages_bring_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mongod = mongod_of(tmp_path, "8.0.12")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.delenv("MONGOD", raising=False)
    assert program() == WHEEL
    monkeypatch.setattr("local.mongodb.WHEEL", tmp_path / "nowhere")
    assert program() == mongod


def test_a_process_that_ignores_sigterm_is_killed_in_the_end(tmp_path: Path) -> None:
    stubborn = Process(
        "stubborn",
        ["sh", "-c", "trap '' TERM; echo ready; while :; do :; done"],
        {"PATH": os.environ["PATH"]},
        tmp_path / "log",
    )
    stubborn.start()
    pid = stubborn.pid
    assert pid is not None
    stubborn.wait_until(lambda: "ready" in stubborn.log.read_text(), 5)
    stubborn.stop(seconds=0.2)
    assert stubborn.pid is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, signal.SIG_DFL)


def test_free_ports_are_out_of_reach_of_outgoing_connections() -> None:
    ports = {free_port() for _ in range(50)}
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert len(ports) == 50
    assert ports <= set(PORTS)
    assert max(PORTS) < lowest
