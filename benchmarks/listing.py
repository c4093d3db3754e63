"""Listing accounts of a reseller that has 50,000 of them."""

from datetime import UTC, datetime
from typing import Final

from benchmarks.load import Connections, Measured, measure
from contracts.accounts import PLATFORM_ID, Administrator
from contracts.billing import PlanSummary
from services.accounts.model.accounts import StoredAccount
from services.accounts.store.accounts import add_accounts
from services.chassis import mongo
from services.chassis.database import Database, Transaction, Trigger

ACCOUNTS: Final = 50_000
BATCH: Final = 500
REQUESTS: Final = 2_000
WARM_UP: Final = 100
NAMES: Final = ("Atlas Machine Parts", "Bluefin Logistics", "Brightwater Energy", "Delta Freight")


def _account(number: int, reseller_id: str) -> StoredAccount:
    return StoredAccount(
        id=f"acc_{mongo.new_object_id()}",
        parent_path=(PLATFORM_ID, reseller_id),
        name=f"{NAMES[number % len(NAMES)]} {number}",
        realm=f"bench-{number}.voice.example",
        status="active",
        administrator=Administrator(
            email=f"admin{number}@customer.example",
            first_name="Wei",
            last_name=f"Okafor {number}",
            phone="+14155550142",
        ),
        administrator_user_id=f"usr_{mongo.new_object_id()}",
        currency="USD",
        country="US",
        time_zone="America/New_York",
        plan=PlanSummary(name=f"Office {number}", users=12, cost_per_user=14_000_000),
        created_at=datetime.now(UTC),
    )


async def put_in_accounts(mongodb_url: str, database_name: str, reseller_id: str) -> None:
    """Keep the accounts as the service itself keeps them."""
    database = Database(
        mongo.connect(mongodb_url), database_name, lambda: datetime.now(UTC), "benchmark"
    )
    for start in range(0, ACCOUNTS, BATCH):
        accounts = [_account(number, reseller_id) for number in range(start, start + BATCH)]
        trigger = Trigger(message_id=f"bench:{start}", correlation_id="benchmark")

        async def work(tx: Transaction, batch: list[StoredAccount] = accounts) -> None:
            await add_accounts(tx, *batch)

        await database.once("benchmark", trigger, work)
    database.client.close()


async def list_accounts(portal_url: str, key: str, path: str, in_flight: int) -> Measured:
    """Measure one page of the list, asked for again and again."""
    headers = {"Authorization": f"Bearer {key}"}
    async with Connections(portal_url, headers, in_flight) as connections:

        async def get(_: int) -> None:
            await connections.get(path)

        await measure(get, count=WARM_UP, in_flight=in_flight)
        return await measure(get, count=REQUESTS, in_flight=in_flight)
