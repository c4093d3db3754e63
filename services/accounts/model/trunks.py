"""What a SIP trunk is, how its fields are checked, and which networks overlap."""

import re
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

from contracts import accounts as contracts
from contracts.accounts import (
    DIGEST_USER_CHARACTERS_MAX,
    IPV4_PREFIX_MIN,
    IPV6_PREFIX_MIN,
    TRUNK_CHANNELS_MAX,
    TRUNK_NAME_CHARACTERS_MAX,
    TRUNK_NETWORKS_MAX,
    AddTrunk,
    ChangeTrunk,
    DigestPassword,
    SwitchTrunk,
)
from contracts.base import FieldError, Refused
from contracts.names import trimmed
from contracts.values import Moment, is_blank, is_readable
from services.accounts.model.accounts import StoredAccount, Value
from services.accounts.model.checks import error

Network = IPv4Network | IPv6Network

_DIGEST_USER = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._+-]{{2,{DIGEST_USER_CHARACTERS_MAX - 1}}}")
_PREFIX_MIN: Final = {4: IPV4_PREFIX_MIN, 6: IPV6_PREFIX_MIN}
_NO_NETWORK: Final = "Enter an address or a network such as 192.0.2.16/28 or 2001:db8::/48."
_NO_PEERS: Final = tuple(
    ip_network(text)
    for text in (
        *("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3"),
        *("::/96", "::ffff:0:0/96", "fe80::/10", "ff00::/8"),
    )
)
"""Nobody, this host, this link, groups, reserved, and IPv4 addresses in another form."""

_DIGITS: Final = {4: 8, 6: 32}
"""Hexadecimal digits of an address."""


class StoredTrunk(Value):
    """A SIP trunk, as it is kept."""

    id: str
    account_id: str
    served_by: tuple[str, ...]
    """Whose switches may know it: the account itself and those above it."""

    realm: str
    name: str
    networks: tuple[str, ...] = ()
    digest_user: str | None = None
    password: DigestPassword | None = None
    channels: int | None = None
    enabled: bool = True
    created_at: Moment
    version: int = 1


def new_trunk(trunk_id: str, account: StoredAccount, now: Moment) -> StoredTrunk:
    """Return a trunk of an account that nothing is known of yet."""
    return StoredTrunk(
        id=trunk_id,
        account_id=account.id,
        served_by=(*account.parent_path, account.id),
        realm=account.realm,
        name="",
        created_at=now,
        version=0,
    )


def ordered(trunk: StoredTrunk, order: AddTrunk | ChangeTrunk) -> StoredTrunk:
    """Return the trunk as an order says; raises Refused with every field that needs correcting."""
    name, errors = _check_name(order.name)
    networks, wrong = check_networks(order.networks)
    errors += wrong
    errors += _check_digest_user(order.digest_user)
    errors += _check_channels(order.channels)
    if not order.networks and order.digest_user is None:
        detail = "Enter at least one network, or a digest user."
        errors.append(error("/networks", "required", detail))
    if order.password is None and order.digest_user not in (None, trunk.digest_user):
        detail = "A digest user that is new needs a password that is new."
        errors.append(error("/password", "required", detail))
    if errors:
        raise refusal(errors)
    return trunk.model_copy(
        update={
            "name": name,
            "networks": tuple(str(network) for network in networks),
            "digest_user": order.digest_user,
            "password": _password(trunk, order),
            "channels": order.channels,
            "enabled": order.enabled,
            "version": trunk.version + 1,
        }
    )


def _password(trunk: StoredTrunk, order: AddTrunk | ChangeTrunk) -> DigestPassword | None:
    return (order.password or trunk.password) if order.digest_user is not None else None


def refusal(errors: Sequence[FieldError]) -> Refused:
    """Return the refusal of a trunk with these wrong fields."""
    only = {one.type for one in errors}
    code = only.pop() if only in ({"network-taken"}, {"digest-user-taken"}) else "invalid-fields"
    return Refused(code, " ".join(one.detail for one in errors), tuple(errors))


def _check_name(text: str) -> tuple[str, list[FieldError]]:
    name = trimmed(text)
    if is_blank(name):
        return name, [error("/name", "required", "Enter a name for the trunk.")]
    if len(name) > TRUNK_NAME_CHARACTERS_MAX:
        detail = f"Shorten the name to {TRUNK_NAME_CHARACTERS_MAX} characters."
        return name, [error("/name", "too-long", detail)]
    if not is_readable(name):
        return name, [error("/name", "invalid-characters", "Enter a name that people can read.")]
    return name, []


