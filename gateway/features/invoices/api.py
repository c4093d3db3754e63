"""Invoices over HTTP: lists, the document as JSON and as PDF, payments and credit notes."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Query, Response

from accounts_manager.documents.invoice import file_name, mark
from contracts.billing import Invoice, InvoiceFilter, InvoicePage, ListInvoices, PaidInvoices
from contracts.values import PAGE_ITEMS_MAX
from gateway.features.invoices import actions as invoices
from gateway.features.invoices.schemas import CreditNoteBody, PaymentBody, PaymentOfAllBody
from gateway.files.downloads import csv_answer, csv_response
from gateway.http.problems import refusals
from gateway.identity.caller import Caller
from gateway.identity.requests import (
    CSV,
    PDF,
    Cursor,
    FromDay,
    Limit,
    RequiredKey,
    Search,
    ToDay,
    etag,
    may,
)
from gateway.identity.whole_checks import WholeBodyRoute

router = APIRouter(prefix="/v1", tags=["invoices"], route_class=WholeBodyRoute)

KEY_PROBLEMS: Final = ("idempotency-key-required", "idempotency-key-reused")
PAYMENT_PROBLEMS: Final = ("not-found", "nothing-due", "insufficient-credit", *KEY_PROBLEMS)
PDF_ANSWER: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The document, tagged for screen readers (PDF/UA)",
        "content": {PDF: {"schema": {"type": "string", "format": "binary"}}},
        "headers": {"ETag": {"schema": {"type": "string"}}},
    },
    304: {"description": "It is the one that `If-None-Match` names"},
}

Status = Annotated[
    InvoiceFilter | None,
    Query(description="`unpaid`: issued or overdue, with something due. Without it: all."),
]


def _wanted(
    start: FromDay = None, end: ToDay = None, status: Status = None, q: Search = ""
) -> ListInvoices:
    return ListInvoices(start=start, end=end, filter=status, search=q, limit=PAGE_ITEMS_MAX)


Wanted = Annotated[ListInvoices, Depends(_wanted)]
"""Which invoices a list or a file is of."""

# --- lists ----------------------------------------------------------------------------------


@router.get("/invoices", responses=refusals("invalid-cursor"))
async def list_invoices(
    *,
    caller: Annotated[Caller, Depends(may(invoices.list_invoices))],
    wanted: Wanted,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> InvoicePage:
    """List the invoices that you sent, newest first, by the day on which they were issued."""
    query = wanted.model_copy(update={"limit": limit, "cursor": cursor})
    return await invoices.list_invoices(caller, query)


@router.get(
    "/invoices.csv",
    response_class=Response,
    responses={**csv_answer("All invoices of the time frame"), **refusals()},
)
async def export_invoices(
    *,
    caller: Annotated[Caller, Depends(may(invoices.export_invoices, gives=CSV))],
    wanted: Wanted,
) -> Response:
    """Download the invoices that you sent as CSV, however many."""
    return csv_response(await invoices.export_invoices(caller, wanted), "invoices.csv")


@router.get("/accounts/{account_id}/invoices", responses=refusals("not-found", "invalid-cursor"))
async def list_invoices_of_account(
    *,
    caller: Annotated[Caller, Depends(may(invoices.list_invoices_of_account))],
    account_id: str,
    wanted: Wanted,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> InvoicePage:
    """List the invoices of an account, newest first, with all that is unpaid."""
    more = {"account_id": account_id, "limit": limit, "cursor": cursor}
    query = wanted.model_copy(update=more)
    return await invoices.list_invoices_of_account(caller, query)


@router.get(
    "/accounts/{account_id}/invoices.csv",
    response_class=Response,
    responses={**csv_answer("All invoices of the time frame"), **refusals("not-found")},
)
async def export_invoices_of_account(
    *,
    caller: Annotated[Caller, Depends(may(invoices.export_invoices_of_account, gives=CSV))],
    account_id: str,
    wanted: Wanted,
) -> Response:
    """Download the invoices of an account as CSV, however many."""
    query = wanted.model_copy(update={"account_id": account_id})
    pieces = await invoices.export_invoices_of_account(caller, query)
    return csv_response(pieces, "invoices.csv")


# --- one of them ----------------------------------------------------------------------------


# before the route of the invoice itself, which would take `.pdf` for the end of an id
@router.get(
    "/invoices/{invoice_id}.pdf",
    response_class=Response,
    responses={**PDF_ANSWER, **refusals("not-found")},
)
async def print_invoice(
    caller: Annotated[Caller, Depends(may(invoices.print_invoice, gives=PDF))],
    invoice_id: str,
    if_none_match: Annotated[str | None, Header(max_length=1_000)] = None,
) -> Response:
    """Download an invoice as PDF: the same document as in the portal, as it stands now."""
    invoice = await invoices.find_invoice(caller, invoice_id)
    tag = f'"{mark(invoice, pay_url=invoices.pay_url(caller))}"'
    if if_none_match is not None and (if_none_match.strip() == "*" or tag in if_none_match):
        return Response(status_code=304, headers={"ETag": tag})
    content = await invoices.print_invoice(caller, invoice)
    name = f'attachment; filename="{file_name(invoice)}"'
    return Response(content, media_type=PDF, headers={"ETag": tag, "Content-Disposition": name})


@router.get("/invoices/{invoice_id}", responses=refusals("not-found"))
async def find_invoice(
    caller: Annotated[Caller, Depends(may(invoices.find_invoice))],
    invoice_id: str,
    response: Response,
) -> Invoice:
    """Show an invoice: its lines, what was paid, what is due."""
    invoice = await invoices.find_invoice(caller, invoice_id)
    response.headers["ETag"] = etag(invoice.version)
    return invoice


# --- paying and correcting --------------------------------------------------------------------


@router.post(
    "/invoices/{invoice_id}/payments",
    status_code=201,
    responses=refusals(*PAYMENT_PROBLEMS, "amount-exceeds-due", body=True),
)
async def pay_invoice(
    caller: Annotated[Caller, Depends(may(invoices.pay_invoice))],
    invoice_id: str,
    key: RequiredKey,
    body: PaymentBody | None = None,
) -> Invoice:
    """Pay an invoice from the account's balance, whole or in part.

    The account's parent may also note money that came from outside. More than is due is refused.
    What is paid ends a suspension at once.
    """
    return await invoices.pay_invoice(caller, invoice_id, body or PaymentBody(), key)


@router.post(
    "/accounts/{account_id}/payments",
    status_code=201,
    responses=refusals(*PAYMENT_PROBLEMS, "amount-changed", body=True),
)
async def pay_all_invoices(
    caller: Annotated[Caller, Depends(may(invoices.pay_all_invoices))],
    account_id: str,
    key: RequiredKey,
    body: PaymentOfAllBody | None = None,
) -> PaidInvoices:
    """Pay all unpaid invoices of an account from its balance: all of them, or none."""
    amount = body.amount if body else None
    return await invoices.pay_all_invoices(caller, account_id, amount, key)


@router.post(
    "/invoices/{invoice_id}/credit-notes",
    status_code=201,
    responses=refusals(
        "not-found",
        "nothing-due",
        "account-disabled",
        "account-not-active",
        *KEY_PROBLEMS,
        body=True,
    ),
)
async def issue_credit_note(
    caller: Annotated[Caller, Depends(may(invoices.issue_credit_note))],
    invoice_id: str,
    body: CreditNoteBody,
    key: RequiredKey,
) -> Invoice:
    """Correct an invoice by a credit note: first what is due of it, the rest to the balance."""
    return await invoices.issue_credit_note(caller, invoice_id, body, key)
