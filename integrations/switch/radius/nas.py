"""Who may ask over RADIUS: each NAS by its address, with a secret of its own."""

import tomllib
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, ValidationError

from integrations.switch.settings import SettingsError

NASES_MAX: Final = 1_000
SECRET_CHARACTERS_MIN: Final = 16
"""RFC 2865, 3: shorter ones are found by trying, from a single packet that was overheard."""

Address = IPv4Address | IPv6Address


class NasFileError(SettingsError):
    """The file of them can't be used; says why, and never what is in it."""


class Nas(BaseModel):
    """A NAS, or several that share an address range and a secret."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    address: IPv4Network | IPv6Network
    """Whence its packets come: an address or a network."""

    secret: SecretStr = Field(min_length=SECRET_CHARACTERS_MIN, max_length=128)
    account: str = Field(default="", max_length=255)
    """The id or realm of the account whose calls they all are; empty: User-Name says it."""

    disconnect_port: int = Field(default=3799, ge=1, le=65535)
    """Where it takes Disconnect-Requests."""

    @property
    def secret_bytes(self) -> bytes:
        """The secret as packets need it."""
        return self.secret.get_secret_value().encode()


_NASES: Final = TypeAdapter(
    dict[str, dict[str, object]], config=ConfigDict(hide_input_in_errors=True)
)


class Nases:
    """All of them, found by name or by address."""

    def __init__(self, nases: list[Nas]) -> None:
        self._by_name = {nas.name: nas for nas in nases}
        single = [nas for nas in nases if nas.address.num_addresses == 1]
        self._by_address: dict[Address, Nas] = {nas.address[0]: nas for nas in single}
        ranges = (nas for nas in nases if nas.address.num_addresses > 1)
        self._ranges = sorted(ranges, key=lambda nas: -nas.address.prefixlen)

    def find(self, host: str) -> Nas | None:
        """Return whose packets come from an address; the narrowest range counts."""
        address = ip_address(host.partition("%")[0])
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if (found := self._by_address.get(address)) is not None:
            return found
        return next((nas for nas in self._ranges if address in nas.address), None)

    def named(self, name: str) -> Nas | None:
        """Return the one of this name."""
        return self._by_name.get(name)


def read_nases(path: Path | None) -> Nases:
    """Return those that a file names, a TOML table each; raises NasFileError."""
    if path is None:
        raise NasFileError("Set AM_SWITCH_RADIUS_NAS_FILE to the file of your NAS.")
    try:
        tables = _NASES.validate_python(tomllib.loads(path.read_text("utf-8")))
        nases = [Nas.model_validate({"name": name, **table}) for name, table in tables.items()]
    except (OSError, ValidationError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise NasFileError(f"{path} can't be read: {_what(error)}") from None
    if not 1 <= len(nases) <= NASES_MAX:
        raise NasFileError(f"{path} names {len(nases)} NAS. It may name 1 to {NASES_MAX:,}.")
    if len({nas.address for nas in nases}) < len(nases):
        raise NasFileError(f"{path} gives two NAS the same address.")
    return Nases(nases)


def _what(error: Exception) -> str:
    """Say what is wrong without a secret: pydantic would show the value."""
    if isinstance(error, ValidationError):
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in faults)
    return str(error) if isinstance(error, OSError) else type(error).__name__
