"""Page 2 of the wizard: the draft with all that is chosen from, and the quote."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from contracts.base import Refused
from contracts.billing import ListRateSheets, PricedNumber, Quote, RateSheet
from contracts.names import search_key
from contracts.numbers import ListNumbers, StockPage
from contracts.values import PAGE_ITEMS_MAX, micros
from gateway.features.numbers import actions as numbers
from gateway.features.opening import actions as opening
from gateway.features.opening.draft import Draft
from gateway.features.opening.views import (
    CountryChoice,
    OpenCountry,
    PlanFields,
    PlanPage,
    SheetSummary,
    SpareNumber,
)
from gateway.features.rates import actions as rates
from gateway.identity.caller import Caller
from gateway.portal.formatting import country_name, place_in_list
from gateway.portal.forms import form_errors, shown_errors
from gateway.portal.reading import Reading
from gateway.portal.views.parts import Choice

PlanDialog = Literal["", "credit", "numbers", "countries", "discard"]
QUOTE_FAULTS_MAX = 3


@dataclass(frozen=True, slots=True)
class Chosen:
    """What stands in the dialogs before it is taken over."""

    dialog: PlanDialog = ""
    numbers: tuple[PricedNumber, ...] | None = None
    """Ticked numbers; None: those of the draft."""

    number_search: str = ""
    countries: tuple[str, ...] = ()
    country_search: str = ""
    credit: tuple[str, str] | None = None
    """Amount and note; None: those of the draft."""


@dataclass(frozen=True, slots=True)
class Quoted:
    """The quote of a draft, or every field that keeps it from being quoted."""

    quote: Quote | None = None
    errors: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def missing(self) -> str:
        """What to do first, in a sentence or a few."""
        return " ".join(list(dict.fromkeys(self.errors.values()))[:QUOTE_FAULTS_MAX])


async def quoted(caller: Caller, draft: Draft) -> Quoted:
    """Ask what opening the draft's account would charge."""
    reading = Reading(caller.user.currency)
    body = draft.to_body(reading)
    own = shown_errors(reading.errors, draft.form_fields)
    try:
        quote = await opening.quote_account(caller, body)
    except Refused as refusal:
        return Quoted(errors={**form_errors(refusal, draft.form_fields), **own})
    return Quoted(errors=own) if own else Quoted(quote)


async def plan_page(
    caller: Caller,
    draft: Draft,
    chosen: Chosen,
    quote: Quoted,
    errors: Mapping[str, str] | None = None,
) -> PlanPage:
    """Return the page of a draft; `errors` are those to be shown beside the fields."""
    sheets, spare, lowest = await asyncio.gather(
        usable_sheets(caller),
        _spare(caller, draft, chosen),
        lowest_rates(caller, draft.rate_sheet_id),
    )
    sheet = next((one for one in sheets if one.id == draft.rate_sheet_id), None)
    amount, note = chosen.credit or (draft.credit_amount, draft.credit_note)
    return PlanPage(
        account_name=draft.name,
        currency=caller.user.currency,
        zone=caller.user.time_zone,
        fields=PlanFields(
            plan_name=draft.plan_name,
            users=draft.users,
            cost_per_user=draft.cost_per_user,
            rate_sheet_id=draft.rate_sheet_id if sheet else "",
            domestic_policy=draft.domestic_policy,
            premium_allowed=draft.premium_allowed,
            credit_amount=amount,
            credit_note=note,
            number_search=chosen.number_search,
            country_search=chosen.country_search,
        ),
        credit=micros(draft.credit_amount) if draft.credit_amount else 0,
        credit_note=draft.credit_note,
        sheets=tuple(Choice(value=one.id, label=one.name) for one in sheets),
        sheet=sheet_summary(sheet) if sheet else None,
        numbers=tuple(_ticked(number) for number in draft.numbers),
        reserved_until=_reserved_until(caller, draft),
        countries=tuple(
            open_country(country, minutes, lowest) for country, minutes in draft.countries.items()
        ),
        spare=_spare_numbers(draft, chosen, spare),
        more_spare=spare.next is not None,
        country_choices=_country_choices(draft, chosen, lowest),
        quote=quote.quote,
        quote_missing=quote.missing,
        request=draft.request,
        dialog=chosen.dialog,
        errors=errors or {},
    )


