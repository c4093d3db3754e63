"""Sample view models of the pages about invoices and bills."""

from dataclasses import replace
from datetime import date

from accounts_manager.documents.invoice import drawn
from contracts.billing import SEVERAL_CURRENCIES, Invoice, InvoiceParty, InvoiceSummary
from gateway.features.invoices.views import InvoiceForms, InvoicePage, InvoicesPage, Unpaid
from gateway.features.people.views import AccountTab
from gateway.portal.views.parts import ListQuery, Pager
from tests.documents.samples import credit_note, credited_invoice, invoice, paid_invoice
from tests.portal.samples import LONG_NAME, LONG_WORD, UNIT, ZONE
from tests.portal.samples_calls import HEAD
from tests.portal.samples_more import account_tab

TODAY = date(2026, 11, 22)
_OWING = replace(HEAD, unpaid_bills=1)


def _summary(number: int, month: int, total: int, **changes: object) -> InvoiceSummary:
    values: dict[str, object] = {
        "id": f"inv_{number}",
        "account_id": "a4",
        "customer_name": "Harbour & Vale Legal",
        "kind": "invoice",
        "number": f"NV-{number:06}",
        "status": "paid",
        "period_start": date(2026, month, 1),
        "period_end": date(2026, month + 1, 1),
        "issued_on": date(2026, month, 1),
        "due_on": date(2026, month, 15),
        "currency": "USD",
        "total": total,
        "due": 0,
        **changes,
    }
    return InvoiceSummary.model_validate(values)


_OVERDUE = _summary(1184, 11, 220 * UNIT, status="overdue", due=66_940_000)
_ROWS = (
    _OVERDUE,
    _summary(1021, 10, 184_220_000),
    _summary(877, 9, 179_401_200),
    _summary(730, 8, 171_700_000, status="issued", due=171_700_000, customer_name=LONG_NAME),
    _summary(702, 7, -12 * UNIT, kind="credit-note"),
    _summary(650, 6, 45 * UNIT, status="void", customer_name=LONG_WORD),
)


def invoices() -> InvoicesPage:
    """Return all invoices of a reseller."""
    query = ListQuery(path="/invoices", parameters={"from": "2026-08-22", "to": "2026-11-22"})
    return InvoicesPage(
        query=query,
        export_url="/v1/invoices.csv",
        currency="USD",
        first_day="22 Aug 2026",
        last_day="22 Nov 2026",
        presets=(
            query.segment("from", "2026-08-22", "Last three months"),
            query.segment("from", "2026-11-01", "This month"),
            query.segment("from", "2026-10-01", "Last month"),
            query.segment("from", "2026-01-01", "This year"),
            query.segment("from", "2020-01-01", "All time"),
        ),
        segments=(
            query.segment("status", "", "All"),
            query.segment("status", "unpaid", "Unpaid"),
            query.segment("status", "overdue", "Overdue"),
            query.segment("status", "paid", "Paid"),
        ),
        count=1_306,
        total=143_321_714_500,
        due=9_238_640_000,
        unpaid_count=41,
        unpaid_amount=12_238_640_000,
        unpaid=None,
        rows=_ROWS,
        pager=Pager(text="1,306 documents", next_url=query.url(after="eyJuIjoxMH0")),
        request="r1",
    )


def no_invoices() -> InvoicesPage:
    """Return the operator's list before the first invoice."""
    return replace(
        invoices(),
        currency=SEVERAL_CURRENCIES,
        count=0,
        total=0,
        due=0,
        unpaid_count=0,
        unpaid_amount=0,
        rows=(),
        pager=Pager(text="0 documents"),
    )


def _unpaid(count: int = 1, available: int | None = 327_300_000) -> Unpaid:
    return Unpaid(
        count=count,
        amount=66_940_000 * count,
        oldest=_OVERDUE,
        days_overdue=7,
        available=available,
    )


