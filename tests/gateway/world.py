"""A small world in a running system: an operator, two resellers, a customer of each."""

import asyncio
import secrets
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from local.client import TLS, link_token_for
from tests.waiting import eventually

Json = dict[str, Any]
PASSWORD = "violet-tractor-97-moss"
ANSWER_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """One party of the world and what it comes in with."""

    name: str
    account_id: str
    user_id: str
    email: str
    person: httpx.AsyncClient = field(repr=False)
    """With a session, as a page of the portal sends it."""

    program: httpx.AsyncClient = field(repr=False)
    """With an API key; of a customer, who has none, the person again."""

    rate_sheet_id: str = ""
    numbers: tuple[str, ...] = ()


@dataclass(slots=True)
class World:
    """Everybody, and where their e-mails arrive."""

    url: str
    mailbox: Path
    clients: list[httpx.AsyncClient] = field(default_factory=list[httpx.AsyncClient])
    links: set[str] = field(default_factory=set[str])
    tenants: dict[str, Tenant] = field(default_factory=dict[str, Tenant])

    def __getitem__(self, name: str) -> Tenant:
        """Give a party by name."""
        return self.tenants[name]

    def visitor(self, **headers: str) -> httpx.AsyncClient:
        """Give a client of nobody."""
        client = httpx.AsyncClient(
            base_url=self.url, headers=headers, timeout=ANSWER_SECONDS, verify=TLS
        )
        self.clients.append(client)
        return client

    def browser(self) -> httpx.AsyncClient:
        """Give a client that sends what a page of the portal sends, with no session yet."""
        return self.visitor(Origin=self.url)

    def program(self, secret: str) -> httpx.AsyncClient:
        """Give a client with an API key."""
        return self.visitor(Authorization=f"Bearer {secret}")

    async def close(self) -> None:
        """Close every client."""
        for client in self.clients:
            await client.aclose()

    # --- people ---------------------------------------------------------------------------

    async def fresh_link(self, email: str) -> str:
        """Return the token of a link that came to this address and was not returned before."""

        async def look() -> str:
            token = await link_token_for(self.mailbox, email)
            assert token not in self.links, "the newest e-mail is one that was read before"
            return token

        token = await eventually(look)
        self.links.add(token)
        return token

    async def first_password(self, email: str, password: str = PASSWORD) -> None:
        """Set a password by the link of a fresh e-mail to this address."""
        await self.set_password(await self.fresh_link(email), password)

    async def set_password(self, token: str, password: str = PASSWORD) -> None:
        """Set a password by a one-time link."""
        body = {"token": token, "password": password}
        answer = await self.browser().post("/v1/password-resets/confirm", json=body)
        assert answer.status_code == 204, answer.text

    async def sign_in(self, email: str, password: str = PASSWORD, **more: str) -> httpx.AsyncClient:
        """Return a browser with a new session."""
        browser = self.browser()
        body = {"email": email, "password": password, **more}
        answer = await browser.post("/v1/sessions", json=body)
        assert answer.status_code == 201, answer.text
        return browser

    async def make_key(self, person: httpx.AsyncClient, scope: str = "account") -> str:
        """Make an API key and return its secret."""
        answer = await person.post("/v1/keys", json={"name": "Test", "scope": scope})
        assert answer.status_code == 201, answer.text
        return answer.json()["secret"]

    # --- accounts -------------------------------------------------------------------------

    def order(self, name: str, /, **changes: object) -> Json:
        """Return the body of a new account; every name in it is new."""
        unique = f"{name} {uuid.uuid4().hex[:8]}"
        email = f"{unique.replace(' ', '.').lower()}@customer.example"
        return {
            "name": unique,
            "administrator": {
                "email": email,
                "first_name": "Ann",
                "last_name": "Archer",
                "phone": "+14155550142",
            },
            "plan": {"name": f"Plan {unique}", "users": 2, "cost_per_user": "10.00"},
            "credit": {"amount": "100.00", "note": "first"},
            **changes,
        }

    def reseller_order(self, name: str, /, **changes: object) -> Json:
        """Return the body of a new reseller."""
        order = self.order(name)
        del order["plan"], order["credit"]
        profile = {
            "currency": "USD",
            "country": "US",
            "time_zone": "America/New_York",
            "domain": f"{name.lower().replace(' ', '-')}.example",
        }
        return {**order, **profile, **changes}

    async def opened(self, client: httpx.AsyncClient, path: str, order: Json) -> Json:
        """Open an account and return it once it is active."""
        answer = await client.post(path, json=order, headers=fresh_key())
        assert answer.status_code == 201, answer.text
        return await self.settled(client, f"{path}/{answer.json()['id']}", "active")

    async def settled(self, client: httpx.AsyncClient, path: str, *states: str) -> Json:
        """Return an account once it has one of these states."""

        async def look() -> Json:
            account = (await client.get(path)).json()
            assert account["status"] in states, account
            return account

        return await eventually(look)


