"""Changing service plans over HTTP: quoted first, charged once, each by whom it belongs to."""

import asyncio
import csv
import io
from decimal import Decimal

import httpx
import pytest

from tests.gateway.world import Json, World, fresh_key
from tests.waiting import eventually


@pytest.fixture
async def account(world: World) -> Json:
    """Give an account of the reseller's that is active, with 80.00 of credit left."""
    order = world.order("Planned")
    order["plan"]["rate_sheet_id"] = world["reseller"].rate_sheet_id
    order["plan"]["countries"] = [{"country": "IN", "minutes": 300}]
    return await world.opened(world["reseller"].program, "/v1/accounts", order)


def path_of(account: Json, rest: str = "/plan") -> str:
    """Return where something of an account is."""
    return f"/v1/accounts/{account['id']}{rest}"


def problem_of(answer: httpx.Response) -> tuple[int, str]:
    """Return status and type of a refusal."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


async def balance_of(world: World, account: Json) -> Decimal:
    """Return the balance of an account of the reseller's."""
    answer = await world["reseller"].program.get(path_of(account, "/balance"))
    return Decimal(answer.json()["balance"])


async def spare(world: World, number: str) -> bool:
    """Tell whether a number is spare in the reseller's stock."""
    listed = await world["reseller"].program.get(
        "/v1/numbers", params={"state": "available", "q": number.removeprefix("+")}
    )
    return [one["number"] for one in listed.json()["data"]] == [number]


# --- users and prices -------------------------------------------------------------------------


async def test_a_change_charges_what_its_quote_said_and_once(world: World, account: Json) -> None:
    program, path = world["reseller"].program, path_of(account)
    shown = await program.get(path)
    assert shown.headers["etag"] == f'"{shown.json()["version"]}"'
    before = await balance_of(world, account)
    quote = (await program.post(f"{path}/quote", json={"users": 4})).json()
    assert quote["sufficient_credit"]
    assert Decimal(quote["total"]) == sum(Decimal(line["amount"]) for line in quote["lines"]) > 0
    assert await balance_of(world, account) == before, "a quote charges nothing"
    headers = {"If-Match": shown.headers["etag"], **fresh_key()}
    answer = await program.patch(path, json={"users": 4}, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["users"] == 4
    assert answer.headers["etag"] != shown.headers["etag"]
    assert await balance_of(world, account) == before - Decimal(quote["total"])
    again = await program.patch(path, json={"users": 4}, headers=headers)
    assert (again.status_code, again.json()) == (200, answer.json())
    assert await balance_of(world, account) == before - Decimal(quote["total"])
    other = await program.patch(path, json={"users": 5}, headers=headers)
    assert problem_of(other) == (422, "idempotency-key-reused")


async def test_whatever_version_there_is_the_same_request_is_answered_the_same(
    world: World, account: Json
) -> None:
    program, path = world["reseller"].program, path_of(account)
    headers = {"If-Match": "*", **fresh_key()}
    first = await program.patch(path, json={"users": 3}, headers=headers)
    second = await program.patch(path, json={"users": 3}, headers=headers)
    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()


async def test_a_change_needs_to_say_what_was_seen(world: World, account: Json) -> None:
    program, path = world["reseller"].program, path_of(account)
    etag = (await program.get(path)).headers["etag"]
    answer = await program.patch(path, json={"users": 3}, headers=fresh_key())
    assert problem_of(answer) == (428, "if-match-required")
    answer = await program.patch(path, json={"users": 3}, headers={"If-Match": etag})
    assert problem_of(answer) == (400, "idempotency-key-required")
    headers = {"If-Match": etag, **fresh_key()}
    assert (await program.patch(path, json={"users": 3}, headers=headers)).status_code == 200
    headers = {"If-Match": etag, **fresh_key()}
    answer = await program.patch(path, json={"users": 4}, headers=headers)
    assert problem_of(answer) == (412, "version-conflict")


async def test_too_little_credit_is_refused_with_the_quote(world: World, account: Json) -> None:
    program, path = world["reseller"].program, path_of(account)
    before = await balance_of(world, account)
    headers = {"If-Match": "*", **fresh_key()}
    answer = await program.patch(path, json={"users": 5_000}, headers=headers)
    assert problem_of(answer) == (402, "insufficient-credit")
    quote = answer.json()["quote"]
    assert not quote["sufficient_credit"]
    assert Decimal(quote["balance_after"]) == before - Decimal(quote["total"]) < 0
    assert await balance_of(world, account) == before
    assert (await program.get(path)).json()["users"] == 2


@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        ({"users": 0}, "/users"),
        ({"users": 10_001}, "/users"),
        ({"cost_per_user": "-1.00"}, "/cost_per_user"),
        ({"cost_per_user": "1.00001"}, "/cost_per_user"),
        ({"rate_sheet_id": "rs_none"}, "/rate_sheet_id"),
        ({"countries": [{"country": "FR", "minutes": 1}]}, "/countries/0/country"),
        ({"countries": [{"country": "IN", "minutes": -1}]}, "/countries/0/minutes"),
    ],
)
async def test_a_field_that_is_wrong_is_named_where_it_was_sent(
    world: World, account: Json, patch: Json, pointer: str
) -> None:
    program, path = world["reseller"].program, path_of(account)
    for answer in (
        await program.post(f"{path}/quote", json=patch),
        await program.patch(path, json=patch, headers={"If-Match": "*", **fresh_key()}),
    ):
        assert answer.status_code == 422, answer.text
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_another_price_waits_for_the_next_period_unless_it_applies_now(
    world: World, account: Json
) -> None:
    program, path = world["reseller"].program, path_of(account)
    change: Json = {"cost_per_user": "20.00"}
    later = (await program.post(f"{path}/quote", json=change)).json()
    assert (Decimal(later["total"]), len(later["scheduled_changes"])) == (0, 1)
    now = (await program.post(f"{path}/quote", json={**change, "apply_now": True})).json()
    assert Decimal(now["total"]) > 0
    headers = {"If-Match": "*", **fresh_key()}
    plan = (await program.patch(path, json=change, headers=headers)).json()
    assert (plan["cost_per_user"], len(plan["scheduled_changes"])) == ("10.00", 1)


