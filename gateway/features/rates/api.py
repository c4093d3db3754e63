"""Rate sheets: what calls cost, per dialled prefix."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from contracts.billing import (
    CallPrice,
    CountryRates,
    ListRates,
    ListRateSheets,
    RatePage,
    RateSheet,
    RateSheetPage,
)
from contracts.values import PAGE_ITEMS_MAX
from gateway.features.rates import actions as rates
from gateway.features.rates.schemas import PriceBody, RateSheetBody, RateSheetPatch
from gateway.files.downloads import csv_answer, csv_response
from gateway.http.exact_rates import ExactRates
from gateway.http.problems import refusals
from gateway.http.schemas import WHOLE_NUMBER_MAX
from gateway.identity.caller import Caller
from gateway.identity.requests import (
    CSV,
    JSON,
    MERGE_PATCH,
    ConfirmName,
    Cursor,
    IfMatch,
    Limit,
    OptionalKey,
    Search,
    etag,
    may,
    version_to_change,
)
from gateway.identity.whole_checks import WholeBodyRoute

router = APIRouter(
    prefix="/v1/rate-sheets",
    tags=["rate sheets"],
    route_class=WholeBodyRoute,
    default_response_class=ExactRates,
)

Revision = Annotated[
    int | None,
    Query(ge=0, le=WHOLE_NUMBER_MAX, description="An earlier revision; without it: that in use."),
]


@router.post(
    "",
    status_code=201,
    responses=refusals(
        "rate-sheet-name-taken",
        "currency-mismatch",
        "account-disabled",
        "idempotency-key-reused",
        body=True,
    ),
)
async def create_rate_sheet(
    caller: Annotated[Caller, Depends(may(rates.create_rate_sheet))],
    body: RateSheetBody,
    key: OptionalKey,
    response: Response,
) -> RateSheet:
    """Make an empty rate sheet."""
    sheet = await rates.create_rate_sheet(caller, body, key)
    response.headers["Location"] = f"/v1/rate-sheets/{sheet.id}"
    response.headers["ETag"] = etag(sheet.version)
    return sheet


@router.get("", responses=refusals("invalid-cursor"))
async def list_rate_sheets(
    caller: Annotated[Caller, Depends(may(rates.list_rate_sheets))],
    archived: Annotated[
        bool | None, Query(description="Only archived ones, or only others.")
    ] = None,
    limit: Limit = PAGE_ITEMS_MAX,
    cursor: Cursor = None,
) -> RateSheetPage:
    """List your rate sheets by name."""
    query = ListRateSheets(archived=archived, limit=limit, cursor=cursor)
    return await rates.list_rate_sheets(caller, query)


@router.get("/{rate_sheet_id}", responses=refusals("not-found"))
async def find_rate_sheet(
    caller: Annotated[Caller, Depends(may(rates.find_rate_sheet))],
    rate_sheet_id: str,
    response: Response,
) -> RateSheet:
    """Show a rate sheet; its rates are listed of their own."""
    sheet = await rates.find_rate_sheet(caller, rate_sheet_id)
    response.headers["ETag"] = etag(sheet.version)
    return sheet


@router.patch(
    "/{rate_sheet_id}",
    responses=refusals(
        "not-found",
        "rate-sheet-name-taken",
        "account-disabled",
        "version-conflict",
        "if-match-required",
        "idempotency-key-reused",
        body=True,
    ),
)
async def rename_rate_sheet(
    *,
    caller: Annotated[Caller, Depends(may(rates.rename_rate_sheet, takes=(JSON, MERGE_PATCH)))],
    rate_sheet_id: str,
    body: RateSheetPatch,
    versions: IfMatch,
    key: OptionalKey,
    response: Response,
) -> RateSheet:
    """Give a rate sheet another name."""

    async def current() -> int:
        return (await rates.find_rate_sheet(caller, rate_sheet_id)).version

    version = await version_to_change(versions, current)
    sheet = await rates.rename_rate_sheet(caller, rate_sheet_id, version, body.name, key)
    response.headers["ETag"] = etag(sheet.version)
    return sheet


@router.post(
    "/{rate_sheet_id}/archive",
    responses=refusals("not-found", "account-disabled", "idempotency-key-reused"),
)
async def archive_rate_sheet(
    caller: Annotated[Caller, Depends(may(rates.archive_rate_sheet))],
    rate_sheet_id: str,
    key: OptionalKey,
    response: Response,
) -> RateSheet:
    """Keep new plans from choosing a sheet; those that have it keep it."""
    return await _archived(caller, rate_sheet_id, key, response, archived=True)


@router.post(
    "/{rate_sheet_id}/unarchive",
    responses=refusals("not-found", "account-disabled", "idempotency-key-reused"),
)
async def unarchive_rate_sheet(
    caller: Annotated[Caller, Depends(may(rates.archive_rate_sheet))],
    rate_sheet_id: str,
    key: OptionalKey,
    response: Response,
) -> RateSheet:
    """Let new plans choose a sheet again."""
    return await _archived(caller, rate_sheet_id, key, response, archived=False)


async def _archived(
    caller: Caller, rate_sheet_id: str, key: OptionalKey, response: Response, *, archived: bool
) -> RateSheet:
    sheet = await rates.archive_rate_sheet(caller, rate_sheet_id, key, archived=archived)
    response.headers["ETag"] = etag(sheet.version)
    return sheet


@router.delete(
    "/{rate_sheet_id}",
    status_code=204,
    responses=refusals(
        "not-found",
        "name-does-not-match",
        "rate-sheet-in-use",
        "rate-sheet-busy",
        "account-disabled",
        "idempotency-key-reused",
    ),
)
async def delete_rate_sheet(
    caller: Annotated[Caller, Depends(may(rates.delete_rate_sheet))],
    rate_sheet_id: str,
    key: OptionalKey,
    confirm_name: ConfirmName,
) -> None:
    """Delete a rate sheet that no plan uses; send its name as `confirm_name`."""
    await rates.delete_rate_sheet(caller, rate_sheet_id, confirm_name, key)


@router.get("/{rate_sheet_id}/rates", responses=refusals("not-found", "invalid-cursor"))
async def list_rates(
    *,
    caller: Annotated[Caller, Depends(may(rates.list_rates))],
    rate_sheet_id: str,
    q: Search = "",
    revision: Revision = None,
    limit: Limit = PAGE_ITEMS_MAX,
    cursor: Cursor = None,
) -> RatePage:
    """List rates by prefix; `q` is the beginning of a prefix or of a country's name."""
    query = ListRates(
        rate_sheet_id=rate_sheet_id, search=q, revision=revision, limit=limit, cursor=cursor
    )
    return await rates.list_rates(caller, query)


