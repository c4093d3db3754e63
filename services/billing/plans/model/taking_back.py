"""Numbers that were removed from a plan and are taken back from their quarantine."""

from datetime import datetime, timedelta
from typing import Final

from contracts.billing import PricedNumber
from contracts.numbers import QUARANTINE_DAYS
from services.billing.ledger.model.charge import Charge
from services.billing.plans.model.plan import RemovedNumber, StoredPlan, shown_number
from services.billing.plans.model.plan_change import Proposal, Today

QUARANTINE: Final = timedelta(days=QUARANTINE_DAYS)


def without_number(plan: StoredPlan, number: str, today: Today, now: datetime) -> StoredPlan:
    """Return a plan without a number, which can be taken back for a while; itself without it."""
    gone = [priced for priced in plan.numbers if priced.number == number]
    if not gone:
        return plan
    kept = tuple(priced for priced in plan.numbers if priced.number != number)
    (priced,) = gone
    removed = RemovedNumber(priced=priced, until=now + QUARANTINE, paid_until=today.period.end)
    return plan.changed(numbers=kept, given_up=(*without(plan, number, now), removed))


def quarantined(plan: StoredPlan, number: str, now: datetime) -> RemovedNumber | None:
    """Return a number that can be taken back now; None when it can't."""
    found = (one for one in plan.given_up if one.priced.number == number and one.until > now)
    return next(found, None)


def without(plan: StoredPlan, number: str, now: datetime) -> tuple[RemovedNumber, ...]:
    """Return what else can be taken back now."""
    return tuple(one for one in plan.given_up if one.until > now and one.priced.number != number)


def propose_taking_back(
    plan: StoredPlan, one: RemovedNumber, today: Today, now: datetime
) -> Proposal:
    """Return a plan with a number that comes from quarantine.

    It is set up already. Its fee is charged for the days left with today, as for any number, but
    never for days that are paid: those of the period in which it was removed.
    """
    changed = plan.changed(
        numbers=(*plan.numbers, one.priced), given_up=without(plan, one.priced.number, now)
    )
    if today.day < one.paid_until:
        return Proposal(changed)
    return Proposal(changed, (_rent(one.priced, today),))


def _rent(priced: PricedNumber, today: Today) -> Charge:
    key, shown = f"number-rent:{priced.number}", shown_number(priced.number)
    return today.line("number-rent", key, shown, (1, priced.monthly_fee), today.left)
