"""What an invoice says, whatever its texts hold."""

import re
from datetime import date
from typing import Any

from accounts_manager.documents.files import FONTS, STATIC
from accounts_manager.documents.invoice import drawn, file_name, mark, paper, title
from contracts.billing import CreditNoteLink, InvoiceLine
from tests.samples.documents import credit_note, credited_invoice, invoice, paid_invoice
from tests.samples.names import UNIT


def text_of(html: str) -> str:
    """Return what a person reads."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_an_invoice_says_who_owes_whom_how_much_for_what_and_until_when() -> None:
    text = text_of(drawn(invoice()))
    for part in (
        "Northwind Voice",
        "NV-001184",
        "Harbour &amp; Vale Legal",
        "Amara Okafor",
        "Issued 1 Nov 2026",
        "Due 15 Nov 2026",
        "Service 1 – 31 Oct 2026",
        "Office 12 1 – 31 Oct 2026 12 $14.00 $168.00",
        "Calls to South Africa 31 m 06 s 21 – $15.38",
        "VAT 19 % $35.12",
        "Total $220.00",
        "Paid by prepaid credit \N{MINUS SIGN}$153.06",
        "Amount due $66.94",
    ):
        assert part in text, part


def test_lines_say_their_tax_where_there_are_several_percentages() -> None:
    def taxed(percent: int, **fields: Any) -> InvoiceLine:  # noqa: ANN401 - any part of a line
        line = {"kind": "users", "text": "Office", "amount": 1_000_000, **fields}
        return InvoiceLine.model_validate({**line, "tax_percent": percent * 1_000_000})

    lines = (taxed(19), taxed(7), taxed(19, kind="tax", text="VAT 19 %"))
    assert "% tax" not in text_of(drawn(invoice(lines=lines)))
    text = text_of(drawn(invoice(lines=(*lines, taxed(7, kind="tax", text="VAT 7 %")))))
    assert "Office 19% tax" in text
    assert "Office 7% tax" in text


def test_where_to_pay_is_said_while_something_is_due() -> None:
    pay_url = "https://portal.example/bills/inv_1"
    assert "Pay at portal.example/bills/inv_1" in text_of(drawn(invoice(), pay_url=pay_url))
    text = text_of(drawn(paid_invoice(), pay_url=pay_url))
    assert "Pay at" not in text
    assert "Paid on 3 Nov 2026. Thank you." in text
    assert "Paid 3 Nov 2026 from the balance \N{MINUS SIGN}$66.94" in text
    assert "Amount due $0.00" in text


def test_an_invoice_that_a_credit_note_settled_does_not_say_that_credit_paid_it() -> None:
    text = text_of(drawn(credited_invoice()))
    assert "Nothing more is due after the credit notes below." in text
    assert "Thank you" not in text


def test_a_credit_note_asks_for_nothing_and_names_what_it_corrects() -> None:
    text = text_of(drawn(credit_note()))
    assert "Credit note NV-001201" in text
    assert "Corrects NV-001184" in text
    assert "Credited to you $12.00" in text
    assert "Amount due" not in text
    assert title(credit_note()) == "Credit note NV-001201"


def test_an_invoice_shows_its_credit_notes_and_links_them_on_a_page_only() -> None:
    note = {
        "id": "inv_9",
        "number": "NV-001201",
        "issued_on": date(2026, 11, 3),
        "total": -20 * UNIT,
    }
    link = CreditNoteLink.model_validate(note)
    corrected = invoice(
        credit_notes=(link,), credited=12 * UNIT, refunded=8 * UNIT, due=66_940_000 - 12 * UNIT
    )
    text = text_of(drawn(corrected))
    for part in (
        "NV-001201 3 Nov 2026 \N{MINUS SIGN}$20.00",
        "Total after credit notes $200.00",
        "Returned to the balance $8.00",
        "Still due $54.94",
    ):
        assert part in text, part
    page = drawn(corrected, link_base="/bills/")
    assert '<a href="/bills/inv_9">NV-001201</a>' in page
    assert 'href="/bills/' not in paper(corrected)
    assert '<a href="/bills/inv_6761a0f0c9e77b0012a4e0aa">NV-001184</a>' in drawn(
        credit_note(), link_base="/bills/"
    )


def test_what_is_written_off_is_asked_for_no_more() -> None:
    text = text_of(drawn(invoice(status="void", due=0, written_off=66_940_000)))
    assert "Nothing is asked for any more." in text
    assert "Written off \N{MINUS SIGN}$66.94" in text


def test_both_parties_are_named_with_address_and_tax_id() -> None:
    customer = invoice().customer.model_copy(
        update={"address": "Hauptstraße 1\n10115 Berlin\nGermany", "tax_id": "DE136695976"}
    )
    seller = invoice().seller.model_copy(update={"tax_id": "GB980780684"})
    html = drawn(invoice(seller=seller, customer=customer))
    assert "Hauptstraße 1\n10115 Berlin\nGermany" in html
    assert "18 Wharf Road\n" in html
    assert html.index("Tax ID: GB980780684") < html.index("Tax ID: DE136695976")
    assert "Tax ID" not in drawn(invoice())


def test_texts_of_people_are_never_markup() -> None:
    hostile = '<img src="https://elsewhere.example/a.png"><script>alert(1)</script>'
    seller = invoice().seller.model_copy(update={"name": hostile, "address": hostile})
    one = invoice(seller=seller, footer=hostile, note=hostile)
    for html in (drawn(one), paper(one, pay_url='"><img src=x>')):
        assert "<img" not in html
        assert "<script" not in html


def test_the_mark_changes_with_what_is_printed_and_not_without() -> None:
    assert mark(invoice()) == mark(invoice())
    assert mark(invoice()) != mark(paid_invoice())
    assert mark(invoice()) != mark(invoice(), pay_url="https://portal.example/")


def test_a_file_is_named_by_the_invoice_with_harmless_signs() -> None:
    assert file_name(invoice()) == "NV-001184.pdf"
    assert file_name(invoice(number='Ü"\n/../1')) == "1.pdf"
    assert file_name(invoice(number="é")) == "invoice.pdf"


def test_every_font_of_the_style_sheet_was_fetched() -> None:
    named = re.findall(r'url\("([^"]+)"\)', (STATIC / "paper.css").read_text("utf-8"))
    assert len(named) == 10
    assert all((FONTS / name).is_file() for name in named)
