"""`python -m gateway` runs one gateway process."""

import asyncio
import resource
import signal
import socket
import sys
from contextlib import AsyncExitStack
from types import FrameType
from typing import Final

import uvicorn
import uvloop

from gateway.app import create_app
from gateway.http.clients import Clients
from gateway.http.connections import protocol_of
from gateway.identity.runtime import Gateway
from gateway.settings import GatewaySettings
from services.chassis.process import GRACE_SECONDS
from services.chassis.telemetry import configure_logs, metrics_server, serving

KEEP_ALIVE_SECONDS: Final = 65
"""Longer than the proxies' own, which would else use a connection that just ended."""


FILES_MAX: Final = 65_536
OTHER_FILES_MAX: Final = 256
"""Files and connections of the process that are not clients'."""


class Server(uvicorn.Server):
    """A server that ends event streams when it stops; they would never end by themselves."""

    def __init__(self, config: uvicorn.Config, gateway: Gateway) -> None:
        super().__init__(config)
        self._gateway = gateway

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's
        """Stop on a signal, at once on a second Ctrl-C; a clean stop exits with 0."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what was begun."""
        self._gateway.live.stop()
        await super().shutdown(sockets)


def connections_max(wanted: int) -> int:
    """Return how many connections of clients the process may have, after it was let have more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < FILES_MAX:
        soft = min(hard, FILES_MAX) if hard != resource.RLIM_INFINITY else FILES_MAX
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(1, min(wanted, soft - OTHER_FILES_MAX))


async def run(settings: GatewaySettings) -> int:
    """Serve until a stop signal; returns the exit code."""
    gateway = Gateway(settings)
    proxies = settings.forwarded_allow_ips
    clients = Clients(
        settings.connections_per_client_max, connections_max(settings.connections_max), proxies
    )
    config = uvicorn.Config(
        create_app(gateway),
        host=settings.http_host,
        port=settings.http_port,
        http=protocol_of(clients, settings),
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies or None,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(GRACE_SECONDS),
    )
    server = Server(config, gateway)

    def give_up() -> None:
        server.should_exit = True

    gateway.when_failed = give_up
    async with AsyncExitStack() as stack:
        if settings.metrics_port:
            metrics = metrics_server(settings.metrics_host, settings.metrics_port)
            await stack.enter_async_context(serving(metrics))
        await server.serve()
    return 1 if gateway.failed else 0


def main() -> int:
    """Run the gateway."""
    settings = GatewaySettings()
    configure_logs("gateway", settings.log_level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run(settings))


if __name__ == "__main__":
    sys.exit(main())
