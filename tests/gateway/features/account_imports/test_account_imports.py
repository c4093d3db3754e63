"""Many accounts from one file over HTTP: a dry run with its quote first, then what was shown."""

import asyncio
import csv
import io
import uuid

import pytest

from tests.gateway import files
from tests.gateway.files import check, faults, finished, fresh_people, names_of, send
from tests.gateway.world import World


async def test_accounts_are_opened_as_the_dry_run_showed(world: World) -> None:
    client, people = world["reseller"].program, fresh_people(3)
    report = await check(client, people)
    assert (report["accounts"], report["can_open"], report["errors"]) == (3, True, [])
    assert report["totals"]["total"] == "60.00"
    assert report["totals"]["credit"] == "300.00"
    assert report["totals"]["balance_after"] == "240.00"
    assert [row["quote"]["total"] for row in report["rows"]] == ["20.00"] * 3
    begun = await send(client, people, key=uuid.uuid4().hex, expected_total="60.00")
    assert begun.status_code == 202, begun.text
    done = await finished(client, begun.headers["location"])
    assert (done["opened"], done["failed"], done["accounts"]) == (3, 0, 3)
    assert [row["line"] for row in done["rows"]] == [2, 3, 4]
    for row, one in zip(done["rows"], people, strict=True):
        account = (await client.get(f"/v1/accounts/{row['account_id']}")).json()
        assert (account["status"], account["name"]) == ("active", one["account name"])
        assert account["administrator"]["email"] == one["e-mail"]
        balance = (await client.get(f"/v1/accounts/{row['account_id']}/balance")).json()
        assert balance["balance"] == "80.00"
        plan = (await client.get(f"/v1/accounts/{row['account_id']}/plan")).json()
        assert (plan["name"], plan["users"]) == (one["account name"], 2)


async def test_a_dry_run_stores_nothing(world: World) -> None:
    client, people = world["reseller"].program, fresh_people(1)
    before = (await client.get(files.PATH)).json()
    await check(client, people)
    assert await names_of(world, people[0]["account name"]) == []
    assert (await client.get(files.PATH)).json() == before


async def test_all_errors_of_all_rows_come_at_once_with_line_and_column(world: World) -> None:
    client, people = world["reseller"].program, fresh_people(5)
    people[0].update({"e-mail": "nobody", "phone": "12"})
    people[1].update({"users": "many", "cost per user": "cheap", "first name": ""})
    people[2].update({"account name": "", "credit": "-1"})
    people[3].update({"users": "0", "cost per user": "1.23456", "credit": "1.001"})
    report = await check(client, people)
    assert faults(report) == {
        (2, "e-mail", "invalid-email"),
        (2, "phone", "invalid-phone"),
        (3, "users", "invalid-value"),
        (3, "cost per user", "invalid-value"),
        (3, "first name", "required"),
        (4, "account name", "required"),
        (4, "credit", "invalid-value"),
        *((5, column, kind) for _, column, kind in faults(report) if _ == 5),
    }
    assert {column for line, column, _ in faults(report) if line == 5} == {
        "users",
        "cost per user",
        "credit",
    }
    assert not report["can_open"]
    answer = await send(client, people, key=uuid.uuid4().hex, expected_total="20.00")
    assert (answer.status_code, answer.json()["code"]) == (422, "import-refused")
    assert "4 rows need correcting (lines 2, 3, 4, 5)" in answer.json()["detail"]
    assert answer.json()["report"]["errors"] == report["errors"]
    assert await names_of(world, people[4]["account name"]) == []


async def test_the_errors_of_a_row_are_those_of_a_single_order(world: World) -> None:
    client, (row,) = world["reseller"].program, fresh_people(1)
    row.update({"first name": "x" * 65, "users": "10001", "cost per user": "0.00001"})
    order = world.order(row["account name"])
    order["administrator"].update(first_name="x" * 65)
    order["plan"].update(users=10_001, cost_per_user="0.00001")
    single = await client.post("/v1/accounts/quote", json=order)
    expected = {(one["pointer"], one["detail"]) for one in single.json()["errors"]}
    report = await check(client, [row])
    assert {(one["pointer"], one["detail"]) for one in report["errors"]} == expected


@pytest.mark.parametrize("form", files.FORMS)
async def test_any_form_of_a_file_gives_the_same_dry_run(world: World, form: str) -> None:
    client, people = world["reseller"].program, fresh_people(2)
    expected = await check(client, people)
    content, kind = files.as_file(people, form)
    assert await check(client, content, kind=kind) == expected


