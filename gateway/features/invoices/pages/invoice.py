"""One invoice or bill: the document on the screen, and everything that is done to it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, get_args
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import Response

from accounts_manager.documents.invoice import drawn
from contracts.base import Refused
from contracts.billing import Invoice
from contracts.values import decimal_text, sum_micros
from gateway.features.accounts import actions as accounts
from gateway.features.invoices import actions as invoices
from gateway.features.invoices.schemas import CreditNoteBody, PaymentBody
from gateway.features.invoices.views import InvoiceDialog, InvoiceForms, InvoicePage
from gateway.identity.caller import RequestKey
from gateway.portal.browser import AccountBrowser, Browser, SellerBrowser, see
from gateway.portal.formatting import money
from gateway.portal.forms import (
    Form,
    FormFields,
    SentForm,
    form_errors,
    new_request_id,
    one_of,
    status_of,
)
from gateway.portal.reading import Reading

DIALOGS: Final[tuple[InvoiceDialog, ...]] = get_args(InvoiceDialog)
FIELDS: Final[Mapping[InvoiceDialog, FormFields]] = {
    "": {},
    "pay": {"/amount": "pay_amount"},
    "outside": {"/amount": "outside_amount", "/note": "outside_note"},
    "credit": {"/amount": "note_amount", "/reason": "reason"},
}

REFUSED_AMOUNT: Final = "0"
NO_REASON: Final = "-"
"""Sent when something can't be read: so every error is shown, and nothing is issued."""

router = APIRouter(include_in_schema=False)


# --- looking ------------------------------------------------------------------------------------


@router.get("/invoices/{invoice_id}")
async def show_invoice(invoice_id: str, browser: SellerBrowser) -> Response:
    """Show an invoice to who sent it; one's own is a bill."""
    invoice = await invoices.find_invoice(browser.caller, invoice_id)
    if _is_own(browser, invoice):
        return see(f"/bills/{invoice.id}")
    return await _show(browser, invoice, _asked_dialog(browser))


@router.get("/bills/{invoice_id}")
async def show_bill(invoice_id: str, browser: AccountBrowser) -> Response:
    """Show a bill to who pays it; a reseller who follows a customer's link sees the invoice."""
    invoice = await invoices.find_invoice(browser.caller, invoice_id)
    if not _is_own(browser, invoice):
        return see(f"/invoices/{invoice.id}")
    dialog = _asked_dialog(browser)
    return await _show(browser, invoice, "pay" if dialog == "pay" else "")


def _is_own(browser: Browser, invoice: Invoice) -> bool:
    return invoice.account_id == browser.caller.account_id


def _asked_dialog(browser: Browser) -> InvoiceDialog:
    return one_of(DIALOGS, browser.request.query_params.get("dialog", "")) or ""


