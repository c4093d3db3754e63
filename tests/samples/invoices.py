"""Invoices as their sender has them, and bills as their customer does."""

from dataclasses import replace
from datetime import date
from typing import Final

from accounts_manager.documents.invoice import drawn
from contracts.billing import SEVERAL_CURRENCIES, Invoice, InvoiceParty, InvoiceSummary
from gateway.features.invoices.views import InvoiceForms, InvoicePage, InvoicesPage, Unpaid
from gateway.portal.views.parts import ListQuery, Pager
from tests.samples.documents import (
    LINES,
    credit_note,
    credited_invoice,
    invoice,
    paid_invoice,
)
from tests.samples.factories import made, seen_by, segments, wrong
from tests.samples.names import HEAD, LONG_NAME, LONG_WORD, NAME, SELLER, UNIT

OWING: Final = replace(HEAD, unpaid_bills=1)
LITTLE: Final = 20 * UNIT


def _summary(number: int, month: int, total: int, **changes: object) -> InvoiceSummary:
    usual: dict[str, object] = {
        "customer_name": NAME,
        "kind": "invoice",
        "status": "paid",
        "due": 0,
    }
    return made(
        InvoiceSummary,
        id=f"inv_{number}",
        account_id="a4",
        number=f"NV-{number:06}",
        period_start=date(2026, month, 1),
        period_end=date(2026, month + 1, 1),
        issued_on=date(2026, month, 1),
        due_on=date(2026, month, 15),
        total=total,
        **{**usual, **changes},
    )


OVERDUE: Final = _summary(1184, 11, 220 * UNIT, status="overdue", due=66_940_000)
ROWS: Final = (
    OVERDUE,
    _summary(1021, 10, 184_220_000),
    _summary(877, 9, 179_401_200),
    _summary(730, 8, 171_700_000, status="issued", due=171_700_000, customer_name=LONG_NAME),
    _summary(702, 7, -12 * UNIT, kind="credit-note"),
    _summary(650, 6, 45 * UNIT, status="void", customer_name=LONG_WORD),
)
QUERY: Final = ListQuery(path="/invoices", parameters={"from": "2026-08-22", "to": "2026-11-22"})
DAYS: Final = {
    "2026-08-22": "Last three months",
    "2026-11-01": "This month",
    "2026-10-01": "Last month",
    "2026-01-01": "This year",
    "2020-01-01": "All time",
}
STATUSES: Final = {"": "All", "unpaid": "Unpaid", "overdue": "Overdue", "paid": "Paid"}
SENT: Final = made(
    InvoicesPage,
    query=QUERY,
    export_url="/v1/invoices.csv",
    first_day="22 Aug 2026",
    presets=segments(QUERY, "from", DAYS),
    segments=segments(QUERY, "status", STATUSES),
    count=1_306,
    total=143_321_714_500,
    due=9_238_640_000,
    unpaid_count=41,
    unpaid_amount=12_238_640_000,
    unpaid=None,
    rows=ROWS,
    pager=Pager(text="1,306 documents", next_url=QUERY.url(after="eyJuIjoxMH0")),
    request="r1",
)


def _unpaid(count: int, available: int = HEAD.available or 0) -> Unpaid:
    amount = OVERDUE.due * count
    return Unpaid(count=count, amount=amount, oldest=OVERDUE, days_overdue=7, available=available)


BILLS: Final = replace(
    SENT,
    id="a4",
    name=NAME,
    head=OWING,
    parent=SELLER,
    query=ListQuery(path="/my/bills"),
    count=6,
    total=788_321_200,
    due=66_940_000,
    unpaid=_unpaid(1),
    pager=Pager(text="6 documents"),
)


def _page(shown: Invoice, *, own: bool = False) -> InvoicePage:
    return made(
        InvoicePage,
        invoice=shown,
        document=drawn(shown, link_base="/invoices/"),
        own=own,
        today=date(2026, 11, 22),
        due_text="66.94",
        request="r1",
        forms=InvoiceForms(pay_amount="66.94", outside_amount="66.94"),
    )


ONE: Final = _page(invoice())
PARTY: Final = InvoiceParty(name=LONG_NAME, email=f"{LONG_WORD}@example.com", address=LONG_WORD)
LONG_LINE: Final = {"text": f"{LONG_WORD} {LONG_NAME}", "amount": 10**14}
LONG: Final = invoice(
    seller=PARTY,
    customer=PARTY,
    lines=tuple(line.model_copy(update=LONG_LINE) for line in LINES),
    note=LONG_NAME,
    footer=LONG_WORD,
)
OF_ACCOUNT: Final = replace(
    SENT,
    id="a4",
    name=LONG_NAME,
    query=ListQuery(path="/accounts/a4/invoices"),
    unpaid=_unpaid(3, -1_830_000),
)

PAGES: Final = seen_by(
    reseller={
        "invoices": SENT,
        "account-invoices": OF_ACCOUNT,
        "invoice": ONE,
        "invoice-pay": wrong(
            replace(ONE, dialog="pay", forms=replace(ONE.forms, pay_amount="100.00")),
            pay_amount="Only 66.94 USD is due.",
        ),
        "invoice-outside": replace(ONE, dialog="outside"),
        "invoice-credit": wrong(
            replace(ONE, dialog="credit"),
            note_amount="Enter the amount as an amount such as 12.50.",
            reason="Say why.",
        ),
        "invoice-credited": _page(credited_invoice()),
    },
    operator={
        "invoices-none": replace(
            SENT,
            currency=SEVERAL_CURRENCIES,
            count=0,
            total=0,
            due=0,
            unpaid_count=0,
            unpaid_amount=0,
            rows=(),
            pager=Pager(text="0 documents"),
        ),
        "invoice-long": _page(LONG),
        "reseller-invoices": OF_ACCOUNT,
    },
    customer={
        "bills": BILLS,
        "bills-suspended": replace(
            BILLS,
            head=replace(OWING, suspended=True, available=LITTLE, unpaid_bills=2),
            unpaid=_unpaid(2, LITTLE),
        ),
        "bills-paid": replace(
            BILLS,
            head=HEAD,
            unpaid=None,
            due=0,
            unpaid_count=0,
            unpaid_amount=0,
            rows=tuple(row for row in ROWS if not row.due),
        ),
        "bills-refused": replace(
            BILLS, errors={"": "The balance is 20.00 USD; add 46.94 USD of credit."}
        ),
        "bill": _page(invoice(), own=True),
        "bill-paid": _page(paid_invoice(), own=True),
        "bill-credit-note": _page(credit_note(), own=True),
    },
)
