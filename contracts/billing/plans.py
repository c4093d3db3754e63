"""Service plans: as they are ordered, and as they are."""

from datetime import date
from typing import Literal, Self

from pydantic import Field, model_validator

from contracts.base import Answer, Event, Query, Value
from contracts.values import Amount, Country, Currency, Moment, PhoneNumber, Sum

NUMBERS_PER_PLAN_MAX = 100
COUNTRIES_PER_PLAN_MAX = 250
USERS_MAX = 10_000
NAME_CHARACTERS_MAX = 128
"""Of plans, rate sheets and rates as they are stored."""


class CountryMinutes(Value):
    """An opened country with its bundled minutes per billing period; 0 = none, charged by rate."""

    country: Country
    minutes: int = 0


DomesticPolicy = Literal["included", "rated"]
"""Whether calls within the account's own country are free or charged by the rate sheet."""


class PlanOrder(Value):
    """The service plan as it is ordered at opening."""

    name: str = Field(max_length=200)
    users: int = 1
    cost_per_user: Amount
    """Per user and month, up to 4 decimals."""

    rate_sheet_id: str = Field(default="", max_length=64)
    """Empty: no rate sheet, so no international calls."""

    numbers: tuple[str, ...] = Field(default=(), max_length=NUMBERS_PER_PLAN_MAX)
    countries: tuple[CountryMinutes, ...] = Field(default=(), max_length=COUNTRIES_PER_PLAN_MAX)
    domestic_policy: DomesticPolicy = "included"
    premium_allowed: bool = False
    """Whether premium-rate, shared-cost and personal numbers may be called, by the rate sheet."""


class PlanSummary(Value):
    """The plan in one line of a list."""

    name: str
    users: int
    cost_per_user: Amount
    premium_allowed: bool = False
    """Whether premium-rate, shared-cost and personal numbers may be called."""


class PricedNumber(Value):
    """A number with what it costs: a set-up fee once and a fee each month."""

    number: PhoneNumber
    setup_fee: Amount
    monthly_fee: Amount


class Bundle(Value):
    """An opened country with bundled minutes per period and what is left of them."""

    country: Country
    minutes: int
    seconds_left: int


class QuarantinedNumber(Value):
    """A number that was removed from a plan. Until its quarantine ends it can be taken back."""

    number: PhoneNumber
    monthly_fee: Amount
    until: Moment
    charge: Sum
    """What taking it back would charge now, with tax: nothing while its fee is paid."""


class Plan(Answer):
    """The service plan of one account."""

    account_id: str
    name: str
    users: int
    cost_per_user: Amount
    currency: Currency
    rate_sheet_id: str
    rate_sheet_name: str
    numbers: tuple[PricedNumber, ...]
    countries: tuple[Bundle, ...]
    domestic_policy: DomesticPolicy = "included"
    premium_allowed: bool = False
    """Whether premium-rate, shared-cost and personal numbers may be called, by the rate sheet."""
    monthly_charge: Sum
    next_renewal: date
    version: int
    next_cost_per_user: Amount | None = None
    """From the next renewal on; none: as it is."""

    next_countries: tuple[CountryMinutes, ...] | None = None
    """Likewise, all that are opened then."""

    scheduled_changes: tuple[str, ...] = ()
    """What the next period changes, a sentence each, such as `14.00 per user`."""

    quarantined_numbers: tuple[QuarantinedNumber, ...] = ()
    """Numbers that were removed from it and can be taken back."""

    resting: tuple[QuarantinedNumber, ...] = ()
    """The same under its first name, until version 1.0. Read `quarantined_numbers`."""

    @model_validator(mode="after")
    def _fill_both_names(self) -> Self:
        """Fill in what was stored or sent under one of the names alone."""
        known = self.quarantined_numbers or self.resting
        object.__setattr__(self, "quarantined_numbers", known)
        object.__setattr__(self, "resting", known)
        return self


class FindPlan(Query[Plan], topic="billing.find-plan.v1"):
    """The plan of an account, for its parent or its administrator."""

    account_id: str


class PlanChanged(Event, topic="billing.plan-changed.v1"):
    """The plan of an account was made or changed."""

    account_id: str
    reseller_id: str
    version: int
    plan: PlanSummary
    monthly_charge: Sum
    currency: Currency
