"""Invoices as they are shown: lists with totals, and one in full."""

from contracts import billing as contract
from contracts.accounts import PLATFORM_ID
from contracts.base import Refused
from contracts.billing import (
    SEVERAL_CURRENCIES,
    CreditNoteLink,
    FindInvoice,
    GetInvoiceForDelivery,
    InvoicePage,
    InvoicePayment,
    InvoiceSummary,
    ListInvoices,
)
from services.billing.base.handlers.service import billing, seller_of
from services.billing.invoicing.model.invoice import StoredInvoice
from services.billing.invoicing.store import invoice_lists, invoices
from services.billing.invoicing.store.invoice_lists import Selection
from services.billing.ledger.handlers.accounts import account_seen_by_asker, own_account
from services.chassis.cursor import cursor_of, position_of
from services.chassis.database import Reader


@billing.replies(ListInvoices)
async def list_invoices(query: ListInvoices, db: Reader) -> InvoicePage:
    """List issued invoices of an account, or of all accounts of the asker, the newest first."""
    selection, own_currency = await _selection(db, query)
    before = None
    if query.cursor:
        issued_on, sequence = position_of(query.cursor, str, int)
        before = (str(issued_on), int(sequence))
    found = await invoice_lists.page(db, selection, before=before, limit=query.limit + 1)
    page = found[: query.limit]
    sums = await invoice_lists.sums(db, selection)
    unpaid = await invoice_lists.sums_of_unpaid(db, selection)
    # what resellers owe the platform in several currencies has no sum
    currencies = {one.currency for one in (*sums, *unpaid)} or {own_currency}
    currency = currencies.pop() if len(currencies) == 1 else SEVERAL_CURRENCIES
    last = summary_of(page[-1]) if len(found) > query.limit else None
    return InvoicePage(
        count=sum(one.number for one in sums),
        total=sum(one.total for one in sums if one.currency == currency),
        due=sum(one.due for one in sums if one.currency == currency),
        unpaid_count=sum(one.number for one in unpaid),
        unpaid=sum(one.due for one in unpaid if one.currency == currency),
        currency=currency,
        data=tuple(summary_of(invoice) for invoice in page),
        next=cursor_of(last.issued_on.isoformat(), page[-1].sequence) if last else None,
    )


async def _selection(db: Reader, query: ListInvoices) -> tuple[Selection, str]:
    """Return which invoices are meant, and the currency of whose they are."""
    if query.account_id is not None:
        account = await account_seen_by_asker(db, query.account_id)
    else:
        account = await own_account(db, seller_of(db))
    field = "account_id" if query.account_id is not None else "reseller_id"
    selection = Selection(
        field=field,
        owner_id=account.id if account else PLATFORM_ID,
        start=query.start,
        end=query.end,
        filter=query.filter,
        search=query.search,
    )
    return selection, account.currency if account else SEVERAL_CURRENCIES


@billing.replies(FindInvoice)
async def find_invoice(query: FindInvoice, db: Reader) -> contract.Invoice:
    """Answer with one issued invoice of the asker's own account, or of one directly below it."""
    return await answer_of(db, await invoice_seen_by_asker(db, query.invoice_id))


@billing.replies(GetInvoiceForDelivery)
async def get_invoice_for_delivery(query: GetInvoiceForDelivery, db: Reader) -> contract.Invoice:
    """Answer with one issued invoice of an account, for the e-mail that brings it."""
    invoice = await invoices.find_of_account(db, query.account_id, query.invoice_id)
    if invoice is None:
        raise Refused("not-found", "There is no such invoice.")
    return await answer_of(db, invoice)


async def invoice_seen_by_asker(db: Reader, invoice_id: str) -> StoredInvoice:
    """Return an issued invoice of the asker's own account, or of one directly below it."""
    if db.principal.role == "switch":
        raise Refused("forbidden", "A key of the switch is for calls only.")
    invoice = await invoices.find_seen_by(db, db.principal.account_id, invoice_id)
    if invoice is None:
        raise Refused("not-found", "There is no such invoice.")
    return invoice


async def answer_of(db: Reader, invoice: StoredInvoice) -> contract.Invoice:
    """Return an invoice as it is shown in full, with its credit notes."""
    corrected = invoice.credited > 0 or invoice.refunded > 0
    notes = await invoice_lists.notes_of(db, invoice.id) if corrected else []
    payments = tuple(InvoicePayment.model_validate(one.model_dump()) for one in invoice.payments)
    return contract.Invoice(
        **invoice.model_dump(exclude={"payments", "lines"}),
        lines=invoice.lines,
        payments=payments,
        credit_notes=tuple(
            CreditNoteLink(
                id=note.id, number=note.number, issued_on=note.issued_on, total=note.total
            )
            for note in notes
            if note.issued_on is not None
        ),
        due_on=invoice.due_on,
        tax=invoice.tax,
        total=invoice.total,
        paid=invoice.paid,
        due=invoice.due,
    )


def summary_of(invoice: StoredInvoice) -> InvoiceSummary:
    """Return an issued invoice as one line of a list."""
    return InvoiceSummary.model_validate(
        {
            **invoice.model_dump(exclude={"lines", "payments"}),
            "customer_name": invoice.customer.name,
            "due_on": invoice.due_on,
            "total": invoice.total,
            "due": invoice.due,
        }
    )
