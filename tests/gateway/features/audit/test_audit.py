"""The audit trail over HTTP, and the lists as files."""

import csv
import io
from datetime import UTC, datetime

import httpx
import pytest

from tests.gateway.world import Json, World, fresh_key

MERGE = {"Content-Type": "application/merge-patch+json", "If-Match": "*"}


@pytest.fixture
async def account(world: World) -> Json:
    """Give an account of the reseller's that is active."""
    return await world.opened(world["reseller"].program, "/v1/accounts", world.order("Audited"))


async def changes_of(client: httpx.AsyncClient, **parameters: str | int) -> list[Json]:
    """Return all changes that match, page by page."""
    found: list[Json] = []
    wanted: dict[str, str | int] = dict(parameters)
    while True:
        answer = await client.get("/v1/audit", params=wanted)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["data"]) <= int(wanted.get("limit", 50))
        found += page["data"]
        if page["next"] is None:
            return found
        wanted["cursor"] = page["next"]


async def test_a_change_is_told_with_who_made_it_and_what_it_was_before(
    world: World, account: Json
) -> None:
    reseller = world["reseller"]
    name = world.order("Renamed")["name"]
    path = f"/v1/accounts/{account['id']}"
    answer = await reseller.person.patch(path, json={"name": name}, headers=MERGE)
    assert answer.status_code == 200, answer.text
    newest = (await changes_of(reseller.program, account_id=account["id"]))[0]
    assert (newest["actor"], newest["actor_name"]) == (reseller.user_id, "Ann Archer")
    assert newest["actor_account_id"] == reseller.account_id
    assert account["name"] in newest["before"].values()
    assert name in newest["after"].values()
    await reseller.program.post(f"{path}/disable", json={"reason": "Quiet"})
    newest = (await changes_of(reseller.program, account_id=account["id"]))[0]
    assert newest["actor"].startswith("key_")
    assert newest["actor_name"] == "Test"


async def test_changes_of_all_services_come_newest_first_however_small_the_pages(
    world: World, account: Json
) -> None:
    program = world["reseller"].program
    path = f"/v1/accounts/{account['id']}"
    for number in range(3):
        await program.post(f"{path}/disable", json={"reason": f"round {number}"})
        await program.post(f"{path}/enable")
        credit = {"amount": "1.00"}
        await program.post(f"{path}/credits", json=credit, headers=fresh_key())
    whole = await changes_of(program, account_id=account["id"], limit=100)
    assert len(whole) >= 9
    times = [change["at"] for change in whole]
    assert times == sorted(times, reverse=True)
    assert await changes_of(program, account_id=account["id"], limit=2) == whole
    assert {change["account_id"] for change in whole} == {account["id"]}


async def test_changes_are_found_by_person_and_time(world: World, account: Json) -> None:
    reseller = world["reseller"]
    path = f"/v1/accounts/{account['id']}"
    begun = datetime.now(UTC).isoformat()
    await reseller.person.post(f"{path}/disable", json={"reason": "by hand"})
    of_person = await changes_of(reseller.program, actor=reseller.user_id)
    assert {change["actor"] for change in of_person} == {reseller.user_id}
    since = await changes_of(reseller.program, **{"account_id": account["id"], "from": begun})
    assert [change["actor"] for change in since] == [reseller.user_id]
    before = await changes_of(reseller.program, account_id=account["id"], to=begun)
    assert since[0] not in before


async def test_a_reseller_sees_nothing_of_the_other(world: World, account: Json) -> None:
    reseller, other = world["reseller"], world["other reseller"]
    seen = {change["account_id"] for change in await changes_of(reseller.program)}
    assert account["id"] in seen
    assert reseller.account_id in seen
    seen_by_other = {change["account_id"] for change in await changes_of(other.program)}
    assert other.account_id in seen_by_other
    assert seen.isdisjoint(seen_by_other)
    foreign = await other.program.get("/v1/audit", params={"account_id": account["id"]})
    assert foreign.status_code == 404 or foreign.json()["data"] == []


