"""Processes are killed amid renewals and closings: each period is billed once all the same."""

import asyncio
import dataclasses
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from contracts.accounts import AccountClosed
from contracts.billing import CreditOrder
from contracts.values import micros
from local.servers import Servers
from local.system import Member, System
from services.billing.app import service
from services.billing.base.model.period import local_day
from services.billing.invoicing.store.invoices import INVOICES
from services.billing.ledger.model.ledger import BillingAccount
from services.billing.ledger.store.billing_accounts import BILLING_ACCOUNTS
from services.chassis import mongo, wire
from services.chassis.bus import Bus
from services.chassis.clock import utc_now
from tests.billing.conftest import audit, opening, plan
from tests.billing.invoiced import activated, know_invoice_parties
from tests.faults.calls_world import opened_reseller
from tests.forked import Forked
from tests.harness import Harness
from tests.waiting import eventually

ACCOUNTS: Final = [f"acc_c{number}" for number in range(140)]
CLOSED: Final = ACCOUNTS[::4]
OPENED_BEFORE: Final = timedelta(days=75)
OPENINGS_AT_ONCE: Final = 8
KILLED_AT: Final = (40, 150, 270)
"""Invoices that there are when a process is killed."""

PATIENCE_SECONDS: Final = 90

pytestmark = [pytest.mark.timeout(300), pytest.mark.long]


@dataclass(slots=True)
class Month:
    """Billing processes, and a look into their database."""

    harness: Harness
    bus: Bus
    processes: list[Member]
    opened_at: datetime

    async def close(self, account_id: str) -> None:
        """Let billing hear that an account is closed."""
        event = AccountClosed(account_id=account_id, reseller_id="acc_r1", version=9, name="Closed")
        message_id = uuid.uuid4().hex
        envelope = wire.envelope(
            event, message_id=message_id, correlation_id="test", timestamp=utc_now()
        )
        await self.bus.publish(envelope)

    async def invoices(self, **query: Any) -> int:  # noqa: ANN401 - what a query may hold
        """Return how many invoices there are."""
        return await self.harness.database.documents(INVOICES).count(query)

    async def is_over(self) -> bool:
        """Tell whether all is closed, billed and issued."""
        accounts = self.harness.database.documents(BILLING_ACCOUNTS)
        assert await accounts.count({"status": "closed"}) == len(CLOSED)
        assert await accounts.count({"renews_at": {"$lte": utc_now()}}) == 0
        return await self.invoices(status="draft") == 0

    def periods(self) -> int:
        """Return how many periods of an account have begun."""
        account = BillingAccount.model_validate(
            opening("acc_c0", opened_at=self.opened_at).model_dump()
            | {"id": "acc_c0", "anchor_day": local_day(self.opened_at, "America/New_York").day}
            | {"renews_at": self.opened_at}
        )
        begun = 0
        while account.is_due(utc_now()):
            account, begun = account.billed(0), begun + 1
        return begun


@pytest.fixture
async def month(own_servers: Servers, tmp_path: Path) -> AsyncIterator[Month]:
    """Give two billing processes that find accounts opened long ago, and never billed."""
    prefix = f"{uuid.uuid4().hex[:8]}_"
    addresses = dataclasses.replace(own_servers.addresses, database_prefix=prefix)
    system = System(tmp_path, addresses, settings={"AM_LOG_LEVEL": "ERROR"}, spawn=Forked.of)
    async with AsyncExitStack() as stack:
        client = mongo.connect(addresses.mongodb)
        stack.callback(client.close)
        harness = await opened_reseller(client, f"{prefix}{service.name}")
        opened_at = utc_now() - OPENED_BEFORE
        await _open(harness, opened_at)
        stack.callback(system.stop)
        system[service.name].start()
        await asyncio.to_thread(system[service.name].wait_until_ready)
        another = stack.enter_context(system.replica(service.name))
        bus = await stack.enter_async_context(Bus(addresses.rabbitmq_url(), "test"))
        yield Month(harness, bus, [system[service.name], another], opened_at)
        await client.drop_database(f"{prefix}{service.name}")


async def _open(harness: Harness, opened_at: datetime) -> None:
    """Open the accounts; some can pay one renewal, some all, and some none."""
    turns = asyncio.Semaphore(OPENINGS_AT_ONCE)

    async def one(account_id: str) -> None:
        number = int(account_id.removeprefix("acc_c"))
        ordered = plan(f"Plan {number}", users=2, cost_per_user=micros("5.00"))
        credit = CreditOrder(amount=micros(f"{10 + number % 40}.00"))
        async with turns:
            await harness.ask(opening(account_id, plan=ordered, credit=credit, opened_at=opened_at))
            await harness.hear(activated(account_id))

    harness.database.clock = lambda: opened_at
    await know_invoice_parties(harness)
    await asyncio.gather(*map(one, ACCOUNTS))
    harness.database.clock = utc_now


async def test_each_period_is_billed_once_whoever_is_killed(month: Month) -> None:
    async def enough(number: int) -> bool:
        return await month.invoices() >= number

    for turn, number in enumerate(KILLED_AT):
        await eventually(lambda number=number: enough(number), seconds=PATIENCE_SECONDS)
        victim = month.processes[turn % 2]
        victim.kill()
        victim.start()
        await asyncio.gather(*map(month.close, CLOSED[turn :: len(KILLED_AT)]))
    await eventually(month.is_over, seconds=PATIENCE_SECONDS)
    for account_id in ACCOUNTS:
        if account_id not in CLOSED:
            assert await month.invoices(account_id=account_id) == month.periods()
    assert await month.invoices(account_id={"$in": CLOSED}, unpaid=True) == 0
    assert await audit(month.harness) == []
