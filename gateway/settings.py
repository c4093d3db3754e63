"""The environment of the gateway: what every process is told, and a little more."""

from urllib.parse import urlsplit

from services.chassis.settings import Settings


class GatewaySettings(Settings):
    """What the gateway is told by its environment."""

    forwarded_allow_ips: str = ""
    """Addresses of reverse proxies whose X-Forwarded-For is believed; empty: nobody's."""

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
