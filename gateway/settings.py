"""Settings of the gateway, read from environment variables."""

from urllib.parse import urlsplit

from pydantic import Field

from services.chassis.settings import Settings


class GatewaySettings(Settings):
    """Settings of the gateway."""

    forwarded_allow_ips: str = ""
    """Addresses of reverse proxies whose X-Forwarded-For is trusted; empty: none.

    Commas between them; a network such as `10.0.0.0/8` stands for all addresses in it.
    """

    connections_per_client_max: int = Field(default=400, ge=1)
    """Of one address; those of the proxies above are many clients', and have no such limit."""

    connections_max: int = Field(default=4_000, ge=1)
    """Of all clients; fewer where the process may not open so many files."""

    headers_seconds_max: float = Field(default=10.0, gt=0)
    """From connecting, or from a request's first byte, to the end of its headers."""

    body_seconds_max: float = Field(default=30.0, gt=0)
    """From there to the end of the body; a body that comes along well has longer."""

    @property
    def origin(self) -> str:
        """The origin of the portal's own pages, as browsers send it."""
        parts = urlsplit(self.portal_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def session_cookie(self) -> str:
        """Name of the session cookie; browsers keep `__Host-` to HTTPS and to this host."""
        return "__Host-session" if self.secure else "session"

    @property
    def secure(self) -> bool:
        """Whether cookies go over HTTPS only: always, but for a portal on this very machine."""
        parts = urlsplit(self.portal_url)
        return parts.scheme != "http" or parts.hostname not in ("localhost", "127.0.0.1")
