"""The rates of a sheet: listed, and what a call costs by them."""

from datetime import datetime

from contracts.base import Refused
from contracts.billing import (
    CallPrice,
    CountryRate,
    CountryRates,
    FindCountryRates,
    ListRates,
    RateCall,
    RatePage,
)
from contracts.exact_rates import exact_of
from services.billing.base.handlers.service import billing
from services.billing.ledger.handlers.accounts import own_account
from services.billing.ledger.model.ledger import CallTerms
from services.billing.rating.handlers.sheets import own_sheet
from services.billing.rating.model import price
from services.billing.rating.model.call_rate import FREE, rate_of
from services.billing.rating.model.destination import Destination, destination_of
from services.billing.rating.store import rates
from services.chassis.database import Reader


@billing.replies(ListRates)
async def list_rates(query: ListRates, db: Reader) -> RatePage:
    """List rates of a sheet of the asking reseller by prefix."""
    sheet = await own_sheet(db, query.rate_sheet_id)
    revision = sheet.revision if query.revision is None else query.revision
    if revision != sheet.revision and sheet.find_revision(revision) is None:
        raise Refused("not-found", "This revision of the rate sheet is no longer stored.")
    found, more = await rates.list_by_prefix(
        db, sheet, revision, search=query.search, limit=query.limit, cursor=query.cursor
    )
    return RatePage(data=tuple(found), next=more, revision=revision)


@billing.replies(FindCountryRates)
async def find_country_rates(query: FindCountryRates, db: Reader) -> CountryRates:
    """Answer with the countries that a sheet prices, and for how much."""
    sheet = await own_sheet(db, query.rate_sheet_id)
    spans = sorted(sheet.summary.countries.items())
    return CountryRates(
        currency=sheet.currency,
        data=tuple(
            CountryRate(
                country=country,
                lowest_rate=span.lowest,
                lowest_rate_exact=exact_of(span.lowest, span.lowest_fraction),
                highest_rate=span.highest,
                highest_rate_exact=exact_of(span.highest, span.highest_fraction),
            )
            for country, span in spans
        ),
    )


@billing.replies(RateCall)
async def rate_call(query: RateCall, db: Reader) -> CallPrice:
    """Answer with what a call to a number would cost on a sheet, whatever a plan allows."""
    sheet = await own_sheet(db, query.rate_sheet_id)
    account = await own_account(db, sheet.reseller_id)
    home = account.country if account else ""
    to = destination_of(query.destination, home)
    if to.kind == "invalid":
        detail = "Enter a phone number with its country code, such as +44 20 7946 0321."
        raise Refused("invalid-destination", detail)
    at = query.at or db.now
    revision = sheet.revision_at(query.at) if query.at else sheet.revision
    prices = await rates.prices_of_digits(db, sheet.id, revision, to.digits)
    rate = rate_of(to, home, _by_sheet_alone(sheet.id, at), prices, at)
    if isinstance(rate, str):
        raise Refused(rate, _no_rate(to))
    if rate.blocked:
        raise Refused("rate-blocked", f"The rate for the prefix {rate.prefix} is blocked.")
    return CallPrice(
        kind=to.kind,
        premium=to.is_premium,
        prefix=rate.prefix,
        country=to.country,
        rate=rate.rate,
        rate_exact=exact_of(rate.rate, rate.rate_fraction),
        billed_seconds=0 if rate is FREE else price.billed_seconds(query.seconds, rate),
        cost=price.cost(query.seconds, rate),
        currency=sheet.currency,
    )


def _by_sheet_alone(sheet_id: str, at: datetime) -> CallTerms:
    """Return terms under which the sheet decides, also about calls that a plan may include."""
    return CallTerms(
        since=at,
        rate_sheet_id=sheet_id,
        countries=frozenset(),
        domestic_policy="rated",
        users=1,
        premium_allowed=True,
    )


def _no_rate(to: Destination) -> str:
    if to.kind == "short":
        return f"Calls to {to.number} need a rate for exactly the prefix {to.digits}; add one."
    return f"No prefix of this rate sheet fits {to.number}; add a rate for it."
