"""The billing month: accounts renewed, invoices numbered and printed."""

import time
from collections.abc import Awaitable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from pydantic import SecretStr

from benchmarks.callers import database_of
from benchmarks.floor_month import bare_prints, renewed_documents, transactions
from benchmarks.report import Figure, Results
from contracts.accounts import PLATFORM_ID, AccountActivated, Administrator
from contracts.billing import CreditOrder, Invoice, OpenWallet, PlanOrder, PricedNumber
from documents.printing import WORKERS, Printer
from local.system import System
from services.billing.app import service
from services.billing.handlers.invoices import answer_of
from services.billing.handlers.issuing import note_new_party
from services.billing.handlers.opening import open_wallet
from services.billing.handlers.renewals import issue_drafts, renew_due
from services.billing.store import invoices
from services.chassis.bus import Bus
from services.chassis.database import Cause, Database, Transaction
from services.chassis.service import Running
from services.chassis.settings import Settings

ACCOUNTS: Final = 1_000
NUMBERS_EACH: Final = 2
ON_ONE_DAY: Final = 50_000
RESELLER: Final = "acc_bench"
OPENED_AT: Final = datetime(2026, 10, 5, 12, 0, tzinfo=UTC)
A_MONTH_LATER: Final = datetime(2026, 11, 5, 12, 0, tzinfo=UTC)
PRINTS: Final = 20
PERSON: Final = Administrator(
    email="bench@customer.example", first_name="Amara", last_name="Okafor", phone="+14155550142"
)
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
    running = Running(
        service.name, database, Bus(addresses.rabbitmq_url(), "month"), _settings(system), clock
    )
    await _note_party(database, RESELLER, PLATFORM_ID)
    for number in range(ACCOUNTS):
        await _open(database, f"acc_month{number:06d}")
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
    per_second = ACCOUNTS / renewing
    minutes = ON_ONE_DAY / per_second / 60
    figures = (
        Figure(
            "renew accounts, one process",
            per_second,
            "",
            "a transaction each with the same documents",
            ACCOUNTS / floor,
        ),
        Figure("number their invoices", ACCOUNTS / numbering, ""),
        Figure(f"{ON_ONE_DAY:,} renewals at that pace", minutes, "≤ 60 min", unit=" min"),
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


async def _open(database: Database, account_id: str) -> None:
    """Open a wallet as the saga does, and note what its account is called."""
    numbers = tuple(
        PricedNumber(number=f"+1{account_id[-6:]}{4000 + one}", setup_fee=0, monthly_fee=1_500_000)
        for one in range(NUMBERS_EACH)
    )
    order = PlanOrder(
        name=f"Office {account_id[-6:]}",
        users=12,
        cost_per_user=14_000_000,
        numbers=tuple(priced.number for priced in numbers),
    )
    command = OpenWallet(
        account_id=account_id,
        parent_path=(PLATFORM_ID, RESELLER),
        currency="USD",
        country="US",
        time_zone="UTC",
        plan=order,
        credit=CreditOrder(amount=1_000_000_000),
        numbers=numbers,
        opened_at=OPENED_AT,
        actor="benchmark",
        realm=f"{account_id}.bench.example",
    )

    async def work(tx: Transaction) -> None:
        await open_wallet(command, tx)

    await database.once("benchmark", Cause(f"open:{account_id}", "benchmark"), work)
    await _note_party(database, account_id, RESELLER)


async def _note_party(database: Database, account_id: str, parent_id: str) -> None:
    event = AccountActivated(
        account_id=account_id,
        reseller_id=parent_id,
        version=1,
        name=account_id,
        realm=f"{account_id}.bench.example",
        currency="USD",
        country="US",
        time_zone="UTC",
        administrator=PERSON,
        administrator_user_id=f"usr_{account_id}",
        reseller_name=parent_id,
        send_welcome=False,
    )

    async def work(tx: Transaction) -> None:
        await note_new_party(event, tx)

    await database.once("benchmark", Cause(f"party:{account_id}", "benchmark"), work)


async def _some_invoice(database: Database) -> Invoice:
    reader = database.reader(Cause("", ""))
    found = await invoices.find(reader, f"inv_acc_month000000_{A_MONTH_LATER:%Y-%m-%d}")
    assert found is not None, "the account was not renewed"
    return answer_of(found)


def _settings(system: System) -> Settings:
    addresses = system.addresses
    return Settings(
        mongodb_url=SecretStr(addresses.mongodb),
        rabbitmq_url=SecretStr(addresses.rabbitmq_url()),
        database_prefix=addresses.database_prefix,
    )