async def test_a_column_that_is_not_understood_is_asked_about(world: World) -> None:
    client, people = world["reseller"].program, fresh_people(2)
    for row in people:
        row["Deposit"] = row.pop("credit")
        row["Hat size"] = "7"
    answer = await send(client, people, dry_run="true")
    assert (answer.status_code, answer.json()["code"]) == (422, "mapping-needed")
    assert "“Deposit”, “Hat size”" in answer.json()["detail"]
    columns = {one["name"]: one for one in answer.json()["columns"]}
    assert columns["Deposit"]["suggestion"] == "credit"
    mapping = {"Deposit": "credit", "Hat size": "ignore"}
    report = await check(client, people, mapping=mapping)
    assert report["totals"]["credit"] == "200.00"


async def test_what_holds_for_all_rows_needs_no_column(world: World) -> None:
    reseller = world["reseller"]
    people = fresh_people(2)
    for row in people:
        for column in ("users", "cost per user", "phone", "credit"):
            del row[column]
    answer = await send(reseller.program, people, dry_run="true")
    assert "No column is the phone number" in answer.json()["detail"]
    said = {
        "phone": "+14155550142",
        "users": "3",
        "cost_per_user": "$12.50",
        "rate_sheet": "standard",
        "countries": "India 300; GB",
        "credit": "50",
    }
    report = await check(reseller.program, people, defaults=said)
    assert report["errors"] == []
    assert [row["rate_sheet"] for row in report["rows"]] == ["Standard", "Standard"]
    assert report["totals"]["total"] == "75.00"
    begun = await send(
        reseller.program, people, key=uuid.uuid4().hex, defaults=said, expected_total="75.00"
    )
    done = await finished(reseller.program, begun.headers["location"])
    plan = (await reseller.program.get(f"/v1/accounts/{done['rows'][0]['account_id']}/plan")).json()
    opened = {one["country"]: one["minutes"] for one in plan["countries"]}
    assert (plan["rate_sheet_id"], opened) == (reseller.rate_sheet_id, {"IN": 300, "GB": 0})


async def test_only_known_meanings_can_be_said_for_all_rows(world: World) -> None:
    client, people = world["reseller"].program, fresh_people(1)
    for defaults in ('{"name": "x"}', '{"hat": "x"}', "[]", '{"users": 3}', "{"):
        answer = await send(client, people, dry_run="true", defaults=defaults)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed-request")


async def test_rows_that_repeat_each_other_are_found(world: World) -> None:
    client, people = world["reseller"].program, fresh_people(4)
    number = world["reseller"].numbers[7]
    for row in people:
        row.update({"plan name": f"Plan of {row['account name']}", "numbers": ""})
    people[1]["account name"] = people[0]["account name"].upper()
    people[2]["plan name"] = people[0]["plan name"]
    people[0]["numbers"] = people[3]["numbers"] = number
    people[3]["e-mail"] = people[0]["e-mail"].upper()
    report = await check(client, people)
    assert faults(report) == {
        (3, "account name", "account-name-taken"),
        (4, "plan name", "plan-name-taken"),
        (5, "numbers", "number-taken"),
    }
    assert [(one["line"], one["type"]) for one in report["warnings"]] == [(5, "same-email")]
    assert "Line 2 has the same account name" in report["errors"][0]["detail"]


async def test_a_name_that_an_account_has_is_refused_with_its_line(world: World) -> None:
    reseller = world["reseller"]
    people = fresh_people(2)
    account = (await reseller.program.get(f"/v1/accounts/{world['customer'].account_id}")).json()
    people[1]["account name"] = account["name"].lower()
    report = await check(reseller.program, people)
    assert faults(report) == {(3, "account name", "account-name-taken")}


async def test_credit_that_is_missing_is_told_in_one_sentence(world: World) -> None:
    client, people = world["reseller"].program, fresh_people(3)
    people[0]["credit"], people[2]["credit"] = "5.00", ""
    report = await check(client, people)
    assert faults(report) == {
        (2, "credit", "insufficient-credit"),
        (4, "credit", "insufficient-credit"),
    }
    assert report["totals"]["missing"] == "35.00"
    answer = await send(client, people, key=uuid.uuid4().hex, expected_total="60.00")
    assert (answer.status_code, answer.json()["code"]) == (402, "insufficient-credit")
    assert answer.json()["detail"] == (
        "The credit of 2 accounts (lines 2, 4) doesn't cover the charges, so no account was "
        "opened. Add $35.00 of credit."
    )
    assert await names_of(world, people[1]["account name"]) == []


