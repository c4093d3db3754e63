"""The rates of a sheet: imported, listed, and what a call costs by them."""

from collections import defaultdict
from typing import Final

import phonenumbers

from contracts.base import Refused
from contracts.billing import (
    CallPrice,
    CountryRate,
    CountryRates,
    FindCountryRates,
    ImportRates,
    ImportReport,
    ListRates,
    PriceCall,
    Rate,
    RatePage,
    RefusedRow,
)
from services.billing.handlers.service import PLATFORM_TIME_ZONE, billing, own_wallet
from services.billing.handlers.sheets import announce_change, own_sheet
from services.billing.model import price
from services.billing.model.country import country_of_number
from services.billing.model.imports import read_rates
from services.billing.model.sheet import RATES_PER_SHEET_MAX, Difference, difference, summary_of
from services.billing.store import rates, sheets
from services.chassis.database import Reader, Transaction

REFUSED_ROWS_SHOWN: Final = 100


@billing.answers(ImportRates)
async def import_rates(command: ImportRates, tx: Transaction) -> ImportReport:
    """Import rates from CSV text, all rows or none, and report what changed and what is wrong."""
    sheet = await own_sheet(tx, command.rate_sheet_id)
    wallet = await own_wallet(tx, sheet.reseller_id)
    read = read_rates(command.csv, wallet.time_zone if wallet else PLATFORM_TIME_ZONE)
    existing = await rates.find_same(tx, sheet.id, read.rates)
    change = difference(existing, read.rates)
    removed = sheet.summary.rates - len(existing) if command.mode == "replace" else 0
    refused = (*read.refused, *_too_many(sheet.summary.rates - removed + len(change.added)))
    if refused or command.dry_run:
        return _report(command, change, removed, refused)
    if change.added or change.changed or removed:
        if removed:
            await rates.remove_others(tx, sheet.id, read.rates)
        await rates.put(tx, sheet.id, added=change.added, changed=change.changed)
        summary = summary_of(await rates.all_of_sheet(tx, sheet.id), tx.now)
        changed = sheet.changed(tx.now, summary=summary)
        await sheets.save(tx, changed)
        announce_change(tx, changed)
    return _report(command, change, removed, ())


def _too_many(number: int) -> tuple[RefusedRow, ...]:
    if number <= RATES_PER_SHEET_MAX:
        return ()
    detail = f"The sheet would have {number:,} rates; {RATES_PER_SHEET_MAX:,} is the most."
    return (RefusedRow(line=1, column="", value="", detail=detail),)


def _report(
    command: ImportRates, change: Difference, removed: int, refused: tuple[RefusedRow, ...]
) -> ImportReport:
    """Return the report. What was refused changed nothing, so only a dry run has figures then."""
    nothing_done = bool(refused) and not command.dry_run
    return ImportReport(
        dry_run=command.dry_run,
        added=0 if nothing_done else len(change.added),
        changed=0 if nothing_done else len(change.changed),
        unchanged=0 if nothing_done else change.unchanged,
        removed=0 if nothing_done else removed,
        refused=refused[:REFUSED_ROWS_SHOWN],
        refused_count=len(refused),
    )


@billing.replies(ListRates)
async def list_rates(query: ListRates, tx: Reader) -> RatePage:
    """List rates of a sheet of the asking reseller by prefix."""
    sheet = await own_sheet(tx, query.rate_sheet_id)
    found, more = await rates.list_by_prefix(
        tx, sheet.id, search=query.search, limit=query.limit, cursor=query.cursor
    )
    return RatePage(data=tuple(found), next=more)


@billing.replies(FindCountryRates)
async def find_country_rates(query: FindCountryRates, tx: Reader) -> CountryRates:
    """Answer with the countries that a sheet prices, and for how much."""
    sheet = await own_sheet(tx, query.rate_sheet_id)
    spans = sorted(sheet.summary.countries.items())
    return CountryRates(
        currency=sheet.currency,
        data=tuple(
            CountryRate(country=country, lowest_rate=span.lowest, highest_rate=span.highest)
            for country, span in spans
        ),
    )


@billing.replies(PriceCall)
async def price_call(query: PriceCall, tx: Reader) -> CallPrice:
    """Answer with what a call to a number would cost on a sheet."""
    sheet = await own_sheet(tx, query.rate_sheet_id)
    wallet = await own_wallet(tx, sheet.reseller_id)
    number = _dialled(query.destination, wallet.country if wallet else None)
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    digits = e164.removeprefix("+")
    by_prefix: defaultdict[str, list[Rate]] = defaultdict(list)
    for rate in await rates.of_prefixes(tx, sheet.id, price.prefixes_of(digits)):
        by_prefix[rate.prefix].append(rate)
    applied = price.rate_for(digits, query.at or tx.now, by_prefix)
    if applied is None:
        raise Refused("no-rate", f"No prefix of this rate sheet fits {e164}; add a rate for it.")
    if applied.blocked:
        raise Refused("rate-blocked", f"The rate for the prefix {applied.prefix} is blocked.")
    return CallPrice(
        prefix=applied.prefix,
        country=country_of_number(number),
        rate=applied.rate,
        billed_seconds=price.billed_seconds(query.seconds, applied),
        cost=price.cost(query.seconds, applied),
        currency=sheet.currency,
    )


def _dialled(destination: str, home: str | None) -> phonenumbers.PhoneNumber:
    number = price.number_of(destination, home)
    if number is None:
        detail = "Enter a phone number with its country code, such as +44 20 7946 0321."
        raise Refused("invalid-destination", detail)
    return number