def _check_digest_user(user: str | None) -> list[FieldError]:
    if user is None or _DIGEST_USER.fullmatch(user):
        return []
    detail = (
        f"Use 3 to {DIGEST_USER_CHARACTERS_MAX} letters (a–z), digits and . _ + - "
        "in the digest user, beginning with a letter or digit."
    )
    return [error("/digest_user", "invalid-characters", detail)]


def _check_channels(channels: int | None) -> list[FieldError]:
    if channels is None or 1 <= channels <= TRUNK_CHANNELS_MAX:
        return []
    detail = f"Enter 1 to {TRUNK_CHANNELS_MAX:,} channels, or none for no limit."
    return [error("/channels", "out-of-range", detail)]


# --- networks -------------------------------------------------------------------------------


def check_networks(texts: Sequence[str]) -> tuple[list[Network], list[FieldError]]:
    """Return the networks in their normal form, in the order as sent, and what is wrong."""
    if len(texts) > TRUNK_NETWORKS_MAX:
        detail = f"A trunk has at most {TRUNK_NETWORKS_MAX} networks. Add another trunk."
        return [], [error("/networks", "too-many", detail)]
    networks: list[Network] = []
    errors: list[FieldError] = []
    for place, text in enumerate(texts):
        network = _network(text)
        pointer = f"/networks/{place}"
        if isinstance(network, str):
            errors.append(error(pointer, "invalid-network", network))
        elif any(overlap(network, other) for other in networks):
            detail = f"{network} overlaps another network of this trunk. Leave one of them out."
            errors.append(error(pointer, "duplicate-network", detail))
        else:
            networks.append(network)
    return networks, errors


def _network(text: str) -> Network | str:
    """Return the network, or a sentence that says why it is none for a trunk."""
    try:
        network = ip_network(text.strip(), strict=False)
    except ValueError:
        return _NO_NETWORK
    if "%" in text:  # the zone of an address means something on one host only
        return _NO_NETWORK
    if network.network_address != ip_address(text.strip().partition("/")[0]):
        return f"The network is {network}. Enter it so, or a single address."
    largest = _PREFIX_MIN[network.version]
    if network.prefixlen < largest:
        return f"Enter a network of /{largest} or smaller, or several of them."
    if any(overlap(network, other) for other in _NO_PEERS):
        return f"No other switch calls from {network}. Enter the address that it calls from."
    return network


def overlap(one: Network, other: Network) -> bool:
    """Tell whether two networks share an address."""
    return one.version == other.version and one.overlaps(other)


def network_span(network: Network) -> tuple[str, str]:
    """Return the first and the last address as texts that sort like addresses, by family."""
    digits = _DIGITS[network.version]
    first, last = int(network.network_address), int(network.broadcast_address)
    return f"{network.version}:{first:0{digits}x}", f"{network.version}:{last:0{digits}x}"


def network_block(network: Network) -> str:
    """Return the largest network that may be had and holds this one: no other block overlaps it."""
    return str(network.supernet(new_prefix=_PREFIX_MIN[network.version]))


def network_taken(place: int, network: str) -> FieldError:
    """Return the error of a network that another trunk has; whose it is stays unsaid."""
    detail = f"{network} overlaps a network of another trunk. Enter another one."
    return error(f"/networks/{place}", "network-taken", detail)


def digest_user_taken() -> FieldError:
    """Return the error of a digest user that another trunk of the account has."""
    detail = "Another trunk of the account has this digest user. Choose another one."
    return error("/digest_user", "digest-user-taken", detail)


# --- as others see it -----------------------------------------------------------------------


def trunk_view(trunk: StoredTrunk) -> contracts.Trunk:
    """Return a trunk as people see it."""
    kept = trunk.model_dump(exclude={"served_by", "password"})
    password_id = trunk.password.id if trunk.password else None
    return contracts.Trunk(**kept, password_id=password_id)


def switch_view(trunk: StoredTrunk) -> SwitchTrunk:
    """Return a trunk as a switch needs it."""
    kept = trunk.model_dump(exclude={"served_by", "password", "created_at", "version"})
    password = trunk.password
    return SwitchTrunk(
        **kept,
        ha1_md5=password.ha1_md5 if password else None,
        ha1_sha256=password.ha1_sha256 if password else None,
    )


def described(trunk: StoredTrunk) -> dict[str, str]:
    """Return what of a trunk changes, as the audit trail tells it; of the password only which."""
    return {
        "name": trunk.name,
        "networks": ", ".join(trunk.networks),
        "digest_user": trunk.digest_user or "",
        "password": trunk.password.id if trunk.password else "",
        "channels": str(trunk.channels or ""),
        "enabled": "yes" if trunk.enabled else "no",
    }