def invoices_of_account() -> InvoicesPage:
    """Return an account's invoices, several unpaid and the credit too low for them."""
    return replace(
        invoices(),
        id="a4",
        name=LONG_NAME,
        query=ListQuery(path="/accounts/a4/invoices"),
        unpaid=_unpaid(3, available=-1_830_000),
    )


def bills() -> InvoicesPage:
    """Return a customer's bills, one of them overdue."""
    return replace(
        invoices(),
        id="a4",
        name="Harbour & Vale Legal",
        head=_OWING,
        parent="Northwind Voice",
        query=ListQuery(path="/my/bills"),
        count=6,
        total=788_321_200,
        due=66_940_000,
        unpaid=_unpaid(),
        pager=Pager(text="6 documents"),
    )


def suspended_bills() -> InvoicesPage:
    """Return the bills of a customer who may make no calls until they are paid."""
    head = replace(_OWING, suspended=True, available=20 * UNIT, unpaid_bills=2)
    return replace(bills(), head=head, unpaid=_unpaid(2, available=20 * UNIT))


def paid_bills() -> InvoicesPage:
    """Return bills of which none is unpaid."""
    rows = tuple(row for row in _ROWS if not row.due)
    return replace(
        bills(), head=HEAD, unpaid=None, due=0, unpaid_count=0, unpaid_amount=0, rows=rows
    )


def refused_payment() -> InvoicesPage:
    """Return the bills after a payment that the credit did not cover."""
    return replace(bills(), errors={"": "The balance is 20.00 USD; add 46.94 USD of credit."})


def _page(shown: Invoice, *, own: bool) -> InvoicePage:
    return InvoicePage(
        invoice=shown,
        document=drawn(shown, link_base="/invoices/"),
        own=own,
        zone=ZONE,
        today=TODAY,
        available=327_300_000,
        due_text="66.94",
        request="r1",
        forms=InvoiceForms(pay_amount="66.94", outside_amount="66.94"),
    )


def sent_invoice() -> InvoicePage:
    """Return an overdue invoice as who sent it sees it."""
    return _page(invoice(), own=False)


def paying_invoice() -> InvoicePage:
    """Return the dialog to pay an invoice, with more typed than is due."""
    errors = {"pay_amount": "Only 66.94 USD is due."}
    forms = InvoiceForms(pay_amount="100.00", outside_amount="66.94")
    return replace(sent_invoice(), dialog="pay", forms=forms, errors=errors)


def recording_payment() -> InvoicePage:
    """Return the dialog for money from outside."""
    return replace(sent_invoice(), dialog="outside")


def crediting_invoice() -> InvoicePage:
    """Return the dialog for a credit note, with nothing typed."""
    errors = {"note_amount": "Enter the amount as an amount such as 12.50.", "reason": "Say why."}
    return replace(sent_invoice(), dialog="credit", errors=errors)


def long_invoice() -> InvoicePage:
    """Return an invoice with words that are too long for any column."""
    seller = InvoiceParty(name=LONG_NAME, email=f"{LONG_WORD}@example.com", address=LONG_WORD)
    lines = tuple(
        line.model_copy(update={"text": f"{LONG_WORD} {LONG_NAME}", "amount": 10**14})
        for line in invoice().lines
    )
    return _page(
        invoice(seller=seller, customer=seller, lines=lines, note=LONG_NAME, footer=LONG_WORD),
        own=False,
    )


def bill() -> InvoicePage:
    """Return an overdue bill as who pays it sees it."""
    return _page(invoice(), own=True)


def paid_bill() -> InvoicePage:
    """Return a bill that is paid."""
    return _page(paid_invoice(), own=True)


def corrected_invoice() -> InvoicePage:
    """Return an invoice with two percentages of tax and a credit note."""
    return _page(credited_invoice(), own=False)


def credited_bill() -> InvoicePage:
    """Return a credit note."""
    return _page(credit_note(), own=True)


def suspended_account_tab() -> AccountTab:
    """Return a tab of a customer who may make no calls."""
    return replace(account_tab(), head=replace(_OWING, suspended=True))
