"""An e-mail about an invoice brings it along; without it, it is not sent."""

import pytest

from accounts_manager.documents.printing import Busy, Printer
from contracts.base import Refused
from contracts.billing import GetInvoiceForDelivery
from contracts.notifications import EmailFailed
from services.notifications.model import RETRY_SECONDS
from tests.notifications.conftest import CHANGED, Mailer, html_of, text_of

INVOICE = "inv_6761a0f0c9e77b0012a4e0aa"


@pytest.fixture
async def email_with_invoice(mailer: Mailer) -> Mailer:
    """Give a mailer with one e-mail, which brings an invoice."""
    await mailer.service.hear(CHANGED)
    emails = mailer.service.database.documents("letters")
    assert await emails.update({}, {"$set": {"invoice_id": INVOICE}})
    return mailer


async def test_the_invoice_comes_as_pdf_beside_text_and_html(email_with_invoice: Mailer) -> None:
    mailer = email_with_invoice
    assert await mailer.work() == 1
    assert mailer.accounts.invoices == [
        GetInvoiceForDelivery(invoice_id=INVOICE, account_id="acc_1")
    ]
    (email,) = mailer.server.emails()
    (enclosed,) = email.iter_attachments()
    assert enclosed.get_content_type() == "application/pdf"
    assert enclosed.get_filename() == "NV-001184.pdf"
    content = enclosed.get_content()
    assert isinstance(content, bytes)
    assert content.startswith(b"%PDF-1.7")
    assert text_of(email)
    assert html_of(email)


async def test_an_email_waits_for_billing(email_with_invoice: Mailer) -> None:
    mailer = email_with_invoice
    mailer.accounts.refusal = Refused("unavailable", "billing does not answer.")
    await mailer.work()
    assert mailer.server.talked_to == 0
    mailer.accounts.refusal = None
    mailer.service.clock.forward(seconds=RETRY_SECONDS[0])
    await mailer.work()
    assert len(mailer.server.taken) == 1


async def test_an_email_waits_for_a_printer_that_is_busy_or_broken(
    email_with_invoice: Mailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailer = email_with_invoice

    async def refuse(*_: object, **__: object) -> bytes:
        raise Busy("Too many documents are waiting to be printed.")

    monkeypatch.setattr(Printer, "render_pdf", refuse)
    await mailer.work()
    (email,) = await mailer.service.database.documents("letters").find({}, limit=2)
    assert (email["state"], email["tries"]) == ("waiting", 1)
    assert email["reason"] == "the e-mail could not be written: Busy"
    monkeypatch.undo()
    mailer.service.clock.forward(seconds=RETRY_SECONDS[0])
    await mailer.work()
    assert len(mailer.server.taken) == 1


async def test_an_email_about_an_invoice_that_is_not_there_fails_at_once(
    email_with_invoice: Mailer,
) -> None:
    mailer = email_with_invoice
    mailer.accounts.refusal = Refused("not-found", "There is no such invoice.")
    await mailer.work()
    (notice,) = await mailer.service.sent(EmailFailed)
    assert notice.reason == "what it brings was refused: not-found"
