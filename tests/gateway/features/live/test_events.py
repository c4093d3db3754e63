"""The event stream over HTTP: whose events, from where on, and until when."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from local.system import System
from tests.gateway.world import PASSWORD, Json, World, fresh_key

EVENT_SECONDS = 30
OPENING = "accounts.account-opening.v1"
ACTIVATED = "accounts.account-activated.v1"


@dataclass(frozen=True, slots=True)
class Received:
    """An event as a browser got it."""

    topic: str
    id: str
    body: Json


class Stream:
    """A stream that is being read."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.aiter_lines()

    async def next(self) -> Received | None:
        """Return the next event; None when the stream has ended."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(EVENT_SECONDS):
            async for line in self._lines:
                if line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif "event" in fields:
                    body = json.loads(fields["data"])
                    return Received(fields["event"], fields.get("id", ""), body)
                else:
                    fields = {}
        return None

    async def until(self, topic: str, account_id: str) -> list[Received]:
        """Return the events up to one of this topic and account."""
        events: list[Received] = []
        while (event := await self.next()) is not None:
            events.append(event)
            if event.topic == topic and event.body["account_id"] == account_id:
                return events
        raise AssertionError(f"the stream ended before {topic}")


@asynccontextmanager
async def stream_of(client: httpx.AsyncClient, last_id: str = "") -> AsyncGenerator[Stream]:
    """Open the event stream as a browser does."""
    headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last_id} if last_id else {})}
    async with client.stream("GET", "/v1/events", headers=headers) as answer:
        assert answer.status_code == 200, await answer.aread()
        yield Stream(answer)


async def test_an_opening_account_turns_active_before_ones_eyes(world: World) -> None:
    reseller = world["reseller"]
    async with stream_of(reseller.person) as stream:
        assert stream.answer.headers["content-type"].startswith("text/event-stream")
        assert stream.answer.headers["cache-control"] == "no-store"
        account = (
            await reseller.program.post(
                "/v1/accounts", json=world.order("Watched"), headers=fresh_key()
            )
        ).json()
        events = await stream.until(ACTIVATED, account["id"])
    mine = [event.topic for event in events if event.body.get("account_id") == account["id"]]
    assert mine[0] == OPENING
    assert len({event.id for event in events}) == len(events)


async def test_nobody_sees_the_events_of_strangers(world: World) -> None:
    reseller, other = world["reseller"], world["other reseller"]
    watchers = [world["other customer"].person, world["operator"].program, other.program]
    async with (
        stream_of(watchers[0]) as customer,
        stream_of(watchers[1]) as operator,
        stream_of(watchers[2]) as stranger,
    ):
        await world.opened(reseller.program, "/v1/accounts", world.order("Private"))
        # What each of them may see comes after, so nothing foreign came before.
        path = f"/v1/accounts/{world['other customer'].account_id}/credits"
        await other.program.post(path, json={"amount": "1.00"}, headers=fresh_key())
        own = await world.opened(
            world["operator"].program, "/v1/resellers", world.reseller_order("Own")
        )
        for stream in (customer, stranger):
            seen = await stream.until("billing.credit-added.v1", world["other customer"].account_id)
            assert reseller.account_id not in json.dumps([event.body for event in seen])
        seen = await operator.until(ACTIVATED, own["id"])
        # operators look after the records that nobody can charge, whosever they are
        own_events = [event for event in seen if event.topic != "billing.call-unrated.v1"]
        assert {event.body["reseller_id"] for event in own_events} == {"platform"}


async def test_a_stream_goes_on_where_it_was_cut(world: World) -> None:
    reseller = world["reseller"]
    async with stream_of(reseller.person) as stream:
        account = await world.opened(reseller.program, "/v1/accounts", world.order("Cut"))
        events = await stream.until(ACTIVATED, account["id"])
    opening = next(
        event
        for event in events
        if event.topic == OPENING and event.body["account_id"] == account["id"]
    )
    async with stream_of(reseller.person, opening.id) as stream:
        again = await stream.until(ACTIVATED, account["id"])
    assert opening.id not in [event.id for event in again]
    assert [event.id for event in again] == [
        event.id for event in events[events.index(opening) + 1 :]
    ]


async def test_a_stream_ends_with_its_session(world: World) -> None:
    account = await world.opened(world["reseller"].program, "/v1/accounts", world.order("Gone"))
    email = account["administrator"]["email"]
    await world.first_password(email)

    async def sign_out(person: httpx.AsyncClient) -> None:
        await person.delete("/v1/sessions")

    async def change_password(person: httpx.AsyncClient) -> None:
        body = {"current_password": PASSWORD, "new_password": f"{PASSWORD}-2"}
        assert (await person.post("/v1/me/password", json=body)).status_code == 204

    async def disable(_: httpx.AsyncClient) -> None:
        await world["reseller"].program.post(f"/v1/accounts/{account['id']}/disable")

    password = PASSWORD
    for end in (sign_out, change_password, disable):
        person = await world.sign_in(email, password)
        password = f"{PASSWORD}-2" if end is change_password else password
        async with stream_of(person) as stream:
            await end(person)
            while (event := await stream.next()) is not None:
                assert event.body["account_id"] == account["id"]


async def test_a_gateway_that_stops_does_not_wait_for_those_who_watch(
    world: World, system: System
) -> None:
    with system.replica("gateway") as gateway:
        key = world["reseller"].program.headers["authorization"]
        url = f"http://127.0.0.1:{gateway.port}"
        async with httpx.AsyncClient(base_url=url, headers={"Authorization": key}) as client:
            async with stream_of(client) as stream:
                gateway.ask_to_stop()
                async with asyncio.timeout(10):
                    while await stream.next() is not None:
                        pass
            async with asyncio.timeout(15):
                await asyncio.to_thread(gateway.stop)
    log = (system.folder / "logs" / f"{gateway.name}.log").read_text()
    assert "Cancel" not in log
    assert "Traceback" not in log
