"""What all tests share: one RabbitMQ and one MongoDB per run, a part of them per test worker."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from local.servers import TEST_VHOSTS, Addresses, Servers, choose

# How the process that started the servers tells its test workers where they are.
TOLD = "ACCOUNTS_MANAGER_TEST_SERVERS"


@contextmanager
def running_servers() -> Iterator[Servers]:
    """Give servers that are ready; end them, and drop their data, afterwards."""
    with tempfile.TemporaryDirectory(prefix="accounts-manager-") as folder:
        servers = choose(Path(folder), TEST_VHOSTS, allow_containers=True)
        try:
            servers.start()
            servers.wait_until_ready()
            yield servers
        finally:
            servers.discard()


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers before the workers of a parallel run, which all use the same."""
    if config.getoption("numprocesses", None) and not config.getoption("collectonly"):
        stack = ExitStack()
        config.add_cleanup(stack.close)
        os.environ[TOLD] = stack.enter_context(running_servers()).addresses.dump()


@pytest.fixture(scope="session")
def servers() -> Iterator[Addresses]:
    """Where the run's servers are, ready."""
    if told := os.environ.get(TOLD):
        yield Addresses.load(told)
        return
    with running_servers() as servers:
        yield servers.addresses


@pytest.fixture(scope="session")
def vhost(worker_id: str) -> str:
    """Give this worker's virtual host of RabbitMQ, where it meets no other worker."""
    return "/" if worker_id == "master" else worker_id.replace("gw", "test")


@pytest.fixture(scope="session")
def rabbitmq_url(servers: Addresses, vhost: str) -> str:
    """Give the URL of a RabbitMQ user who may do everything in this worker's virtual host."""
    return servers.rabbitmq_url(vhost=vhost)


@pytest.fixture(scope="session")
def mongodb_url(servers: Addresses) -> str:
    """Give MongoDB's URL; the databases of this worker begin with `database_prefix`."""
    return servers.mongodb


@pytest.fixture(scope="session")
def database_prefix(worker_id: str) -> str:
    """Give the beginning of this worker's database names."""
    return "test0_" if worker_id == "master" else worker_id.replace("gw", "test") + "_"
