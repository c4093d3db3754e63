"""An INVITE that reaches a proxy many times at once: retransmitted, and by several ways."""

import asyncio
import re
import uuid
from typing import Final, NamedTuple, cast

ANSWER_SECONDS_MAX: Final = 20


class Burst(NamedTuple):
    """What is sent: `copies` of the same INVITE, each by `ways` ways (branches).

    The last way is a slow one: it comes once, when the others are answered.
    """

    realm: str
    to: str
    copies: int
    ways: int


class _Phone(asyncio.DatagramProtocol):
    """Notes the final answer to each branch, and acknowledges it."""

    def __init__(self, ways: int) -> None:
        self._ways = ways
        self._transport: asyncio.DatagramTransport | None = None
        self.finals: dict[str, int] = {}
        self.all_but_one = asyncio.Event()
        self.done = asyncio.Event()
        self.invites: dict[str, str] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket."""
        # asyncio's own transport for datagrams is no subclass of its DatagramTransport
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Read an answer."""
        assert addr[0] == "127.0.0.1"
        text = data.decode()
        code = int(text.split(maxsplit=2)[1])
        found = re.search(r"branch=(z9hG4bK\w+)", text)
        to_line = re.search(r"^To:.*$", text, re.MULTILINE)
        assert found, text
        assert to_line, text
        if code >= 200:
            branch = found[1]
            self.finals[branch] = code
            ack = self.invites[branch].replace("INVITE", "ACK")
            ack = re.sub(r"^To:.*$", to_line[0].strip(), ack, flags=re.MULTILINE)
            assert self._transport is not None
            self._transport.sendto(ack.encode())
        if len(self.finals) >= self._ways - 1:
            self.all_but_one.set()
        if len(self.finals) == self._ways:
            self.done.set()


def _invite(sent: Burst, call_id: str, branch: str, port: int, own: int) -> str:
    return (
        f"INVITE sip:{sent.to}@127.0.0.1:{port} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 127.0.0.1:{own};branch={branch}\r\n"
        f"From: <sip:104@{sent.realm}>;tag=one\r\n"
        f"To: <sip:{sent.to}@127.0.0.1>\r\n"
        f"Call-ID: {call_id}\r\n"
        "CSeq: 1 INVITE\r\n"
        f"Contact: <sip:104@127.0.0.1:{own}>\r\n"
        "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )


async def burst(port: int, sent: Burst) -> dict[str, int]:
    """Send it to a proxy of this machine; return the final answer by branch."""
    loop = asyncio.get_running_loop()
    transport, phone = await loop.create_datagram_endpoint(
        lambda: _Phone(sent.ways), local_addr=("127.0.0.1", 0), remote_addr=("127.0.0.1", port)
    )
    try:
        own = transport.get_extra_info("sockname")[1]
        call_id = uuid.uuid4().hex
        for way in range(sent.ways):
            branch = f"z9hG4bK{call_id}{way}"
            phone.invites[branch] = _invite(sent, call_id, branch, port, own)
        *early, late = phone.invites.values()
        for _ in range(sent.copies):
            for invite in early:
                transport.sendto(invite.encode())
        await asyncio.wait_for(phone.all_but_one.wait(), ANSWER_SECONDS_MAX)
        transport.sendto(late.encode())
        await asyncio.wait_for(phone.done.wait(), ANSWER_SECONDS_MAX)
        return phone.finals
    finally:
        transport.close()