async def test_only_the_charges_that_were_shown_are_accepted(world: World) -> None:
    client, people = world["reseller"].program, fresh_people(2)
    answer = await send(client, people, key=uuid.uuid4().hex, expected_total="39.99")
    assert (answer.status_code, answer.json()["code"]) == (409, "quote-changed")
    assert "The charges are now $40.00, so no account was opened" in answer.json()["detail"]
    assert answer.json()["report"]["totals"]["total"] == "40.00"
    assert await names_of(world, people[0]["account name"]) == []
    answer = await send(client, people, key=uuid.uuid4().hex)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-request")
    answer = await send(client, people, expected_total="40.00")
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency-key-required")
    assert await names_of(world, people[0]["account name"]) == []


async def test_the_same_file_with_the_same_key_opens_once(world: World) -> None:
    client, people, key = world["reseller"].program, fresh_people(4), uuid.uuid4().hex
    answers = await asyncio.gather(
        *(send(client, people, key=key, expected_total="80.00") for _ in range(4))
    )
    assert {answer.status_code for answer in answers} == {202}
    (where,) = {answer.headers["location"] for answer in answers}
    done = await finished(client, where)
    again = await send(client, people, key=key, expected_total="80.00")
    assert (again.status_code, again.headers["location"]) == (202, where)
    assert (await client.get(where)).json() == done
    found = await names_of(world, people[0]["account name"].rpartition(" ")[0])
    assert sorted(found) == [row["account name"] for row in people]
    other = await send(client, people[:3], key=key, expected_total="60.00")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


async def test_numbers_are_taken_by_name_or_by_country(world: World) -> None:
    reseller = world["reseller"]
    people = fresh_people(3, numbers="", spare_numbers="")
    people[0]["numbers"] = f"{reseller.numbers[10]}; {reseller.numbers[11]}"
    people[1]["spare numbers"] = "2 US"
    people[2]["spare numbers"] = "United States: 1"
    report = await check(reseller.program, people)
    assert report["errors"] == []
    taken = [number for row in report["rows"] for number in row["numbers"]]
    assert len(set(taken)) == 5
    for number in taken[2:]:
        query = {"state": "available", "country": "US", "q": number.removeprefix("+")}
        assert (await reseller.program.get("/v1/numbers", params=query)).json()["data"]
    people[2]["spare numbers"] = "100 US"
    assert faults(await check(reseller.program, people)) == {(4, "spare numbers", "number-taken")}
    people[2]["spare numbers"] = "1"
    report = await check(reseller.program, people)
    assert report["errors"][0]["detail"] == (
        "Write how many numbers of which country, such as 2 GB."
    )


async def test_the_report_is_a_csv_too(world: World) -> None:
    client, people = world["reseller"].program, fresh_people(1)
    people[0]["account name"] = f"- {people[0]['account name']}"
    begun = await send(client, people, key=uuid.uuid4().hex, expected_total="20.00")
    where = begun.headers["location"]
    await finished(client, where)
    report = await client.get(f"{where}.csv")
    header, line = report.content.decode("utf-8-sig").splitlines()
    assert header == "line,name,email,state,account_id,realm,total,currency,reason"
    assert line.startswith(f"2,'- {people[0]['account name'][2:]},")
    assert ",opened,acc_" in line
    listed = (await client.get(files.PATH)).json()["data"]
    assert where.rpartition("/")[2] in {one["id"] for one in listed}


async def test_an_import_is_its_resellers_alone(world: World) -> None:
    mine, theirs = world["reseller"].program, world["other reseller"].program
    people = fresh_people(1)
    begun = await send(mine, people, key=uuid.uuid4().hex, expected_total="20.00")
    where = begun.headers["location"]
    for path in (where, f"{where}.csv"):
        answer = await theirs.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert (await theirs.get(files.PATH)).json()["data"] == []
    assert (await check(theirs, fresh_people(1, rate_sheet=world["reseller"].rate_sheet_id)))[
        "errors"
    ][0]["column"] == "rate sheet"
    taken = fresh_people(1, numbers=world["reseller"].numbers[13])
    assert faults(await check(theirs, taken)) == {(2, "numbers", "number-taken")}
    await finished(mine, where)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "malformed-request"),
        (b"account name,e-mail,first name,last name,phone,cost per user\n", "malformed-request"),
        (b"\x00\x01\x02", None),
        (b"PK\x03\x04broken", "malformed-request"),
        (b"account name\n" + b'"' * 200_000, None),
        (b"%PDF-1.7", "malformed-request"),
        (b"<html><table></table></html>", "malformed-request"),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused_in_words(
    world: World, content: bytes, kind: str | None
) -> None:
    answer = await send(world["reseller"].program, content, dry_run="true")
    assert answer.status_code in (400, 413, 422), answer.text
    if kind:
        assert answer.json()["code"] == kind
    assert answer.json()["detail"]


