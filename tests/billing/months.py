"""Months of an account that go by in no time: what a process does for itself, done when asked."""

from datetime import UTC, datetime

from contracts.billing import ChangeBillingSettings, FindBillingSettings
from contracts.values import micros
from services.billing.invoicing.handlers.dunning import remind_due
from services.billing.invoicing.model.invoice import StoredInvoice
from services.billing.invoicing.store.invoices import INVOICES, invoice_of
from services.billing.lifecycle.handlers.renewals import issue_drafts, renew_due
from tests.billing.conftest import running
from tests.harness import RESELLER, Harness


async def live_on(harness: Harness) -> None:
    """Bill, issue and remind of all that is due by the harness' clock."""
    await renew_due(running(harness))
    await issue_drafts(running(harness))
    await remind_due(running(harness))


async def live_until(harness: Harness, now: datetime) -> None:
    """Let the time be another one, and do what is due."""
    harness.clock.now = now
    await live_on(harness)


def day(year: int, month: int, number: int, hour: int = 12) -> datetime:
    return datetime(year, month, number, hour, tzinfo=UTC)


async def invoices_of(harness: Harness, account_id: str = "acc_c1") -> list[StoredInvoice]:
    """Return all invoices of an account as they were issued, and then its drafts."""
    found = harness.database.documents(INVOICES).each({"account_id": account_id})
    invoices = [invoice_of(document) async for document in found]
    return sorted(invoices, key=lambda one: (one.status == "draft", one.sequence, one.id))


def lines_of(invoice: StoredInvoice) -> list[tuple[str, str, int]]:
    return [(line.kind, line.text, line.amount) for line in invoice.lines]


async def set_tax(harness: Harness, percent: str) -> None:
    """Let the first reseller take a tax."""
    found = await harness.ask(FindBillingSettings(), RESELLER)
    change = ChangeBillingSettings(
        version=found.version, tax_percent=micros(percent), tax_name="VAT"
    )
    await harness.ask(change, RESELLER)
