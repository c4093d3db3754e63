"""The cookie that a session lives in."""

from fastapi import Response

from gateway.identity.sessions import LIFETIME
from gateway.settings import GatewaySettings


def set_session(response: Response, settings: GatewaySettings, token: str) -> None:
    """Hand a session's token to the browser, out of reach of scripts and other sites."""
    response.set_cookie(
        settings.session_cookie,
        token,
        max_age=int(LIFETIME.total_seconds()),
        path="/",
        secure=settings.secure,
        httponly=True,
        samesite="lax",
    )


def clear_session(response: Response, settings: GatewaySettings) -> None:
    """Take the session's token away from the browser."""
    response.delete_cookie(
        settings.session_cookie, path="/", secure=settings.secure, httponly=True, samesite="lax"
    )
