"""Invoices, receipts and credit notes as they are drawn."""

from datetime import UTC, date, datetime
from typing import Final

from contracts.billing import CreditNoteLink, Invoice, InvoiceLine, InvoiceParty, InvoicePayment
from tests.samples.factories import made, table
from tests.samples.names import AMARA, NAME, SELLER, UNIT

ID: Final = "inv_6761a0f0c9e77b0012a4e0aa"
NUMBER: Final = "NV-001184"
NOTE_ID: Final = "inv_6761a0f0c9e77b0012a4e0ab"
NOTE_NUMBER: Final = "NV-001201"
OCTOBER: Final = (date(2026, 10, 1), date(2026, 11, 1))
MONTH: Final = dict(zip(("period_start", "period_end"), OCTOBER, strict=True))
LINES: Final = (
    *table(
        InvoiceLine,
        "kind text quantity unit_price amount",
        ("users", "Office 12", 12, 14 * UNIT, 168 * UNIT),
        ("number-rent", "Number +1 415-555-0142", 1, 1_500_000, 1_500_000),
        **MONTH,
    ),
    *table(
        InvoiceLine,
        "kind text quantity seconds amount",
        ("calls", "Calls to South Africa", 21, 1_866, 15_380_000),
        ("bundle", "India: 286 of 300 minutes", None, 17_160, 0),
        ("tax", "VAT 19 %", None, None, 35_120_000),
    ),
)
PARTY: Final = InvoiceParty(
    name=SELLER,
    email="billing@northwind.example",
    address="18 Wharf Road\nLondon N1 7SR\nUnited Kingdom\nVAT GB 999 0001 73",
)


def invoice(**changes: object) -> Invoice:
    """Return the invoice of a month, partly paid by credit; 66.94 is due."""
    usual: dict[str, object] = {
        "id": ID,
        "account_id": "acc_6742b1f0c9e77b0012a4d301",
        "reseller_id": "acc_67400c11c9e77b0012a4c001",
        "number": NUMBER,
        "status": "overdue",
        "seller": PARTY,
        "customer": InvoiceParty(name=NAME, contact="Amara Okafor", email=AMARA.email),
        **MONTH,
        "issued_on": date(2026, 11, 1),
        "due_on": date(2026, 11, 15),
        "issued_at": datetime(2026, 11, 1, 8, tzinfo=UTC),
        "lines": LINES,
        "tax": 35_120_000,
        "total": 220 * UNIT,
        "paid_by_credit": 153_060_000,
        "paid": 0,
        "credited": 0,
        "written_off": 0,
        "due": 66_940_000,
        "version": 3,
        "footer": "Northwind Voice Ltd · Registered in England 01234567",
    }
    return made(Invoice, **{**usual, **changes})


def paid_invoice() -> Invoice:
    """Return an invoice that was paid from the balance."""
    paid_at = datetime(2026, 11, 3, 9, tzinfo=UTC)
    payment = InvoicePayment(at=paid_at, amount=66_940_000, source="balance", actor="Amara")
    return invoice(status="paid", due=0, paid=66_940_000, payments=(payment,))


def credited_invoice() -> Invoice:
    """Return an invoice taxed with two percentages, after a credit note for more than was due."""
    taxes = ((19, 31_920_000), (7, 105_000), (19, 2_920_000), (None, 0))
    lines = tuple(
        line.model_copy(update={"tax_percent": percent and percent * UNIT, "tax": tax})
        for line, (percent, tax) in zip(LINES[:4], taxes, strict=True)
    )
    sums = table(
        InvoiceLine,
        "kind text amount",
        ("tax", "VAT 19 %", 34_840_000),
        ("tax", "VAT 7 %", 110_000),
    )
    note = CreditNoteLink(
        id=NOTE_ID, number=NOTE_NUMBER, issued_on=date(2026, 11, 20), total=-78_940_000
    )
    return invoice(
        status="paid",
        lines=(*lines, *sums),
        tax=34_950_000,
        total=219_830_000,
        credited=66_770_000,
        refunded=12_170_000,
        due=0,
        credit_notes=(note,),
    )


def credit_note() -> Invoice:
    """Return a credit note for an earlier invoice."""
    why = "Line fault in October"
    return invoice(
        kind="credit-note",
        number=NOTE_NUMBER,
        status="paid",
        lines=(InvoiceLine(kind="adjustment", text=why, amount=-12 * UNIT),),
        tax=0,
        total=-12 * UNIT,
        paid_by_credit=0,
        due=0,
        corrects_id=ID,
        corrects_number=NUMBER,
        note=why,
    )
