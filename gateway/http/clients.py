"""Who is connected, and how much room each client has."""

import ipaddress
from collections import OrderedDict
from functools import lru_cache
from typing import Final, Protocol

from prometheus_client import Gauge

RECEIVING_BYTES_PER_CLIENT_MAX: Final = 64_000_000
RECEIVING_BYTES_MAX: Final = 512_000_000
"""Bodies that have not come as a whole, of one client and of all."""

IPV6_CLIENT_BITS: Final = 64
"""One machine may use every IPv6 address that begins alike."""

NAMES_REMEMBERED: Final = 4_096
"""Each request asks several times who its client is."""

CONNECTIONS: Final = Gauge("accounts_manager_http_connections", "Open connections of clients")


class Evictable(Protocol):
    """A connection as `Clients` sees it."""

    def evict(self) -> bool:
        """End it; False when it is ending already."""
        ...


class Client:
    """The connections of one client, or of all of them."""

    def __init__(self, connections_max: int | None, bytes_max: int | None) -> None:
        self.connections_max = connections_max
        self.bytes_max = bytes_max
        self.connections: set[Evictable] = set()
        self.waiting: OrderedDict[Evictable, None] = OrderedDict()
        """Those that have not sent a whole request, in the order since when."""

        self.bytes = 0
        """Received of bodies that have not come as a whole."""

    def has_room(self) -> bool:
        """Tell whether it may have another connection, after the slowest has gone if need be."""
        if self.connections_max is None or len(self.connections) < self.connections_max:
            return True
        while self.waiting:
            slowest, _ = self.waiting.popitem(last=False)
            if slowest.evict():
                return True
        return False


class Clients:
    """All connections by who opened them.

    A client that has too many loses the one that has kept the gateway waiting longest, so a slow
    client affects only itself. Only when none waits the new connection is refused.
    """

    def __init__(self, per_client_max: int, connections_max: int, proxies: str = "") -> None:
        """Prepare it.

        The connections of `proxies` (addresses and networks, `*` for all) are many clients', so
        only the limit of all connections counts for them. ValueError for what is no address.
        """
        self._per_client_max = per_client_max
        self._proxies = _networks(proxies)
        self._by_name: dict[str, Client] = {}
        self._all = Client(connections_max, RECEIVING_BYTES_MAX)

    def enter(self, connection: Evictable, host: str) -> bool:
        """Count a connection; False when there is no room for it."""
        name = _name_of(host)
        client = self._by_name.get(name) or self._new_client(name)
        if not (client.has_room() and self._all.has_room()):
            return False
        self._by_name[name] = client
        for group in (client, self._all):
            group.connections.add(connection)
        CONNECTIONS.set(len(self._all.connections))
        return True

    def leave(self, connection: Evictable, host: str) -> None:
        """Count a connection no more."""
        for group in self._groups(host):
            group.connections.discard(connection)
            group.waiting.pop(connection, None)
        name = _name_of(host)
        if not self._by_name[name].connections:
            del self._by_name[name]
        CONNECTIONS.set(len(self._all.connections))

    def wait_for(self, connection: Evictable, host: str) -> None:
        """Note that from now on the gateway waits for this connection's next request."""
        for group in self._groups(host):
            group.waiting[connection] = None
            group.waiting.move_to_end(connection)

    def got(self, connection: Evictable, host: str) -> None:
        """Note that the request has come, and the client waits for the gateway."""
        for group in self._groups(host):
            group.waiting.pop(connection, None)

    def receive(self, host: str, size: int) -> bool:
        """Count bytes of bodies, or fewer of them; False when it is too much at once."""
        groups = self._groups(host)
        for group in groups:
            group.bytes += size
        return all(group.bytes_max is None or group.bytes <= group.bytes_max for group in groups)

    def _groups(self, host: str) -> tuple[Client, Client]:
        return self._by_name[_name_of(host)], self._all

    def _new_client(self, name: str) -> Client:
        if _is_among(name, self._proxies):
            return Client(None, None)
        return Client(self._per_client_max, RECEIVING_BYTES_PER_CLIENT_MAX)


Networks = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]


def _networks(text: str) -> Networks:
    if text.strip() == "*":
        text = "0.0.0.0/0, ::/0"
    names = [name.strip() for name in text.split(",")]
    return tuple(ipaddress.ip_network(name, strict=False) for name in names if name)


def _is_among(name: str, networks: Networks) -> bool:
    try:
        network = ipaddress.ip_network(name)
    except ValueError:
        return False
    return any(
        network.version == other.version and network.network_address in other for other in networks
    )


@lru_cache(maxsize=NAMES_REMEMBERED)
def _name_of(host: str) -> str:
    """Return the address of a client; of an IPv6 one the network that it has to itself."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address.packed, IPV6_CLIENT_BITS), strict=False))