def fresh_key() -> dict[str, str]:
    """Return the header of a request that is new."""
    return {"Idempotency-Key": uuid.uuid4().hex}


def fresh_numbers(count: int) -> list[str]:
    """Return phone numbers that no other test has."""
    first = 2_000_000 + secrets.randbelow(7_000_000)
    return [f"+1415{first + index:07d}" for index in range(count)]


async def populate(world: World, operator_email: str, link: str) -> None:
    """Make everybody, through the API as they would; `link` is the first operator's."""
    await world.set_password(link.rpartition("/")[2])
    person = await world.sign_in(operator_email)
    world.tenants["operator"] = Tenant(
        name="operator",
        account_id="platform",
        user_id=await _user_id(person),
        email=operator_email,
        person=person,
        program=world.program(await world.make_key(person)),
    )
    await asyncio.gather(
        populate_reseller(world, "reseller", "customer"),
        populate_reseller(world, "other reseller", "other customer"),
    )
    person = world["operator"].person
    world.tenants["switch"] = Tenant(
        name="switch",
        account_id="platform",
        user_id=world["operator"].user_id,
        email=operator_email,
        person=person,
        program=world.program(await world.make_key(person, "calls")),
    )


async def delete_by_name(client: httpx.AsyncClient, path: str) -> httpx.Response:
    """Delete an account or a rate sheet, confirmed by the name that it has now."""
    name = (await client.get(path)).json()["name"]
    return await client.delete(path, params={"confirm_name": name})


async def _user_id(person: httpx.AsyncClient) -> str:
    return (await person.get("/v1/me")).json()["user"]["id"]


async def populate_reseller(world: World, name: str, customer: str) -> None:
    """Make a reseller with stock, rates and one customer."""
    operator = world["operator"].program
    account = await world.opened(operator, "/v1/resellers", world.reseller_order(name))
    email = account["administrator"]["email"]
    await world.first_password(email)
    person = await world.sign_in(email)
    program = world.program(await world.make_key(person))
    sheet = await person.post("/v1/rate-sheets", json={"name": "Standard"})
    assert sheet.status_code == 201, sheet.text
    rates = "prefix,rate\n91,0.0350\n44,0.0120\n"
    imported = await program.post(
        f"/v1/rate-sheets/{sheet.json()['id']}/imports",
        content=rates,
        headers={"Content-Type": "text/csv"},
    )
    assert imported.status_code == 200, imported.text
    numbers = fresh_numbers(20)
    stock = [{"number": number, "setup_fee": "1.00", "monthly_fee": "2.50"} for number in numbers]
    path = f"/v1/resellers/{account['id']}/numbers"
    added = await operator.post(path, json=stock, headers=fresh_key())
    assert added.json()["added"] == 20, added.text
    world.tenants[name] = Tenant(
        name=name,
        account_id=account["id"],
        user_id=await _user_id(person),
        email=email,
        person=person,
        program=program,
        rate_sheet_id=sheet.json()["id"],
        numbers=tuple(numbers),
    )
    await _populate_customer(world, world[name], customer)


async def _populate_customer(world: World, reseller: Tenant, name: str) -> None:
    order = world.order(name)
    order["plan"]["rate_sheet_id"] = reseller.rate_sheet_id
    order["plan"]["numbers"] = [reseller.numbers[0]]
    order["plan"]["countries"] = [{"country": "IN", "minutes": 300}]
    account = await world.opened(reseller.program, "/v1/accounts", order)
    email = account["administrator"]["email"]
    await world.first_password(email)
    person = await world.sign_in(email)
    world.tenants[name] = Tenant(
        name=name,
        account_id=account["id"],
        user_id=await _user_id(person),
        email=email,
        person=person,
        program=person,
        rate_sheet_id=reseller.rate_sheet_id,
        numbers=(reseller.numbers[0],),
    )
