"""The service plan of an account: what may be ordered, what it charges, once and each month."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from zoneinfo import available_timezones

import phonenumbers
from pydantic import BaseModel, ConfigDict

from contracts.base import FieldError
from contracts.billing import (
    USERS_MAX,
    CountryMinutes,
    CreditOrder,
    DomesticPolicy,
    EntryType,
    PlanOrder,
    PlanSummary,
    PricedNumber,
)
from contracts.values import AMOUNT_MICROS_MAX, MICROS_PER_UNIT, Moment, decimal_text
from services.billing.model.country import country_names
from services.billing.model.ledger import CallTerms, Movement, credit_movement
from services.billing.model.money import credit_decimals, line_amount
from services.billing.model.names import check_plan_name, trimmed
from services.billing.model.sheet import Sheet

MINUTES_MAX: Final = 1_000_000
"""Bundled minutes per country and period."""

SECONDS_PER_MINUTE: Final = 60
COST_PER_USER_STEP_MICROS: Final = 100
"""Four decimals."""

TIME_ZONES: Final = frozenset(available_timezones())


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
    closed: bool = False
    created_at: Moment
    version: int = 1

    @property
    def summary(self) -> PlanSummary:
        """The plan in one line."""
        return PlanSummary(name=self.name, users=self.users, cost_per_user=self.cost_per_user)

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
        )

    def monthly_charge(self, currency: str) -> int:
        """Return what each month costs, in micro-units."""
        return monthly_charge(opening_charges(self, self.numbers, currency))


class Order(BaseModel):
    """What is ordered at opening."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    plan: PlanOrder | None
    credit: CreditOrder | None
    numbers: tuple[PricedNumber, ...]
    currency: str
    time_zone: str

    @property
    def charges(self) -> "tuple[Charge, ...]":
        """What opening charges; without a plan nothing."""
        return opening_charges(self.plan, self.numbers, self.currency) if self.plan else ()

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
    type: EntryType
    text: str
    quantity: int
    unit_price: int
    amount: int

    def movement(self, key: str) -> Movement:
        """Return the movement that takes the amount from the balance."""
        return Movement(
            key=f"{key}:{self.key}", type=self.type, amount=-self.amount, text=self.text
        )


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


def monthly_charge(charges: Iterable[Charge]) -> int:
    """Return what of some charges comes back each month, in micro-units."""
    return sum(charge.amount for charge in charges if charge.type != "number-setup")


def shown_number(number: str) -> str:
    """Return a number as people write it, such as +1 415-555-0142."""
    form = phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(phonenumbers.parse(number), form)


def _charge(key: str, kind: EntryType, text: str, priced: tuple[int, int], currency: str) -> Charge:
    quantity, unit_price = priced
    amount = line_amount(quantity, unit_price, currency)
    return Charge(
        key=key, type=kind, text=text, quantity=quantity, unit_price=unit_price, amount=amount
    )


# --- checking what was ordered --------------------------------------------------------------


def check_order(order: Order, sheet: Sheet | None, *, name_taken: bool) -> list[FieldError]:
    """Return every field that needs correcting; `sheet` is the one ordered, if it is to be had."""
    errors: list[FieldError] = []
    if order.time_zone not in TIME_ZONES:
        detail = "Enter a time zone such as Europe/London."
        errors.append(_error("/time_zone", "unknown-time-zone", detail))
    if order.plan is not None:
        errors += _check_plan(order.plan, name_taken=name_taken)
        errors += _check_sheet(order.plan, sheet, order.currency)
        errors += _check_countries(order.plan, sheet)
        if not errors and order.total > AMOUNT_MICROS_MAX:
            detail = f"The charges come to more than {decimal_text(AMOUNT_MICROS_MAX)}."
            errors.append(_error("/plan/cost_per_user", "too-large", detail))
    if order.credit is not None:
        errors += check_credit(order.credit, order.currency, "/credit")
    return errors


def check_credit(credit: CreditOrder, currency: str, pointer: str) -> list[FieldError]:
    """Return what is wrong with credit; `pointer` is where its amount stands in the body."""
    decimals = credit_decimals(currency)
    if credit.amount <= 0:
        detail = "Enter the credit as an amount above zero."
        return [_error(f"{pointer}/amount", "out-of-range", detail)]
    if credit.amount % (MICROS_PER_UNIT // 10**decimals):
        places = f"at most {decimals} decimals" if decimals else "no decimals"
        detail = f"Enter the credit with {places}."
        return [_error(f"{pointer}/amount", "too-many-decimals", detail)]
    return []


def _check_plan(plan: PlanOrder, *, name_taken: bool) -> list[FieldError]:
    errors = check_plan_name(trimmed(plan.name))
    if name_taken:
        detail = "A plan has or had this name, and names are not used again; choose another one."
        errors.append(_error("/plan/name", "plan-name-taken", detail))
    if not 1 <= plan.users <= USERS_MAX:
        detail = f"Enter a number of users from 1 to {USERS_MAX:,}."
        errors.append(_error("/plan/users", "out-of-range", detail))
    if plan.cost_per_user < 0:
        detail = "Enter the cost per user as an amount of zero or more."
        errors.append(_error("/plan/cost_per_user", "out-of-range", detail))
    elif plan.cost_per_user % COST_PER_USER_STEP_MICROS:
        detail = "Enter the cost per user with at most 4 decimals."
        errors.append(_error("/plan/cost_per_user", "too-many-decimals", detail))
    return errors


def _check_sheet(plan: PlanOrder, sheet: Sheet | None, currency: str) -> list[FieldError]:
    pointer = "/plan/rate_sheet_id"
    if not plan.rate_sheet_id:
        if not plan.countries:
            return []
        detail = "Select rates: calls to the opened countries need a price."
        return [_error(pointer, "required", detail)]
    if sheet is None:
        return [_error(pointer, "not-found", "Select one of your rate sheets.")]
    if sheet.currency != currency:
        detail = f"Select rates in {currency}; these are in {sheet.currency}."
        return [_error(pointer, "currency-mismatch", detail)]
    if sheet.archived_at is not None:
        detail = "Select another rate sheet; this one is archived."
        return [_error(pointer, "rate-sheet-archived", detail)]
    return []


def _check_countries(plan: PlanOrder, sheet: Sheet | None) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: set[str] = set()
    for position, opened in enumerate(plan.countries):
        pointer = f"/plan/countries/{position}"
        name = country_names().get(opened.country)
        if name is None:
            detail = f"{opened.country} is not the ISO code of a country."
            errors.append(_error(f"{pointer}/country", "unknown-country", detail))
        elif opened.country in seen:
            detail = f"{name} stands twice in the list; keep one."
            errors.append(_error(f"{pointer}/country", "duplicate", detail))
        elif sheet is not None and opened.country not in sheet.summary.countries:
            detail = f"The rate sheet has no rate for {name}; add one or leave the country out."
            errors.append(_error(f"{pointer}/country", "no-rate", detail))
        seen.add(opened.country)
        if not 0 <= opened.minutes <= MINUTES_MAX:
            detail = f"Enter the bundled minutes as a number from 0 to {MINUTES_MAX:,}."
            errors.append(_error(f"{pointer}/minutes", "out-of-range", detail))
    return errors


def _error(pointer: str, kind: str, detail: str) -> FieldError:
    return FieldError(pointer=pointer, type=kind, detail=detail)
