"""The service plan of an account: what may be ordered, what it charges, once and each month."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final

import phonenumbers
from pydantic import BaseModel, ConfigDict

from accounts_manager.formatting import price
from contracts.billing import (
    CountryMinutes,
    CreditOrder,
    DomesticPolicy,
    PlanOrder,
    PlanSummary,
    PricedNumber,
)
from contracts.names import trimmed
from contracts.values import Moment
from services.billing.base.model.billing_settings import StoredSettings
from services.billing.base.model.period import (
    ONE_DAY,
    SECONDS_PER_MINUTE,
    Period,
    local_day,
    period_of,
)
from services.billing.ledger.model.charge import Charge, charge_of, with_tax
from services.billing.ledger.model.ledger import BillingAccount, CallTerms
from services.billing.ledger.model.movement import Movement, credit_movement

TERMS_KEPT: Final = timedelta(days=60)
"""How long after their end the terms of a plan still rate calls; later records are rare."""


class RemovedNumber(BaseModel):
    """A number that was removed from a plan, and is in quarantine."""

    model_config = ConfigDict(frozen=True)

    priced: PricedNumber
    until: Moment
    """Before then it can be taken back."""

    paid_until: date
    """Its monthly fee is paid for the days before this one."""


class StoredPlan(BaseModel):
    """The service plan of exactly one account; its name is never used again."""

    model_config = ConfigDict(frozen=True)

    account_id: str
    reseller_id: str
    name: str
    users: int
    cost_per_user: int
    rate_sheet_id: str
    """Empty: none, so no international calls."""

    numbers: tuple[PricedNumber, ...]
    countries: tuple[CountryMinutes, ...]
    domestic_policy: DomesticPolicy = "included"
    premium_allowed: bool = False
    next_cost_per_user: int | None = None
    """From the next period on; None: as it is."""

    next_countries: tuple[CountryMinutes, ...] | None = None
    """Likewise."""

    given_up: tuple[RemovedNumber, ...] = ()
    """Numbers that were removed and may still be taken back."""

    closed: bool = False
    created_at: Moment
    version: int = 1

    @property
    def is_first(self) -> bool:
        """Whether it is as it was ordered."""
        return self.version == 1

    @property
    def summary(self) -> PlanSummary:
        """The plan in one line."""
        return PlanSummary(
            name=self.name,
            users=self.users,
            cost_per_user=self.cost_per_user,
            premium_allowed=self.premium_allowed,
        )

    @property
    def bundle_seconds(self) -> dict[str, int]:
        """Free seconds per period, by country; opened countries without a bundle have none."""
        bundles = (bundle for bundle in self.countries if bundle.minutes)
        return {bundle.country: bundle.minutes * SECONDS_PER_MINUTE for bundle in bundles}

    def call_terms(self, since: datetime) -> CallTerms:
        """Return what decides about calls from a moment on."""
        return CallTerms(
            since=since,
            rate_sheet_id=self.rate_sheet_id,
            countries=frozenset(opened.country for opened in self.countries),
            domestic_policy=self.domestic_policy,
            users=self.users,
            premium_allowed=self.premium_allowed,
        )

    def monthly_charge(self, currency: str) -> int:
        """Return what each month costs, in micro-units."""
        day = self.created_at.date()
        return monthly_charge(opening_charges(self, self.numbers, currency, day))

    def changed(self, **changes: object) -> "StoredPlan":
        """Return the plan with changes; each is a new version."""
        return self.model_copy(update={"version": self.version + 1, **changes})

    def renewed(self) -> "StoredPlan":
        """Return the plan of the next period: itself if nothing waits for it."""
        if self.next_cost_per_user is None and self.next_countries is None:
            return self
        cost, countries = self.next_cost_per_user, self.next_countries
        return self.changed(
            cost_per_user=self.cost_per_user if cost is None else cost,
            countries=self.countries if countries is None else countries,
            next_cost_per_user=None,
            next_countries=None,
        )

    def applied_to(self, account: BillingAccount, now: datetime) -> BillingAccount:
        """Return the billing account with this plan in force from now on.

        Terms that ended long ago go: no record of a call is as late as that.
        """
        terms, begun = account.terms, self.call_terms(now)
        if not terms or terms[-1].model_copy(update={"since": now}) != begun:
            terms = (*terms, begun)
        while len(terms) > 1 and terms[1].since < now - TERMS_KEPT:
            terms = terms[1:]
        return account.model_copy(
            update={
                "terms": terms,
                "bundle_minutes": sum(bundle.minutes for bundle in self.countries),
                "monthly_charge": self.monthly_charge(account.currency),
            }
        )


def with_plan_from(account: BillingAccount, now: datetime) -> BillingAccount:
    """Return a billing account that had no plan with periods that begin now."""
    day = local_day(now, account.time_zone).day
    begun = {"plan_started_at": now, "anchor_day": day, "renews_at": now}
    return account.model_copy(update=begun)


class OpeningOrder(BaseModel):
    """What is ordered at opening."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    plan: PlanOrder | None
    credit: CreditOrder | None
    numbers: tuple[PricedNumber, ...]
    currency: str
    time_zone: str
    settings: StoredSettings = StoredSettings()
    """The seller's: they say what tax is on the charges."""

    accepted_at: Moment
    """The tax is that of this moment, however long the opening takes."""

    @property
    def day(self) -> date:
        """The day it is accepted on in the account's time zone."""
        return local_day(self.accepted_at, self.time_zone)

    @property
    def charges_before_tax(self) -> tuple[Charge, ...]:
        """What is ordered; without a plan nothing."""
        if self.plan is None:
            return ()
        return opening_charges(self.plan, self.numbers, self.currency, self.day)

    @property
    def charges(self) -> tuple[Charge, ...]:
        """What opening charges, the tax last."""
        percent = self.settings.tax_percent_at(self.accepted_at)
        return with_tax(self.charges_before_tax, percent, self.settings, self.currency)

    @property
    def credit_amount(self) -> int:
        """The credit in micro-units."""
        return self.credit.amount if self.credit else 0

    @property
    def total(self) -> int:
        """All charges in micro-units."""
        return sum(charge.amount for charge in self.charges)

    def movements(self, account_id: str) -> tuple[Movement, ...]:
        """Return what stands in the ledger at opening: credit first, then every charge."""
        note = trimmed(self.credit.note) if self.credit else ""
        credit = credit_movement(f"open:{account_id}:credit", self.credit_amount, note)
        return (credit, *(charge.movement(f"open:{account_id}") for charge in self.charges))


