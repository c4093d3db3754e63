"""Managing accounts over HTTP: lists, edits with a lock, states, money, rate sheets."""

import asyncio
import csv
import io

import httpx
import pytest

from tests.gateway.world import Json, World, fresh_key

MERGE = {"Content-Type": "application/merge-patch+json"}


@pytest.fixture
async def account(world: World) -> Json:
    """Give an account of the reseller's that is active."""
    return await world.opened(world["reseller"].program, "/v1/accounts", world.order("Managed"))


def path_of(account: Json) -> str:
    """Return where an account is."""
    return f"/v1/accounts/{account['id']}"


def problem_of(answer: httpx.Response) -> tuple[int, str]:
    """Return status and type of a refusal."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


# --- lists ------------------------------------------------------------------------------


async def test_a_list_is_read_page_by_page_in_its_order(world: World) -> None:
    program = world["other reseller"].program
    word = "paged"
    for _ in range(5):
        await world.opened(program, "/v1/accounts", world.order(word))
    seen: list[str] = []
    parameters: dict[str, str | int] = {"q": word, "limit": 2, "sort": "-name"}
    while True:
        page = (await program.get("/v1/accounts", params=parameters)).json()
        assert len(page["data"]) <= 2
        seen += [account["name"] for account in page["data"]]
        if page["next"] is None:
            break
        parameters["cursor"] = page["next"]
    assert len(seen) == 5
    assert seen == sorted(seen, key=str.casefold, reverse=True)


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("status=gone", "status"),
        ("sort=money", "sort"),
        ("balance_from=1,5", "balance_from"),
        ("renews_to=soon", "renews_to"),
        ("low_balance=perhaps", "low_balance"),
        ("q=%00", "q"),
        (f"q={'x' * 201}", "q"),
    ],
)
async def test_a_parameter_that_is_wrong_is_named(world: World, query: str, parameter: str) -> None:
    answer = await world["reseller"].program.get(f"/v1/accounts?{query}")
    assert problem_of(answer) == (422, "invalid-fields")
    assert [error["parameter"] for error in answer.json()["errors"]] == [parameter]


@pytest.mark.parametrize("cursor", ["x", "e30", "%F0%9F%98%80", "W10"])
async def test_a_cursor_that_is_not_ours_is_refused(world: World, cursor: str) -> None:
    for path in ("/v1/accounts", "/v1/numbers", "/v1/rate-sheets"):
        answer = await world["reseller"].program.get(f"{path}?cursor={cursor}")
        assert problem_of(answer) == (400, "invalid-cursor")


# --- edits ------------------------------------------------------------------------------


async def test_an_edit_changes_what_it_names_and_nothing_else(world: World, account: Json) -> None:
    program, path = world["reseller"].program, path_of(account)
    etag = (await program.get(path)).headers["etag"]
    name = world.order("Renamed")["name"]
    patch = {"name": name, "administrator": {"phone": "+442079460000"}}
    answer = await program.patch(path, json=patch, headers={"If-Match": etag, **MERGE})
    assert answer.status_code == 200
    changed = answer.json()
    administrator = {**account["administrator"], "phone": "+442079460000"}
    assert (changed["name"], changed["administrator"]) == (name, administrator)
    assert answer.headers["etag"] == f'"{changed["version"]}"' != etag
    assert (await program.get(path)).json() == changed


async def test_an_edit_of_something_older_is_refused(world: World, account: Json) -> None:
    program, path = world["reseller"].program, path_of(account)
    etag = (await program.get(path)).headers["etag"]
    patch = {"name": world.order("Edit")["name"]}
    answer = await program.patch(path, json=patch, headers={"If-Match": etag})
    assert answer.status_code == 200
    patch = {"name": world.order("Edit")["name"]}
    for stale in (etag, '"999"', '"x"', "W/" + answer.headers["etag"], "nonsense", '"1", "2"'):
        answer = await program.patch(path, json=patch, headers={"If-Match": stale})
        assert problem_of(answer) == (412, "version-conflict"), stale
    version = (await program.get(path)).json()["version"]
    for fresh in (f'"77777", "{version}"', "*"):
        answer = await program.patch(
            path, json={"name": world.order("Edit")["name"]}, headers={"If-Match": fresh}
        )
        assert answer.status_code == 200, fresh


async def test_of_two_edits_at_once_one_is_made(world: World, account: Json) -> None:
    program, path = world["reseller"].program, path_of(account)
    etag = (await program.get(path)).headers["etag"]
    answers = await asyncio.gather(
        *(
            program.patch(
                path, json={"name": world.order("Edit")["name"]}, headers={"If-Match": etag}
            )
            for _ in range(6)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, *[412] * 5]


async def test_an_edit_that_does_not_say_what_it_saw_is_refused(
    world: World, account: Json
) -> None:
    answer = await world["reseller"].program.patch(path_of(account), json={"name": "x"})
    assert problem_of(answer) == (428, "if-match-required")


@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        ({"name": None}, "/name"),
        ({"administrator": None}, "/administrator"),
        ({"administrator": {"email": None}}, "/administrator/email"),
        ({"administrator": {"email": "nobody"}}, "/administrator/email"),
        ({"status": "active"}, "/status"),
        ({"name": ""}, "/name"),
        ({"name": 5}, "/name"),
    ],
)
async def test_an_edit_that_cannot_be_made_names_its_field(
    world: World, account: Json, patch: Json, pointer: str
) -> None:
    headers = {"If-Match": "*"}
    answer = await world["reseller"].program.patch(path_of(account), json=patch, headers=headers)
    assert problem_of(answer) == (422, "invalid-fields")
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_a_repeated_edit_of_whatever_version_is_made_once(
    world: World, account: Json
) -> None:
    program, path = world["reseller"].program, path_of(account)
    headers = {"If-Match": "*", **fresh_key()}
    patch = {"administrator": {"last_name": "Repeated"}}
    first = await program.patch(path, json=patch, headers=headers)
    assert first.status_code == 200, first.text
    again = await program.patch(path, json=patch, headers=headers)
    assert (again.status_code, again.json()) == (200, first.json())
    other = await program.patch(path, json={"name": "Another"}, headers=headers)
    assert problem_of(other) == (422, "idempotency-key-reused")


# --- states -----------------------------------------------------------------------------


async def test_an_account_is_disabled_with_a_reason_and_enabled_again(
    world: World, account: Json
) -> None:
    program, path = world["reseller"].program, path_of(account)
    answer = await program.post(f"{path}/disable", json={"reason": "Not paid"})
    assert (answer.json()["status"], answer.json()["disabled_reason"]) == ("disabled", "Not paid")
    assert (await program.post(f"{path}/disable")).json()["status"] == "disabled"
    assert (await program.post(f"{path}/enable")).json()["status"] == "active"
    assert (await program.get(path)).json()["disabled_reason"] is None


async def test_a_disabled_reseller_looks_and_signs_in_but_changes_nothing(world: World) -> None:
    operator = world["operator"].program
    order = world.reseller_order("Late Payer")
    reseller = await world.opened(operator, "/v1/resellers", order)
    email = reseller["administrator"]["email"]
    await world.first_password(email)
    person = await world.sign_in(email)
    program = world.program(await world.make_key(person))
    await operator.post(f"/v1/resellers/{reseller['id']}/disable", json={"reason": "Not paid"})
    assert problem_of(await person.get("/v1/me")) == (401, "not-signed-in")
    person = await world.sign_in(email)
    for client in (person, program):
        assert (await client.get("/v1/accounts")).status_code == 200
        refused = await client.post("/v1/accounts", json=world.order("x"), headers=fresh_key())
        assert problem_of(refused) == (403, "account-disabled")
        refused = await client.post("/v1/rate-sheets", json={"name": "Another"})
        assert problem_of(refused) == (403, "account-disabled")
    await operator.post(f"/v1/resellers/{reseller['id']}/enable")
    for client in (person, program):
        answer = await client.post("/v1/accounts/quote", json=world.order("x"))
        assert answer.status_code == 200, answer.text


async def test_a_closed_account_is_history_and_its_people_are_locked_out(
    world: World, account: Json
) -> None:
    program, path = world["reseller"].program, path_of(account)
    email = account["administrator"]["email"]
    await world.first_password(email)
    person = await world.sign_in(email)
    wrong = await program.delete(path, params={"confirm_name": "Another"})
    assert problem_of(wrong) == (422, "name-does-not-match")
    unconfirmed = await program.delete(path)
    assert problem_of(unconfirmed) == (422, "invalid-fields")
    assert [error["parameter"] for error in unconfirmed.json()["errors"]] == ["confirm_name"]
    assert (await program.get(path)).json()["status"] == "active"
    for _ in range(2):
        answer = await program.delete(path, params={"confirm_name": account["name"]})
        assert (answer.status_code, answer.json()["status"]) == (200, "closed")
    assert problem_of(await person.get("/v1/me")) == (401, "not-signed-in")
    body = {"email": email, "password": "violet-tractor-97-moss"}
    again = await world.browser().post("/v1/sessions", json=body)
    assert problem_of(again) == (401, "invalid-credentials")
    assert (await program.get(path)).json()["status"] == "closed"
    listed = await program.get("/v1/accounts", params={"q": account["name"]})
    assert listed.json()["data"] == []


# --- money ------------------------------------------------------------------------------


async def test_the_ledger_is_read_in_a_time_frame(world: World, account: Json) -> None:
    program, path = world["reseller"].program, f"{path_of(account)}/transactions"
    everything = (await program.get(path)).json()
    first = everything["data"][-1]["at"]
    before = (await program.get(path, params={"to": first})).json()
    assert (before["data"], before["closing_balance"]) == ([], "0.00")
    since = (await program.get(path, params={"from": first})).json()
    assert since["data"] == everything["data"]
    assert since["opening_balance"] == "0.00"
    day = first[:10]
    assert (await program.get(path, params={"from": day})).json()["data"] == everything["data"]
    assert (await program.get(path, params={"to": day})).json()["data"] == []
    for query in ("from=yesterday", "to=2026-11-31", "from=0001-01-01T00:00:00%2B14:00"):
        assert problem_of(await program.get(f"{path}?{query}")) == (422, "invalid-fields")


@pytest.mark.parametrize("amount", [25, 25.5, "25.001", "0.00", "-1.00", "1e3", "", None])
async def test_only_a_sum_of_money_is_taken_for_credit(
    world: World, account: Json, amount: object
) -> None:
    answer = await world["reseller"].program.post(
        f"{path_of(account)}/credits", json={"amount": amount}, headers=fresh_key()
    )
    assert problem_of(answer) == (422, "invalid-fields")
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/amount"}


async def test_a_party_without_a_plan_has_no_numbers(world: World) -> None:
    reseller = world["reseller"]
    path = f"/v1/accounts/{reseller.account_id}"
    for client in (reseller.program, world["operator"].program):
        assert (await client.get(f"{path}/numbers")).json() == {"data": []}
        assert problem_of(await client.get(f"{path}/plan")) == (404, "not-found")
    missing = await reseller.program.get("/v1/accounts/acc_none/numbers")
    assert problem_of(missing) == (404, "not-found")


# --- bodies -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "content_type", "problem"),
    [
        (b"{", "application/json", (400, "malformed-request")),
        (b'{"name": "\xff"}', "application/json", (400, "malformed-request")),
        (b'{"name": "\\ud800"}', "application/json", (422, "invalid-fields")),
        (b'{"name": "x"}', "text/plain", (415, "unsupported-media-type")),
        (b'{"name": "x"}', "application/problem+json", (415, "unsupported-media-type")),
        (b'{"name": "x"}', "application/json; charset=latin-1", (415, "unsupported-media-type")),
        (b"name=x", "application/x-www-form-urlencoded", (415, "unsupported-media-type")),
        (b"[]", "application/json", (422, "invalid-fields")),
        (b"null", "application/json", (422, "invalid-fields")),
        (b"", "application/json", (422, "invalid-fields")),
        (b'{"name": NaN}', "application/json", (422, "invalid-fields")),
        (b"[" * 100_000, "application/json", (400, "malformed-request")),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused(
    world: World, content: bytes, content_type: str, problem: tuple[int, str]
) -> None:
    answer = await world["reseller"].program.post(
        "/v1/rate-sheets", content=content, headers={"Content-Type": content_type}
    )
    assert problem_of(answer) == problem


# --- rate sheets ------------------------------------------------------------------------


async def test_a_rate_sheet_goes_out_as_it_came_in(world: World) -> None:
    program = world["reseller"].program
    name = world.order("Sheet")["name"]
    sheet = (await program.post("/v1/rate-sheets", json={"name": name})).json()
    path = f"/v1/rate-sheets/{sheet['id']}"
    rows = "".join(f"91{index:03d},IN,India {index},0.0{index:03d}\n" for index in range(1, 251))
    text = f"\ufeffprefix,country,name,rate\n{rows}449,GB,=cmd(),0.05\n"
    headers = {"Content-Type": "text/csv"}
    dry = await program.post(f"{path}/imports?dry_run=true", content=text, headers=headers)
    assert (dry.json()["added"], dry.json()["dry_run"]) == (251, True)
    assert (await program.get(f"{path}/rates")).json()["data"] == []
    done = await program.post(f"{path}/imports", content=text, headers=headers)
    assert done.json()["added"] == 251, done.text
    answer = await program.get(f"{path}/export")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    exported = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(exported) == 251
    assert exported[-1]["prefix"] == "91250"
    assert [row["name"] for row in exported if row["prefix"] == "449"] == ["'=cmd()"]
    again = await program.post(
        f"{path}/imports?mode=replace", content=answer.text.encode(), headers=headers
    )
    assert again.status_code == 200, again.text
    assert (again.json()["unchanged"], again.json()["removed"]) == (251, 0)


async def test_a_row_that_is_wrong_keeps_the_whole_file_out(world: World) -> None:
    program, sheet_id = world["reseller"].program, world["reseller"].rate_sheet_id
    path = f"/v1/rate-sheets/{sheet_id}/imports"
    text = "prefix,rate\n1,0.01\n2,free\n"
    headers = {"Content-Type": "text/csv"}
    dry = await program.post(f"{path}?dry_run=true", content=text, headers=headers)
    assert (dry.status_code, dry.json()["refused_count"]) == (200, 1)
    answer = await program.post(path, content=text, headers=headers)
    assert problem_of(answer) == (422, "import-refused")
    assert [row["line"] for row in answer.json()["report"]["refused"]] == [3]
    for content, content_type, problem in (
        (text, "application/json", (415, "unsupported-media-type")),
        (b"prefix,rate\n1,\xff\n", "text/csv", (422, "mapping-needed")),
    ):
        answer = await program.post(path, content=content, headers={"Content-Type": content_type})
        assert problem_of(answer) == problem


async def test_a_rate_sheet_is_renamed_with_a_lock_and_deleted_when_unused(world: World) -> None:
    program = world["reseller"].program
    made = await program.post("/v1/rate-sheets", json={"name": world.order("Sheet")["name"]})
    path, etag = made.headers["location"], made.headers["etag"]
    name = world.order("Sheet")["name"]
    answer = await program.patch(path, json={"name": name}, headers={"If-Match": etag})
    assert answer.json()["name"] == name
    stale = await program.patch(path, json={"name": "x"}, headers={"If-Match": etag})
    assert problem_of(stale) == (412, "version-conflict")
    taken = await program.post("/v1/rate-sheets", json={"name": name.upper()})
    assert problem_of(taken) == (409, "rate-sheet-name-taken")
    used_path = f"/v1/rate-sheets/{world['reseller'].rate_sheet_id}"
    used_name = (await program.get(used_path)).json()["name"]
    used = await program.delete(used_path, params={"confirm_name": used_name})
    assert problem_of(used) == (409, "rate-sheet-in-use")
    assert (await program.delete(path, params={"confirm_name": name})).status_code == 204
    assert problem_of(await program.get(path)) == (404, "not-found")


async def test_a_call_is_priced_by_a_sheet(world: World) -> None:
    program = world["reseller"].program
    path = f"/v1/rate-sheets/{world['reseller'].rate_sheet_id}/price"
    answer = await program.post(path, json={"destination": "+919876543210", "seconds": 61})
    assert answer.status_code == 200, answer.text
    priced = answer.json()
    assert (priced["prefix"], priced["country"], priced["billed_seconds"]) == ("91", "IN", 120)
    assert (priced["cost"], priced["currency"]) == ("0.07", "USD")
    for body, problem in (
        ({"destination": "+33142685300", "seconds": 1}, (422, "no-rate")),
        ({"destination": "1", "seconds": 1}, (422, "invalid-destination")),
        ({"destination": "+919876543210", "seconds": -1}, (422, "invalid-fields")),
        ({"destination": "+919876543210", "seconds": 1, "at": "now"}, (422, "invalid-fields")),
    ):
        assert problem_of(await program.post(path, json=body)) == problem


async def test_the_stock_is_searched_and_filtered(world: World) -> None:
    reseller = world["reseller"]
    answer = await reseller.program.get("/v1/numbers", params={"q": reseller.numbers[0][1:]})
    assert [(one["number"], one["state"]) for one in answer.json()["data"]] == [
        (reseller.numbers[0], "assigned")
    ]
    spare = await reseller.program.get("/v1/numbers", params={"state": "available", "limit": 100})
    assert reseller.numbers[0] not in [one["number"] for one in spare.json()["data"]]
    assert {one["state"] for one in spare.json()["data"]} == {"available"}