async def test_keys_that_are_made_and_deleted_are_told_without_their_secret(world: World) -> None:
    reseller = world["reseller"]
    body = {"name": "For the trail", "scope": "calls"}
    made = (await reseller.person.post("/v1/keys", json=body)).json()
    answer = await reseller.person.delete(f"/v1/keys/{made['id']}")
    assert answer.status_code == 204, answer.text
    found = await changes_of(reseller.program, account_id=reseller.account_id)
    of_key = [change for change in found if change["subject"] == body["name"]]
    assert [change["action"] for change in of_key] == ["key.deleted", "key.made"]
    assert {change["actor"] for change in of_key} == {reseller.user_id}
    told = {**body, "begins": made["hint"], "dial format": "national", "seconds held": "300"}
    assert of_key[1]["after"] == told
    assert made["secret"] not in str(found)


async def test_a_cursor_that_is_not_ours_is_refused(world: World) -> None:
    for cursor in ("x", "e30", "W10"):
        answer = await world["reseller"].program.get("/v1/audit", params={"cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid-cursor")


# --- lists as files ---------------------------------------------------------------------------


async def rows_of(client: httpx.AsyncClient, path: str, **parameters: str) -> list[dict[str, str]]:
    """Return the rows of a file by its columns."""
    answer = await client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="' in answer.headers["content-disposition"]
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


async def test_a_file_has_what_its_list_has(world: World, account: Json) -> None:
    reseller, operator = world["reseller"].program, world["operator"].program
    rows = await rows_of(reseller, "/v1/accounts.csv", q=account["name"])
    assert [(row["id"], row["name"], row["balance"]) for row in rows] == [
        (account["id"], account["name"], "80.00")
    ]
    assert await rows_of(reseller, "/v1/accounts.csv", status="disabled", q=account["name"]) == []
    ids = {row["id"] for row in await rows_of(operator, "/v1/resellers.csv")}
    assert {world["reseller"].account_id, world["other reseller"].account_id} <= ids
    numbers = await rows_of(reseller, "/v1/numbers.csv", state="assigned")
    assert [f"'{world['customer'].numbers[0]}", world["customer"].account_id] in [
        [row["number"], row["account_id"]] for row in numbers
    ]
    sheets = await rows_of(reseller, "/v1/rate-sheets.csv")
    assert world["reseller"].rate_sheet_id in {row["id"] for row in sheets}
    changes = await rows_of(reseller, "/v1/audit.csv", account_id=account["id"])
    assert changes
    assert {row["account_id"] for row in changes} == {account["id"]}
    assert await rows_of(operator, "/v1/rejected-calls.csv", reason="too-late") == []


async def test_a_file_of_more_than_a_page_is_whole(world: World) -> None:
    reseller = world["reseller"]
    stock = [{"number": f"+33140{number:06d}"} for number in range(205_000, 205_120)]
    path = f"/v1/resellers/{reseller.account_id}/numbers"
    added = await world["operator"].program.post(path, json=stock, headers=fresh_key())
    assert added.json()["added"] == len(stock), added.text
    rows = await rows_of(reseller.program, "/v1/numbers.csv", country="FR")
    assert [row["number"] for row in rows] == [f"'{one['number']}" for one in stock]


async def test_a_file_of_keys_has_no_secret(world: World) -> None:
    person = world["reseller"].person
    made = (await person.post("/v1/keys", json={"name": "=Formula()"})).json()
    rows = await rows_of(person, "/v1/keys.csv")
    row = next(row for row in rows if row["id"] == made["id"])
    assert (row["name"], row["scope"]) == ("'=Formula()", "account")
    assert (row["expires_at"], row["dial_format"]) == ("", "")
    assert made["secret"] not in (await person.get("/v1/keys.csv")).text
    await person.delete(f"/v1/keys/{made['id']}")


async def test_a_formula_in_a_name_stays_a_text(world: World) -> None:
    reseller = world["reseller"]
    order = world.order("Formula")
    order["administrator"]["first_name"] = "=1+1"
    opened = await world.opened(reseller.program, "/v1/accounts", order)

    (row,) = await rows_of(reseller.program, "/v1/accounts.csv", q=opened["name"])
    assert row["administrator"] == "'=1+1 Archer"
