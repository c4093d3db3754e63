"""The billing month: accounts renewed, invoices numbered and printed."""

import time
from collections.abc import Awaitable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from accounts_manager.documents.printing import WORKERS, Printer
from benchmarks.callers import database_of
from benchmarks.floor_month import bare_prints, renewed_documents, transactions
from benchmarks.renewing import NUMBERS_EACH, note_invoice_party, open_account, running_of
from benchmarks.report import Figure, Results
from contracts.accounts import PLATFORM_ID
from contracts.billing import Invoice
from local.system import System
from services.billing.app import service
from services.billing.invoicing.handlers.invoices import answer_of
from services.billing.invoicing.store import invoices
from services.billing.lifecycle.handlers.renewals import issue_drafts, renew_due
from services.chassis.database import Database

ACCOUNTS: Final = 1_000
RESELLER: Final = "acc_bench"
OPENED_AT: Final = datetime(2026, 10, 5, 12, 0, tzinfo=UTC)
A_MONTH_LATER: Final = datetime(2026, 11, 5, 12, 0, tzinfo=UTC)
PRINTS: Final = 20
NOTES: Final = f"""\
* {ACCOUNTS:,} accounts of one reseller with users and {NUMBERS_EACH} numbers each are opened by
  billing's own handlers, and renewed a month later by one process. The floor writes the same
  documents in as many transactions, as many at once, and reads nothing.
* Invoices get their numbers without gaps, 100 in a transaction.
* Printing keeps {WORKERS} workers busy; its floor is WeasyPrint in one process that has the page.
"""


class _Clock:
    """The time of billing, which is put forward."""

    def __init__(self) -> None:
        self.now = OPENED_AT

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now


async def measure(system: System) -> Results:
    """Measure billing's own work in this process, on the servers of the system."""
    clock = _Clock()
    addresses = system.addresses
    database = replace(database_of(addresses), clock=clock)
    await database.prepare()
    for prepare in service.prepares:
        await prepare(database)
    running = running_of(addresses, database)
    await note_invoice_party(database, RESELLER, PLATFORM_ID)
    for number in range(ACCOUNTS):
        await open_account(database, f"acc_month{number:06d}", RESELLER, OPENED_AT)
    await renew_due(running)
    await issue_drafts(running)
    clock.now = A_MONTH_LATER
    renewing = await _seconds_of(renew_due(running))
    numbering = await _seconds_of(issue_drafts(running))
    written = await renewed_documents(database, f"_{A_MONTH_LATER:%Y-%m-%d}")
    floor = await _seconds_of(transactions(database, written))
    invoice = await _some_invoice(database)
    database.client.close()
    assert len(written) == ACCOUNTS, f"{len(written)} accounts were renewed, not {ACCOUNTS}"
    return _renewals(renewing, floor, numbering) + await _printing(invoice)


def _renewals(renewing: float, floor: float, numbering: float) -> Results:
    figures = (
        Figure(
            "renew accounts, one process",
            ACCOUNTS / renewing,
            "",
            "a transaction each with the same documents",
            ACCOUNTS / floor,
        ),
        Figure("number their invoices", ACCOUNTS / numbering, ""),
    )
    return Results(figures=figures, notes=NOTES)


async def _printing(invoice: Invoice) -> Results:
    printer = Printer()
    try:
        await printer.render_pdf(invoice)  # starts a worker
        began = time.perf_counter()
        for _ in range(PRINTS):
            await printer.render_pdf(invoice)
        ours = PRINTS / (time.perf_counter() - began)
    finally:
        await printer.stop()
    floor = PRINTS / bare_prints(invoice, PRINTS)
    figure = Figure("print invoices one after the other", ours, "≥ 0.8", "WeasyPrint alone", floor)
    return Results(figures=(figure,))


async def _seconds_of(work: Awaitable[object]) -> float:
    began = time.perf_counter()
    await work
    return time.perf_counter() - began


async def _some_invoice(database: Database) -> Invoice:
    reader = database.reader()
    found = await invoices.find(reader, f"inv_acc_month000000_{A_MONTH_LATER:%Y-%m-%d}")
    assert found is not None, "the account was not renewed"
    return await answer_of(reader, found)
