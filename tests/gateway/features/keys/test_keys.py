"""API keys: made, used until they expire, deleted alone or with their maker's password."""

import base64
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.gateway.features.people.test_people import NEW_PASSWORD, problem_of
from tests.gateway.world import PASSWORD, Json, World
from tests.waiting import eventually


def at(**later: float) -> str:
    """Return a moment from now as programs write it."""
    return f"{datetime.now(UTC) + timedelta(**later):%Y-%m-%dT%H:%M:%S.%fZ}"


@pytest.fixture
async def maker(world: World) -> Json:
    """Give a reseller of a test's own, whose administrator has a password."""
    order = world.reseller_order(f"Maker{datetime.now(UTC).microsecond}")
    reseller = await world.opened(world["operator"].program, "/v1/resellers", order)
    await world.first_password(reseller["administrator"]["email"])
    return reseller


async def test_a_key_works_until_it_is_deleted(world: World) -> None:
    person = world["other reseller"].person
    made = (await person.post("/v1/keys", json={"name": "Short-lived"})).json()
    program = world.program(made["secret"])
    assert (await program.get("/v1/accounts")).status_code == 200
    listed = {key["id"]: key for key in (await person.get("/v1/keys")).json()["data"]}
    assert listed[made["id"]]["hint"] == made["secret"][:8]
    assert listed[made["id"]]["used_at"] is not None
    assert "secret" not in listed[made["id"]]
    stranger = await world["reseller"].person.delete(f"/v1/keys/{made['id']}")
    assert problem_of(stranger) == (404, "not-found")
    assert (await person.delete(f"/v1/keys/{made['id']}")).status_code == 204
    assert problem_of(await program.get("/v1/accounts")) == (401, "not-signed-in")


async def test_keys_are_made_by_people_only(world: World) -> None:
    for method, path in (("POST", "/v1/keys"), ("GET", "/v1/keys"), ("DELETE", "/v1/keys/key_1")):
        body = {"name": "Another"} if method == "POST" else None
        answer = await world["reseller"].program.request(method, path, json=body)
        assert problem_of(answer) == (403, "forbidden")
        answer = await world["customer"].person.request(method, path, json=body)
        assert problem_of(answer) == (403, "forbidden")


@pytest.mark.parametrize(
    "authorization",
    ["Bearer am_wrong", "Bearer", "Basic YTpi", "am_wrong", "", f"Bearer {'x' * 999}"],
)
async def test_a_key_that_is_none_is_refused(world: World, authorization: str) -> None:
    visitor = world.visitor(Authorization=authorization)
    answer = await visitor.get("/v1/me")
    assert problem_of(answer) == (401, "not-signed-in")
    assert answer.headers["www-authenticate"] == "Bearer"


def basic(secret: str, name: str = "switch") -> str:
    """Return a header of Basic authentication with a key as the password."""
    return f"Basic {base64.b64encode(f'{name}:{secret}'.encode()).decode()}"


async def test_a_switch_may_send_its_key_as_a_password(world: World) -> None:
    person = world["reseller"].person
    secret = await world.make_key(person, "calls")
    for name in ("switch", "", "ü"):
        visitor = world.visitor(Authorization=basic(secret, name))
        answer = await visitor.get("/v1/me")
        assert answer.status_code == 200, answer.text
    call = {"call_id": "c", "realm": "nobody.example", "destination": "911"}
    asked = await visitor.post("/v1/calls/authorize", json=call)
    assert (asked.status_code, asked.json()["reason"]) == (200, "account-not-found")


async def test_only_a_switchs_key_is_a_password(world: World) -> None:
    person = world["reseller"].person
    secret = await world.make_key(person)
    answer = await world.visitor(Authorization=basic(secret)).get("/v1/me")
    assert problem_of(answer) == (401, "not-signed-in")
    assert answer.headers["www-authenticate"] == "Bearer", "no browser asks for a password"


@pytest.mark.parametrize(
    "authorization",
    [
        basic("am_wrong"),
        basic(""),
        "Basic",
        "Basic !!!",
        "Basic //8=",
        f"Basic {base64.b64encode(b'no colon').decode()}",
        basic("x" * 999),
    ],
)
async def test_a_password_that_is_no_key_is_refused(world: World, authorization: str) -> None:
    answer = await world.visitor(Authorization=authorization).get("/v1/me")
    assert problem_of(answer) == (401, "not-signed-in")


# --- expiry -----------------------------------------------------------------------------


async def test_an_expired_key_is_refused_and_says_when_it_expired(world: World) -> None:
    person = world["other reseller"].person
    expires_at = at(seconds=1)
    body = {"name": "Short-lived", "expires_at": expires_at}
    made = (await person.post("/v1/keys", json=body)).json()
    program = world.program(made["secret"])

    async def refused() -> httpx.Response:
        answer = await program.get("/v1/me")
        assert answer.status_code == 401
        return answer

    answer = await eventually(refused)
    assert problem_of(answer) == (401, "api-key-expired")
    assert f"{expires_at[:10]} at {expires_at[11:16]} UTC" in answer.json()["detail"]
    listed = {key["id"]: key for key in (await person.get("/v1/keys")).json()["data"]}
    assert listed[made["id"]]["expires_at"] is not None
    assert (await person.delete(f"/v1/keys/{made['id']}")).status_code == 204


