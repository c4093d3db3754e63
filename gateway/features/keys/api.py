"""API keys over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends

from gateway.features.keys import actions as keys
from gateway.features.keys.schemas import KeyBody, KeyList, NewKey
from gateway.http.problems import refusals
from gateway.identity.caller import Caller
from gateway.identity.requests import may
from gateway.identity.whole_checks import WholeBodyRoute

router = APIRouter(prefix="/v1", tags=["people"], route_class=WholeBodyRoute)


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
