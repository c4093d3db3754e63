"""Invoices: finding and printing them, paying and correcting them."""

from collections.abc import AsyncIterator
from typing import Final

from accounts_manager.documents.invoice import BILLS_PATH
from accounts_manager.documents.printing import Busy
from contracts.base import Refused
from contracts.billing import (
    FindInvoice,
    Invoice,
    InvoicePage,
    InvoiceSummary,
    IssueCreditNote,
    ListInvoices,
    PaidInvoices,
    PayAllInvoices,
    PayInvoice,
)
from contracts.values import decimal_text
from gateway.features.invoices.schemas import CreditNoteBody, PaymentBody
from gateway.http.exports import csv_of
from gateway.identity.caller import Caller, RequestKey, action
from services.chassis.tables import guarded

INVOICE_COLUMNS: Final = (
    "number",
    "kind",
    "customer",
    "status",
    "issued_on",
    "due_on",
    "period_start",
    "period_end",
    "total",
    "due",
    "currency",
)


# --- looking ----------------------------------------------------------------------------------


@action("operator", "reseller")
async def list_invoices(caller: Caller, query: ListInvoices) -> InvoicePage:
    """Return the invoices that the caller's own account has sent."""
    return await caller.ask(query)


@action("operator", "reseller", "customer")
async def list_invoices_of_account(caller: Caller, query: ListInvoices) -> InvoicePage:
    """Return the invoices of an account, for its parent or its administrator."""
    return await caller.ask(query)


@action("operator", "reseller")
async def export_invoices(caller: Caller, query: ListInvoices) -> AsyncIterator[str]:
    """Return the invoices that the caller has sent as CSV text in pieces, one per page."""
    return await _exported(caller, query)


@action("operator", "reseller", "customer")
async def export_invoices_of_account(caller: Caller, query: ListInvoices) -> AsyncIterator[str]:
    """Return the invoices of an account as CSV text in pieces, one per page."""
    return await _exported(caller, query)


async def _exported(caller: Caller, query: ListInvoices) -> AsyncIterator[str]:
    return await csv_of(caller.ask, query, INVOICE_COLUMNS, _cells)


def _cells(invoice: InvoiceSummary) -> tuple[str, ...]:
    return (
        guarded(invoice.number),
        invoice.kind,
        guarded(invoice.customer_name),
        invoice.status,
        invoice.issued_on.isoformat(),
        invoice.due_on.isoformat(),
        invoice.period_start.isoformat(),
        invoice.period_end.isoformat(),
        decimal_text(invoice.total),
        decimal_text(invoice.due),
        invoice.currency,
    )


@action("operator", "reseller", "customer")
async def find_invoice(caller: Caller, invoice_id: str) -> Invoice:
    """Return an invoice, for the account's parent or its administrator."""
    return await caller.ask(FindInvoice(invoice_id=invoice_id))


@action("operator", "reseller", "customer")
async def print_invoice(caller: Caller, invoice: Invoice) -> bytes:
    """Return an invoice as PDF."""
    try:
        return await caller.gateway.printer.render_pdf(invoice, pay_url=pay_url(caller))
    except Busy as busy:
        raise Refused("unavailable", f"{busy} Try again in a moment.") from busy


def pay_url(caller: Caller) -> str:
    """Return where customers pay what they get: short enough to be typed from paper."""
    return f"{caller.gateway.settings.origin}{BILLS_PATH}"


# --- paying and correcting ----------------------------------------------------------------------


@action("operator", "reseller", "customer")
async def pay_invoice(
    caller: Caller, invoice_id: str, body: PaymentBody, request_key: RequestKey
) -> Invoice:
    """Pay an invoice whole or in part; disabled and suspended accounts may, too."""
    command = PayInvoice(
        invoice_id=invoice_id, amount=body.amount, source=body.source, note=body.note
    )
    return await caller.ask(command, request_key=request_key)


@action("operator", "reseller", "customer")
async def pay_all_invoices(
    caller: Caller, account_id: str, amount: int | None, request_key: RequestKey
) -> PaidInvoices:
    """Pay all unpaid invoices of an account from its balance: all of them or none."""
    command = PayAllInvoices(account_id=account_id, amount=amount)
    return await caller.ask(command, request_key=request_key)


@action("operator", "reseller", changes=True)
async def issue_credit_note(
    caller: Caller, invoice_id: str, body: CreditNoteBody, request_key: RequestKey
) -> Invoice:
    """Correct an issued invoice by a credit note."""
    command = IssueCreditNote(invoice_id=invoice_id, amount=body.amount, reason=body.reason)
    return await caller.ask(command, request_key=request_key)