async def test_a_switchs_key_expires_although_it_is_remembered(world: World) -> None:
    body = {"name": "Switch", "scope": "calls", "expires_at": at(seconds=1)}
    made = (await world["other reseller"].person.post("/v1/keys", json=body)).json()
    program = world.program(made["secret"])

    async def refused() -> httpx.Response:
        answer = await program.get("/v1/me")
        assert answer.status_code == 401
        return answer

    assert problem_of(await eventually(refused)) == (401, "api-key-expired")


async def test_a_key_without_an_expiry_works_for_ever(world: World) -> None:
    made = (await world["reseller"].person.post("/v1/keys", json={"name": "Lasting"})).json()
    assert made["expires_at"] is None
    assert (await world.program(made["secret"]).get("/v1/me")).status_code == 200


@pytest.mark.parametrize(
    "expires_at",
    [at(seconds=-1), at(days=5_000), "8999-12-31T23:59:59Z"],
    ids=["past", "in-14-years", "in-7000-years"],  # workers must agree on the names
)
async def test_a_key_expires_in_the_next_ten_years_or_never(world: World, expires_at: str) -> None:
    body = {"name": "Never made", "expires_at": expires_at}
    answer = await world["reseller"].person.post("/v1/keys", json=body)
    assert problem_of(answer) == (422, "invalid-fields")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/expires_at"]


# --- how a switch dials --------------------------------------------------------------------


async def test_a_switchs_key_says_how_the_switch_writes_destinations(world: World) -> None:
    person = world["reseller"].person
    for body, expected in (
        ({"scope": "calls"}, "national"),
        ({"scope": "calls", "dial_format": "e164"}, "e164"),
        ({"scope": "account"}, None),
    ):
        answer = await person.post("/v1/keys", json={"name": "Dialling", **body})
        assert answer.json()["dial_format"] == expected
        await person.delete(f"/v1/keys/{answer.json()['id']}")


@pytest.mark.parametrize(
    "body",
    [{"scope": "account", "dial_format": "e164"}, {"scope": "calls", "dial_format": "local"}],
)
async def test_a_dial_format_that_means_nothing_is_refused(world: World, body: Json) -> None:
    answer = await world["reseller"].person.post("/v1/keys", json={"name": "Dialling", **body})
    assert problem_of(answer) == (422, "invalid-fields")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/dial_format"]


async def test_a_switchs_key_says_how_much_of_a_call_is_held_at_a_time(world: World) -> None:
    person = world["reseller"].person
    for body, expected in (
        ({"scope": "calls"}, 300),
        ({"scope": "calls", "slice_seconds": 10}, 10),
        ({"scope": "calls", "slice_seconds": 3_600}, 3_600),
        ({"scope": "account"}, None),
    ):
        answer = await person.post("/v1/keys", json={"name": "Holding", **body})
        assert answer.json()["slice_seconds"] == expected
        await person.delete(f"/v1/keys/{answer.json()['id']}")


@pytest.mark.parametrize(
    "body",
    [
        {"scope": "account", "slice_seconds": 60},
        {"scope": "calls", "slice_seconds": 9},
        {"scope": "calls", "slice_seconds": 3_601},
        {"scope": "calls", "slice_seconds": "60"},
    ],
)
async def test_seconds_to_hold_that_mean_nothing_are_refused(world: World, body: Json) -> None:
    answer = await world["reseller"].person.post("/v1/keys", json={"name": "Holding", **body})
    assert problem_of(answer) == (422, "invalid-fields")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/slice_seconds"]


# --- with the password -----------------------------------------------------------------------


async def keys_of_maker(world: World, email: str) -> tuple[httpx.AsyncClient, httpx.AsyncClient]:
    """Return a reseller's browser, and a program with a key of the reseller's."""
    person = await world.sign_in(email)
    program = world.program(await world.make_key(person))
    assert (await program.get("/v1/me")).status_code == 200
    return person, program