async def _show(
    browser: Browser,
    invoice: Invoice,
    dialog: InvoiceDialog = "",
    *,
    forms: InvoiceForms | None = None,
    request: str = "",
    errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    gateway = browser.caller.gateway
    due = decimal_text(invoice.due)
    base = "/bills/" if _is_own(browser, invoice) else "/invoices/"
    return await browser.show(
        InvoicePage(
            invoice=invoice,
            document=drawn(invoice, link_base=base),
            own=_is_own(browser, invoice),
            zone=browser.user.time_zone,
            today=gateway.clock().astimezone(ZoneInfo(browser.user.time_zone)).date(),
            available=await _available(browser, invoice),
            request=request or new_request_id(),
            due_text=due,
            forms=forms or InvoiceForms(pay_amount=due, outside_amount=due),
            dialog=dialog,
            errors=errors or {},
        ),
        status,
    )


async def _available(browser: Browser, invoice: Invoice) -> int | None:
    """Return what can be spent on it, where something is due; the page is good without it, too."""
    if invoice.due <= 0:
        return None
    try:
        balance = await accounts.find_balance(browser.caller, invoice.account_id)
    except Refused as refusal:
        if refusal.problem.code != "unavailable":
            raise
        return None
    return accounts.payable(balance)


# --- paying and correcting ------------------------------------------------------------------------


@router.post("/bills/{invoice_id}/pay")
async def pay_bill(invoice_id: str, browser: AccountBrowser, form: SentForm) -> Response:
    """Pay one's own bill from the balance: all that the page showed as due, or a part."""
    return await _pay(browser, invoice_id, form)


@router.post("/invoices/{invoice_id}/pay")
async def pay_invoice(invoice_id: str, browser: SellerBrowser, form: SentForm) -> Response:
    """Pay a customer's invoice from the customer's balance."""
    return await _pay(browser, invoice_id, form)


async def _pay(browser: Browser, invoice_id: str, form: Form) -> Response:
    """Pay what was typed into the dialog, or what the button beside the document says."""
    in_dialog = "pay_amount" in form
    typed = form.text("pay_amount" if in_dialog else "whole_amount")

    async def act(key: RequestKey) -> str:
        reading = Reading()
        body = _payment(typed, reading)
        paid = await reading.ask(invoices.pay_invoice(browser.caller, invoice_id, body, key))
        return _said(browser, paid)

    forms = InvoiceForms(pay_amount=typed)
    return await _do(browser, invoice_id, form, "pay" if in_dialog else "", forms=forms, act=act)


@router.post("/invoices/{invoice_id}/outside")
async def record_payment(invoice_id: str, browser: SellerBrowser, form: SentForm) -> Response:
    """Note money that came from outside."""
    typed = form.text("outside_amount")
    note = form.text("outside_note")

    async def act(key: RequestKey) -> str:
        reading = Reading()
        outside = {"source": "outside", "note": note}
        body = _payment(typed, reading).model_copy(update=outside)
        paid = await reading.ask(invoices.pay_invoice(browser.caller, invoice_id, body, key))
        return _said(browser, paid)

    forms = InvoiceForms(outside_amount=typed, outside_note=note)
    return await _do(browser, invoice_id, form, "outside", forms=forms, act=act)


@router.post("/invoices/{invoice_id}/credit")
async def issue_credit_note(invoice_id: str, browser: SellerBrowser, form: SentForm) -> Response:
    """Issue a credit note."""
    typed = form.text("note_amount")
    reason = form.text("reason")

    async def act(key: RequestKey) -> str:
        reading = Reading()
        amount = reading.amount(typed, "/amount", "the amount", read=sum_micros)
        if not reason:
            reading.refuse("/reason", "required", "Say why; the customer reads it.")
        if reading.errors:
            amount = REFUSED_AMOUNT
        body = CreditNoteBody.model_validate({"amount": amount, "reason": reason or NO_REASON})
        issuing = invoices.issue_credit_note(browser.caller, invoice_id, body, key)
        note = await reading.ask(issuing, forced="/amount")
        return f"Credit note {note.number} of {money(abs(note.total), note.currency)} is issued."

    forms = InvoiceForms(note_amount=typed, reason=reason)
    return await _do(browser, invoice_id, form, "credit", forms=forms, act=act)


def _payment(typed: str, reading: Reading) -> PaymentBody:
    amount = reading.amount(typed, "/amount", "the amount", read=sum_micros)
    return PaymentBody.model_validate({"amount": amount})


def _said(browser: Browser, paid: Invoice) -> str:
    name = "Bill" if _is_own(browser, paid) else "Invoice"
    if paid.due > 0:
        return f"Payment taken. {money(paid.due, paid.currency)} still due."
    return f"{name} paid"


async def _do(
    browser: Browser,
    invoice_id: str,
    form: Form,
    dialog: InvoiceDialog,
    *,
    forms: InvoiceForms,
    act: Callable[[RequestKey], Awaitable[str]],
) -> Response:
    """Do what a form wants, once for each time it was shown; what is refused stands beside it."""
    key = RequestKey(f"POST {browser.request.url.path}", form.request_id())
    try:
        said = await act(key)
    except Refused as refusal:
        errors = form_errors(refusal, FIELDS[dialog])
        invoice = await invoices.find_invoice(browser.caller, invoice_id)
        return await _show(
            browser,
            invoice,
            dialog,
            forms=forms,
            request=key.value,
            errors=errors,
            status=status_of(refusal),
        )
    return await browser.go(browser.request.url.path.rpartition("/")[0], said)
