"""Signing in and out, passwords and one-time links, over the whole system."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from gateway.identity.throttle import FAILED_SIGN_INS_PER_PAIR
from local.system import System
from tests.gateway.world import PASSWORD, Json, World

NEW_PASSWORD = "harbour-lantern-42-quill"


def problem_of(answer: httpx.Response) -> tuple[int, str]:
    """Return status and type of a refusal."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


@pytest.fixture
async def person(world: World) -> str:
    """Give the e-mail address of a customer's administrator, who has a password."""
    account = await world.opened(world["reseller"].program, "/v1/accounts", world.order("Person"))
    email = account["administrator"]["email"]
    await world.first_password(email)
    return email


async def test_everybody_is_told_who_they_are(world: World) -> None:
    expected = {
        "operator": "operator",
        "reseller": "reseller",
        "other reseller": "reseller",
        "customer": "customer",
        "other customer": "customer",
        "switch": "switch",
    }
    roles = {name: (await world[name].program.get("/v1/me")).json() for name in expected}
    assert {name: me["role"] for name, me in roles.items()} == expected
    assert roles["customer"]["account"]["id"] == world["customer"].account_id
    assert roles["customer"]["account"]["administrator"]["phone"] == "+14155550142"
    assert roles["operator"]["account"] is None


# --- signing in -------------------------------------------------------------------------


