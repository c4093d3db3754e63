"""Routes that accounts and resellers share: a reseller is an account of the platform."""

from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Response

from contracts.accounts import Account
from contracts.billing import Quote
from gateway.features.accounts.schemas import DisableBody
from gateway.http.problems import refusals
from gateway.identity.caller import Caller, RequestKey
from gateway.identity.operations import Operation, with_types
from gateway.identity.requests import (
    KEY_PROBLEMS,
    OPENING_PROBLEMS,
    STATE_PROBLEMS,
    OptionalKey,
    RequiredKey,
    etag,
    may,
)

Body = TypeVar("Body")


def add_opening_routes(
    router: APIRouter,
    body_type: type[Body],
    quote: Operation[[Body], Quote],
    begin: Operation[[Body, RequestKey], Account],
) -> None:
    """Add the routes that quote an opening and begin it."""

    async def quote_opening(
        caller: Annotated[Caller, Depends(may(quote.action))], body: Body
    ) -> Quote:
        return await quote.action(caller, body)

    async def open_one(
        caller: Annotated[Caller, Depends(may(begin.action))],
        body: Body,
        key: RequiredKey,
        response: Response,
    ) -> Account:
        account = await begin.action(caller, body, key)
        response.headers["Location"] = f"{router.prefix}/{account.id}"
        return tagged(response, account)

    router.post(
        "/quote",
        name=quote.name,
        description=quote.description,
        responses=refusals(*OPENING_PROBLEMS, body=True),
    )(with_types(quote_opening, body=body_type))
    router.post(
        "",
        name=begin.name,
        description=begin.description,
        status_code=201,
        responses=refusals(*OPENING_PROBLEMS, "quote-changed", *KEY_PROBLEMS, body=True),
    )(with_types(open_one, body=body_type))


def add_state_routes(
    router: APIRouter,
    find: Operation[[str], Account],
    disable: Operation[[str, str, RequestKey | None], Account],
    enable: Operation[[str, RequestKey | None], Account],
) -> None:
    """Add the routes that show one, make it inoperative and make it work again."""

    @router.get(
        "/{account_id}",
        name=find.name,
        description=find.description,
        responses=refusals("not-found"),
    )
    async def find_one(
        caller: Annotated[Caller, Depends(may(find.action))], account_id: str, response: Response
    ) -> Account:
        return tagged(response, await find.action(caller, account_id))

    @router.post(
        "/{account_id}/disable",
        name=disable.name,
        description=disable.description,
        responses=STATE_PROBLEMS,
    )
    async def disable_one(
        caller: Annotated[Caller, Depends(may(disable.action))],
        account_id: str,
        key: OptionalKey,
        response: Response,
        body: DisableBody | None = None,
    ) -> Account:
        reason = body.reason if body else ""
        return tagged(response, await disable.action(caller, account_id, reason, key))

    @router.post(
        "/{account_id}/enable",
        name=enable.name,
        description=enable.description,
        responses=STATE_PROBLEMS,
    )
    async def enable_one(
        caller: Annotated[Caller, Depends(may(enable.action))],
        account_id: str,
        key: OptionalKey,
        response: Response,
    ) -> Account:
        return tagged(response, await enable.action(caller, account_id, key))


def tagged(response: Response, account: Account) -> Account:
    """Return an account, with the ETag of its version on the answer."""
    response.headers["ETag"] = etag(account.version)
    return account