async def usable_sheets(caller: Caller) -> list[RateSheet]:
    """Return the rate sheets that a plan may choose."""
    found: list[RateSheet] = []
    cursor: str | None = None
    while True:
        page = await rates.list_rate_sheets(caller, ListRateSheets(archived=False, cursor=cursor))
        found += page.data
        if (cursor := page.next) is None:
            return found


def sheet_summary(sheet: RateSheet) -> SheetSummary:
    """Return what a sheet holds."""
    return SheetSummary(
        id=sheet.id,
        rates=sheet.rates,
        lowest=sheet.lowest_rate,
        highest=sheet.highest_rate,
        lowest_exact=sheet.lowest_rate_exact,
        highest_exact=sheet.highest_rate_exact,
    )


def open_country(
    country: str, minutes: str, lowest: Mapping[str, tuple[int, int | None]]
) -> OpenCountry:
    """Return an opened country with what its calls cost at least; nothing without a rate."""
    rate, exact = lowest.get(country, (None, None))
    return OpenCountry(country=country, minutes=minutes, lowest_rate=rate, lowest_exact=exact)


async def _spare(caller: Caller, draft: Draft, chosen: Chosen) -> StockPage:
    query = ListNumbers(
        state="available",
        search=chosen.number_search,
        reservation_id=draft.reservation_id,
        limit=PAGE_ITEMS_MAX,
    )
    return await numbers.list_numbers(caller, query)


def _reserved_until(caller: Caller, draft: Draft) -> datetime | None:
    """Return until when the numbers are kept; None when they are not, or not any more."""
    if not draft.numbers or draft.reserved_until is None:
        return None
    return draft.reserved_until if draft.reserved_until > caller.gateway.clock() else None


def _ticked(number: PricedNumber) -> SpareNumber:
    return SpareNumber(
        e164=number.number,
        monthly_fee=number.monthly_fee,
        setup_fee=number.setup_fee,
        chosen=True,
    )


def _spare_numbers(draft: Draft, chosen: Chosen, spare: StockPage) -> tuple[SpareNumber, ...]:
    """Return what can be ticked: the ticked ones first, whatever is searched for."""
    priced = draft.numbers if chosen.numbers is None else chosen.numbers
    places = {number.number: number.locality for number in spare.data}
    ticked = {
        number.number: replace(_ticked(number), locality=places.get(number.number, ""))
        for number in priced
    }
    others = (
        SpareNumber(
            e164=number.number,
            monthly_fee=number.monthly_fee,
            setup_fee=number.setup_fee,
            locality=number.locality,
            chosen=False,
        )
        for number in spare.data
        if number.number not in ticked
    )
    return (*ticked.values(), *others)


async def lowest_rates(caller: Caller, rate_sheet_id: str) -> dict[str, tuple[int, int | None]]:
    """Return the countries that a sheet prices, each with its lowest rate; none without a sheet.

    A rate is in micro-units, with the exact one beside it where that has more decimals.
    """
    if not rate_sheet_id:
        return {}
    try:
        found = await rates.find_country_rates(caller, rate_sheet_id)
    except Refused as refusal:
        if refusal.problem.code != "not-found":
            raise
        return {}  # deleted since it was chosen; the quote says so
    return {rate.country: (rate.lowest_rate, rate.lowest_rate_exact) for rate in found.data}


def _country_choices(
    draft: Draft, chosen: Chosen, lowest: Mapping[str, tuple[int, int | None]]
) -> tuple[CountryChoice, ...]:
    """Return the countries that could be opened: the ticked ones first."""
    wanted = search_key(chosen.country_search)
    closed = [country for country in lowest if country not in draft.countries]
    ticked = [country for country in chosen.countries if country in closed]
    matching = sorted(
        (
            country
            for country in closed
            if country not in ticked
            and (wanted in search_key(country_name(country)) or wanted == country.casefold())
        ),
        key=place_in_list,
    )
    return tuple(
        CountryChoice(
            country=country,
            lowest_rate=lowest[country][0],
            lowest_exact=lowest[country][1],
            chosen=country in ticked,
        )
        for country in (*ticked, *matching)
    )
