"""Checking what is ordered, or to be changed, of a service plan: every field that is wrong."""

from collections.abc import Sequence
from typing import Final
from zoneinfo import available_timezones

from contracts.base import FieldError
from contracts.billing import USERS_MAX, CountryMinutes, CreditOrder, PlanOrder
from contracts.names import trimmed
from contracts.values import AMOUNT_MICROS_MAX, decimal_text
from services.billing.base.model.country import country_names
from services.billing.base.model.money import check_decimals
from services.billing.base.model.names import check_plan_name, check_text
from services.billing.plans.model.plan import OpeningOrder
from services.billing.rating.model.sheet import Sheet

MINUTES_MAX: Final = 1_000_000
"""Bundled minutes per country and period."""

COST_PER_USER_STEP_MICROS: Final = 100
"""Four decimals."""

TIME_ZONES: Final = frozenset(available_timezones())


def check_order(order: OpeningOrder, sheet: Sheet | None, *, name_taken: bool) -> list[FieldError]:
    """Return every field that needs correcting; `sheet` is the one ordered, if it is to be had."""
    errors: list[FieldError] = []
    if order.time_zone not in TIME_ZONES:
        detail = "Enter a time zone such as Europe/London."
        errors.append(_error("/time_zone", "unknown-time-zone", detail))
    if order.plan is not None:
        errors += _check_plan(order.plan, name_taken=name_taken)
        errors += _check_plan_sheet(order.plan, sheet, order.currency)
        errors += check_countries(order.plan.countries, sheet, "/plan/countries")
        if not errors:
            before_tax = sum(charge.amount for charge in order.charges_before_tax)
            errors = check_total(before_tax, "/plan/cost_per_user")
    if order.credit is not None:
        errors += check_credit(order.credit, order.currency, "/credit")
    return errors


def check_credit(credit: CreditOrder, currency: str, pointer: str) -> list[FieldError]:
    """Return what is wrong with credit; `pointer` is where it stands in the body."""
    place = f"{pointer}/amount"
    errors = check_text(trimmed(credit.note), f"{pointer}/note", "the note")
    if credit.amount <= 0:
        detail = "Enter the credit as an amount above zero."
        return [_error(place, "out-of-range", detail), *errors]
    return [*check_decimals(credit.amount, currency, place, "the credit"), *errors]


def check_users(users: int, pointer: str) -> list[FieldError]:
    """Return what is wrong with a number of users."""
    if 1 <= users <= USERS_MAX:
        return []
    return [_error(pointer, "out-of-range", f"Enter a number of users from 1 to {USERS_MAX:,}.")]


def check_cost(cost_per_user: int, pointer: str) -> list[FieldError]:
    """Return what is wrong with a cost per user."""
    if cost_per_user < 0:
        detail = "Enter the cost per user as an amount of zero or more."
        return [_error(pointer, "out-of-range", detail)]
    if cost_per_user % COST_PER_USER_STEP_MICROS:
        detail = "Enter the cost per user with at most 4 decimals."
        return [_error(pointer, "too-many-decimals", detail)]
    return []


def check_total(total: int, pointer: str) -> list[FieldError]:
    """Return that charges come to more than the system can hold."""
    if total <= AMOUNT_MICROS_MAX:
        return []
    detail = f"The charges come to more than {decimal_text(AMOUNT_MICROS_MAX)}."
    return [_error(pointer, "too-large", detail)]


def check_sheet(sheet: Sheet | None, currency: str, pointer: str) -> list[FieldError]:
    """Return what is wrong with a rate sheet that is chosen; None: the seller has no such."""
    if sheet is None:
        return [_error(pointer, "not-found", "Select one of your rate sheets.")]
    if sheet.currency != currency:
        detail = f"Select rates in {currency}; these are in {sheet.currency}."
        return [_error(pointer, "currency-mismatch", detail)]
    if sheet.archived_at is not None:
        detail = "Select another rate sheet; this one is archived."
        return [_error(pointer, "rate-sheet-archived", detail)]
    return []


def sheet_required(pointer: str) -> FieldError:
    """Say that opened countries need a rate sheet."""
    detail = "Select rates: calls to the opened countries need a price."
    return _error(pointer, "required", detail)


def check_countries(
    countries: Sequence[CountryMinutes], sheet: Sheet | None, pointer: str
) -> list[FieldError]:
    """Return what is wrong with opened countries; `sheet` is what prices them, if it is known."""
    errors: list[FieldError] = []
    seen: set[str] = set()
    for position, opened in enumerate(countries):
        place = f"{pointer}/{position}"
        name = country_names().get(opened.country)
        if name is None:
            detail = f"{opened.country} is not the ISO code of a country."
            errors.append(_error(f"{place}/country", "unknown-country", detail))
        elif opened.country in seen:
            detail = f"{name} stands twice in the list; keep one."
            errors.append(_error(f"{place}/country", "duplicate", detail))
        elif sheet is not None and opened.country not in sheet.summary.countries:
            detail = f"The rate sheet has no rate for {name}; add one or leave the country out."
            errors.append(_error(f"{place}/country", "no-rate", detail))
        seen.add(opened.country)
        if not 0 <= opened.minutes <= MINUTES_MAX:
            detail = f"Enter the bundled minutes as a number from 0 to {MINUTES_MAX:,}."
            errors.append(_error(f"{place}/minutes", "out-of-range", detail))
    return errors


def _check_plan(plan: PlanOrder, *, name_taken: bool) -> list[FieldError]:
    errors = check_plan_name(trimmed(plan.name))
    if name_taken:
        detail = "This plan name has been used before. Choose another."
        errors.append(_error("/plan/name", "plan-name-taken", detail))
    errors += check_users(plan.users, "/plan/users")
    return errors + check_cost(plan.cost_per_user, "/plan/cost_per_user")


def _check_plan_sheet(plan: PlanOrder, sheet: Sheet | None, currency: str) -> list[FieldError]:
    if plan.rate_sheet_id:
        return check_sheet(sheet, currency, "/plan/rate_sheet_id")
    return [sheet_required("/plan/rate_sheet_id")] if plan.countries else []


def _error(pointer: str, kind: str, detail: str) -> FieldError:
    return FieldError(pointer=pointer, type=kind, detail=detail)
