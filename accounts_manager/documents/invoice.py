"""An invoice or credit note as HTML: a part of a page of the portal, or a page of its own."""

import hashlib
from functools import cache
from typing import Any, Final

import jinja2
from markupsafe import Markup

from accounts_manager import formatting
from accounts_manager.documents import scripts
from accounts_manager.documents.files import STATIC, TEMPLATES
from contracts.billing import Invoice

BILLS_PATH: Final = "/my/bills"
"""Where a customer pays, in the portal."""

_MARK_DIGITS: Final = 32


def drawn(invoice: Invoice, *, heading: int = 2, pay_url: str = "", link_base: str = "") -> Markup:
    """Return the document as an HTML element, for a page that has `static/invoice.css`.

    `heading` is the level of its own heading; `pay_url` is where it can be paid, if it says so;
    `link_base` begins the addresses of other invoices, and is empty where there are none.
    """
    values = {
        "invoice": invoice,
        "heading": f"h{heading}",
        "pay_url": pay_url,
        "link_base": link_base,
    }
    return Markup(_template("invoice.html").render(values))  # noqa: S704 - the template escapes


def paper(invoice: Invoice, *, pay_url: str = "") -> str:
    """Return the document as an HTML page of its own, to be printed."""
    element = drawn(invoice, heading=1, pay_url=pay_url)
    return _template("paper.html").render(invoice=invoice, element=element)


def mark(invoice: Invoice, *, pay_url: str = "") -> str:
    """Return what changes when the printed document does: its content's digest."""
    digest = hashlib.sha256(paper(invoice, pay_url=pay_url).encode())
    for sheet in sorted(STATIC.glob("*.css")):
        digest.update(sheet.read_bytes())
    return digest.hexdigest()[:_MARK_DIGITS]


def title(invoice: Invoice) -> str:
    """Return what the document is called: `Invoice ACME-000123`."""
    return f"{'Credit note' if invoice.kind == 'credit-note' else 'Invoice'} {invoice.number}"


def file_name(invoice: Invoice) -> str:
    """Return the name of its file, of characters that every system takes: `ACME-000123.pdf`."""
    name = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in invoice.number)
    return f"{name.strip('-') or 'invoice'}.pdf"


def _template(name: str) -> jinja2.Template:
    return _environment().get_template(name)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = environment.filters
    for write in (
        formatting.count,
        formatting.day,
        formatting.duration,
        formatting.money,
        formatting.percent,
        formatting.period,
        formatting.price,
        scripts.phrase,
        scripts.written,
    ):
        filters[write.__name__] = write
    known: dict[str, Any] = environment.globals
    known.update(title=title)
    return environment
