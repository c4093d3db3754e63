"""A rate sheet, and what its rates come to."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Final

from pydantic import BaseModel, ConfigDict

from contracts.billing import Rate
from contracts.values import Moment
from services.billing.model.country import countries_of_prefix
from services.billing.model.price import rate_in_force

RATES_PER_SHEET_MAX: Final = 20_000
"""As many as one transaction can sum up in time."""


class Span(BaseModel):
    """The lowest and the highest of some rates, in micro-units per 60 seconds."""

    model_config = ConfigDict(frozen=True)

    lowest: int
    highest: int

    def joined(self, other: "Span | None") -> "Span":
        """Return the span of both."""
        if other is None:
            return self
        lowest, highest = min(self.lowest, other.lowest), max(self.highest, other.highest)
        return Span(lowest=lowest, highest=highest)


class Summary(BaseModel):
    """How many rates a sheet has, and what calls cost in all and by country."""

    model_config = ConfigDict(frozen=True)

    rates: int = 0
    span: Span | None = None
    countries: Mapping[str, Span] = {}


class Sheet(BaseModel):
    """A reseller's price list; its rates are kept beside it."""

    model_config = ConfigDict(frozen=True)

    id: str
    reseller_id: str
    name: str
    currency: str
    summary: Summary = Summary()
    created_at: Moment
    changed_at: Moment
    deleted_at: Moment | None = None
    version: int = 1

    def content_at(self, moment: datetime) -> int:  # noqa: ARG002 - until imports are versions
        """Return which content of the sheet was in use at a moment."""
        return 0

    def changed(self, now: datetime, **changes: object) -> "Sheet":
        """Return the sheet with changes; each is a new version."""
        return self.model_copy(update={"changed_at": now, "version": self.version + 1, **changes})


class Difference(BaseModel):
    """What rates change of those that a sheet has."""

    model_config = ConfigDict(frozen=True)

    added: tuple[Rate, ...]
    changed: tuple[Rate, ...]
    unchanged: int


def difference(existing: Iterable[Rate], wanted: Sequence[Rate]) -> Difference:
    """Return what `wanted` changes of the existing rates with the same prefix and beginning."""
    before = {(rate.prefix, rate.effective_from): rate for rate in existing}
    added: list[Rate] = []
    changed: list[Rate] = []
    for rate in wanted:
        old = before.get((rate.prefix, rate.effective_from))
        if old is None:
            added.append(rate)
        elif old != rate:
            changed.append(rate)
    unchanged = len(wanted) - len(added) - len(changed)
    return Difference(added=tuple(added), changed=tuple(changed), unchanged=unchanged)


def summary_of(rates: Iterable[Rate], now: datetime) -> Summary:
    """Return what rates, given in order of their prefix, come to.

    Rates that a later one has replaced do not count towards what calls cost, nor do blocked ones;
    those that take effect in the future do.
    """
    number = 0
    span: Span | None = None
    countries: dict[str, Span] = {}
    for prefix, group in groupby(rates, key=attrgetter("prefix")):
        of_prefix = tuple(group)
        number += len(of_prefix)
        amounts = [rate.rate for rate in _not_replaced(of_prefix, now) if not rate.blocked]
        if amounts:
            here = Span(lowest=min(amounts), highest=max(amounts))
            span = here.joined(span)
            for country in countries_of_prefix(prefix):
                countries[country] = here.joined(countries.get(country))
    return Summary(rates=number, span=span, countries=countries)


def _not_replaced(rates: Sequence[Rate], now: datetime) -> list[Rate]:
    """Return the rate of a prefix that is in force and those to come."""
    current = rate_in_force(rates, now)
    future = [rate for rate in rates if rate.effective_from and rate.effective_from > now]
    return [*([current] if current else []), *future]
