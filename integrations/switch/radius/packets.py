"""Packets of RADIUS: which are taken, what they say, and what they are answered."""

import struct
from collections.abc import Mapping
from enum import IntEnum
from ipaddress import ip_address
from typing import Final, NamedTuple

from pyrad.packet import AcctPacket, AuthPacket, PacketError

from integrations.switch.radius.nas import Nas

ACCESS_REQUEST: Final = 1
ACCESS_ACCEPT: Final = 2
ACCESS_REJECT: Final = 3
ACCOUNTING_REQUEST: Final = 4

HEADER_BYTES: Final = 20
PACKET_BYTES_MAX: Final = 4_096
ATTRIBUTE_HEADER_BYTES: Final = 2
TEXT_BYTES_MAX: Final = 253
INTEGER_BYTES: Final = 4
ADDRESS_BYTES: Final = (4, 16)


class Attribute(IntEnum):
    """The attributes that are read or written, by their number."""

    USER_NAME = 1
    USER_PASSWORD = 2
    CHAP_PASSWORD = 3
    NAS_IP_ADDRESS = 4
    SERVICE_TYPE = 6
    REPLY_MESSAGE = 18
    SESSION_TIMEOUT = 27
    CALLED_STATION_ID = 30
    CALLING_STATION_ID = 31
    NAS_IDENTIFIER = 32
    ACCT_STATUS_TYPE = 40
    ACCT_DELAY_TIME = 41
    ACCT_SESSION_ID = 44
    ACCT_SESSION_TIME = 46
    EVENT_TIMESTAMP = 55
    ARAP_PASSWORD = 70
    EAP_MESSAGE = 79
    MESSAGE_AUTHENTICATOR = 80
    ACCT_INTERIM_INTERVAL = 85
    NAS_IPV6_ADDRESS = 95
    ERROR_CAUSE = 101
    DIGEST_RESPONSE = 103


Attributes = Mapping[int | tuple[int, int], list[bytes]]


class Dropped(Exception):  # noqa: N818 - it reads as the fact it is
    """A packet that isn't answered; says why, for the metric."""


class Source(NamedTuple):
    """Where a packet came from."""

    host: str
    port: int


class Request(NamedTuple):
    """A packet whose sender is known by its secret."""

    nas: Nas
    source: Source
    packet: AuthPacket | AcctPacket

    def raw(self, attribute: Attribute) -> bytes | None:
        """Return the value of an attribute, the first if there are several."""
        return next(iter(self.packet.get(attribute, ())), None)

    def text(self, attribute: Attribute) -> str:
        """Return an attribute as text; empty when it's not there."""
        return (self.raw(attribute) or b"").decode(errors="replace").strip("\0 ")

    def name(self, attribute: Attribute) -> str:
        """Return an attribute that identifies something, whatever bytes it has."""
        return (self.raw(attribute) or b"").decode("latin-1")

    def integer(self, attribute: Attribute) -> int | None:
        """Return an attribute as a number; None when it's not there, or none."""
        value = self.raw(attribute)
        return int.from_bytes(value) if value and len(value) == INTEGER_BYTES else None

    @property
    def nas_identifier(self) -> str:
        """By what a NAS tells itself from others: its identifier, else its address."""
        if found := self.name(Attribute.NAS_IDENTIFIER):
            return found
        address = self.raw(Attribute.NAS_IP_ADDRESS) or self.raw(Attribute.NAS_IPV6_ADDRESS) or b""
        if len(address) in ADDRESS_BYTES:
            return str(ip_address(address))
        return self.source.host

    def told(self) -> dict[str, list[str]]:
        """Return what a person needs who looks at a packet that can't be used."""
        hidden = {Attribute.USER_PASSWORD, Attribute.CHAP_PASSWORD, Attribute.MESSAGE_AUTHENTICATOR}
        return {
            str(number): [value.decode("latin-1") for value in values]
            for number, values in self.packet.items()
            if number not in hidden
        }


def read_request(data: bytes, nas: Nas, source: Source) -> Request:
    """Return the request that a packet is; raises Dropped for anything else."""
    _check_form(data)
    code = data[0]
    if code not in {ACCESS_REQUEST, ACCOUNTING_REQUEST}:
        raise Dropped("unexpected-code")
    kind = AuthPacket if code == ACCESS_REQUEST else AcctPacket
    try:
        packet = kind(code, secret=nas.secret_bytes, packet=data)
    except PacketError as error:
        raise Dropped("malformed") from error
    if isinstance(packet, AcctPacket) and not packet.VerifyAcctRequest():
        raise Dropped("wrong-secret")
    is_signed = Attribute.MESSAGE_AUTHENTICATOR in packet
    # without it, whoever is on the way can turn a refusal into a grant (CVE-2024-3596)
    if isinstance(packet, AuthPacket) and not is_signed:
        raise Dropped("no-message-authenticator")
    if is_signed and not packet.verify_message_authenticator():
        raise Dropped("wrong-secret")
    return Request(nas, source, packet)


def _check_form(data: bytes) -> None:
    """Refuse what isn't made of whole attributes, before anything reads them."""
    if len(data) < HEADER_BYTES or len(data) > PACKET_BYTES_MAX:
        raise Dropped("malformed")
    (length,) = struct.unpack_from("!H", data, 2)
    if not HEADER_BYTES <= length <= len(data):
        raise Dropped("malformed")
    place = HEADER_BYTES
    while place < length:
        size = data[place + 1] if place + 1 < length else 0
        if size < ATTRIBUTE_HEADER_BYTES or place + size > length:
            raise Dropped("malformed")
        place += size


def accept(request: Request, seconds: int, interim_seconds: int) -> bytes:
    """Return the answer that lets a call last so long."""
    reply = request.packet.CreateReply()
    reply.code = ACCESS_ACCEPT
    reply.add_message_authenticator()  # the first of all attributes
    reply[Attribute.SESSION_TIMEOUT] = [number(max(seconds, 1))]  # 0 has no end, for some NAS
    reply[Attribute.ACCT_INTERIM_INTERVAL] = [number(interim_seconds)]
    return reply.ReplyPacket()


def reject(request: Request, message: str) -> bytes:
    """Return the answer that refuses a call."""
    reply = request.packet.CreateReply()
    reply.code = ACCESS_REJECT
    reply.add_message_authenticator()
    reply[Attribute.REPLY_MESSAGE] = [message.encode()[:TEXT_BYTES_MAX]]
    return reply.ReplyPacket()


def acknowledge(request: Request) -> bytes:
    """Return the answer that says that an Accounting-Request is safe."""
    return request.packet.CreateReply().ReplyPacket()


def number(value: int) -> bytes:
    """Return a number as an attribute has it."""
    return struct.pack("!I", value)