async def test_signing_in_gives_a_cookie_that_scripts_cannot_read(
    world: World, person: str
) -> None:
    browser = world.browser()
    body = {"email": person.upper(), "password": PASSWORD}
    answer = await browser.post("/v1/sessions", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["user"]["email"] == person
    name, _, attributes = answer.headers["set-cookie"].partition("=")
    assert name == "session"  # the test's portal is on 127.0.0.1; else __Host-session
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(attributes.split("; "))
    assert browser.cookies["session"] not in answer.text


@pytest.mark.parametrize(
    ("email", "password"),
    [("{person}", "wrong"), ("nobody@nowhere.example", PASSWORD), ("{person}", ""), ("", PASSWORD)],
)
async def test_a_wrong_log_in_is_refused_the_same_way_whoever_it_is(
    world: World, person: str, email: str, password: str
) -> None:
    body = {"email": email.format(person=person), "password": password}
    answer = await world.browser().post("/v1/sessions", json=body)
    assert problem_of(answer) == (401, "invalid-credentials")
    assert answer.json()["detail"] == "Check the e-mail address and the password."
    assert "set-cookie" not in answer.headers


async def test_signing_in_again_ends_the_session_that_the_browser_had(
    world: World, person: str
) -> None:
    browser = await world.sign_in(person)
    old = browser.cookies["session"]
    await browser.post("/v1/sessions", json={"email": person, "password": PASSWORD})
    assert browser.cookies["session"] != old
    other = world.browser()
    other.cookies.set("session", old)
    assert problem_of(await other.get("/v1/me")) == (401, "not-signed-in")


async def test_signing_out_ends_the_session_and_no_other(world: World, person: str) -> None:
    here, there = await world.sign_in(person), await world.sign_in(person)
    token = here.cookies["session"]
    answer = await here.delete("/v1/sessions")
    assert answer.status_code == 204
    assert 'session=""' in answer.headers["set-cookie"]
    here.cookies.set("session", token)
    assert problem_of(await here.get("/v1/me")) == (401, "not-signed-in")
    assert (await there.get("/v1/me")).status_code == 200


async def test_an_administrator_of_two_accounts_chooses_one(world: World) -> None:
    accounts: list[Json] = []
    email = world.order("Twin")["administrator"]["email"]
    for name in ("reseller", "other reseller"):
        order = world.order("Twin")
        order["administrator"]["email"] = email
        accounts.append(await world.opened(world[name].program, "/v1/accounts", order))
        await world.first_password(email)
    body = {"email": email, "password": PASSWORD}
    answer = await world.browser().post("/v1/sessions", json=body)
    assert problem_of(answer) == (409, "ambiguous-account")
    realms = {choice["realm"] for choice in answer.json()["accounts"]}
    assert realms == {account["realm"] for account in accounts}
    for account in accounts:
        browser = await world.sign_in(email, realm=account["realm"])
        assert (await browser.get("/v1/me")).json()["account"]["id"] == account["id"]
    answer = await world.browser().post("/v1/sessions", json={**body, "realm": "else.example"})
    assert problem_of(answer) == (401, "invalid-credentials")


async def test_nobody_keeps_the_owner_from_signing_in(world: World, person: str) -> None:
    body = {"email": person, "password": "wrong"}
    stranger = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
    async with httpx.AsyncClient(base_url=world.url, transport=stranger) as client:
        for _ in range(FAILED_SIGN_INS_PER_PAIR.amount):
            answer = await client.post("/v1/sessions", json=body)
            assert problem_of(answer) == (401, "invalid-credentials")
        refused = await client.post("/v1/sessions", json={**body, "password": PASSWORD})
        assert problem_of(refused) == (429, "too-many-requests")
        assert 0 < int(refused.headers["Retry-After"]) <= 300
    await world.sign_in(person)


# --- passwords --------------------------------------------------------------------------


async def test_a_changed_password_ends_every_other_session(world: World, person: str) -> None:
    here, there = await world.sign_in(person), await world.sign_in(person)
    old = here.cookies["session"]
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    answer = await here.post("/v1/me/password", json=body)
    assert answer.status_code == 204, answer.text
    assert here.cookies["session"] != old
    assert (await here.get("/v1/me")).status_code == 200
    assert problem_of(await there.get("/v1/me")) == (401, "not-signed-in")
    refused = await world.browser().post(
        "/v1/sessions", json={"email": person, "password": PASSWORD}
    )
    assert problem_of(refused) == (401, "invalid-credentials")
    await world.sign_in(person, NEW_PASSWORD)


@pytest.mark.parametrize(
    ("current", "new", "pointers"),
    [
        ("wrong", NEW_PASSWORD, {"/current_password"}),
        (PASSWORD, "short", {"/new_password"}),
        (PASSWORD, "password1234", {"/new_password"}),
        (PASSWORD, PASSWORD, {"/new_password"}),
        ("wrong", "short", {"/current_password", "/new_password"}),
    ],
)
async def test_a_password_is_not_changed_when_a_field_is_wrong(
    world: World, person: str, current: str, new: str, pointers: set[str]
) -> None:
    browser = await world.sign_in(person)
    body = {"current_password": current, "new_password": new}
    answer = await browser.post("/v1/me/password", json=body)
    assert problem_of(answer) == (422, "invalid-fields")
    assert {error["pointer"] for error in answer.json()["errors"]} == pointers
    await world.sign_in(person)


async def test_of_two_changes_at_once_one_is_made(world: World, person: str) -> None:
    browsers = [await world.sign_in(person) for _ in range(2)]
    answers = await asyncio.gather(
        *(
            browser.post(
                "/v1/me/password",
                json={"current_password": PASSWORD, "new_password": f"{NEW_PASSWORD}-{index}"},
            )
            for index, browser in enumerate(browsers)
        )
    )
    made = [index for index, answer in enumerate(answers) if answer.status_code == 204]
    assert len(made) == 1, [answer.text for answer in answers]
    refused = answers[1 - made[0]]
    assert problem_of(refused) in (
        (412, "version-conflict"),
        (401, "not-signed-in"),
        (422, "invalid-fields"),
    )
    await world.sign_in(person, f"{NEW_PASSWORD}-{made[0]}")


async def test_a_program_cannot_change_a_password(world: World) -> None:
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    answer = await world["reseller"].program.post("/v1/me/password", json=body)
    assert problem_of(answer) == (403, "forbidden")


async def test_a_forgotten_password_is_set_by_a_link_that_works_once(
    world: World, person: str
) -> None:
    there = await world.sign_in(person)
    answers = [
        await world.browser().post("/v1/password-resets", json={"email": email})
        for email in (person, "nobody@nowhere.example")
    ]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].text == answers[1].text
    token = await world.fresh_link(person)
    visitor = world.visitor()
    found = await visitor.post("/v1/password-resets/lookup", json={"token": token})
    assert (found.json()["email"], found.json()["purpose"]) == (person, "reset-password")
    weak = {"token": token, "password": person}
    assert problem_of(await visitor.post("/v1/password-resets/confirm", json=weak))[0] == 422
    body = {"token": token, "password": NEW_PASSWORD}
    answers = await asyncio.gather(
        *(visitor.post("/v1/password-resets/confirm", json=body) for _ in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [204, 410, 410, 410]
    assert problem_of(await there.get("/v1/me")) == (401, "not-signed-in")
    await world.sign_in(person, NEW_PASSWORD)
    for path, again in (("lookup", {"token": token}), ("confirm", body)):
        answer = await visitor.post(f"/v1/password-resets/{path}", json=again)
        assert problem_of(answer) == (410, "link-expired")


# --- guessing ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
async def guessed(system: System, world: World) -> AsyncIterator[World]:
    """Give the world through another gateway, whose counts of attempts are its own."""
    with system.replica("gateway") as gateway:
        other = World(f"http://127.0.0.1:{gateway.port}", world.mailbox)
        yield other
        await other.close()


async def test_guessing_a_password_is_stopped_even_for_the_right_one(
    guessed: World, person: str
) -> None:
    visitor = guessed.visitor()
    guesses = [{"email": person, "password": f"guess {index}"} for index in range(14)]
    answers = await asyncio.gather(*(visitor.post("/v1/sessions", json=body) for body in guesses))
    statuses = [answer.status_code for answer in answers]
    assert sorted(statuses) == [401] * 10 + [429] * 4
    answer = await visitor.post("/v1/sessions", json={"email": person, "password": PASSWORD})
    assert problem_of(answer) == (429, "too-many-requests")
    assert 0 < int(answer.headers["retry-after"]) <= 300


async def test_emails_cannot_be_sent_without_end(guessed: World) -> None:
    visitor = guessed.visitor()
    body = {"email": "someone@nowhere.example"}
    answers = [await visitor.post("/v1/password-resets", json=body) for _ in range(7)]
    assert [answer.status_code for answer in answers] == [202] * 5 + [429] * 2


async def test_spelling_an_address_in_other_ways_gives_no_further_attempts(world: World) -> None:
    spellings = (
        "nobody@münchen.example",
        "nobody@xn--mnchen-3ya.example",
        "NOBODY@MU\u0308NCHEN.example",
    )
    stranger = httpx.AsyncHTTPTransport(local_address="127.0.0.3")
    async with httpx.AsyncClient(base_url=world.url, transport=stranger) as client:
        statuses = [
            (await client.post("/v1/password-resets", json={"email": one})).status_code
            for one in spellings * 2
        ]
    assert statuses == [202] * 5 + [429]


async def test_nothing_secret_is_written_to_the_log(system: System, world: World) -> None:
    emails = [path.read_text() for path in world.mailbox.glob("*.eml")]
    assert emails
    logs = "".join(path.read_text() for path in (system.folder / "logs").glob("*.log"))
    assert '"event": "request"' in logs
    assert PASSWORD not in logs
    assert NEW_PASSWORD not in logs
    for tenant in world.tenants.values():
        for client in (tenant.person, tenant.program):
            for secret in (
                client.cookies.get("session"),
                client.headers.get("authorization", "").removeprefix("Bearer "),
            ):
                assert not secret or secret not in logs
    # the name of the route is no secret, what stands in its place is
    assert "/reset/" not in logs.replace("/reset/{token}", "")
    assert "$argon2" not in logs
