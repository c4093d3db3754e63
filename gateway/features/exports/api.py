"""The lists as CSV files, with the filters of the lists; sent page by page, however long."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response

from contracts.accounts import AccountSort, AccountStatus, ListAccounts
from contracts.billing import ListRateSheets, ListRejectedCalls, RejectedCallStatus, RejectionReason
from contracts.numbers import ListNumbers, NumberState
from contracts.values import PAGE_ITEMS_MAX, Country
from gateway.features.accounts.filters import AccountFilters
from gateway.features.exports import actions as exports
from gateway.files.downloads import csv_answer, csv_response
from gateway.http.problems import refusals
from gateway.identity.caller import Caller
from gateway.identity.requests import CSV, AccountSearch, Search, may

router = APIRouter(prefix="/v1", tags=["exports"], default_response_class=Response)

FILE: Final = {**csv_answer("All that match"), **refusals()}
WithStatus = Annotated[
    AccountStatus | None, Query(description="Without it, all but failed and closed ones.")
]


@router.get("/accounts.csv", responses=FILE)
async def export_accounts(
    caller: Annotated[Caller, Depends(may(exports.export_accounts, gives=CSV))],
    filters: AccountFilters,
) -> Response:
    """Download your accounts with their balances."""
    query = filters.model_copy(update={"limit": PAGE_ITEMS_MAX})
    return csv_response(await exports.export_accounts(caller, query), "accounts.csv")


@router.get("/resellers.csv", responses=FILE)
async def export_resellers(
    caller: Annotated[Caller, Depends(may(exports.export_resellers, gives=CSV))],
    q: AccountSearch = "",
    status: WithStatus = None,
    sort: AccountSort = "name",
) -> Response:
    """Download the resellers."""
    query = ListAccounts(search=q, status=status, sort=sort, limit=PAGE_ITEMS_MAX)
    return csv_response(await exports.export_resellers(caller, query), "resellers.csv")


@router.get("/numbers.csv", responses=FILE)
async def export_numbers(
    caller: Annotated[Caller, Depends(may(exports.export_numbers, gives=CSV))],
    state: NumberState | None = None,
    q: Search = "",
    country: Country | None = None,
) -> Response:
    """Download your stock of numbers."""
    query = ListNumbers(state=state, search=q, country=country, limit=PAGE_ITEMS_MAX)
    return csv_response(await exports.export_numbers(caller, query), "numbers.csv")


@router.get("/rate-sheets.csv", responses=FILE)
async def export_rate_sheets(
    caller: Annotated[Caller, Depends(may(exports.export_rate_sheets, gives=CSV))],
    archived: Annotated[
        bool | None, Query(description="Only those that are, or are not; without it: all.")
    ] = None,
) -> Response:
    """Download the list of your rate sheets; the rates of each have an export of their own."""
    query = ListRateSheets(archived=archived)
    return csv_response(await exports.export_rate_sheets(caller, query), "rate-sheets.csv")


@router.get("/repairs.csv", operation_id="export_repairs", deprecated=True, responses=FILE)
@router.get("/rejected-calls.csv", responses=FILE)
async def export_rejected_calls(
    caller: Annotated[Caller, Depends(may(exports.export_rejected_calls, gives=CSV))],
    status: Annotated[RejectedCallStatus | None, Query(description="Without it: all.")] = None,
    reason: Annotated[RejectionReason | None, Query(description="Without it: all.")] = None,
) -> Response:
    """Download the list of records that could not be charged."""
    query = ListRejectedCalls(status=status, reason=reason, limit=PAGE_ITEMS_MAX)
    return csv_response(await exports.export_rejected_calls(caller, query), "rejected-calls.csv")


@router.get("/keys.csv", responses=FILE)
async def export_keys(
    caller: Annotated[Caller, Depends(may(exports.export_keys, gives=CSV))],
) -> Response:
    """Download the list of your API keys, without their secrets."""
    return csv_response(await exports.export_keys(caller), "keys.csv")