async def test_an_administrator_changes_users_and_nothing_else(world: World) -> None:
    customer = world["customer"]
    path = f"/v1/accounts/{customer.account_id}/plan"
    users = (await customer.person.get(path)).json()["users"]
    quote = await customer.person.post(f"{path}/quote", json={"users": users + 1})
    assert quote.status_code == 200, quote.text
    headers = {"If-Match": "*", **fresh_key()}
    answer = await customer.person.patch(path, json={"users": users + 1}, headers=headers)
    assert answer.status_code == 200, answer.text
    prices: tuple[Json, ...] = (
        {"cost_per_user": "0.01"},
        {"countries": []},
        {"rate_sheet_id": ""},
        {"domestic_policy": "rated"},
        {"premium_allowed": True},
    )
    for change in prices:
        headers = {"If-Match": "*", **fresh_key()}
        answer = await customer.person.patch(path, json=change, headers=headers)
        assert problem_of(answer) == (403, "forbidden"), change
    plan = (await customer.person.get(path)).json()
    assert (plan["users"], plan["cost_per_user"]) == (users + 1, "10.00")
    assert plan["premium_allowed"] is False


async def test_the_parent_allows_premium_numbers_and_its_list_says_so(
    world: World, account: Json
) -> None:
    program, path = world["reseller"].program, path_of(account)
    assert (await program.get(path)).json()["premium_allowed"] is False
    change = {"premium_allowed": True}
    quote = (await program.post(f"{path}/quote", json=change)).json()
    assert (Decimal(quote["total"]), quote["lines"]) == (0, [])
    for wrong in (None, "yes", 1):
        answer = await program.post(f"{path}/quote", json={"premium_allowed": wrong})
        assert problem_of(answer) == (422, "invalid-fields"), wrong
    headers = {"If-Match": "*", **fresh_key()}
    answer = await program.patch(path, json=change, headers=headers)
    assert answer.json()["premium_allowed"] is True

    async def listed() -> str:
        table = await program.get("/v1/accounts.csv", params={"q": account["name"]})
        (row,) = csv.DictReader(io.StringIO(table.content.decode("utf-8-sig")))
        return row["premium_allowed"] if row["premium_allowed"] == "yes" else ""

    assert await eventually(listed) == "yes"


