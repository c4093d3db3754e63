"""SIP trunks: by which addresses and which digest user a switch knows an account's own switch."""

from typing import Annotated

from pydantic import Field, StringConstraints

from contracts.base import Answer, Command, Done, Event, Query, Value
from contracts.values import Moment, PageLimit, Realm

TRUNK_NAME_CHARACTERS_MAX = 64
TRUNK_NETWORKS_MAX = 20
TRUNKS_MAX = 50
"""Of one account."""

TRUNK_CHANNELS_MAX = 10_000
DIGEST_USER_CHARACTERS_MAX = 64
NETWORK_CHARACTERS_MAX = 64
"""As typed; the longest IPv6 network has 43."""

IPV4_PREFIX_MIN = 24
IPV6_PREFIX_MIN = 48
"""Networks are this small at least, so that nobody takes the addresses of many others."""

HA1_MD5_PATTERN = r"^[0-9a-f]{32}$"
HA1_SHA256_PATTERN = r"^[0-9a-f]{64}$"


class DigestPassword(Value):
    """A password that was just made, as RFC 8760 keeps it: `H(user:realm:password)`."""

    id: str = Field(min_length=1, max_length=64)
    """Chosen by whoever made it, who knows by it whether it is the one that was kept."""

    ha1_md5: Annotated[str, StringConstraints(pattern=HA1_MD5_PATTERN)] = Field(repr=False)
    ha1_sha256: Annotated[str, StringConstraints(pattern=HA1_SHA256_PATTERN)] = Field(repr=False)


class Trunk(Answer):
    """A SIP trunk as people see it, without what its password is checked by."""

    id: str
    account_id: str
    realm: Realm
    name: str
    networks: tuple[str, ...] = ()
    """Its source addresses in CIDR notation."""

    digest_user: str | None = None
    """The user of its digest authentication; None: it has none."""

    password_id: str | None = None
    """Of the password that it has now."""

    channels: int | None = None
    """How many calls it may have at once; None: as many as its account."""

    enabled: bool = True
    created_at: Moment
    version: int


class Trunks(Answer):
    """All trunks of an account, the oldest first."""

    data: tuple[Trunk, ...]


class ListTrunks(Query[Trunks], topic="accounts.list-trunks.v1"):
    """The trunks of an account, for its parent or its own administrator."""

    account_id: str


class AddTrunk(Command[Trunk], topic="accounts.add-trunk.v1"):
    """Give an account of the asker a trunk: networks, a digest user, or both."""

    account_id: str
    name: str = Field(max_length=200)
    networks: tuple[Annotated[str, Field(max_length=200)], ...] = Field(default=(), max_length=100)
    digest_user: str | None = Field(default=None, max_length=200)
    channels: int | None = None
    enabled: bool = True
    password: DigestPassword | None = None
    """Of the digest user. No part of what was asked: a repeat has made another one."""


class ChangeTrunk(Command[Trunk], topic="accounts.change-trunk.v1"):
    """Set what a trunk is, if it is still at `version`; without a password, it keeps its own."""

    account_id: str
    trunk_id: str
    version: int
    name: str = Field(max_length=200)
    networks: tuple[Annotated[str, Field(max_length=200)], ...] = Field(default=(), max_length=100)
    digest_user: str | None = Field(default=None, max_length=200)
    channels: int | None = None
    enabled: bool = True
    password: DigestPassword | None = None
    """A new one; required for another digest user, whose name is part of what is kept of it."""


class RemoveTrunk(Command[Done], topic="accounts.remove-trunk.v1"):
    """Take a trunk away: its addresses and its digest user are free again."""

    account_id: str
    trunk_id: str
    version: int


class TrunksChanged(Event, topic="accounts.trunks-changed.v1"):
    """A trunk of an account was added, changed or removed: switches load them again."""

    account_id: str
    reseller_id: str
    version: int
    """Grows with each change of the account's trunks."""


class SwitchTrunk(Value):
    """A trunk as a switch needs it to tell whose a call is."""

    id: str
    account_id: str
    realm: Realm
    name: str
    networks: tuple[str, ...] = ()
    digest_user: str | None = None
    ha1_md5: str | None = Field(default=None, repr=False)
    ha1_sha256: str | None = Field(default=None, repr=False)
    channels: int | None = None
    enabled: bool = True


class SwitchTrunkPage(Answer):
    """Some trunks of the accounts that a switch serves, with a cursor to what comes after."""

    data: tuple[SwitchTrunk, ...]
    next: str | None = None


class ListSwitchTrunks(Query[SwitchTrunkPage], topic="accounts.list-switch-trunks.v1"):
    """The trunks of all accounts that the asking switch serves; those of closed accounts are gone.

    Answered to switches only: they have what a password is checked by.
    """

    limit: PageLimit = 100
    cursor: str | None = None
