"""Accounts that make calls, a switch that tells of them, and what becomes of both."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from contracts.base import Event
from contracts.billing import AuthorizeCall, CountryMinutes, CreditOrder
from contracts.calls import CallEnded
from contracts.values import micros
from services.billing.app import service
from services.billing.charging.lanes import retries
from services.billing.charging.lanes.charger import Charger
from services.billing.charging.lanes.post_commit import Followup
from services.billing.charging.store import rejected_calls
from services.billing.ledger.model.ledger import Entry
from services.billing.ledger.store.ledger import LEDGER, entry_of
from services.chassis import wire
from services.chassis.bus import Bus
from services.chassis.database import Writer
from services.chassis.principal import Principal
from services.chassis.service import Running
from services.chassis.settings import Settings
from tests.billing.conftest import add_sheet, open_account, plan
from tests.harness import Harness

SWITCH = Principal(id="key_1", account_id="platform", parent_id="", role="switch")
CSV = (
    "prefix,rate,connect_fee,min_duration,increment\n"
    "44,0.05,0.15,1,1\n49,0.10,0,60,60\n4479,1.00,0,1,1\n91,0.021,0,60,60\n"
)
UK, GERMANY = "+442079460321", "+493012345678"
ANSWERED = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


class RecordingBus(Bus):
    """A bus whose broker takes everything, or is away."""

    def __init__(self) -> None:
        super().__init__("", "test")
        self.published: list[wire.Envelope] = []
        self.away = False

    async def publish(self, message: wire.Envelope) -> None:
        """Take a message, or time out."""
        if self.away:
            raise TimeoutError
        self.published.append(message)

    def events(self, kind: type[Event]) -> list[Any]:
        """Return the events of a kind, each once however often it was published."""
        bodies = {m.message_id: m.body for m in self.published if m.type == kind.topic}
        return [kind.model_validate_json(body) for body in bodies.values()]


class World:
    """Billing with a switch."""

    def __init__(self, billing: Harness) -> None:
        self.billing = billing
        self.bus = RecordingBus()
        self.running = Running("billing", billing.database, self.bus, Settings(), billing.clock)
        self.charger = Charger(self.running)
        self.followup = Followup(self.running)

    def another_charger(self) -> Charger:
        """Return a lane of another process, which remembers nothing."""
        return Charger(self.running)

    async def open(
        self,
        account_id: str = "acc_c1",
        *,
        credit: str = "10.00",
        minutes: dict[str, int] | None = None,
    ) -> None:
        """Open an account with credit, and bundles, whose opening charges nothing."""
        name = account_id.replace("_", " ")
        sheet = await add_sheet(self.billing, f"Sheet of {name}", csv=CSV)
        countries = tuple(
            CountryMinutes(country=country, minutes=number)
            for country, number in (minutes or {"GB": 0, "DE": 0}).items()
        )
        ordered = plan(
            f"Plan of {name}",
            users=1,
            cost_per_user=0,
            rate_sheet_id=sheet.id,
            countries=countries,
        )
        order = CreditOrder(amount=micros(credit)) if micros(credit) else None
        await open_account(
            self.billing, account_id, plan=ordered, credit=order, realm=f"{account_id}.test"
        )

    async def hold(self, call_id: str, account_id: str = "acc_c1") -> None:
        """Let the switch ask for a call to London, which holds its first slice."""
        query = AuthorizeCall(
            call_id=call_id, account_id=account_id, destination=UK, requested_seconds=600
        )
        assert (await self.billing.ask(query, SWITCH)).granted

    async def calls(self, account_id: str = "acc_c1") -> list[Entry]:
        """Return the entries of an account's calls, the oldest first."""
        found = self.billing.database.documents(LEDGER).each(
            {"account_id": account_id, "type": "call"}, sort=[("seq", 1)]
        )
        return [entry_of(document) async for document in found]

    async def billing_account(self, account_id: str = "acc_c1") -> dict[str, Any]:
        """Return the document of a billing account."""
        found = await self.billing.database.documents("wallets").find_one({"_id": account_id})
        assert found is not None
        return found

    async def repairs(self) -> list[dict[str, Any]]:
        """Return the repair list."""
        found = self.billing.database.documents("repairs").each({}, sort=[("_id", 1)])
        return [document async for document in found]

    async def retry(self) -> None:
        """Charge the rejected calls that were retried, as a billing process does."""
        for rejected in await rejected_calls.retrying(self._reader(), 10):
            await retries.retry(self.running, self.another_charger(), rejected)

    async def close_charged(self) -> None:
        """Close rejected calls whose call is charged, as a billing process does."""
        assert await retries.close_some(self._reader(), "") == ""

    def _reader(self) -> Writer:
        return self.billing.database.writer()

    async def intents(self) -> int:
        """Return how many batches were not seen through yet."""
        return await self.billing.database.documents("intents").count({})


def record(call_id: str = "call-1", **fields: object) -> CallEnded:
    """Return the record of a call of two minutes to London, or another."""
    return CallEnded.model_validate(
        {
            "call_id": call_id,
            "account_id": "acc_c1",
            "caller": "+12125550142",
            "destination": UK,
            "answered_at": ANSWERED,
            "seconds": 120,
            **fields,
        }
    )


def records(call_ids: Iterable[object], **fields: object) -> list[CallEnded]:
    """Return a record for each call id."""
    return [record(f"call-{call_id}", **fields) for call_id in call_ids]


__all__ = ["ANSWERED", "GERMANY", "UK", "RecordingBus", "World", "record", "records", "service"]