async def test_premium_numbers_are_ordered_with_the_account(world: World) -> None:
    program = world["reseller"].program
    order = world.order("Premium")
    order["plan"]["premium_allowed"] = True
    quote = await program.post("/v1/accounts/quote", json=order)
    assert quote.status_code == 200, quote.text
    opened = await world.opened(program, "/v1/accounts", order)
    assert (await program.get(path_of(opened))).json()["premium_allowed"] is True
    assert opened["plan"]["premium_allowed"] is True


# --- numbers ----------------------------------------------------------------------------------


async def test_spare_numbers_are_quoted_added_and_charged_once(world: World, account: Json) -> None:
    program, path = world["reseller"].program, path_of(account, "/numbers")
    wanted = list(world["reseller"].numbers[10:12])
    before = await balance_of(world, account)
    quote = (await program.post(f"{path}/quote", json={"numbers": wanted})).json()
    assert Decimal(quote["total"]) >= 2, "set-up of both, at least"
    headers = fresh_key()
    answer = await program.post(path, json={"numbers": wanted}, headers=headers)
    assert answer.status_code == 201, answer.text
    assert [one["number"] for one in answer.json()["numbers"]] == wanted
    assert await balance_of(world, account) == before - Decimal(quote["total"])
    again = await program.post(path, json={"numbers": wanted}, headers=headers)
    assert (again.status_code, again.json()) == (201, answer.json())
    assert await balance_of(world, account) == before - Decimal(quote["total"])
    listed = (await program.get(path)).json()["data"]
    assert [one["number"] for one in listed] == wanted

    async def assigned() -> bool:
        found = await program.get("/v1/numbers", params={"q": wanted[0].removeprefix("+")})
        return [one["account_id"] for one in found.json()["data"]] == [account["id"]]

    await eventually(assigned)
    for number in wanted:
        await _removed_without_refund(world, account, number)


async def _removed_without_refund(world: World, account: Json, number: str) -> None:
    program = world["reseller"].program
    before, headers = await balance_of(world, account), fresh_key()
    path = path_of(account, f"/numbers/{number}")
    for _ in range(2):
        answer = await program.delete(path, headers=headers)
        assert answer.status_code == 200, answer.text
        assert number not in [one["number"] for one in answer.json()["numbers"]]
    assert await balance_of(world, account) == before

    async def in_quarantine() -> bool:
        found = await program.get("/v1/numbers", params={"q": number.removeprefix("+")})
        return [one["state"] for one in found.json()["data"]] == ["quarantine"]

    await eventually(in_quarantine)
    answer = await program.delete(path, headers=fresh_key())
    assert problem_of(answer) == (404, "not-found")


async def test_an_order_that_is_sent_several_times_at_once_is_answered_the_same(
    world: World, account: Json
) -> None:
    program, path = world["reseller"].program, path_of(account, "/numbers")
    before = await balance_of(world, account)
    order, headers = {"numbers": [world["reseller"].numbers[16]]}, fresh_key()
    answers = await asyncio.gather(
        *(program.post(path, json=order, headers=headers) for _ in range(6))
    )
    assert {answer.status_code for answer in answers} == {201}, [one.text for one in answers]
    assert len({answer.text for answer in answers}) == 1
    entries = (await program.get(path_of(account, "/transactions"))).json()["data"]
    assert [entry["type"] for entry in entries].count("number-setup") == 1
    assert await balance_of(world, account) < before


