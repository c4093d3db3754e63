"""One search over everything that the caller may see."""

from typing import Annotated

from fastapi import APIRouter, Depends

from gateway.features.search import actions as search
from gateway.features.search.actions import SearchResults
from gateway.http.exact_rates import ExactRates
from gateway.http.problems import refusals
from gateway.identity.caller import Caller
from gateway.identity.requests import AccountSearch, may

router = APIRouter(prefix="/v1/search", tags=["search"], default_response_class=ExactRates)


@router.get("", responses=refusals())
async def search_everything(
    caller: Annotated[Caller, Depends(may(search.search_everything))], q: AccountSearch
) -> SearchResults:
    """Find accounts, numbers, invoices, and calls by their ids: at most five of each.

    Accounts are found by beginnings of words of name, realm, administrator, e-mail address and
    numbers; invoices by the beginning of their number; calls, charged or rejected, by the whole id.
    """
    return await search.search_everything(caller, q)
