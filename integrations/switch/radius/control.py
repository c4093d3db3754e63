"""Tells a NAS to end a call (RFC 5176)."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Final

from pyrad.packet import CoAPacket, PacketError

from integrations.switch.model import RunningCall
from integrations.switch.radius.nas import Nas, Nases
from integrations.switch.radius.packets import Attribute, number
from integrations.switch.radius.sessions import Handle

DISCONNECT_REQUEST: Final = 40
DISCONNECT_ACK: Final = 41
DISCONNECT_NAK: Final = 42
SESSION_NOT_FOUND: Final = 503
"""The Error-Cause of a call that has ended already."""

SEND_AGAIN_SECONDS: Final = (0.3, 0.7, 1.0)
"""How long each copy of a request waits for its answer."""

NO_STOP_AFTER: Final = timedelta(minutes=5)
"""How long after its last moment a call is still believed to run: its Stop may be on the way."""


class RadiusControl:
    """The NAS of the calls that run."""

    def __init__(self, nases: Nases, silent_seconds: int, clock: Callable[[], datetime]) -> None:
        self._nases = nases
        self._silent = timedelta(seconds=silent_seconds)
        self._clock = clock

    @property
    def cuts(self) -> bool:
        """Whether the NAS cuts calls: it only knows how long the account could pay at first."""
        return False

    async def end(self, call: RunningCall, reason: str) -> None:  # noqa: ARG002 - RADIUS has no words for it
        """End a call; one that has ended is no error. Raises OSError or TimeoutError."""
        handle = Handle.model_validate_json(call.handle)
        nas = self._nases.named(handle.nas)
        if nas is None:
            raise OSError(f"no NAS is called {handle.nas} any longer")
        packet = _disconnect(nas, handle, self._clock())
        answer = await _asked(packet, handle.host, nas.disconnect_port)
        if answer.code == DISCONNECT_ACK:
            return
        cause = int.from_bytes(next(iter(answer.get(Attribute.ERROR_CAUSE, ())), b""))
        if cause != SESSION_NOT_FOUND:
            raise OSError(f"{nas.name} refuses to end a call: Error-Cause {cause}")

    async def limit(self, call: RunningCall) -> None:
        """Leave a call as it is: the agent ends it when its time is over."""

    async def seen_at(self, call: RunningCall) -> datetime | None:
        """Return when the NAS last told of a call; None when it should have told more."""
        now = self._clock()
        seen_at = call.seen_at or call.answered_at
        is_silent = call.seen_at is not None and now - call.seen_at > self._silent
        if is_silent or now > call.ends_at + NO_STOP_AFTER:
            return None
        return seen_at


def _disconnect(nas: Nas, handle: Handle, now: datetime) -> CoAPacket:
    packet = CoAPacket(DISCONNECT_REQUEST, secret=nas.secret_bytes)
    packet.add_message_authenticator()
    packet[Attribute.ACCT_SESSION_ID] = [handle.session_id.encode("latin-1")]
    if handle.user_name:
        packet[Attribute.USER_NAME] = [handle.user_name.encode("latin-1")]
    packet[Attribute.NAS_IDENTIFIER] = [handle.identifier.encode("latin-1")]
    packet[Attribute.EVENT_TIMESTAMP] = [number(int(now.timestamp()))]
    return packet


async def _asked(packet: CoAPacket, host: str, port: int) -> CoAPacket:
    """Return the answer to a request, sent again while there's none; raises TimeoutError."""
    loop = asyncio.get_running_loop()
    body = packet.RequestPacket()
    transport, answers = await loop.create_datagram_endpoint(
        lambda: _Answers(packet), remote_addr=(str(ip_address(host)), port)
    )
    try:
        for seconds in SEND_AGAIN_SECONDS:
            transport.sendto(body)
            done, _ = await asyncio.wait((answers.answer,), timeout=seconds)
            if done:
                return answers.answer.result()
        raise TimeoutError
    finally:
        transport.close()


class _Answers(asyncio.DatagramProtocol):
    """Waits for the answer to one request."""

    def __init__(self, packet: CoAPacket) -> None:
        self._packet = packet
        self.answer: asyncio.Future[CoAPacket] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:  # noqa: ARG002 - the socket takes only the NAS's
        """Take an answer; what isn't signed by the NAS is passed over."""
        try:
            answer = CoAPacket(secret=self._packet.secret, packet=data)
        except PacketError:
            return
        is_answer = answer.code in {DISCONNECT_ACK, DISCONNECT_NAK} and answer.id == self._packet.id
        if is_answer and self._packet.VerifyReply(answer, data) and not self.answer.done():
            self.answer.set_result(answer)

    def error_received(self, exc: Exception) -> None:
        """Give up at once where nobody listens."""
        if not self.answer.done():
            self.answer.set_exception(exc)
