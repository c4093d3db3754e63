"""The rates of a sheet: listed, and what a call costs by them."""

from collections import defaultdict

import phonenumbers

from contracts.base import Refused
from contracts.billing import (
    CallPrice,
    CountryRate,
    CountryRates,
    FindCountryRates,
    ListRates,
    PriceCall,
    Rate,
    RatePage,
)
from services.billing.handlers.service import billing, own_wallet
from services.billing.handlers.sheets import own_sheet
from services.billing.model import price
from services.billing.model.country import country_of_number
from services.billing.store import rates
from services.chassis.database import Reader


@billing.replies(ListRates)
async def list_rates(query: ListRates, tx: Reader) -> RatePage:
    """List rates of a sheet of the asking reseller by prefix."""
    sheet = await own_sheet(tx, query.rate_sheet_id)
    content = sheet.content if query.content is None else query.content
    if content != sheet.content and sheet.find_content(content) is None:
        raise Refused("not-found", "This content of the rate sheet is not kept any more.")
    found, more = await rates.list_by_prefix(
        tx, sheet, content, search=query.search, limit=query.limit, cursor=query.cursor
    )
    return RatePage(data=tuple(found), next=more, content=content)


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
    at = query.at or tx.now
    content = sheet.content_at(query.at) if query.at else sheet.content
    by_prefix: defaultdict[str, list[Rate]] = defaultdict(list)
    prefixes = price.prefixes_of(digits)
    for rate in await rates.of_prefixes(tx, sheet.id, content, prefixes):
        by_prefix[rate.prefix].append(rate)
    applied = price.rate_for(digits, at, by_prefix)
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
