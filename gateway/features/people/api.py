"""Sessions, the own account, passwords and API keys."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from contracts.base import Done
from gateway.features.people import actions as people
from gateway.features.people.schemas import (
    LinkBody,
    LinkOwnerView,
    Me,
    NewSession,
    PasswordByLinkBody,
    PasswordChangeBody,
    PasswordResetBody,
    SignInBody,
)
from gateway.http.problems import refusals
from gateway.identity.authentication import session_token
from gateway.identity.caller import Caller
from gateway.identity.cookies import clear_session, set_session
from gateway.identity.requests import Anyone, may
from gateway.identity.whole_checks import WholeBodyRoute

router = APIRouter(prefix="/v1", tags=["people"], route_class=WholeBodyRoute)


# --- sessions ---------------------------------------------------------------------------


@router.post(
    "/sessions",
    status_code=201,
    responses=refusals(
        "invalid-credentials",
        "ambiguous-account",
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

    When e-mail and password are right for several accounts, the problem `ambiguous-account` lists
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
    responses=refusals("version-conflict", "not-found", "too-many-requests", body=True),
)
async def change_password(
    caller: Annotated[Caller, Depends(may(people.change_password))],
    body: PasswordChangeBody,
    response: Response,
) -> None:
    """Change the own password: every other session ends, and an e-mail tells the person."""
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


@router.post("/password-resets/lookup", responses=LINK_PROBLEMS)
async def find_link(visitor: Anyone, body: LinkBody) -> LinkOwnerView:
    """Tell whose password a one-time link sets. The token travels in the body, never in the URL."""
    owner = await people.find_link(visitor, body.token)
    return LinkOwnerView(
        email=owner.user.email, account_name=owner.user.account_name, purpose=owner.purpose
    )


@router.post("/password-resets/confirm", status_code=204, responses=LINK_PROBLEMS)
async def set_password(visitor: Anyone, body: PasswordByLinkBody) -> None:
    """Set a password by a one-time link, which is used up; then sign in with it."""
    await people.set_password(visitor, body)


# --- keys -------------------------------------------------------------------------------
