"""Bodies of requests about service plans, and what is answered about their numbers."""

from typing import Annotated

from pydantic import Field

from contracts.base import Answer
from contracts.billing import (
    COUNTRIES_PER_PLAN_MAX,
    NUMBERS_PER_PLAN_MAX,
    CountryMinutes,
    DomesticPolicy,
    PlanChange,
    PlanOrder,
    PricedNumber,
)
from contracts.values import AmountInput, Country, SumInput
from gateway.http.schemas import Body, NumberText, WholeNumber, Yes, kept_if_absent


class CountryMinutesBody(Body):
    """A country that may be called, with its bundled minutes per billing period."""

    country: Annotated[Country, Field(examples=["IN"])]
    minutes: WholeNumber = 0
    """0: none, every call is charged by the rate sheet."""


class NewPlanBody(Body):
    """The first service plan of an account that has none. Numbers are added to it afterwards."""

    name: Annotated[str, Field(max_length=200, examples=["Archer Team"])]
    users: WholeNumber = 1
    cost_per_user: AmountInput
    """Per user and month, up to 4 decimals."""

    rate_sheet_id: Annotated[str, Field(max_length=64)] = ""
    """Empty: no international calls."""

    countries: Annotated[
        tuple[CountryMinutesBody, ...], Field(max_length=COUNTRIES_PER_PLAN_MAX)
    ] = ()
    domestic_policy: DomesticPolicy = "included"
    premium_allowed: Yes = False
    expected_total: Annotated[SumInput | None, Field(examples=["23.50"])] = None
    """The total of the quote you saw. If the charges have changed since, nothing is charged."""

    def to_contract(self) -> PlanOrder:
        """Return it as the services take it."""
        return PlanOrder.model_validate(self.model_dump(exclude={"expected_total"}))


class TakeBackBody(Body):
    """What taking a number back is to cost."""

    expected_total: Annotated[SumInput | None, Field(examples=["0.00"])] = None
    """The charge you saw. If it has changed since, nothing is done."""


class PlanPatch(Body):
    """What of a service plan changes (RFC 7396: what is left out stays)."""

    users: Annotated[WholeNumber | None, Field(examples=[14]), kept_if_absent] = None
    """All that an account's own administrator may change."""

    cost_per_user: Annotated[AmountInput | None, kept_if_absent] = None
    """Per user and month, up to 4 decimals; from the next period, unless `apply_now`."""

    apply_now: Yes = False
    """Whether another cost per user counts from today, prorated."""

    rate_sheet_id: Annotated[str | None, Field(max_length=64), kept_if_absent] = None
    """Empty: no international calls."""

    countries: Annotated[
        tuple[CountryMinutesBody, ...] | None,
        Field(max_length=COUNTRIES_PER_PLAN_MAX),
        kept_if_absent,
    ] = None
    """All opened countries. More minutes take effect at once, fewer from the next period."""

    domestic_policy: Annotated[DomesticPolicy | None, kept_if_absent] = None
    premium_allowed: Annotated[Yes | None, kept_if_absent] = None
    """Whether premium-rate, shared-cost and personal numbers may be called, from now on."""

    expected_total: Annotated[SumInput | None, Field(examples=["4.67"]), kept_if_absent] = None
    """The `total` of the quote you saw. Changed charges change nothing."""

    def change(self) -> PlanChange:
        """Return it as the services take it."""
        return PlanChange(
            users=self.users,
            cost_per_user=self.cost_per_user,
            apply_now=self.apply_now,
            rate_sheet_id=self.rate_sheet_id,
            countries=None
            if self.countries is None
            else tuple(
                CountryMinutes(country=one.country, minutes=one.minutes) for one in self.countries
            ),
            domestic_policy=self.domestic_policy,
            premium_allowed=self.premium_allowed,
        )


class NumbersOrderBody(Body):
    """Spare numbers for an account that is open."""

    numbers: Annotated[tuple[NumberText, ...], Field(min_length=1, max_length=NUMBERS_PER_PLAN_MAX)]
    reservation_id: Annotated[str, Field(max_length=64)] | None = None
    """The number hold under which they are kept for you, if they are."""

    expected_total: Annotated[SumInput | None, Field(examples=["4.67"])] = None
    """The `total` of the quote you saw. Changed charges add nothing."""


class NumberList(Answer):
    """All numbers of an account, with their fees."""

    data: tuple[PricedNumber, ...]
