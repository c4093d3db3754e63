"""Openings, plan changes and renewals: registers handlers, indexes and messages."""

from contracts.billing import PlanChanged, WalletOpened, WalletRefused
from contracts.numbers import GiveUpNumber, TakeNumbers
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
billing.may_send(GiveUpNumber, PlanChanged, TakeNumbers, WalletOpened, WalletRefused)
