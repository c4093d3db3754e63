"""What all tests share: one RabbitMQ and one MongoDB per run, a part of them per test worker."""

import dataclasses
import itertools
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

from local.servers import TEST_VHOSTS, Addresses, Servers, choose
from local.system import System
from tests.forked import Forked

# What a property says holds on a busy machine too; a test that hangs has pytest's own limit.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

# How the process that started the servers tells its test workers where they are.
TOLD = "ACCOUNTS_MANAGER_TEST_SERVERS"


MEMORY = Path("/dev/shm")  # noqa: S108 - what lies there is in a folder of the run's own
MEMORY_BYTES_MIN = 4_000_000_000


def data_folder() -> Path | None:
    """Return where the servers' data is kept: in memory if there is room, else where it usually is.

    A process that is killed leaves its files, which is all that tests rely on; waiting for the
    disk with each of many thousand commits took a good part of a run.
    """
    if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= MEMORY_BYTES_MIN:
        return MEMORY
    return None


@contextmanager
def running_servers() -> Generator[Servers]:
    """Give servers that are ready; end them, and drop their data, afterwards."""
    with tempfile.TemporaryDirectory(prefix="accounts-manager-", dir=data_folder()) as folder:
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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the browser's files last, and what takes long first, so that workers end together.

    The browser's event loop occupies the thread to the end.
    """
    browsers = {item.path for item in items if "playwright" in getattr(item, "fixturenames", ())}
    items.sort(key=lambda item: (item.path in browsers, item.get_closest_marker("long") is None))


@pytest.fixture(scope="session")
def run_servers() -> Iterator[Addresses]:
    """Where the servers of the whole run are, ready."""
    if told := os.environ.get(TOLD):
        yield Addresses.load(told)
    else:
        with running_servers() as servers:
            yield servers.addresses


_parts = {kind: itertools.count() for kind in ("test", "system")}


def _part(addresses: Addresses, kind: str, worker_id: str) -> Addresses:
    name = f"{kind}{0 if worker_id == 'master' else worker_id.removeprefix('gw')}"
    # A broker from outside is used as it is, unless workers have to share it.
    vhost = name if addresses.passwords or worker_id != "master" else addresses.vhost
    return dataclasses.replace(addresses, vhost=vhost, database_prefix=f"{name}_")


@pytest.fixture(scope="session")
def servers(run_servers: Addresses, worker_id: str) -> Addresses:
    """Where the servers are, ready, with a virtual host and databases of this worker's own."""
    return _part(run_servers, "test", worker_id)


@pytest.fixture(scope="session")
def rabbitmq_url(servers: Addresses) -> str:
    """Give the URL of a RabbitMQ user who may do everything in this worker's virtual host."""
    return servers.rabbitmq_url()


@pytest.fixture(scope="session")
def mongodb_url(servers: Addresses) -> str:
    """Give MongoDB's URL; the databases of this worker begin with `database_prefix`."""
    return servers.mongodb


@pytest.fixture(scope="session")
def database_prefix(servers: Addresses) -> str:
    """Give the beginning of this worker's database names."""
    return servers.database_prefix


@pytest.fixture(scope="session")
def breakable_servers() -> Iterator[Servers]:
    """Give servers of this worker's own, to stop, kill and start again."""
    with running_servers() as servers:
        yield servers


@pytest.fixture(scope="module")
def own_servers(breakable_servers: Servers) -> Iterator[Servers]:
    """Give servers that a module may break, with a part of them that nobody used before it."""
    part = _fresh_part(breakable_servers.addresses, "test")
    yield dataclasses.replace(breakable_servers, addresses=part)
    breakable_servers.wait_until_ready()  # raises when the module left them broken


@pytest.fixture
def own_part(own_servers: Servers) -> Addresses:
    """Give a part of `own_servers` for a system of the test's own, with nothing left to do."""
    return _fresh_part(own_servers.addresses, "system")


def _fresh_part(addresses: Addresses, kind: str) -> Addresses:
    """Name a virtual host and databases that nobody had; a broker from outside is used as it is."""
    part = f"{kind}{next(_parts[kind])}"
    assert not addresses.passwords or part in TEST_VHOSTS, "more parts than virtual hosts"
    vhost = part if addresses.passwords else addresses.vhost
    return dataclasses.replace(addresses, vhost=vhost, database_prefix=f"fresh_{part}_")


@pytest.fixture(scope="session")
def system(run_servers: Addresses, worker_id: str) -> Iterator[System]:
    """Give a running system of this worker's own, ready; started when a test first wants it.

    Its virtual host and databases are not those of `servers`: it would take the tests' messages.
    """
    with tempfile.TemporaryDirectory(prefix="accounts-manager-") as folder:
        part = _part(run_servers, "system", worker_id)
        system = System(Path(folder), part, spawn=Forked.of)
        try:
            system.start()
            system.wait_until_ready()
            yield system
        finally:
            system.discard()
