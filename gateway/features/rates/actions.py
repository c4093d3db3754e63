"""The Rates Manager: rate sheets and their rates."""

from collections.abc import AsyncIterator
from typing import Final

from contracts.base import Done
from contracts.billing import (
    RATES_PER_PAGE_MAX,
    ArchiveRateSheet,
    CallPrice,
    CountryRates,
    CreateRateSheet,
    DeleteRateSheet,
    FindCountryRates,
    FindRateSheet,
    ListRates,
    ListRateSheets,
    Rate,
    RateCall,
    RatePage,
    RateSheet,
    RateSheetPage,
    RenameRateSheet,
)
from contracts.exact_rates import rate_text
from contracts.values import decimal_text
from gateway.features.rates.schemas import PriceBody, RateSheetBody
from gateway.http.exports import csv_export
from gateway.identity.caller import Caller, RequestKey, action
from services.chassis.tables import guarded

EXPORT_COLUMNS: Final = (
    "prefix",
    "country",
    "name",
    "rate",
    "connect_fee",
    "min_duration",
    "increment",
    "grace",
    "effective_from",
    "blocked",
)


@action("operator", "reseller", changes=True)
async def create_rate_sheet(
    caller: Caller, body: RateSheetBody, request_key: RequestKey | None = None
) -> RateSheet:
    """Make an empty rate sheet."""
    command = CreateRateSheet(name=body.name, currency=body.currency)
    return await caller.ask(command, request_key=request_key)


@action("operator", "reseller")
async def list_rate_sheets(caller: Caller, query: ListRateSheets) -> RateSheetPage:
    """List the caller's rate sheets by name."""
    return await caller.ask(query)


@action("operator", "reseller")
async def find_rate_sheet(caller: Caller, rate_sheet_id: str) -> RateSheet:
    """Return one rate sheet."""
    return await caller.ask(FindRateSheet(rate_sheet_id=rate_sheet_id))


@action("operator", "reseller", changes=True)
async def rename_rate_sheet(
    caller: Caller,
    rate_sheet_id: str,
    version: int,
    name: str,
    request_key: RequestKey | None = None,
) -> RateSheet:
    """Rename a rate sheet unless someone else has changed it since that version."""
    command = RenameRateSheet(rate_sheet_id=rate_sheet_id, version=version, name=name)
    return await caller.ask(command, request_key=request_key)


@action("operator", "reseller", changes=True)
async def archive_rate_sheet(
    caller: Caller, rate_sheet_id: str, request_key: RequestKey | None = None, *, archived: bool
) -> RateSheet:
    """Keep new plans from choosing a rate sheet, or let them choose it again."""
    command = ArchiveRateSheet(rate_sheet_id=rate_sheet_id, archived=archived)
    return await caller.ask(command, request_key=request_key)


@action("operator", "reseller", changes=True)
async def delete_rate_sheet(
    caller: Caller,
    rate_sheet_id: str,
    confirm_name: str,
    request_key: RequestKey | None = None,
) -> Done:
    """Delete a rate sheet that no plan uses; `confirm_name` must be its name."""
    command = DeleteRateSheet(rate_sheet_id=rate_sheet_id, confirm_name=confirm_name)
    return await caller.ask(command, request_key=request_key)


@action("operator", "reseller")
async def list_rates(caller: Caller, query: ListRates) -> RatePage:
    """List the rates of a sheet by prefix."""
    return await caller.ask(query)


@action("operator", "reseller")
async def find_country_rates(caller: Caller, rate_sheet_id: str) -> CountryRates:
    """Tell which countries a sheet prices, and for how much."""
    return await caller.ask(FindCountryRates(rate_sheet_id=rate_sheet_id))


@action("operator", "reseller")
async def rate_call(caller: Caller, rate_sheet_id: str, body: PriceBody) -> CallPrice:
    """Tell what a call would cost on a sheet, without any bundle."""
    query = RateCall(
        rate_sheet_id=rate_sheet_id,
        destination=body.destination,
        seconds=body.seconds,
        at=body.at,
    )
    return await caller.ask(query)


@action("operator", "reseller")
async def export_rates(
    caller: Caller, rate_sheet_id: str, revision: int | None = None
) -> AsyncIterator[str]:
    """Return the sheet as CSV text in pieces, one per page of rates; Refused before the first.

    All pages are of one revision, whatever changes meanwhile.
    """
    query = ListRates(rate_sheet_id=rate_sheet_id, revision=revision, limit=RATES_PER_PAGE_MAX)
    first = await caller.ask(query)

    async def following(cursor: str) -> RatePage:
        more = {"cursor": cursor, "revision": first.revision}
        return await caller.ask(query.model_copy(update=more))

    return csv_export(EXPORT_COLUMNS, _cells, first, following)


def _cells(rate: Rate) -> tuple[str, ...]:
    return (
        rate.prefix,
        rate.country or "",
        guarded(rate.name),
        rate_text(rate.rate, rate.rate_exact),
        decimal_text(rate.connect_fee),
        str(rate.min_duration),
        str(rate.increment),
        str(rate.grace),
        rate.effective_from.isoformat() if rate.effective_from else "",
        "yes" if rate.blocked else "no",
    )
