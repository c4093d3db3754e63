"""Writes of one turn of the event loop leave together."""

import asyncio

import pytest

from services.chassis.joined_writes import HURRY_BYTES, JoinedTransport


class Line(asyncio.Transport):
    """Remembers what would have gone over the line."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes | str] = []
        self.closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Remember it."""
        self.sent.append(bytes(data))

    def write_eof(self) -> None:
        """Remember it."""
        self.sent.append("end")

    def close(self) -> None:
        """Remember it."""
        self.sent.append("close")
        self.closing = True

    def abort(self) -> None:
        """Remember it."""
        self.sent.append("abort")
        self.closing = True

    def is_closing(self) -> bool:
        """Tell whether it was closed."""
        return self.closing

    def get_write_buffer_size(self) -> int:
        """Return what the socket hasn't taken."""
        return 1_000


def joined_line() -> tuple[Line, JoinedTransport]:
    line = Line()
    return line, JoinedTransport(line, asyncio.get_running_loop())


async def next_turn() -> None:
    turned = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(turned.set_result, None)
    await turned


async def test_what_is_written_in_one_turn_is_sent_at_once() -> None:
    line, joined = joined_line()
    joined.write(b"headers")
    joined.write(b" and body")
    assert line.sent == []
    assert joined.get_write_buffer_size() == 1_000 + len("headers and body")
    await next_turn()
    joined.write(b"next")
    await next_turn()
    assert line.sent == [b"headers and body", b"next"]


async def test_what_is_much_is_sent_before_the_turn_is_over() -> None:
    line, joined = joined_line()
    joined.write(b"x" * HURRY_BYTES)
    assert line.sent == []
    joined.write(b"y")
    assert line.sent == [b"x" * HURRY_BYTES + b"y"]
    await next_turn()
    assert len(line.sent) == 1


@pytest.mark.parametrize("last", ["write_eof", "close"])
async def test_nothing_comes_after_the_end_or_is_lost_by_it(last: str) -> None:
    line, joined = joined_line()
    joined.write(b"bye")
    getattr(joined, last)()
    await next_turn()
    assert line.sent == [b"bye", "end" if last == "write_eof" else "close"]


async def test_a_connection_that_is_cut_sends_nothing_more() -> None:
    line, joined = joined_line()
    joined.write(b"bye")
    joined.abort()
    joined.write(b"too late")
    await next_turn()
    assert line.sent == ["abort"]
