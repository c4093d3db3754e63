"""Sessions, the own account, passwords and API keys."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from contracts.base import Done
from gateway.actions import keys, people
from gateway.answers import KeyList, LinkOwnerView, Me, NewKey, NewSession
from gateway.api.requests import Anyone, may
from gateway.api.whole_checks import WholeBodyRoute
from gateway.caller import Caller
from gateway.identify import session_token
from gateway.people_bodies import (
    KeyBody,
    LinkBody,
    PasswordByLinkBody,
    PasswordChangeBody,
    PasswordResetBody,
    SignInBody,
)
from gateway.problems import refusals
from gateway.sessions import LIFETIME
from gateway.settings import GatewaySettings

router = APIRouter(prefix="/v1", tags=["people"], route_class=WholeBodyRoute)


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


# --- sessions ---------------------------------------------------------------------------


@router.post(
    "/sessions",
    status_code=201,
    responses=refusals(
        "wrong-credentials",
        "choose-account",
        "too-many-requests",
        "cross-site-request",
        body=True,
        signed_in=False,
    ),
)
async def sign_in(
    visitor: Anyone, body: SignInBody, request: Request, response: Response
) -> NewSession:
    """Sign in: the answer sets the session cookie.

    When e-mail and password are right for several accounts, the problem `choose-account` lists
    them in its member `accounts`; send the `realm` of one of them as well.
    """
    signed_in = await people.sign_in(visitor, body, session_token(request))
    set_session(response, visitor.gateway.settings, signed_in.token)
    return NewSession(user=signed_in.user)


@router.delete("/sessions", status_code=204, responses=refusals())
async def sign_out(
    caller: Annotated[Caller, Depends(may(people.sign_out))], response: Response
) -> None:
    """Sign out: the session ends."""
    await people.sign_out(caller)
    clear_session(response, caller.gateway.settings)


@router.get("/me", responses=refusals("not-found"))
async def find_me(caller: Annotated[Caller, Depends(may(people.find_me))]) -> Me:
    """Tell who is signed in, and for which account."""
    return await people.find_me(caller)


# --- passwords --------------------------------------------------------------------------


@router.post(
    "/me/password",
    status_code=204,
    responses=refusals("changed-meanwhile", "not-found", "too-many-requests", body=True),
)
async def change_password(
    caller: Annotated[Caller, Depends(may(people.change_password))],
    body: PasswordChangeBody,
    response: Response,
) -> None:
    """Change the own password: every other session ends, and a letter tells the person."""
    signed_in = await people.change_password(caller, body)
    set_session(response, caller.gateway.settings, signed_in.token)


@router.post(
    "/password-resets",
    status_code=202,
    responses=refusals("too-many-requests", "cross-site-request", body=True, signed_in=False),
)
async def request_reset(visitor: Anyone, body: PasswordResetBody) -> Done:
    """Have a one-time link sent, valid for 30 minutes; the answer is the same for every address."""
    await people.request_reset(visitor, body)
    return Done()


LINK_PROBLEMS = refusals(
    "link-expired", "too-many-requests", "cross-site-request", body=True, signed_in=False
)


@router.post("/password-links/find", responses=LINK_PROBLEMS)
async def find_link(visitor: Anyone, body: LinkBody) -> LinkOwnerView:
    """Tell whose password a one-time link sets. The token travels in the body, never in the URL."""
    owner = await people.find_link(visitor, body.token)
    return LinkOwnerView(
        email=owner.user.email, account_name=owner.user.account_name, purpose=owner.purpose
    )


@router.post("/password-links/use", status_code=204, responses=LINK_PROBLEMS)
async def set_password(visitor: Anyone, body: PasswordByLinkBody) -> None:
    """Set a password by a one-time link, which is used up; then sign in with it."""
    await people.set_password(visitor, body)


# --- keys -------------------------------------------------------------------------------


@router.post("/keys", status_code=201, responses=refusals("account-disabled", body=True))
async def make_key(caller: Annotated[Caller, Depends(may(keys.make_key))], body: KeyBody) -> NewKey:
    """Make an API key. Its secret is shown in this answer only; it takes a session to ask."""
    return await keys.make_key(caller, body)


@router.get("/keys", responses=refusals())
async def list_keys(caller: Annotated[Caller, Depends(may(keys.list_keys))]) -> KeyList:
    """List the API keys of your account."""
    return await keys.list_keys(caller)


@router.delete("/keys/{key_id}", status_code=204, responses=refusals("not-found"))
async def delete_key(caller: Annotated[Caller, Depends(may(keys.delete_key))], key_id: str) -> None:
    """Delete an API key: programs that use it are locked out at once."""
    await keys.delete_key(caller, key_id)
