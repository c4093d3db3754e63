"""What is written to a socket in one turn of the event loop leaves in one system call.

uvloop sends each piece at once. An answer's headers and its body, or the acknowledgements and
answers of messages that were done together, would each cost a system call, and whoever reads them
a wake-up; while calls are authorised that was a sixth of billing's processor time.
"""

import asyncio
from typing import Any, Final

from aiormq.connection import SSLContextProvider, TransportFactory
from aiormq.exceptions import AMQPConnectionError
from yarl import URL

Readable = bytes | bytearray | memoryview

HURRY_BYTES: Final = 65_536
"""So much is sent without waiting for the turn's end: flow control has to see it."""


class JoinedTransport(asyncio.Transport):
    """A transport whose writes are collected until the current turn of the event loop is over."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._parts: list[Readable] = []
        self._bytes = 0

    def write(self, data: Readable) -> None:
        """Send these bytes at the end of the turn."""
        if not self._parts:
            self._loop.call_soon(self._send)
        self._parts.append(data)
        self._bytes += len(data)
        if self._bytes > HURRY_BYTES:
            self._send()

    def _send(self) -> None:
        if not self._parts:
            return
        joined = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts.clear()
        self._bytes = 0
        if not self._transport.is_closing():
            self._transport.write(joined)

    def write_eof(self) -> None:
        """Send what is left, and say that no more comes."""
        self._send()
        self._transport.write_eof()

    def close(self) -> None:
        """Send what is left, and close."""
        self._send()
        self._transport.close()

    def abort(self) -> None:
        """Close without sending anything more."""
        self._parts.clear()
        self._bytes = 0
        self._transport.abort()

    def get_write_buffer_size(self) -> int:
        """Return how many bytes have not been sent."""
        return self._bytes + self._transport.get_write_buffer_size()

    # --- as the transport below does it ---------------------------------------------------------

    def can_write_eof(self) -> bool:
        """Tell whether one side can be closed alone."""
        return self._transport.can_write_eof()

    def is_closing(self) -> bool:
        """Tell whether it is closing or closed."""
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - asyncio's own
        """Return what is known of the connection."""
        return self._transport.get_extra_info(name, default)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set when the protocol is told to pause."""
        self._transport.set_write_buffer_limits(high, low)

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """Return when the protocol is told to pause and to go on."""
        return self._transport.get_write_buffer_limits()

    def is_reading(self) -> bool:
        """Tell whether data is being received."""
        return self._transport.is_reading()

    def pause_reading(self) -> None:
        """Receive no data for now."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Receive data again."""
        self._transport.resume_reading()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Give what comes to another protocol."""
        self._transport.set_protocol(protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return the protocol that gets what comes."""
        return self._transport.get_protocol()


class JoinedWrites(TransportFactory):
    """Connects to RabbitMQ, over TLS for `amqps`, with writes that are joined."""

    async def create(
        self, url: URL, *, ssl_context_provider: SSLContextProvider, **_options: object
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect; raises AMQPConnectionError."""
        context = await ssl_context_provider.get_context() if url.scheme == "amqps" else None
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        try:
            transport, _ = await loop.create_connection(
                lambda: protocol, url.host or "", url.port or 0, ssl=context
            )
        except OSError as error:
            raise AMQPConnectionError(*error.args) from error
        joined = JoinedTransport(transport, loop)
        return reader, asyncio.StreamWriter(joined, protocol, reader, loop)
