"""Invoices and credit: registers handlers, indexes and messages."""

from contracts.billing import (
    BalanceAdjusted,
    CreditAdded,
    CreditLimitChanged,
    InvoiceIssued,
    InvoiceOverdue,
    InvoicePaid,
    ReceivablesChanged,
)
from services.billing.base.handlers.service import billing
from services.billing.invoicing.handlers import credit, dunning, invoices, issuing, payments
from services.billing.invoicing.store import invoice_sums
from services.billing.invoicing.store import invoices as invoices_store

__all__ = ["credit", "dunning", "invoices", "issuing", "payments"]

for store in (invoice_sums, invoices_store):
    billing.prepare(store.prepare)
billing.may_send(
    BalanceAdjusted,
    CreditAdded,
    CreditLimitChanged,
    InvoiceIssued,
    InvoiceOverdue,
    InvoicePaid,
    ReceivablesChanged,
)
