"""What calls of a time frame come to: the difference of where a ledger stood at its ends."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from services.billing.base.model.country import country_names
from services.billing.base.model.period import SECONDS_PER_MINUTE, begin_of
from services.billing.ledger.model.ledger import LedgerHead

NO_COUNTRY: Final = "satellite and international networks"


@dataclass(frozen=True, slots=True, kw_only=True)
class CountryUsage:
    """Calls to one country together."""

    country: str | None
    billed_calls: int
    rated_seconds: int
    charges: int
    """Micro-units."""

    bundle_calls: int = 0
    free_seconds: int = 0
    """Taken from the bundle."""

    tax_percent: int = 0
    """In force when they were charged, in micro-units."""

    @property
    def name(self) -> str:
        """The country as people call it."""
        return country_names().get(self.country or "", self.country or NO_COUNTRY)


def by_country(usage: Iterable[CountryUsage]) -> list[CountryUsage]:
    """Return usage with one item per country, whatever tax was on it."""
    added: dict[str | None, CountryUsage] = {}
    for one in usage:
        before = added.get(one.country)
        added[one.country] = (
            replace(
                one,
                billed_calls=one.billed_calls + before.billed_calls,
                rated_seconds=one.rated_seconds + before.rated_seconds,
                charges=one.charges + before.charges,
                bundle_calls=one.bundle_calls + before.bundle_calls,
                free_seconds=one.free_seconds + before.free_seconds,
            )
            if before
            else one
        )
    return list(added.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Billed calls together."""

    rated_seconds: int = 0
    call_charges: int = 0
    """Micro-units."""

    def __add__(self, other: "Usage") -> "Usage":
        """Return what both come to."""
        return Usage(
            rated_seconds=self.rated_seconds + other.rated_seconds,
            call_charges=self.call_charges + other.call_charges,
        )

    @property
    def minutes(self) -> float:
        """Rated seconds in minutes, to two decimals."""
        return round(self.rated_seconds / SECONDS_PER_MINUTE, 2)


def usage_between(opening: LedgerHead, closing: LedgerHead) -> Usage:
    """Return what calls came to from one head to one that is not earlier."""
    return Usage(
        rated_seconds=closing.rated_seconds - opening.rated_seconds,
        call_charges=closing.call_charges - opening.call_charges,
    )


def day_borders(first: date, last: date, time_zone: str) -> tuple[datetime, ...]:
    """Return when each of the days begins in a time zone, and last when the last one ends."""
    days = [first + timedelta(days=count) for count in range((last - first).days + 2)]
    return tuple(begin_of(day, time_zone) for day in days)
