"""Where the lines of a printed document break."""

import re
from typing import Final

import pytest
from weasyprint import CSS, HTML
from weasyprint.formatting_structure import boxes
from weasyprint.text.fonts import FontConfiguration

from accounts_manager.documents.files import FONTS, STATIC
from accounts_manager.documents.invoice import paper
from accounts_manager.documents.pdf import OwnFonts
from contracts.billing import Invoice
from tests.samples.documents import credit_note, credited_invoice, invoice, paid_invoice
from tests.samples.names import UNIT

PREPAID: Final = {"paid_by_credit": 220 * UNIT, "due": 0, "status": "paid"}
PAY_URL: Final = "https://portal.accounts-manager.example/bills/inv_6761a0f0c9e77b0012a4e0aa"
LARGEST: Final = {"currency": "IDR", "total": 999_999_999_999 * UNIT, "due": 999_999_999_999 * UNIT}


def printed_lines(document: Invoice) -> list[str]:
    """Return the lines of text on the first page, as they are broken."""
    fonts, fetcher = FontConfiguration(), OwnFonts()
    sheets = [
        CSS(
            string=(STATIC / name).read_text("utf-8"),
            base_url=f"{FONTS.as_uri()}/",
            url_fetcher=fetcher,
            font_config=fonts,
        )
        for name in ("paper.css", "invoice.css")
    ]
    printed = HTML(string=paper(document, pay_url=PAY_URL), url_fetcher=fetcher).render(
        fonts, stylesheets=sheets
    )
    lines: list[str] = []
    for box in printed.pages[0]._page_box.descendants():  # noqa: SLF001 - nothing else tells of lines
        if isinstance(box, boxes.LineBox):
            parts = [part.text for part in box.descendants() if isinstance(part, boxes.TextBox)]
            lines.append(" ".join("".join(parts).split()))
    return lines


@pytest.mark.parametrize(
    ("document", "line"),
    [
        (invoice(**PREPAID), "Paid by your prepaid credit. Thank you."),
        (paid_invoice(), "Paid on 3 Nov 2026. Thank you."),
        (credited_invoice(), "Nothing more is due after the credit notes below."),
        (invoice(status="void", due=0), "Nothing is asked for any more."),
        (credit_note(), "Credit note"),
    ],
    ids=["prepaid", "paid", "credited", "void", "heading"],
)
def test_a_short_sentence_stands_in_one_line(document: Invoice, line: str) -> None:
    assert line in printed_lines(document)


def test_no_amount_is_broken() -> None:
    amounts = [line for line in printed_lines(invoice(**LARGEST)) if line.startswith("IDR")]
    assert len(amounts) > 5
    assert [amount for amount in amounts if not re.search(r"\.\d\d$", amount)] == []
