"""One search over everything that the caller may see."""

from typing import Annotated

from fastapi import APIRouter, Depends

from gateway.actions import search
from gateway.actions.search import SearchResults
from gateway.api.requests import AccountSearch, may
from gateway.caller import Caller
from gateway.problems import refusals

router = APIRouter(prefix="/v1/search", tags=["search"])


@router.get("", responses=refusals())
async def search_everything(
    caller: Annotated[Caller, Depends(may(search.search_everything))], q: AccountSearch
) -> SearchResults:
    """Find accounts, numbers, invoices, and calls by their ids: at most five of each.

    Accounts are found by beginnings of words of name, realm, administrator, e-mail address and
    numbers; invoices by the beginning of their number; calls, charged or rejected, by the whole id.
    """
    return await search.search_everything(caller, q)
