"""The rate of a call: included, a row of the sheet, or none."""

from datetime import datetime
from typing import Final, Literal

from services.billing.ledger.model.ledger import CallTerms
from services.billing.rating.model.destination import Destination
from services.billing.rating.model.price import PriceList, SheetRate

FREE: Final = SheetRate(prefix="", rate=0)


RatingFault = Literal["invalid-destination", "no-rate"]


def is_included(destination: Destination, home: str, terms: CallTerms | None) -> bool:
    """Tell whether a call costs nothing by itself, unless a row of the sheet is blocked."""
    if destination.kind != "number":
        return destination.always_allowed or destination.is_toll_free
    policy = terms.domestic_policy if terms else "included"
    return destination.country == home and policy == "included" and not destination.is_premium


def row_of(destination: Destination, prices: PriceList | None, at: datetime) -> SheetRate | None:
    """Return the row of a sheet that decides about a call: its price, or that it's blocked.

    The price box, authorising and charging all ask here. A short number needs a row of its own,
    while a blocked row refuses all that begin with its prefix.
    """
    if prices is None or not destination.digits:
        return None
    found = prices.rate_for(destination.digits, at)
    if found is None or found.blocked or destination.kind != "short":
        return found
    return found if found.prefix == destination.digits else None


def rate_of(
    destination: Destination,
    home: str,
    terms: CallTerms | None,
    prices: PriceList | None,
    at: datetime,
) -> SheetRate | RatingFault:
    """Return the rate of a call that is answered at a time, or why it has none.

    A blocked row comes before what is included: the reseller's own rows decide about everything
    but emergency calls and extensions, which no row fits.
    """
    if destination.kind == "invalid":
        return "invalid-destination"
    if is_included(destination, home, terms):
        if prices is None or not prices.has_blocked:
            return FREE
        found = row_of(destination, prices, at)
        return found if found is not None and found.blocked else FREE
    return row_of(destination, prices, at) or "no-rate"
