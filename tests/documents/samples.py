"""Invoices in the states worth looking at."""

from datetime import UTC, date, datetime

from contracts.billing import CreditNoteLink, Invoice, InvoiceLine, InvoiceParty, InvoicePayment

UNIT = 1_000_000
OCTOBER = {"period_start": date(2026, 10, 1), "period_end": date(2026, 11, 1)}


def invoice(**changes: object) -> Invoice:
    """Return the invoice of a month, partly paid by credit; 66.94 is due."""
    values: dict[str, object] = {
        "id": "inv_6761a0f0c9e77b0012a4e0aa",
        "account_id": "acc_6742b1f0c9e77b0012a4d301",
        "reseller_id": "acc_67400c11c9e77b0012a4c001",
        "number": "NV-001184",
        "status": "overdue",
        "seller": InvoiceParty(
            name="Northwind Voice",
            email="billing@northwind.example",
            address="18 Wharf Road\nLondon N1 7SR\nUnited Kingdom\nVAT GB 999 0001 73",
        ),
        "customer": InvoiceParty(
            name="Harbour & Vale Legal", contact="Amara Okafor", email="amara@harbourvale.example"
        ),
        **OCTOBER,
        "issued_on": date(2026, 11, 1),
        "due_on": date(2026, 11, 15),
        "issued_at": datetime(2026, 11, 1, 8, tzinfo=UTC),
        "currency": "USD",
        "lines": _lines(),
        "tax": 35_120_000,
        "total": 220_000_000,
        "paid_by_credit": 153_060_000,
        "paid": 0,
        "credited": 0,
        "written_off": 0,
        "due": 66_940_000,
        "version": 3,
        "footer": "Northwind Voice Ltd · Registered in England 01234567",
        **changes,
    }
    return Invoice.model_validate(values)


def _lines() -> tuple[InvoiceLine, ...]:
    month = {"quantity": 1, **OCTOBER}
    lines: list[dict[str, object]] = [
        {"kind": "users", "text": "Office 12", **month, "quantity": 12, "unit_price": 14 * UNIT},
        {"kind": "number-rent", "text": "Number +1 415-555-0142", **month, "unit_price": 1_500_000},
        {"kind": "calls", "text": "Calls to South Africa", "quantity": 21, "seconds": 1_866},
        {"kind": "bundle", "text": "India: 286 of 300 minutes", "seconds": 17_160},
        {"kind": "tax", "text": "VAT 19 %"},
    ]
    amounts = (168 * UNIT, 1_500_000, 15_380_000, 0, 35_120_000)
    return tuple(
        InvoiceLine.model_validate({**line, "amount": amount})
        for line, amount in zip(lines, amounts, strict=True)
    )


def paid_invoice() -> Invoice:
    """Return an invoice that was paid from the balance."""
    payment = InvoicePayment(
        at=datetime(2026, 11, 3, 9, tzinfo=UTC), amount=66_940_000, source="balance", actor="Amara"
    )
    return invoice(status="paid", due=0, paid=66_940_000, payments=(payment,))


def credited_invoice() -> Invoice:
    """Return an invoice taxed with two percentages, after a credit note for more than was due."""
    rates = (19_000_000, 7_000_000, 19_000_000, None)
    taxes = (31_920_000, 105_000, 2_920_000, 0)
    lines = tuple(
        line.model_copy(update={"tax_percent": percent, "tax": tax})
        for line, percent, tax in zip(_lines()[:4], rates, taxes, strict=True)
    )
    sums = (
        InvoiceLine.model_validate({"kind": "tax", "text": "VAT 19 %", "amount": 34_840_000}),
        InvoiceLine.model_validate({"kind": "tax", "text": "VAT 7 %", "amount": 110_000}),
    )
    note = CreditNoteLink(
        id="inv_6761a0f0c9e77b0012a4e0ab",
        number="NV-001201",
        issued_on=date(2026, 11, 20),
        total=-78_940_000,
    )
    return invoice(
        status="paid",
        lines=(*lines, *sums),
        tax=34_950_000,
        total=219_830_000,
        paid_by_credit=153_060_000,
        credited=66_770_000,
        refunded=12_170_000,
        due=0,
        credit_notes=(note,),
    )


def credit_note() -> Invoice:
    """Return a credit note for an earlier invoice."""
    line = InvoiceLine(kind="adjustment", text="Line fault in October", amount=-12 * UNIT)
    return invoice(
        kind="credit-note",
        number="NV-001201",
        status="paid",
        lines=(line,),
        tax=0,
        total=-12 * UNIT,
        paid_by_credit=0,
        due=0,
        corrects_id="inv_6761a0f0c9e77b0012a4e0aa",
        corrects_number="NV-001184",
        note="Line fault in October",
    )
