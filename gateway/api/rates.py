"""Rate sheets: what calls cost, per dialled prefix."""

from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from contracts.billing import (
    CallPrice,
    CountryRates,
    ImportReport,
    ListRates,
    ListRateSheets,
    RatePage,
    RateSheet,
    RateSheetPage,
)
from contracts.values import PAGE_ITEMS_MAX
from gateway.actions import rates
from gateway.api.requests import (
    CSV,
    JSON,
    MERGE_PATCH,
    Cursor,
    IfMatch,
    Limit,
    OptionalKey,
    Search,
    etag,
    may,
    version_to_change,
)
from gateway.api.uploads import csv_text, documented_csv
from gateway.bodies import PriceBody, RateSheetBody, RateSheetPatch
from gateway.caller import Caller
from gateway.problems import RefusedWith, refusals

router = APIRouter(prefix="/v1/rate-sheets", tags=["rate sheets"])


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
    limit: Limit = PAGE_ITEMS_MAX,
    cursor: Cursor = None,
) -> RateSheetPage:
    """List your rate sheets by name."""
    return await rates.list_rate_sheets(caller, ListRateSheets(limit=limit, cursor=cursor))


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
        "changed-meanwhile",
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


@router.delete(
    "/{rate_sheet_id}",
    status_code=204,
    responses=refusals(
        "not-found", "rate-sheet-in-use", "account-disabled", "idempotency-key-reused"
    ),
)
async def delete_rate_sheet(
    caller: Annotated[Caller, Depends(may(rates.delete_rate_sheet))],
    rate_sheet_id: str,
    key: OptionalKey,
) -> None:
    """Delete a rate sheet that no plan uses."""
    await rates.delete_rate_sheet(caller, rate_sheet_id, key)


@router.get("/{rate_sheet_id}/rates", responses=refusals("not-found", "invalid-cursor"))
async def list_rates(
    caller: Annotated[Caller, Depends(may(rates.list_rates))],
    rate_sheet_id: str,
    q: Search = "",
    limit: Limit = PAGE_ITEMS_MAX,
    cursor: Cursor = None,
) -> RatePage:
    """List rates by prefix; `q` is the beginning of a prefix or of a country's name."""
    query = ListRates(rate_sheet_id=rate_sheet_id, search=q, limit=limit, cursor=cursor)
    return await rates.list_rates(caller, query)


@router.get("/{rate_sheet_id}/countries", responses=refusals("not-found"))
async def find_country_rates(
    caller: Annotated[Caller, Depends(may(rates.find_country_rates))], rate_sheet_id: str
) -> CountryRates:
    """List the countries that a sheet prices, with the lowest and highest rate of each."""
    return await rates.find_country_rates(caller, rate_sheet_id)


@router.post(
    "/{rate_sheet_id}/imports",
    responses=refusals(
        "not-found", "import-refused", "account-disabled", "idempotency-key-reused", body=True
    ),
    openapi_extra=documented_csv("prefix,country,name,rate\n91,IN,India,0.0350\n"),
)
async def import_rates(
    *,
    caller: Annotated[Caller, Depends(may(rates.import_rates, takes=(CSV,)))],
    rate_sheet_id: str,
    request: Request,
    key: OptionalKey,
    mode: Annotated[
        Literal["upsert", "replace"],
        Query(description="`replace` also removes the rates that the file does not name."),
    ] = "upsert",
    dry_run: Annotated[bool, Query(description="Only tell what would be done.")] = False,
) -> ImportReport:
    """Import rates, all rows or none.

    With `dry_run` the report tells what would be done, refused rows included. Without it refused
    rows are the problem `import-refused`, whose member `report` tells them.
    """
    text = await csv_text(request)
    report = await rates.import_rates(
        caller, rate_sheet_id, text, mode=mode, dry_run=dry_run, request_key=key
    )
    if report.refused_count and not dry_run:
        detail = f"{report.refused_count} rows need correcting; nothing was imported."
        raise RefusedWith("import-refused", detail, report=report.model_dump(mode="json"))
    return report


@router.post(
    "/{rate_sheet_id}/price",
    responses=refusals("not-found", "invalid-destination", "no-rate", "rate-blocked", body=True),
)
async def price_call(
    caller: Annotated[Caller, Depends(may(rates.price_call))], rate_sheet_id: str, body: PriceBody
) -> CallPrice:
    """Tell what a call would cost on a sheet, without any bundle; nothing is charged."""
    return await rates.price_call(caller, rate_sheet_id, body)


@router.get(
    "/{rate_sheet_id}/export",
    response_class=Response,
    responses={
        200: {"description": "All rates", "content": {CSV: {"schema": {"type": "string"}}}},
        **refusals("not-found"),
    },
)
async def export_rates(
    caller: Annotated[Caller, Depends(may(rates.export_rates, gives=CSV))], rate_sheet_id: str
) -> Response:
    """Download all rates of a sheet as CSV, in the columns that an import takes."""
    lines: AsyncIterator[str] = await rates.export_rates(caller, rate_sheet_id)
    disposition = 'attachment; filename="rates.csv"'
    return StreamingResponse(
        lines, media_type="text/csv; charset=utf-8", headers={"Content-Disposition": disposition}
    )
