"""People and programs around a running system: an operator, resellers with all that they need."""

import itertools
import secrets
import uuid
from dataclasses import dataclass, field

from local.client import Client, Json, first_key, link_token_for, table
from local.system import System

RATES = (
    "prefix,country,name,rate,min_duration,increment\n"
    "44,GB,United Kingdom,0.0120,6,6\n91,IN,India,0.0210,6,6\n971,AE,Emirates,0.1640,60,60\n"
)
_blocks = itertools.count(200)


@dataclass(slots=True)
class Reseller:
    """A reseller with a key, a rate sheet and spare numbers."""

    id: str
    email: str
    password: str
    client: Client
    rate_sheet_id: str
    numbers: list[str]

    def order(self, mark: str = "", **plan: object) -> Json:
        """Return an order for an account that can be opened; `mark` makes its names its own."""
        mark = mark or uuid.uuid4().hex[:10]
        return {
            "name": f"Customer {mark}",
            "administrator": {
                "email": f"admin-{mark.replace(' ', '-').lower()}@customer.example",
                "first_name": "Wei",
                "last_name": "Okafor",
                "phone": "+14155550142",
            },
            "plan": {
                "name": f"Plan {mark}",
                "users": 5,
                "cost_per_user": "12.00",
                "rate_sheet_id": self.rate_sheet_id,
                "numbers": [],
                "countries": [{"country": "IN", "minutes": 300}],
                **plan,
            },
            "credit": {"amount": "500.00", "note": "first payment"},
        }


@dataclass(slots=True)
class World:
    """The people around one running system."""

    system: System
    operator: Client
    _clients: list[Client] = field(default_factory=list[Client])

    async def close(self) -> None:
        """Hang up."""
        for client in (self.operator, *self._clients):
            await client.http.aclose()

    async def reseller(self, *, numbers: int = 10, **order: object) -> Reseller:
        """Open a reseller whose administrator has a password and a key, with stock and rates.

        `order` is what else it is opened with: a plan, credit.
        """
        mark = uuid.uuid4().hex[:8]
        email, password = f"sara-{mark}@reseller.example", secrets.token_urlsafe(15)
        opened = await self.operator.open_account(
            {
                "name": f"Reseller {mark}",
                "administrator": {
                    "email": email,
                    "first_name": "Sara",
                    "last_name": "Elwood",
                    "phone": "+14155550100",
                },
                "currency": "USD",
                "country": "US",
                "time_zone": "America/New_York",
                "domain": "voice.example",
                **order,
            },
            path="/v1/resellers",
        )
        stock = fresh_numbers(numbers)
        rows: list[tuple[object, ...]] = [(number, "1.00", "1.50") for number in stock]
        if rows:
            await self.operator.post_csv(
                f"/v1/resellers/{opened['id']}/numbers",
                table(("number", "setup_fee", "monthly_fee"), rows),
            )
        token = await link_token_for(self.system.mailbox, email)
        key = await first_key(self.system.portal_url, token, email, password)
        client = Client(self.system.portal_url, key)
        self._clients.append(client)
        sheet = await client.post("/v1/rate-sheets", {"name": "Standard"})
        await client.post_csv(f"/v1/rate-sheets/{sheet['id']}/imports", RATES)
        return Reseller(opened["id"], email, password, client, sheet["id"], stock)


def fresh_numbers(count: int) -> list[str]:
    """Return valid numbers that no other test of this process has used."""
    block = next(_blocks)
    start = block * 1_000
    return [f"+44207{start + index:07d}" for index in range(count)]


async def enter(system: System) -> World:
    """Make the first operator of a system and enter as them."""
    email = f"ops-{uuid.uuid4().hex[:8]}@platform.example"
    printed = system.operate("create-operator", email, "Olu", "Adeyemi", "--print-link")
    token = printed.strip().rsplit("/", 1)[-1]
    key = await first_key(system.portal_url, token, email, secrets.token_urlsafe(15))
    return World(system, Client(system.portal_url, key))


__all__ = ["Reseller", "World", "enter", "fresh_numbers"]
