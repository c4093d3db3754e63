"""`make run`: the whole system on this machine, with data that the next run finds again."""

import argparse
import asyncio
import fcntl
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from local.demo import OPERATOR, make_demo
from local.history import DAYS, SECONDS_PER_DAY, make_history
from local.processes import ROOT, StartError, interruption
from local.servers import Servers, choose
from local.sip import Switch
from local.system import System

FOLDER = ROOT / ".run"
DEMO = "demo.json"
PORTAL_PORT = 8000
WATCH_SECONDS = 1
ENDINGS = (signal.SIGINT, signal.SIGTERM)
# What a person may set in the environment for every process.
PASSED_ON = ("AM_LOG_LEVEL", "AM_SMTP_URL")


def main() -> int:
    """Start everything, say where it is, and stop it all on Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m local")
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, help="keeps the data")
    parser.add_argument("--sip", action="store_true", help="run a Kamailio and a phone as well")
    arguments = parser.parse_args()
    for ending in ENDINGS:
        # also where it is ignored, as a script's shell has it for what runs in the background
        signal.signal(ending, _end)
    try:
        folder = arguments.folder.resolve()
        with _alone(folder):
            _run(folder, with_sip=arguments.sip)
    except KeyboardInterrupt:
        return 0
    except StartError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


def _end(number: int, frame: FrameType | None) -> None:
    """Begin the end, once: a second signal would leave half of it running."""
    del number, frame  # each ends it the same way
    for ending in ENDINGS:
        signal.signal(ending, signal.SIG_IGN)
    interruption.now()


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


def _run(folder: Path, *, with_sip: bool) -> None:
    demo = _read_demo(folder)
    settings = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    servers = choose(folder)
    clock = folder / "clock"
    settings |= {"AM_DEMO": "true", "AM_CLOCK_FILE": str(clock)}
    system = System(folder, servers.addresses, portal_port=PORTAL_PORT, settings=settings)
    switch = Switch(folder / "sip", servers.addresses) if with_sip else None
    try:
        with _timed("RabbitMQ and MongoDB"):
            servers.start()
            servers.wait_until_ready()
        # the demo begins a month ago, and is lived through from there
        _set_clock(clock, 0 if demo else DAYS * SECONDS_PER_DAY)
        with _timed("The services and the portal"):
            system.start()
            system.wait_until_ready()
        if not demo:
            with _timed("A reseller with customers to look at"):
                demo = asyncio.run(make_demo(system.portal_url, _operator(system), system.mailbox))
            with _timed("A month of their calls"):
                demo["portal"] = system.portal_url
                asyncio.run(make_history(demo, partial(_set_clock, clock)))
        demo.pop("sip", None)
        if switch:
            with _timed("Kamailio, its agent and a phone"):
                switch.start()
            demo["sip"] = f"127.0.0.1:{switch.kamailio.port}"
        _write_demo(folder, demo, servers, system)
        _announce(folder, demo)
        while True:
            time.sleep(WATCH_SECONDS)
            system.check()
            if switch:
                switch.check()
    finally:
        for ending in ENDINGS:
            signal.signal(ending, signal.SIG_IGN)
        with _timed("The end"):
            if switch:
                switch.stop()
            if (folder / DEMO).exists():
                system.stop()
                servers.stop()
            else:  # the next run drops all that is there and begins anew
                system.discard()
                servers.discard()


def _set_clock(file: Path, behind_seconds: int) -> None:
    """Put the clock of all processes back; a reader sees the old figure or the new one."""
    new = file.with_suffix(".new")
    new.write_text(str(behind_seconds))
    new.replace(file)


@contextmanager
def _timed(what: str) -> Generator[None]:
    print(f"{what} … ", end="", flush=True)
    began = time.monotonic()
    try:
        yield
    except BaseException:
        print(flush=True)
        raise
    print(f"{time.monotonic() - began:.1f} s", flush=True)


def _read_demo(folder: Path) -> dict[str, Any]:
    """Read what the first run wrote; without it, drop the data of a run that did not get so far."""
    path = folder / DEMO
    if path.exists():
        return json.loads(path.read_text())
    for part in ("mongodb", "rabbitmq", "mailbox"):
        shutil.rmtree(folder / part, ignore_errors=True)
    return {}


def _operator(system: System) -> str:
    """Make the first operator and return the token of the link to set the password."""
    link = system.operate("create-operator", OPERATOR, "Olu", "Platform", "--print-link")
    return link.strip().rpartition("/")[2]


def _write_demo(folder: Path, demo: dict[str, Any], servers: Servers, system: System) -> None:
    """Keep keys and log-ins, with the addresses of this run, for their owner alone."""
    demo["portal"] = system.portal_url
    demo["rabbitmq"] = servers.addresses.rabbitmq_url()
    demo["mongodb"] = servers.addresses.mongodb
    demo["mailbox"] = str(system.mailbox)
    # what a command line needs to be one of the system's processes, with the same clock
    demo["environment"] = {
        "AM_MONGODB_URL": servers.addresses.mongodb,
        "AM_RABBITMQ_URL": servers.addresses.rabbitmq_url("operations"),
        "AM_DATABASE_PREFIX": servers.addresses.database_prefix,
        "AM_DEMO": "true",
        "AM_CLOCK_FILE": str(folder / "clock"),
    }
    path = folder / DEMO
    path.touch(mode=0o600)
    path.write_text(json.dumps(demo, indent=2) + "\n")


def _announce(folder: Path, demo: dict[str, Any]) -> None:
    print(f"\nAccounts Manager is ready: {demo['portal']}\n")
    for role, login in demo["logins"].items():
        print(f"  {role:10} {login['email']:36} {login['password']}")
    if "sip" in demo:
        print(f"\nKamailio: sip:{demo['sip']}\nPlace a call: make call TO=+971501234567")
    print(f"\nE-mails: {demo['portal']}/dev/mailbox\nKeys and addresses: {folder / DEMO}")
    print("Ctrl-C stops it all.", flush=True)


if __name__ == "__main__":
    sys.exit(main())
