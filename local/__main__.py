"""`make run`: the whole system on this machine, with data that the next run finds again."""

import asyncio
import fcntl
import json
import os
import signal
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.demo import OPERATOR, make_demo
from local.processes import ROOT, StartError
from local.servers import Servers, choose
from local.system import System

FOLDER = ROOT / ".run"
PORTAL_PORT = 8000
WATCH_SECONDS = 1
# What a person may set in the environment for every process.
PASSED_ON = ("LOG_LEVEL", "SMTP_URL")


def main() -> int:
    """Start everything, say where it is, and stop it all on Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with _alone(FOLDER):
            _run(FOLDER)
    except KeyboardInterrupt:
        return 0
    except StartError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


@contextmanager
def _alone(folder: Path) -> Generator[None]:
    """Keep a second run away from the folder's data."""
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartError(f"It runs already, with the data in {folder}.") from None
        yield


def _run(folder: Path) -> None:
    servers = choose(folder)
    settings = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    system = System(
        folder,
        servers.addresses,
        portal_port=PORTAL_PORT,
        settings={"DEMO": "true", **settings},
    )
    try:
        with _timed("RabbitMQ and MongoDB"):
            servers.start()
            servers.wait_until_ready()
        with _timed("the services and the portal"):
            system.start()
            system.wait_until_ready()
        demo = _write_addresses(folder / "demo.json", servers, system)
        if "keys" not in demo:
            with _timed("the demo's data"):
                _make_demo(folder / "demo.json", demo, system)
        _announce(demo)
        while True:
            time.sleep(WATCH_SECONDS)
            system.check()
    finally:
        # A second Ctrl-C shall not leave half of it running.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with _timed("the end"):
            system.stop()
            servers.stop()


@contextmanager
def _timed(what: str) -> Generator[None]:
    print(f"{what} … ", end="", flush=True)
    began = time.monotonic()
    yield
    print(f"{time.monotonic() - began:.1f} s", flush=True)


def _write_addresses(path: Path, servers: Servers, system: System) -> dict[str, Any]:
    """Bring the addresses in the demo's file up to date; they may differ from run to run."""
    demo: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    demo["portal"] = system.portal_url
    demo["rabbitmq"] = servers.addresses.rabbitmq_url()
    demo["mongodb"] = servers.addresses.mongodb
    demo["mailbox"] = str(system.mailbox)
    path.touch(mode=0o600)
    path.write_text(json.dumps(demo, indent=2) + "\n")
    return demo


def _make_demo(path: Path, demo: dict[str, Any], system: System) -> None:
    """Make the demo's data, once for a folder, and add its keys and log-ins to the file."""
    printed = system.operate("first-operator", OPERATOR, "Olu", "Adeyemi", "--print-link")
    token = printed.strip().rsplit("/", 1)[-1]
    demo |= asyncio.run(make_demo(system.portal_url, token, system.mailbox))
    path.write_text(json.dumps(demo, indent=2) + "\n")


def _announce(demo: dict[str, Any]) -> None:
    print(f"\nAccounts Manager is ready: {demo['portal']}\n")
    for role, login in demo.get("logins", {}).items():
        print(f"  {role:10} {login['email']:36} {login['password']}")
    print(f"\nKeys and addresses: {FOLDER / 'demo.json'}\nCtrl-C stops it all.", flush=True)


if __name__ == "__main__":
    sys.exit(main())
