"""`python -m gateway` runs one gateway process."""

import asyncio
import signal
import socket
import sys
from types import FrameType
from typing import Final

import uvicorn
import uvloop

from gateway.app import create_app
from gateway.process import Gateway
from gateway.settings import GatewaySettings
from services.chassis.process import GRACE_SECONDS
from services.chassis.telemetry import configure_logs

KEEP_ALIVE_SECONDS: Final = 65
"""Longer than the proxies' own, which would else use a connection that just ended."""


class Server(uvicorn.Server):
    """A server that ends event streams when it stops; they would never end by themselves."""

    def __init__(self, config: uvicorn.Config, gateway: Gateway) -> None:
        super().__init__(config)
        self._gateway = gateway

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's
        """Stop when told to, in a hurry after a second Ctrl-C; a stop that works exits with 0."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what was begun."""
        self._gateway.live.stop()
        await super().shutdown(sockets)


async def run(settings: GatewaySettings) -> int:
    """Serve until told to stop; returns the exit code."""
    gateway = Gateway(settings)
    proxies = settings.forwarded_allow_ips
    config = uvicorn.Config(
        create_app(gateway),
        host=settings.http_host,
        port=settings.http_port,
        http="httptools",
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
