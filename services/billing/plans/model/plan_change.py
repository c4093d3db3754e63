"""Changing a plan in the middle of a period: what is wrong, what it charges, what must wait."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from accounts_manager.formatting import price
from contracts.base import FieldError
from contracts.billing import CountryMinutes, EntryType, PlanChange
from services.billing.base.model.billing_settings import StoredSettings
from services.billing.base.model.country import country_names, english_order
from services.billing.base.model.money import line_amount, prorated_users
from services.billing.base.model.period import (
    ONE_DAY,
    SECONDS_PER_MINUTE,
    Period,
    local_day,
    period_of,
)
from services.billing.ledger.model.charge import Charge, with_tax
from services.billing.ledger.model.ledger import BillingAccount
from services.billing.ledger.model.movement import Movement, bundle_movement
from services.billing.plans.model.plan import StoredPlan
from services.billing.plans.model.plan_checks import (
    check_cost,
    check_countries,
    check_sheet,
    check_total,
    check_users,
    sheet_required,
)
from services.billing.rating.model.sheet import Sheet


class Proposal(NamedTuple):
    """A plan as a change would leave it, and what that charges on the day it is made."""

    plan: StoredPlan
    lines: tuple[Charge, ...] = ()
    """Below zero is credited."""

    raised: Mapping[str, int] = {}
    """Bundle seconds that are added at once, by country."""

    @property
    def total(self) -> int:
        """Micro-units; below zero is credited."""
        return sum(line.amount for line in self.lines)

    def taxed(self, settings: StoredSettings, currency: str) -> "Proposal":
        """Return it with the tax on what it charges, which it charges as well."""
        percent = settings.tax_percent
        return self._replace(lines=with_tax(self.lines, percent, settings, currency))

    def seconds(self, before: Mapping[str, int]) -> dict[str, int]:
        """Return the bundle seconds that are left then, by country."""
        added = {country: before.get(country, 0) + more for country, more in self.raised.items()}
        return {**before, **added}

    def movements(self, key: str) -> tuple[Movement, ...]:
        """Return what stands in the ledger then; `key` begins the keys of all entries."""
        charges = tuple(line.movement(key) for line in self.lines)
        if not self.raised:
            return charges
        names = country_names()
        minutes = {one.country: one.minutes for one in self.plan.countries}
        told = ", ".join(f"{names[country]} {minutes[country]:,}" for country in self.raised)
        return (*charges, bundle_movement(f"{key}:bundles", f"Bundled minutes: {told}"))


class Today(NamedTuple):
    """The day of a change in the period that it changes."""

    day: date
    period: Period
    currency: str
    tax_percent: int = 0
    """In micro-units: the tax that comes on what a change charges or credits."""

    @classmethod
    def of(
        cls, account: BillingAccount, now: datetime, settings: StoredSettings | None = None
    ) -> "Today":
        """Return the day that it is for an account whose seller has these settings."""
        day = local_day(now, account.time_zone)
        period = period_of(day, account.anchor_day)
        return cls(day, period, account.currency, settings.tax_percent if settings else 0)

    @property
    def left(self) -> int:
        """Days left of the period, this one included."""
        return self.period.days_left(self.day)

    def line(
        self, kind: EntryType, key: str, text: str, priced: tuple[int, int], days: int
    ) -> Charge:
        """Return a line of a quantity at a monthly price, for the last days of the period."""
        quantity, unit_price = priced
        amount = line_amount(
            quantity, unit_price, self.currency, days=days, of_days=self.period.days
        )
        return Charge(
            key=key,
            type=kind,
            text=f"{text}, {days} of {self.period.days} days",
            quantity=quantity,
            unit_price=unit_price,
            amount=amount,
            days=Period(self.period.end - days * ONE_DAY, self.period.end),
        )


def propose(plan: StoredPlan, change: PlanChange, today: Today) -> Proposal:
    """Return what a change that was checked makes of a plan; the plan itself if of nothing.

    Users come first, at the cost per user as it is: one that is added is charged for the days left
    with today, one that is removed is credited for the days after today. Then comes the cost per
    user: for the next period, or (`apply_now`) the difference for the days left with today, for
    all users there are by then. Rate sheet and home calls count at once. Minutes that grow are
    added at once, those that shrink wait for the next period, as does the end of a country with
    minutes; one without is closed at once.
    """
    changes: dict[str, object] = {}
    lines: list[Charge] = []
    raised: dict[str, int] = {}
    users = plan.users if change.users is None else change.users
    if users != plan.users:
        lines.append(_users_line(plan, users, today))
        changes["users"] = users
    if change.cost_per_user is not None:
        cost = change.cost_per_user
        if change.apply_now and cost != plan.cost_per_user:
            lines.append(_cost_line(users, plan.cost_per_user, cost, today))
            changes["cost_per_user"] = cost
        waits = not change.apply_now and cost != plan.cost_per_user
        changes["next_cost_per_user"] = cost if waits else None
    if change.countries is not None:
        opened, later = _countries(plan, change.countries)
        changes |= {"countries": opened, "next_countries": later}
        raised = _raised(plan.countries, opened)
    if change.rate_sheet_id is not None:
        changes["rate_sheet_id"] = change.rate_sheet_id
    if change.domestic_policy is not None:
        changes["domestic_policy"] = change.domestic_policy
    if change.premium_allowed is not None:
        changes["premium_allowed"] = change.premium_allowed
    if plan.model_copy(update=changes) == plan:
        return Proposal(plan)
    return Proposal(plan.changed(**changes), tuple(lines), raised)


def scheduled_sentences(plan: StoredPlan, currency: str) -> tuple[str, ...]:
    """Say what of a plan only its next period changes."""
    sentences: list[str] = []
    if plan.next_cost_per_user is not None:
        cost, was = (price(one, currency) for one in (plan.next_cost_per_user, plan.cost_per_user))
        sentences.append(f"Cost per user: {cost} (was {was}).")
    if plan.next_countries is not None:
        names = country_names()
        then = {one.country: one.minutes for one in plan.next_countries}
        for opened in plan.countries:
            name, minutes = names[opened.country], then.get(opened.country)
            if minutes is None:
                sentences.append(f"{name}: closed.")
            elif minutes != opened.minutes:
                sentences.append(f"{name}: {minutes:,} minutes (was {opened.minutes:,}).")
    return tuple(sentences)


def _users_line(plan: StoredPlan, users: int, today: Today) -> Charge:
    added = users - plan.users
    word = "user" if abs(added) == 1 else "users"
    done = "added" if added > 0 else "removed"
    text = f"{abs(added)} {done} {word} × {price(plan.cost_per_user, today.currency)}"
    days = today.left if added > 0 else today.left - 1
    line = today.line("users", "users", text, (added, plan.cost_per_user), days)
    amount = prorated_users(
        added,
        plan.cost_per_user,
        today.currency,
        days=days,
        of_days=today.period.days,
        tax_percent=today.tax_percent,
    )
    return line.model_copy(update={"amount": amount})


def _cost_line(users: int, before: int, after: int, today: Today) -> Charge:
    word = "user" if users == 1 else "users"
    now, was = (price(one, today.currency) for one in (after, before))
    text = f"{users} {word} × {now} (was {was})"
    return today.line("users", "cost-per-user", text, (users, after - before), today.left)


def _countries(
    plan: StoredPlan, wanted: Sequence[CountryMinutes]
) -> tuple[tuple[CountryMinutes, ...], tuple[CountryMinutes, ...] | None]:
    """Return what is opened until the period ends, and from then on if that is something else."""
    minutes = {one.country: one.minutes for one in plan.countries}
    opened = [
        CountryMinutes(country=one.country, minutes=max(one.minutes, minutes.get(one.country, 0)))
        for one in wanted
    ]
    kept = {one.country for one in wanted}
    opened += [one for one in plan.countries if one.minutes and one.country not in kept]
    later = tuple(wanted)
    return tuple(opened), None if tuple(opened) == later else later


def _raised(before: Iterable[CountryMinutes], after: Iterable[CountryMinutes]) -> dict[str, int]:
    minutes = {one.country: one.minutes for one in before}
    more = {one.country: one.minutes - minutes.get(one.country, 0) for one in after}
    return {country: count * SECONDS_PER_MINUTE for country, count in more.items() if count > 0}


# --- checking --------------------------------------------------------------------------------


def check_change(
    plan: StoredPlan, change: PlanChange, sheet: Sheet | None, currency: str
) -> list[FieldError]:
    """Return every field that needs correcting.

    `sheet` is the one that prices the plan then, if it is to be had.
    """
    errors: list[FieldError] = []
    if change.users is not None:
        errors += check_users(change.users, "/users")
    if change.cost_per_user is not None:
        errors += check_cost(change.cost_per_user, "/cost_per_user")
    errors += _check_rates(plan, change, sheet, currency)
    if errors:
        return errors
    users = plan.users if change.users is None else change.users
    costs = (change.cost_per_user, plan.cost_per_user, plan.next_cost_per_user)
    dearest = plan.model_copy(
        update={"users": users, "cost_per_user": max(cost or 0 for cost in costs)}
    )
    pointer = "/users" if change.cost_per_user is None else "/cost_per_user"
    return check_total(dearest.monthly_charge(currency), pointer)


def _check_rates(
    plan: StoredPlan, change: PlanChange, sheet: Sheet | None, currency: str
) -> list[FieldError]:
    pointer = "/rate_sheet_id"
    errors: list[FieldError] = []
    sheet_id = plan.rate_sheet_id if change.rate_sheet_id is None else change.rate_sheet_id
    chosen = sheet_id != plan.rate_sheet_id
    if chosen and sheet_id:
        errors += check_sheet(sheet, currency, pointer)
    listed = change.countries or ()
    errors += check_countries(listed, sheet, "/countries")
    opened = plan.countries if change.countries is None else _countries(plan, listed)[0]
    if not chosen and change.countries is None:
        return errors
    if opened and not sheet_id:
        errors.append(sheet_required(pointer))
    elif chosen and sheet is not None:
        told = {one.country for one in listed}
        unpriced = {one.country for one in opened} - set(sheet.summary.countries) - told
        by_name = sorted((country_names()[country] for country in unpriced), key=english_order)
        names = ", ".join(by_name)
        if names:
            detail = f"These rates have no price for what the plan still opens: {names}."
            errors.append(FieldError(pointer=pointer, type="no-rate", detail=detail))
    return errors
