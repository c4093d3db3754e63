"""Accounts with service plans, opened by billing's own handlers, that are due a month later."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from pydantic import SecretStr

from contracts.accounts import PLATFORM_ID, AccountActivated, Administrator
from contracts.billing import (
    CountryMinutes,
    CreditOrder,
    OpenBillingAccount,
    PlanOrder,
    PricedNumber,
)
from local.servers import Addresses
from services.billing.app import service
from services.billing.invoicing.handlers.issuing import note_new_invoice_party
from services.billing.lifecycle.handlers.opening import open_billing_account
from services.billing.lifecycle.store import refusals
from services.chassis.bus import Bus
from services.chassis.database import INBOX, OUTBOX, Database, Transaction, Trigger
from services.chassis.service import Running
from services.chassis.settings import Settings

NUMBERS_EACH: Final = 2
DOCUMENTS_PER_INSERT: Final = 5_000
PERSON: Final = Administrator(
    email="bench@customer.example", first_name="Amara", last_name="Okafor", phone="+14155550142"
)


def running_of(addresses: Addresses, database: Database) -> Running:
    """Return what billing's background work gets, to be done in this process."""
    settings = Settings(
        mongodb_url=SecretStr(addresses.mongodb),
        rabbitmq_url=SecretStr(addresses.rabbitmq_url()),
        database_prefix=addresses.database_prefix,
    )
    bus = Bus(addresses.rabbitmq_url(), "benchmark")
    return Running(service.name, database, bus, settings, database.clock)


async def open_account(
    database: Database,
    account_id: str,
    reseller_id: str,
    opened_at: datetime,
    *,
    rate_sheet_id: str = "",
    countries: Sequence[CountryMinutes] = (),
) -> None:
    """Open a billing account as the saga does, and note what its account is called."""
    numbers = tuple(
        PricedNumber(number=f"+1{account_id[-6:]}{4000 + one}", setup_fee=0, monthly_fee=1_500_000)
        for one in range(NUMBERS_EACH)
    )
    order = PlanOrder(
        name=f"Office {account_id[-6:]}",
        users=12,
        cost_per_user=14_000_000,
        rate_sheet_id=rate_sheet_id,
        numbers=tuple(priced.number for priced in numbers),
        countries=tuple(countries),
    )
    command = OpenBillingAccount(
        account_id=account_id,
        parent_path=(PLATFORM_ID, reseller_id),
        currency="USD",
        country="US",
        time_zone="UTC",
        plan=order,
        credit=CreditOrder(amount=1_000_000_000),
        numbers=numbers,
        opened_at=opened_at,
        actor="benchmark",
        realm=f"{account_id}.bench.example",
    )

    async def work(tx: Transaction) -> None:
        await open_billing_account(command, tx)
        refusal = await refusals.find(tx, account_id)
        assert refusal is None, f"{account_id} was not opened: {refusal}"

    await database.once("benchmark", Trigger(f"open:{account_id}", "benchmark"), work)
    await note_invoice_party(database, account_id, reseller_id)


async def note_invoice_party(database: Database, account_id: str, parent_id: str) -> None:
    """Note what an account is called on invoices."""
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
        await note_new_invoice_party(event, tx)

    await database.once("benchmark", Trigger(f"party:{account_id}", "benchmark"), work)


async def copy_account(database: Database, account_id: str, others: Sequence[str]) -> None:
    """Write for other accounts what is kept of this one, which opening them all would take long.

    The last six digits of their ids, which plans and numbers have as well, tell them apart.
    """
    names = await database.raw.list_collection_names()
    for name in sorted(set(names) - {INBOX, OUTBOX}):
        found = await database.raw[name].find().to_list(None)
        theirs = [document for document in found if account_id in repr(document)]
        copies = [
            _renamed(document, account_id[-6:], other[-6:])
            for other in others
            for document in theirs
        ]
        for start in range(0, len(copies), DOCUMENTS_PER_INSERT):
            await database.raw[name].insert_many(copies[start : start + DOCUMENTS_PER_INSERT])


def _renamed(value: Any, old: str, new: str) -> Any:  # noqa: ANN401 - any part of a document
    if isinstance(value, str):
        return value.replace(old, new)
    if isinstance(value, list):
        return [_renamed(one, old, new) for one in value]  # pyright: ignore[reportUnknownVariableType] - likewise
    if isinstance(value, dict):
        return {key: _renamed(one, old, new) for key, one in value.items()}  # pyright: ignore[reportUnknownVariableType] - likewise
    return value
