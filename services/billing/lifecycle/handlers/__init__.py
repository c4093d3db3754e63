"""Openings, plan changes and renewals: registers handlers, indexes and messages."""

from contracts.billing import BillingAccountOpened, BillingAccountRefused, PlanChanged
from contracts.numbers import AssignPlanNumbers, UnassignNumber
from services.billing.base.handlers.service import billing
from services.billing.lifecycle.handlers import (
    account_events,
    new_plans,
    opening,
    plan_changes,
    plan_numbers,
    renewals,
)
from services.billing.lifecycle.store import accepted, number_orders, refusals

__all__ = ["account_events", "new_plans", "opening", "plan_changes", "plan_numbers", "renewals"]

for store in (accepted, number_orders, refusals):
    billing.prepare(store.prepare)
billing.may_send(
    UnassignNumber, PlanChanged, AssignPlanNumbers, BillingAccountOpened, BillingAccountRefused
)
