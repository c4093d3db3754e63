"""Billing on an empty database, with two resellers, and the messages that its tests send it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from contracts.base import Command
from contracts.billing import (
    CountryMinutes,
    CreateRateSheet,
    CreditOrder,
    FindBalance,
    FindRateImport,
    FindRateSheet,
    ImportReport,
    LedgerEntry,
    ListRates,
    ListTransactions,
    OpenBillingAccount,
    PlanOrder,
    PricedNumber,
    RateImport,
    RateSheet,
    StartImport,
)
from contracts.values import micros
from services.billing.app import service
from services.billing.rating.handlers.import_jobs import run_import_job
from services.chassis.bus import Bus
from services.chassis.principal import Principal
from services.chassis.service import Running
from services.chassis.settings import Settings
from tests.harness import RESELLER, Harness

NUMBERS = (
    PricedNumber(number="+14155550142", setup_fee=0, monthly_fee=micros("1.50")),
    PricedNumber(number="+442079460321", setup_fee=micros("1.00"), monthly_fee=micros("2.20")),
)
CSV = "prefix,rate,name\n91,0.021,India\n44,0.012,United Kingdom\n4479,0.1,UK mobile\n"


@pytest.fixture
async def billing(mongodb_url: str, database_prefix: str) -> AsyncIterator[Harness]:
    """Give billing with the empty billing accounts of two resellers, one in USD and one in EUR."""
    harness = await Harness.start(service, mongodb_url, database_prefix)
    platform = ("platform",)
    await harness.ask(opening("acc_r1", parent_path=platform, plan=None, credit=None))
    await harness.ask(
        opening("acc_r2", parent_path=platform, plan=None, credit=None, currency="EUR")
    )
    yield harness
    await harness.stop()


def plan(name: str = "Office 12", **fields: Any) -> PlanOrder:  # noqa: ANN401 - any part of a plan
    return PlanOrder.model_validate(
        {"name": name, "users": 12, "cost_per_user": micros("14.00"), **fields}
    )


def opening(account_id: str = "acc_c1", **fields: Any) -> OpenBillingAccount:  # noqa: ANN401 - any part of the order
    return OpenBillingAccount.model_validate(
        {
            "account_id": account_id,
            "parent_path": ("platform", "acc_r1"),
            "currency": "USD",
            "country": "US",
            "time_zone": "America/New_York",
            "plan": plan(),
            "credit": CreditOrder(amount=micros("500.00"), note="Welcome"),
            "numbers": (),
            "opened_at": "2026-11-22T09:00:00Z",
            "actor": "usr_r1",
            **fields,
        }
    )


async def open_account(harness: Harness, account_id: str = "acc_c1", **fields: Any) -> None:  # noqa: ANN401 - any part of the order
    fields.setdefault("plan", plan(f"Plan of {account_id.replace('_', ' ')}"))
    await harness.ask(opening(account_id, **fields))


async def add_sheet(
    harness: Harness, name: str = "Standard", csv: str = CSV, by: Principal = RESELLER
) -> RateSheet:
    sheet = await harness.ask(CreateRateSheet(name=name), by)
    if csv:
        await import_rates(harness, sheet, csv, by=by)
    return sheet


async def find_sheet(harness: Harness, sheet: RateSheet) -> RateSheet:
    return await harness.ask(FindRateSheet(rate_sheet_id=sheet.id), RESELLER)


async def prefixes_of(harness: Harness, sheet: RateSheet, search: str = "") -> list[str]:
    page = await harness.ask(ListRates(rate_sheet_id=sheet.id, search=search), RESELLER)
    assert page.next is None
    return [rate.prefix for rate in page.data]


async def import_rates(
    harness: Harness,
    sheet: RateSheet,
    csv: str,
    *,
    by: Principal = RESELLER,
    **options: Any,  # noqa: ANN401 - mode and dry run
) -> ImportReport:
    order = StartImport(rate_sheet_id=sheet.id, csv=csv, **options)
    report = (await change_rates(harness, order, by=by)).report
    assert report is not None, "an import that is done has a report"
    return report


async def change_rates(
    harness: Harness, order: Command[RateImport], *, by: Principal = RESELLER
) -> RateImport:
    """Begin a change of rates, do all that is to be done, and return how it ended."""
    begun = await harness.ask(order, by)
    assert begun.state == "waiting"
    await process_each(harness)
    return await harness.ask(
        FindRateImport(rate_sheet_id=begun.rate_sheet_id, import_id=begun.id), by
    )


async def process_each(harness: Harness) -> int:
    """Work off the changes of rates that wait, as a process does; return how many there were."""
    jobs = 0
    while await run_import_job(running(harness)):
        jobs += 1
    return jobs


def running(harness: Harness) -> Running:
    return Running("billing", harness.database, Bus("", ""), Settings(), harness.clock)


def opened(country: str, minutes: int = 0) -> tuple[CountryMinutes, ...]:
    return (CountryMinutes(country=country, minutes=minutes),)


async def ledger_of(harness: Harness, account_id: str = "acc_c1") -> list[LedgerEntry]:
    """Return all entries, oldest first."""
    page = await harness.ask(ListTransactions(account_id=account_id, limit=100), RESELLER)
    assert page.next is None
    return list(reversed(page.data))


async def balance_of(harness: Harness, account_id: str = "acc_c1") -> int:
    return (await harness.ask(FindBalance(account_id=account_id), RESELLER)).balance


async def audit(harness: Harness) -> list[str]:
    works = harness.service.audits
    return [fault for work in works for fault in await work(running(harness))]
