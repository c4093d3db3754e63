"""`accounts-manager …`: what ops does by hand.

`audit` looks for what must never be; `dead-letters list|replay|drop SERVICE [ID…]` is about
messages that failed; `rabbitmq-definitions FILE` writes RabbitMQ's users and their rights; every
other word is an operation that a service offers.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from accounts_manager.operations.rabbitmq_definitions import write_definitions
from contracts.base import Refused
from services.chassis import dead_letters
from services.chassis.bus import Bus
from services.chassis.discover import load_service, service_names
from services.chassis.process import open_database
from services.chassis.service import Running, Service
from services.chassis.settings import Settings
from services.chassis.telemetry import configure_logs

CONNECT_SECONDS_MAX: Final = 20.0


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; the exit status is 0, 1 (it failed) or 2 (not understood)."""
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["rabbitmq-definitions"] and words[1:]:
        write_definitions(Path(words[1]))
        return 0
    settings = Settings()
    try:
        match words:
            case ["audit"]:
                return asyncio.run(_audit(settings))
            case ["dead-letters", action, consumer, *ids] if _is_understood(action, ids):
                return asyncio.run(_dead_letters(settings, action, consumer, ids))
            case [name, *rest] if service := _service_of(name):
                return asyncio.run(_operate(settings, service, name, rest))
            case _:
                return _explain_usage()
    except Refused as refusal:
        _say(refusal.problem.detail)
    except OSError as error:
        _say(f"RabbitMQ cannot be reached; is AM_RABBITMQ_URL right? {error}")
    return 1


def _is_understood(action: str, ids: list[str]) -> bool:
    return (action == "list" and not ids) or action == "replay" or (action == "drop" and bool(ids))


def _explain_usage() -> int:
    lines = [
        "audit",
        "dead-letters list SERVICE",
        "dead-letters replay SERVICE [ID…]",
        "dead-letters drop SERVICE ID…",
        "rabbitmq-definitions FILE",
        *(f"{name} …" for service in _services() for name in service.operations),
    ]
    for line in lines:
        _say(f"accounts-manager {line}")
    return 2


def _say(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201 - a command line answers on the terminal


def _services() -> Iterator[Service]:
    return map(load_service, service_names())


def _service_of(operation: str) -> Service | None:
    """Return the service that offers an operation; those after it are not even loaded."""
    return next((service for service in _services() if operation in service.operations), None)


@asynccontextmanager
async def _running(settings: Settings, service: Service) -> AsyncGenerator[Running]:
    """Give a service's parts without running it."""
    url = settings.rabbitmq_url.get_secret_value()
    database = open_database(service, settings)
    async with AsyncExitStack() as stack:
        stack.callback(database.client.close)
        async with asyncio.timeout(CONNECT_SECONDS_MAX):
            bus = Bus(url, f"{service.name} operations", clock=database.clock)
            await stack.enter_async_context(bus)
        yield Running(service.name, database, bus, settings, database.clock)


async def _operate(settings: Settings, service: Service, name: str, words: list[str]) -> int:
    async with _running(settings, service) as running:
        await service.operations[name](running, words)
    return 0


async def _audit(settings: Settings) -> int:
    """Print every fault that a service finds in its documents; fail when there is one."""
    faults = 0
    for service in _services():
        async with _running(settings, service) as running:
            for audit in service.audits:
                for fault in await audit(running):
                    faults += 1
                    print(f"{service.name}: {fault}")  # noqa: T201 - the audit's result
    print(f"{faults} {'fault' if faults == 1 else 'faults'}")  # noqa: T201 - likewise
    return 1 if faults else 0


async def _dead_letters(settings: Settings, action: str, consumer: str, ids: list[str]) -> int:
    url = settings.rabbitmq_url.get_secret_value()
    if action == "list":
        for dead in await dead_letters.dead_letters(url, consumer):
            print(dead.id, dead.type, dead.failed_at, dead.reason, sep="  ")  # noqa: T201 - the list
        return 0
    work = dead_letters.replay if action == "replay" else dead_letters.drop
    done = await work(url, consumer, ids)
    for letter_id in done:
        print(letter_id)  # noqa: T201 - the ids of those sent again or dropped
    missing = sorted(set(ids) - set(done))
    for letter_id in missing:
        _say(f"{letter_id} is not among the dead letters of {consumer}.")
    return 1 if missing else 0


def run() -> int:
    """Run the console script `accounts-manager`; return its exit status."""
    configure_logs("operations", "WARNING", stream=sys.stderr)
    return main()


if __name__ == "__main__":
    sys.exit(run())
