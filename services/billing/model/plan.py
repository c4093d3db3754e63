"""The service plan of an account: what may be ordered, what it charges, once and each month."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import phonenumbers
from pydantic import BaseModel, ConfigDict

from contracts.billing import (
    CountryMinutes,
    CreditOrder,
    DomesticPolicy,
    PlanOrder,
    PlanSummary,
    PricedNumber,
    QuoteLineType,
)
from contracts.values import Moment, decimal_text
from services.billing.model.billing_settings import Settings
from services.billing.model.ledger import CallTerms, Movement, Wallet, credit_movement
from services.billing.model.money import line_amount, tax_on
from services.billing.model.names import trimmed

SECONDS_PER_MINUTE: Final = 60
TAX_KEY: Final = "tax"
"""Ends the keys of entries that took tax together with what it is on."""

TERMS_KEPT: Final = timedelta(days=60)
"""How long after their end the terms of a plan still rate calls; later records are rare."""


class Plan(BaseModel):
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

    closed: bool = False
    created_at: Moment
    version: int = 1

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
        return monthly_charge(opening_charges(self, self.numbers, currency))

    def changed(self, **changes: object) -> "Plan":
        """Return the plan with changes; each is a new version."""
        return self.model_copy(update={"version": self.version + 1, **changes})

    def renewed(self) -> "Plan":
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

    def applied_to(self, wallet: Wallet, now: datetime) -> Wallet:
        """Return the wallet with this plan in force from now on.

        Terms that ended long ago go: no record of a call is as late as that.
        """
        terms, begun = wallet.terms, self.call_terms(now)
        if not terms or terms[-1].model_copy(update={"since": now}) != begun:
            terms = (*terms, begun)
        while len(terms) > 1 and terms[1].since < now - TERMS_KEPT:
            terms = terms[1:]
        return wallet.model_copy(
            update={
                "terms": terms,
                "bundle_minutes": sum(bundle.minutes for bundle in self.countries),
                "monthly_charge": self.monthly_charge(wallet.currency),
            }
        )


class Order(BaseModel):
    """What is ordered at opening."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    plan: PlanOrder | None
    credit: CreditOrder | None
    numbers: tuple[PricedNumber, ...]
    currency: str
    time_zone: str
    settings: Settings = Settings()
    """The seller's: they say what tax is on the charges."""

    @property
    def charges_before_tax(self) -> "tuple[Charge, ...]":
        """What is ordered; without a plan nothing."""
        return opening_charges(self.plan, self.numbers, self.currency) if self.plan else ()

    @property
    def charges(self) -> "tuple[Charge, ...]":
        """What opening charges, the tax last."""
        return with_tax(self.charges_before_tax, self.settings, self.currency)

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


class Charge(BaseModel):
    """One line of what is to be paid: quantity times unit price, rounded to the minor unit."""

    model_config = ConfigDict(frozen=True)

    key: str
    type: QuoteLineType
    text: str
    quantity: int
    unit_price: int
    amount: int

    def movement(self, key: str) -> Movement:
        """Return the movement that takes the amount from the balance."""
        kind = "adjustment" if self.type == "tax" else self.type
        return Movement(key=f"{key}:{self.key}", type=kind, amount=-self.amount, text=self.text)


def opening_charges(
    plan: PlanOrder | Plan, numbers: Iterable[PricedNumber], currency: str
) -> tuple[Charge, ...]:
    """Return the first month of users and numbers, and what setting up each number costs."""
    users = "user" if plan.users == 1 else "users"
    charges = [
        _charge(
            "users",
            "users",
            f"{plan.users} {users} × {decimal_text(plan.cost_per_user)}",
            (plan.users, plan.cost_per_user),
            currency,
        )
    ]
    for priced in numbers:
        shown = shown_number(priced.number)
        rent = f"number-rent:{priced.number}"
        if priced.setup_fee:
            setup = f"number-setup:{priced.number}"
            once = (1, priced.setup_fee)
            charges.append(_charge(setup, "number-setup", f"{shown}, set-up", once, currency))
        month = (1, priced.monthly_fee)
        charges.append(_charge(rent, "number-rent", f"{shown}, first month", month, currency))
    return tuple(charges)


def with_tax(charges: Iterable[Charge], settings: Settings, currency: str) -> tuple[Charge, ...]:
    """Return charges, or what is credited, with the tax on all of it as the last line."""
    lines = tuple(charges)
    amount = tax_on(sum(line.amount for line in lines), settings.tax_percent, currency)
    if not amount:
        return lines
    tax = Charge(
        key=TAX_KEY,
        type="tax",
        text=settings.tax_text,
        quantity=1,
        unit_price=amount,
        amount=amount,
    )
    return (*lines, tax)


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


def _charge(
    key: str, kind: QuoteLineType, text: str, priced: tuple[int, int], currency: str
) -> Charge:
    quantity, unit_price = priced
    amount = line_amount(quantity, unit_price, currency)
    return Charge(
        key=key, type=kind, text=text, quantity=quantity, unit_price=unit_price, amount=amount
    )
