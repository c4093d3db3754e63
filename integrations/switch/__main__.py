"""Run the agent of a switch: `python -m integrations.switch kamailio`, `radius` or `cdr`."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import structlog
import uvloop

from integrations.switch import telemetry
from integrations.switch.adapter import MakeAdapter
from integrations.switch.agent import Agent
from integrations.switch.cdr.adapter import cdr_adapter
from integrations.switch.cdr.dry_run import dry_run
from integrations.switch.cdr.options import options_of
from integrations.switch.kamailio.adapter import kamailio_adapter
from integrations.switch.model import utc_now
from integrations.switch.radius.adapter import radius_adapter
from integrations.switch.sender import Sender
from integrations.switch.settings import Settings, SettingsError
from integrations.switch.spool import Spool

SWITCHES: Final[Mapping[str, MakeAdapter]] = {
    "kamailio": kamailio_adapter,
    "radius": radius_adapter,
    "cdr": cdr_adapter,
}
FULL_RATIO_MAX: Final = 0.9
SEND_SECONDS: Final = 5.0
AGAIN_SECONDS: Final = 1.0

log = structlog.get_logger()


async def serve(make: MakeAdapter, settings: Settings, stopping: asyncio.Event) -> None:
    """Serve a switch until `stopping` is set; then send what is left, for a moment."""
    spool = Spool(settings.switch_folder, settings.switch_records_max)
    adapter = make(settings, spool)
    agent = Agent(settings, spool, adapter.control, utc_now)
    door = adapter.door(agent)
    sender = Sender(spool, agent.broker)

    def faults() -> dict[str, str]:
        found: dict[str, str] = {}
        if not agent.broker.connected:
            found["rabbitmq"] = "not connected"
        if spool.full_ratio > FULL_RATIO_MAX:
            found["spool"] = "nearly full"
        return found

    async with AsyncExitStack() as stack:
        stack.callback(spool.close)
        for work in (agent.broker.run, sender.run, agent.run, *door.works):
            stack.push_async_callback(_cancel, asyncio.create_task(_keep_running(work)))
        servers = [telemetry.status_server(settings.http_host, settings.http_port, faults)]
        if settings.metrics_port:
            servers.append(telemetry.metrics_server(settings.metrics_host, settings.metrics_port))
        async with AsyncExitStack() as listening:
            await listening.enter_async_context(telemetry.serving(*servers))
            for one in door.listening:
                await listening.enter_async_context(one)
            log.info("agent started", waiting=spool.records)
            await stopping.wait()
        log.info("agent stops", waiting=spool.records)
        if agent.broker.connected:
            await _drained(spool)


async def _keep_running(work: Callable[[], Awaitable[None]]) -> None:
    """Start work again when it fails, a full disk for instance; the failure is logged."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("work failed and starts again", work=work.__qualname__)
        await asyncio.sleep(AGAIN_SECONDS)


async def _drained(spool: Spool) -> None:
    """Wait until all records are sent, for a moment: what is left is sent after the next start."""
    try:
        async with asyncio.timeout(SEND_SECONDS):
            await spool.empty.wait()
    except TimeoutError:
        log.info("records left for the next start", number=spool.records)


async def _cancel(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def run(make: MakeAdapter, settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    telemetry.configure_logs(f"switch {settings.switch_name}", settings.log_level)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await serve(make, settings, stopping)


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m integrations.switch")
    parser.add_argument("switch", choices=SWITCHES, help="which switch the agent serves")
    parser.add_argument(
        "--dry-run",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="of cdr: say what would be charged of files and what rejected, and nothing else",
    )
    arguments = parser.parse_args()
    if arguments.dry_run and arguments.switch != "cdr":
        parser.error("only cdr has a dry run")
    settings = Settings()  # pyright: ignore[reportCallIssue] - the environment gives what has no default
    try:
        if arguments.dry_run:
            _try(settings, arguments.dry_run)
        else:
            uvloop.run(run(SWITCHES[arguments.switch], settings))
    except SettingsError as error:
        sys.exit(str(error))


def _try(settings: Settings, paths: Sequence[Path]) -> None:
    """Write what would become of the calls of files."""
    try:
        counts = dry_run(options_of(settings), paths, sys.stdout)
    except (OSError, ValueError) as error:
        sys.exit(str(error))
    told = ", ".join(f"{number:,} {status}" for status, number in sorted(counts.items()))
    sys.stderr.write(f"{told or 'no calls'}\n")


if __name__ == "__main__":
    main()