async def test_cells_of_any_text_are_refused_and_never_an_error_of_ours(world: World) -> None:
    nasty = [
        "x" * 50_000,
        "=1+1",
        "\u202e",
        "٣",
        "9" * 400,
        "1e400",
        "NaN",
        "IN " * 3_000,
        "+" * 99,
    ]
    columns = [*files.HEADER, "numbers", "spare numbers", "countries", "rate sheet", "tax id"]
    rows = [dict.fromkeys(columns, text) for text in nasty]
    report = await check(world["reseller"].program, rows)
    assert {fault["line"] for fault in report["errors"]} == set(range(2, len(nasty) + 2))


async def test_more_than_500_accounts_are_refused(world: World) -> None:
    answer = await send(world["reseller"].program, fresh_people(501), dry_run="true")
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


async def test_the_exported_list_is_readable_again_and_its_names_are_taken(world: World) -> None:
    client = world["reseller"].program
    export = await client.get("/v1/accounts.csv", params={"q": world["customer"].email})
    report = await check(client, export.content)
    ignored = [one["name"] for one in report["columns"] if one["meaning"] == "ignore"]
    assert ignored == ["id", "realm", "status", "numbers", "balance", "created_at"]
    (row,) = report["rows"]
    assert (row["first_name"], row["last_name"]) == ("Ann", "Archer")
    assert {one["type"] for one in report["errors"]} == {"account-name-taken", "plan-name-taken"}
    assert report["errors"][0]["detail"] == "Another account has this name. Choose a different one."


async def test_numbers_typed_into_the_exported_list_are_assigned_not_ignored(
    world: World,
) -> None:
    client = world["reseller"].program
    export = await client.get("/v1/accounts.csv", params={"q": world["customer"].email})
    header, row = csv.reader(io.StringIO(export.content.decode("utf-8-sig")))
    row[header.index("numbers")] = "+1 415 555 0199"
    rows = [dict(zip(header, row, strict=True))]
    report = await check(client, files.as_text(rows))
    assert {"name": "numbers", "meaning": "numbers"} in report["columns"]
    assert report["rows"][0]["numbers"] == ["+1 415 555 0199"]


async def test_a_balance_is_ignored_by_name_in_no_list_but_our_own(world: World) -> None:
    client = world["reseller"].program
    export = await client.get("/v1/accounts.csv", params={"q": world["customer"].email})
    header, row = csv.reader(io.StringIO(export.content.decode("utf-8-sig")))
    for left_out in ("id", "created_at", "numbers"):
        foreign = {name: cell for name, cell in zip(header, row, strict=True) if name != left_out}
        answer = await send(client, files.as_text([foreign]), dry_run="true")
        assert (answer.status_code, answer.json()["code"]) == (422, "mapping-needed"), left_out
        asked = {one["name"] for one in answer.json()["columns"] if one["needs_answer"]}
        assert "balance" in asked, left_out


async def test_accounts_that_exist_already_are_refused_in_one_sentence(world: World) -> None:
    client, people = world["reseller"].program, fresh_people(2)
    begun = await send(client, people, key=uuid.uuid4().hex, expected_total="40.00")
    await finished(client, begun.headers["location"])
    sentence = "All 2 accounts of the file exist already. Nothing was changed."
    report = await check(client, people)
    assert (report["can_open"], report["detail"]) == (False, sentence)
    assert {one["line"] for one in report["errors"]} == {2, 3}
    answer = await send(client, people, key=uuid.uuid4().hex, expected_total="40.00")
    assert (answer.status_code, answer.json()["code"]) == (422, "import-refused")
    assert answer.json()["detail"] == sentence
    some = await check(client, [*people, *fresh_people(1)])
    assert (some["can_open"], some["detail"]) == (False, "")


async def test_what_was_said_about_the_columns_is_known_the_next_time(world: World) -> None:
    client, people = world["reseller"].program, fresh_people(1)
    for row in people:
        row[f"Kept for the record {row['account name']}"] = "7"
    mapping = {[*people[0]][-1]: "ignore"}
    first = await check(client, people, mapping=mapping)
    again = await check(client, people)
    assert (first["mapping_remembered"], again["mapping_remembered"]) == (False, True)
    assert again["rows"] == first["rows"]