def opening_charges(
    plan: PlanOrder | StoredPlan, numbers: Iterable[PricedNumber], currency: str, day: date
) -> tuple[Charge, ...]:
    """Return the first month of users and numbers, and what setting up each number costs.

    The month begins on the day.
    """
    once_on, month_from = Period(day, day + ONE_DAY), period_of(day, day.day)
    users = "user" if plan.users == 1 else "users"
    charges = [
        charge_of(
            "users",
            "users",
            f"{plan.users} {users} × {price(plan.cost_per_user, currency)}",
            (plan.users, plan.cost_per_user),
            currency=currency,
            days=month_from,
        )
    ]
    for priced in numbers:
        shown = shown_number(priced.number)
        rent = f"number-rent:{priced.number}"
        if priced.setup_fee:
            setup = f"number-setup:{priced.number}"
            once = (1, priced.setup_fee)
            text = f"{shown}, set-up"
            charges.append(
                charge_of(setup, "number-setup", text, once, currency=currency, days=once_on)
            )
        month = (1, priced.monthly_fee)
        text = f"{shown}, first month"
        charges.append(
            charge_of(rent, "number-rent", text, month, currency=currency, days=month_from)
        )
    return tuple(charges)


def monthly_charge(charges: Iterable[Charge]) -> int:
    """Return what of some charges comes back each month, in micro-units."""
    return sum(charge.amount for charge in charges if charge.type != "number-setup")


def shown_number(number: str) -> str:
    """Return a number as people write it, such as +1 415-555-0142."""
    form = phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(phonenumbers.parse(number), form)


def number_line_text(number: str) -> str:
    """Return what a renewal's line of a number says."""
    return f"Number {shown_number(number)}"
