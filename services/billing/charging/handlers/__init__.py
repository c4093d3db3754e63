"""Calls: registers handlers, indexes and messages."""

from contracts.billing import BalanceLow, BundleExhausted, CallRejected, CallsCharged, Overdraft
from services.billing.base.handlers.service import billing
from services.billing.charging.handlers import (
    authorize,
    balances,
    call_list,
    rejected_calls,
    running_calls,
)
from services.billing.charging.store import intents
from services.billing.charging.store import rejected_calls as rejected_calls_store

__all__ = ["authorize", "balances", "call_list", "rejected_calls", "running_calls"]

for store in (intents, rejected_calls_store):
    billing.prepare(store.prepare)
billing.may_send(BalanceLow, BundleExhausted, CallRejected, CallsCharged, Overdraft)