@router.get("/{rate_sheet_id}/countries", responses=refusals("not-found"))
async def find_country_rates(
    caller: Annotated[Caller, Depends(may(rates.find_country_rates))], rate_sheet_id: str
) -> CountryRates:
    """List the countries that a sheet prices, with the lowest and highest rate of each."""
    return await rates.find_country_rates(caller, rate_sheet_id)


@router.post(
    "/{rate_sheet_id}/price",
    responses=refusals("not-found", "invalid-destination", "no-rate", "rate-blocked", body=True),
)
async def rate_call(
    caller: Annotated[Caller, Depends(may(rates.rate_call))], rate_sheet_id: str, body: PriceBody
) -> CallPrice:
    """Tell what a call would cost on a sheet, without any bundle; nothing is charged."""
    return await rates.rate_call(caller, rate_sheet_id, body)


@router.get(
    "/{rate_sheet_id}/export",
    response_class=Response,
    responses={**csv_answer("All rates"), **refusals("not-found")},
)
async def export_rates(
    caller: Annotated[Caller, Depends(may(rates.export_rates, gives=CSV))],
    rate_sheet_id: str,
    revision: Revision = None,
) -> Response:
    """Download all rates of a sheet as CSV, in the columns that an import takes."""
    lines = await rates.export_rates(caller, rate_sheet_id, revision)
    return csv_response(lines, "rates.csv")