async def test_a_password_reset_revokes_the_persons_keys_if_chosen(
    world: World, maker: Json
) -> None:
    email = maker["administrator"]["email"]
    person, program = await keys_of_maker(world, email)
    another = world.program(await world.make_key(person, "calls"))
    await person.post("/v1/password-resets", json={"email": email})
    token = await world.fresh_link(email)
    body = {"token": token, "password": NEW_PASSWORD, "revoke_keys": True}
    weak = await world.visitor().post(
        "/v1/password-resets/confirm", json={**body, "password": "weak"}
    )
    assert problem_of(weak) == (422, "invalid-fields")
    assert (await program.get("/v1/me")).status_code == 200
    answer = await world.visitor().post("/v1/password-resets/confirm", json=body)
    assert answer.status_code == 204, answer.text
    assert problem_of(await program.get("/v1/me")) == (401, "not-signed-in")
    assert problem_of(await another.get("/v1/me")) == (401, "not-signed-in")
    assert (await world["reseller"].program.get("/v1/me")).status_code == 200
    person = await world.sign_in(email, NEW_PASSWORD)
    trail = (await person.get("/v1/audit")).json()["data"]
    revoked = [change for change in trail if change["action"] == "key.deleted"]
    assert len(revoked) == 2
    assert {change["actor_name"] for change in revoked} == {"Ann Archer"}


async def test_a_password_reset_keeps_the_keys_unless_chosen(world: World, maker: Json) -> None:
    email = maker["administrator"]["email"]
    person, program = await keys_of_maker(world, email)
    await person.post("/v1/password-resets", json={"email": email})
    await world.set_password(await world.fresh_link(email), NEW_PASSWORD)
    assert problem_of(await person.get("/v1/me")) == (401, "not-signed-in")
    assert (await program.get("/v1/me")).status_code == 200


async def test_a_changed_password_revokes_the_persons_keys_if_chosen(
    world: World, maker: Json
) -> None:
    person, program = await keys_of_maker(world, maker["administrator"]["email"])
    body = {"current_password": "wrong", "new_password": NEW_PASSWORD, "revoke_keys": True}
    answer = await person.post("/v1/me/password", json=body)
    assert problem_of(answer) == (422, "invalid-fields")
    assert (await program.get("/v1/me")).status_code == 200
    answer = await person.post("/v1/me/password", json={**body, "current_password": PASSWORD})
    assert answer.status_code == 204, answer.text
    assert problem_of(await program.get("/v1/me")) == (401, "not-signed-in")


async def test_the_pages_of_a_new_password_offer_to_revoke_the_persons_keys(
    world: World, maker: Json
) -> None:
    email = maker["administrator"]["email"]
    person, program = await keys_of_maker(world, email)
    page = await person.get("/my/user", params={"change": "password"})
    assert "Also revoke your API key<" in page.text
    await person.post("/v1/password-resets", json={"email": email})
    address = f"/reset/{await world.fresh_link(email)}"
    browser = world.browser()
    assert "Also revoke your API key<" in (await browser.get(address)).text
    form = {"new": NEW_PASSWORD, "confirm": "another one", "revoke_keys": "yes"}
    refused = await browser.post(address, data=form)
    assert refused.status_code == 422
    assert re.search(r'name="revoke_keys" value="yes" checked', refused.text)
    assert (await program.get("/v1/me")).status_code == 200
    assert (await browser.post(address, data={**form, "confirm": NEW_PASSWORD})).status_code == 303
    assert problem_of(await program.get("/v1/me")) == (401, "not-signed-in")


async def test_who_has_no_keys_is_not_asked_about_them(world: World) -> None:
    customer = world["customer"].person
    page = await customer.get("/my/user", params={"change": "password"})
    assert page.status_code == 200
    assert "revoke_keys" not in page.text


async def test_calls_are_read_as_the_key_of_their_switch_says(world: World) -> None:
    order = world.order("Dialled")
    order["plan"]["rate_sheet_id"] = world["reseller"].rate_sheet_id
    order["plan"]["countries"] = [{"country": "IN", "minutes": 0}]
    account = await world.opened(world["reseller"].program, "/v1/accounts", order)
    operator = world["operator"].person
    answers: dict[str, Json] = {}
    for dial_format in ("national", "e164"):
        body = {"name": "Dialling", "scope": "calls", "dial_format": dial_format}
        made = (await operator.post("/v1/keys", json=body)).json()
        switch = world.program(made["secret"])
        call: Json = {
            "call_id": f"{account['id']}-{dial_format}",
            "account_id": account["id"],
            "destination": "919876543210",
        }
        asked = await switch.post("/v1/calls/authorize", json={**call, "requested_seconds": 60})
        answers[dial_format] = asked.json()
        record = {**call, "caller": "104", "answered_at": at(seconds=-61), "seconds": 60}
        assert (await switch.post("/v1/calls", json=record)).status_code == 202
        await operator.delete(f"/v1/keys/{made['id']}")
    assert answers["national"] == {
        "granted": False,
        "reason": "invalid-destination",
        "detail": "The destination isn’t a valid number.",
    }
    assert (answers["e164"]["granted"], answers["e164"]["country"]) == (True, "IN")

    async def charged() -> list[str]:
        path = f"/v1/accounts/{account['id']}/calls"
        listed = (await world["reseller"].program.get(path)).json()["data"]
        return [one["destination"] for one in listed]

    assert await eventually(charged) == ["+919876543210"]