async def test_too_little_credit_for_numbers_leaves_them_spare(world: World, account: Json) -> None:
    program, number = world["reseller"].program, world["reseller"].numbers[13]
    await program.patch(
        path_of(account), json={"users": 9}, headers={"If-Match": "*", **fresh_key()}
    )
    path, before = path_of(account, "/numbers"), await balance_of(world, account)
    stock = [{"number": number, "setup_fee": "999.00", "monthly_fee": "1.00"}]
    dear = f"+1415{number[5:-4]}{(int(number[-4:]) + 5_000) % 10_000:04d}"
    stock[0]["number"] = dear
    reseller_path = f"/v1/resellers/{world['reseller'].account_id}/numbers"
    added = await world["operator"].program.post(reseller_path, json=stock, headers=fresh_key())
    assert added.json()["added"] == 1, added.text
    answer = await program.post(path, json={"numbers": [dear]}, headers=fresh_key())
    assert problem_of(answer) == (402, "insufficient-credit")
    assert Decimal(answer.json()["quote"]["total"]) > 999
    assert await balance_of(world, account) == before
    assert await spare(world, dear)


async def test_a_number_that_is_not_to_be_had_is_named(world: World, account: Json) -> None:
    program, path = world["reseller"].program, path_of(account, "/numbers")
    taken, free = world["customer"].numbers[0], world["reseller"].numbers[14]
    for answer in (
        await program.post(f"{path}/quote", json={"numbers": [free, taken]}),
        await program.post(path, json={"numbers": [free, taken]}, headers=fresh_key()),
    ):
        assert problem_of(answer) == (409, "number-taken")
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/numbers/1"]
    assert await spare(world, free)


async def test_numbers_are_held_and_then_added_under_the_hold(world: World, account: Json) -> None:
    program, number = world["reseller"].program, world["reseller"].numbers[15]
    held = await program.post(
        "/v1/numbers/reservations", json={"numbers": [number]}, headers=fresh_key()
    )
    reservation_id = held.json()["id"]
    path = path_of(account, "/numbers")
    body: Json = {"numbers": [number]}
    answer = await program.post(path, json=body, headers=fresh_key())
    assert problem_of(answer) == (409, "number-taken")
    answer = await program.post(
        path, json={**body, "reservation_id": reservation_id}, headers=fresh_key()
    )
    assert answer.status_code == 201, answer.text


# --- settings of invoices ---------------------------------------------------------------------


async def test_settings_are_ones_own_and_changed_with_a_lock(world: World) -> None:
    program, path = world["reseller"].program, "/v1/billing-settings"
    others = (await world["other reseller"].program.get(path)).json()
    etag = (await program.get(path)).headers["etag"]
    assert (await program.get(path)).json()["dial_format"] == "national"
    patch = {
        "tax_name": "VAT",
        "tax_percent": "19.00",
        "seller_address": "1 High Street\nLondon",
        "dial_format": "e164",
    }
    answer = await program.patch(path, json=patch, headers={"If-Match": etag})
    assert answer.status_code == 200, answer.text
    assert answer.json().items() >= patch.items()
    assert (await program.get(path)).json() == answer.json()
    stale = await program.patch(path, json={"tax_name": "GST"}, headers={"If-Match": etag})
    assert problem_of(stale) == (412, "version-conflict")
    bare = await program.patch(path, json={"tax_name": "GST"})
    assert problem_of(bare) == (428, "if-match-required")
    wrong = await program.patch(path, json={"tax_percent": "-1"}, headers={"If-Match": "*"})
    assert problem_of(wrong) == (422, "invalid-fields")
    assert [error["pointer"] for error in wrong.json()["errors"]] == ["/tax_percent"]
    assert (await world["other reseller"].program.get(path)).json() == others
    # other tests count what openings charge, which has tax on it from now on
    before = {"tax_percent": "0", "dial_format": "national"}
    untaxed = await program.patch(path, json=before, headers={"If-Match": "*"})
    assert untaxed.json()["tax_percent"] == "0.00"
