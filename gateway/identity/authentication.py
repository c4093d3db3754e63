"""From a request to who sent it: a session's cookie or an API key."""

import base64
from typing import Final

from fastapi import Request

from contracts.accounts import User
from contracts.base import Refused
from gateway.http.checking import is_check, unread_in
from gateway.http.security import cookie_of
from gateway.identity.caller import Caller, Visitor
from gateway.identity.keys import Key
from gateway.identity.runtime import Gateway
from gateway.identity.sessions import Session
from gateway.identity.throttle import network_of
from services.chassis.principal import Principal

CREDENTIAL_CHARACTERS_MAX: Final = 200
BASIC_CHARACTERS_MAX: Final = 400
"""In Base64: a name and a key."""

SIGN_IN: Final = "Sign in, or send an API key as `Authorization: Bearer …`."


def gateway_of(request: Request) -> Gateway:
    """Return the gateway that serves this request."""
    gateway = request.app.state.gateway
    assert isinstance(gateway, Gateway)
    return gateway


def session_token(request: Request) -> str:
    """Return the token in the session cookie; empty when there is none."""
    name = gateway_of(request).settings.session_cookie
    token = cookie_of(request.headers, name)
    return token if len(token) <= CREDENTIAL_CHARACTERS_MAX else ""


def visitor_of(request: Request) -> Visitor:
    """Return the sender of a request before any sign-in."""
    gateway = gateway_of(request)
    gateway.refuse_before_start()
    address = request.client.host if request.client else ""
    return Visitor(
        gateway,
        request.state.request_id,
        network_of(address),
        checks_only=is_check(request),
        unread=unread_in(request),
    )


async def caller_of(request: Request) -> Caller:
    """Return the person or program that sent the request; refused with a 401 problem."""
    visitor = visitor_of(request)
    authorization = request.headers.get("authorization")
    caller = (
        await _caller_with_key(visitor, authorization)
        if authorization is not None
        else await _caller_with_session(visitor, session_token(request))
    )
    request.state.caller = caller
    return caller


def _secret_of(scheme: str, credentials: str) -> str:
    """Return the API key in an Authorization header; empty when there is none.

    Basic authentication carries it as the password, for switches that can do nothing else.
    """
    if scheme == "bearer" and len(credentials) <= CREDENTIAL_CHARACTERS_MAX:
        return credentials.strip()
    if scheme != "basic" or len(credentials) > BASIC_CHARACTERS_MAX:
        return ""
    try:
        text = base64.b64decode(credentials.strip(), validate=True).decode()
    except ValueError:
        return ""
    return text.partition(":")[2]


async def _caller_with_key(visitor: Visitor, authorization: str) -> Caller:
    scheme, _, credentials = authorization.partition(" ")
    scheme = scheme.lower()
    secret = _secret_of(scheme, credentials)
    if not secret:
        raise Refused("not-signed-in", SIGN_IN)
    key = await visitor.gateway.keys.find(secret)
    if key is None:
        raise Refused("not-signed-in", "There’s no such API key. It may have been deleted.")
    if scheme == "basic" and key.scope != "calls":
        # a browser that was once given it would send it with every site's requests
        raise Refused("not-signed-in", "Only keys of the scope calls work as a password.")
    if key.has_expired(visitor.gateway.clock()):
        detail = f"This API key expired on {key.expires_at:%Y-%m-%d at %H:%M} UTC. Make a new one."
        raise Refused("api-key-expired", detail)
    user = await _user(visitor, key)
    await visitor.gateway.keys.note_use(key)
    principal = Principal(
        id=key.id,
        account_id=key.account_id,
        parent_id=key.parent_id,
        role="switch" if key.scope == "calls" else key.role,
    )
    return _caller(visitor, user, principal, key=key)


async def _caller_with_session(visitor: Visitor, token: str) -> Caller:
    session = await visitor.gateway.sessions.find(token) if token else None
    if session is None:
        raise Refused("not-signed-in", SIGN_IN)
    user = await _user(visitor, session)
    if user.password_version < session.password_version:
        # What is remembered of the user is older than the session.
        user = await _user(visitor, session, fresh=True)
    if not session.outlives(user):
        await visitor.gateway.sessions.end(session.id)
        raise Refused("not-signed-in", "Your session has ended; sign in again.")
    await visitor.gateway.sessions.note_use(session, user)
    principal = Principal(
        id=user.id, account_id=user.account_id, parent_id=user.parent_id, role=user.role
    )
    return _caller(visitor, user, principal, session=session)


def _caller(
    visitor: Visitor,
    user: User,
    principal: Principal,
    *,
    session: Session | None = None,
    key: Key | None = None,
) -> Caller:
    return Caller(
        visitor.gateway,
        visitor.request_id,
        visitor.address,
        user,
        principal,
        session,
        key,
        checks_only=visitor.checks_only,
        unread=visitor.unread,
    )


async def _user(visitor: Visitor, credential: Session | Key, *, fresh: bool = False) -> User:
    try:
        return await visitor.gateway.users.find(
            credential.user_id, fresh=fresh, correlation_id=visitor.request_id
        )
    except Refused as refusal:
        if refusal.problem.code == "not-found":
            raise Refused("not-signed-in", "Your account is closed.") from None
        raise
