"""The Rates Manager: rate sheets and their rates."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Final, Literal

from contracts.base import Done
from contracts.billing import (
    CallPrice,
    CountryRates,
    CreateRateSheet,
    DeleteRateSheet,
    FindCountryRates,
    FindRateSheet,
    ImportRates,
    ImportReport,
    ListRates,
    ListRateSheets,
    PriceCall,
    Rate,
    RatePage,
    RateSheet,
    RateSheetPage,
    RenameRateSheet,
)
from contracts.values import decimal_text
from gateway.bodies import PriceBody, RateSheetBody
from gateway.caller import Caller, RequestKey, action

IMPORT_SECONDS: Final = 30.0
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
    """Give a rate sheet another name, if nobody else has changed it since that version."""
    command = RenameRateSheet(rate_sheet_id=rate_sheet_id, version=version, name=name)
    return await caller.ask(command, request_key=request_key)


@action("operator", "reseller", changes=True)
async def delete_rate_sheet(
    caller: Caller, rate_sheet_id: str, request_key: RequestKey | None = None
) -> Done:
    """Delete a rate sheet that no plan uses."""
    return await caller.ask(DeleteRateSheet(rate_sheet_id=rate_sheet_id), request_key=request_key)


@action("operator", "reseller")
async def list_rates(caller: Caller, query: ListRates) -> RatePage:
    """List the rates of a sheet by prefix."""
    return await caller.ask(query)


@action("operator", "reseller")
async def find_country_rates(caller: Caller, rate_sheet_id: str) -> CountryRates:
    """Tell which countries a sheet prices, and for how much."""
    return await caller.ask(FindCountryRates(rate_sheet_id=rate_sheet_id))


@action("operator", "reseller")
async def price_call(caller: Caller, rate_sheet_id: str, body: PriceBody) -> CallPrice:
    """Tell what a call would cost on a sheet, without any bundle."""
    query = PriceCall(
        rate_sheet_id=rate_sheet_id,
        destination=body.destination,
        seconds=body.seconds,
        at=body.at,
    )
    return await caller.ask(query)


@action("operator", "reseller", changes=True)
async def import_rates(
    caller: Caller,
    rate_sheet_id: str,
    csv_text: str,
    *,
    mode: Literal["upsert", "replace"],
    dry_run: bool,
    request_key: RequestKey | None = None,
) -> ImportReport:
    """Import rates, all rows or none; the report tells which rows were refused and why."""
    command = ImportRates(rate_sheet_id=rate_sheet_id, csv=csv_text, mode=mode, dry_run=dry_run)
    return await caller.ask(command, request_key=request_key, timeout_seconds=IMPORT_SECONDS)


@action("operator", "reseller")
async def export_rates(caller: Caller, rate_sheet_id: str) -> AsyncIterator[str]:
    """Return the sheet as CSV text in pieces, one per page of rates; Refused before the first."""
    query = ListRates(rate_sheet_id=rate_sheet_id)
    return _csv_pages(caller, query, await caller.ask(query))


async def _csv_pages(caller: Caller, query: ListRates, page: RatePage) -> AsyncIterator[str]:
    yield csv_lines([EXPORT_COLUMNS])
    while True:
        yield csv_lines([_cells(rate) for rate in page.data])
        if page.next is None:
            return
        page = await caller.ask(query.model_copy(update={"cursor": page.next}))


def _cells(rate: Rate) -> tuple[str, ...]:
    return (
        rate.prefix,
        rate.country or "",
        harmless(rate.name),
        decimal_text(rate.rate),
        decimal_text(rate.connect_fee),
        str(rate.min_duration),
        str(rate.increment),
        str(rate.grace),
        rate.effective_from.isoformat() if rate.effective_from else "",
        "yes" if rate.blocked else "no",
    )


def harmless(text: str) -> str:
    """Keep a spreadsheet from taking a text for a formula (OWASP, CSV Injection)."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def csv_lines(rows: list[tuple[str, ...]]) -> str:
    """Return rows as CSV text."""
    lines = io.StringIO()
    csv.writer(lines).writerows(rows)
    return lines.getvalue()
