"""What an e-mail about an invoice brings along: the invoice itself, as PDF."""

import asyncio
from email.message import EmailMessage
from typing import Final

from accounts_manager.documents.invoice import BILLS_PATH, file_name
from accounts_manager.documents.printing import Printer
from contracts.billing import GetInvoiceForDelivery
from services.chassis.service import Running
from services.notifications.model import Email

ENCLOSE_SECONDS_MAX: Final = 60.0
"""Waiting for the printer included; shorter than the lease of a try."""


async def enclose_invoice(
    running: Running, printer: Printer, email: Email, message: EmailMessage
) -> None:
    """Attach the e-mail's invoice, as it stands now.

    Raises Refused when billing does not give it out, TimeoutError or PrintError when it cannot be
    printed: a failed try, like any other.
    """
    if not email.invoice_id:
        return
    question = GetInvoiceForDelivery(invoice_id=email.invoice_id, account_id=email.account_id)
    async with asyncio.timeout(ENCLOSE_SECONDS_MAX):
        invoice = await running.bus.ask(question, correlation_id=email.trail)
        pay_url = f"{running.settings.portal_url.rstrip('/')}{BILLS_PATH}"
        content = await printer.render_pdf(invoice, pay_url=pay_url)
    message.add_attachment(
        content, maintype="application", subtype="pdf", filename=file_name(invoice)
    )
