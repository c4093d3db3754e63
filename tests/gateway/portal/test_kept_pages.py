"""The pages that take a file, alike: it stays until it is imported, and is gone after that."""

import json
import secrets
import string
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Final

import httpx
import pytest

from tests.gateway.files import finished
from tests.gateway.page_forms import form_of, forms_of, submit
from tests.gateway.world import World, delete_by_name, fresh_numbers
from tests.waiting import eventually
from tests.workbooks import rows_of_texts, workbook

CALLS: Final = "/calls/import"
ACCOUNTS: Final = "/accounts/import"
NUMBERS: Final = "/numbers/import"
INDIA: Final = "+919876543210"


def own_column() -> str:
    """Return the name of a column that no other test's files have."""
    return "own " + "".join(secrets.choice(string.ascii_lowercase) for _ in range(10))


def answering(page: str, path: str, **answers: str) -> dict[str, str]:
    """Return the form with a question, in which columns mean what is said here."""
    fields = form_of(page, path, "column-1")
    names = {value: key for key, value in fields.items() if key.startswith("name-")}
    for name, meaning in answers.items():
        fields[names[name.replace("_", " ")].replace("name-", "column-")] = meaning
    return fields


@pytest.fixture
async def sheet(world: World) -> AsyncIterator[str]:
    """Make an empty rate sheet, and delete it afterwards."""
    program = world["reseller"].program
    made = await program.post("/v1/rate-sheets", json={"name": world.order("Kept")["name"]})
    path = made.headers["location"]
    yield path
    assert (await delete_by_name(program, path)).status_code == 204


@pytest.fixture
async def person(world: World) -> httpx.AsyncClient:
    """Give the reseller's administrator in a browser."""
    return await world.sign_in(world["reseller"].email)


# --- a decimal comma ------------------------------------------------------------------------


async def test_rates_of_a_questioned_file_with_semicolons_are_imported(
    world: World, person: httpx.AsyncClient, sheet: str
) -> None:
    path, own = sheet.replace("/v1/rate-sheets", "/rates") + "/import", own_column()
    asked = await submit(
        person, path, {"action": "import"}, f"prefix;rate;{own}\n91;1,234;x\n".encode()
    )
    assert asked.status_code == 422
    fields = answering(asked.text, path, **{own.replace(" ", "_"): "ignore"})
    imported = await submit(person, path, {**fields, "action": "import"})
    assert imported.status_code == 303, imported.text

    async def rates() -> bool:
        found = (await world["reseller"].program.get(f"{sheet}/rates")).json()["data"]
        return [one["rate"] for one in found] == ["1.234"]

    await eventually(rates)


async def test_fees_of_a_questioned_list_with_semicolons_are_imported(
    world: World, person: httpx.AsyncClient
) -> None:
    operator = await world.sign_in(world["operator"].email)
    (number,), own = fresh_numbers(1), own_column()
    path = f"/resellers/{world['reseller'].account_id}/numbers"
    content = f"number;monthly_fee;{own}\n{number};1,234;x\n".encode()
    asked = await submit(operator, path, {"action": "import", "mode": "add"}, content)
    fields = answering(asked.text, path, **{own.replace(" ", "_"): "ignore"})
    imported = await submit(operator, path, {**fields, "action": "import"})
    assert imported.status_code == 200, imported.text
    assert form_of(imported.text, path)["csv"] == ""
    query = {"q": number.removeprefix("+")}
    (found,) = (await world["reseller"].program.get("/v1/numbers", params=query)).json()["data"]
    assert found["monthly_fee"] == "1.234"
    # the reseller's own page reads its lists in the same way
    content = f"number;monthly_fee;{own}\n{number};2,345;x\n".encode()
    asked = await submit(person, NUMBERS, {"action": "check"}, content)
    fields = answering(asked.text, NUMBERS, **{own.replace(" ", "_"): "ignore"})
    checked = await submit(person, NUMBERS, {**fields, "action": "check"})
    again = await submit(person, NUMBERS, {**form_of(checked.text, NUMBERS), "action": "import"})
    assert form_of(again.text, NUMBERS)["csv"] == ""
    (found,) = (await world["reseller"].program.get("/v1/numbers", params=query)).json()["data"]
    assert found["monthly_fee"] == "2.345"


# --- a file is chosen once --------------------------------------------------------------------


def accounts_file(own: str, name: str, *, email: str = "ann@kept.example") -> bytes:
    """Return a workbook with an account."""
    header = ["account name", "e-mail", "first name", "last name", "phone", "credit", own]
    row = [name, email, "Ann", "Archer", "+14155550142", "100.50", "x"]
    return workbook({"S": rows_of_texts([header, row])})


async def test_accounts_are_checked_corrected_and_opened_with_a_file_chosen_once(
    world: World, person: httpx.AsyncClient
) -> None:
    own, name = own_column(), f"Kept {uuid.uuid4().hex[:8]}"
    asked = await submit(person, ACCOUNTS, {"action": "check"}, accounts_file(own, name))
    fields = answering(asked.text, ACCOUNTS, **{own.replace(" ", "_"): "ignore"})
    wrong = await submit(person, ACCOUNTS, {**fields, "action": "check"})
    # the cost per user is missing; it is typed for all accounts, and the file is still here
    assert (wrong.status_code, "ost per user" in wrong.text) == (422, True)
    assert "The file is still here." in wrong.text
    fields = {**form_of(wrong.text, ACCOUNTS), "cost_per_user": "10.00", "action": "check"}
    checked = await submit(person, ACCOUNTS, fields)
    assert checked.status_code == 200, checked.text
    fields = {**form_of(checked.text, ACCOUNTS, "seen"), "action": "open"}
    opened = await submit(person, ACCOUNTS, fields)
    assert opened.status_code == 303, opened.text
    empty = await person.get(ACCOUNTS)
    assert [form.get("table") for form in forms_of(empty.text, ACCOUNTS)] == [None]
    where = f"/v1{opened.headers['location']}"

    assert (await finished(world["reseller"].program, where))["opened"] == 1


async def test_a_file_that_replaces_a_questioned_one_is_read_by_itself(
    person: httpx.AsyncClient,
) -> None:
    own = own_column()
    asked = await submit(person, ACCOUNTS, {"action": "check"}, accounts_file(own, "Kept"))
    fields = answering(asked.text, ACCOUNTS, **{own.replace(" ", "_"): "ignore"})
    other = (
        "account name,e-mail,first name,last name,phone,cost per user\n"
        "Other,nobody,Ann,Archer,+14155550142,1\n"
    )
    page = await submit(person, ACCOUNTS, {**fields, "action": "check"}, other.encode())
    assert page.status_code == 200
    assert "Enter an e-mail address" in page.text


async def test_an_exported_list_of_accounts_is_refused_in_one_sentence(
    world: World,
) -> None:
    # files of other tests are read as they were answered for: these columns aren't theirs
    person = await world.sign_in(world["other reseller"].email)
    program, mark = world["other reseller"].program, uuid.uuid4().hex[:8]
    for name in (f"Exported {mark} 1", f"Exported {mark} 2"):
        await world.opened(program, "/v1/accounts", {**world.order("Exported"), "name": name})
    export = await program.get("/v1/accounts.csv", params={"q": mark})
    page = await submit(person, ACCOUNTS, {"action": "check"}, export.content)
    if page.status_code == 422:
        fields = answering(page.text, ACCOUNTS, numbers="ignore", balance="ignore")
        page = await submit(person, ACCOUNTS, {**fields, "action": "check"})
    assert page.text.count("All 2 accounts of the file exist already. Nothing was changed.") == 1
    assert "Another account has this name" not in page.text
    assert "Enter the cost per user" not in page.text


def calls_file(world: World, own: str, call_id: str) -> bytes:
    """Return a file of a call with a local time."""
    answered = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
    account = world["customer"].account_id
    header = ["Call ID", "Account", "Caller", "Called Number", "Answer Time", "Seconds", own]
    row = [call_id, account, "104", INDIA, answered, "61", "x"]
    return workbook({"S": rows_of_texts([header, row])})


async def test_calls_are_checked_corrected_and_imported_with_a_file_chosen_once(
    world: World, person: httpx.AsyncClient
) -> None:
    own, call_id = own_column(), f"call-{uuid.uuid4().hex[:12]}"
    asked = await submit(person, CALLS, {"action": "check"}, calls_file(world, own, call_id))
    fields = answering(asked.text, CALLS, **{own.replace(" ", "_"): "ignore"})
    refused = await submit(person, CALLS, {**fields, "action": "check"})
    assert "is a local time" in refused.text
    fields = {**form_of(refused.text, CALLS), "time_zone": "UTC", "action": "check"}
    checked = await submit(person, CALLS, fields)
    assert "Nothing charged yet" in checked.text
    # both what imports the calls and what checks them anew has the file
    first, second = forms_of(checked.text, CALLS, "table")
    assert first["table"] == second["table"]
    imported = await submit(person, CALLS, {**first, "action": "import"})
    assert "Calls imported" in imported.text
    assert forms_of(imported.text, CALLS, "table") == []


@pytest.mark.parametrize("page", [ACCOUNTS, CALLS, NUMBERS])
async def test_a_file_that_cannot_be_read_does_not_stay(
    person: httpx.AsyncClient, page: str
) -> None:
    answer = await submit(person, page, {"action": "check"}, b"%PDF-1.7 \xff")
    assert answer.status_code == 400
    assert "This is a PDF." in answer.text
    assert not any(form.get("table") or form.get("csv") for form in forms_of(answer.text, page))


async def test_rates_that_were_checked_are_imported_and_the_form_is_empty(
    world: World, person: httpx.AsyncClient, sheet: str
) -> None:
    own = sheet.replace("/v1/rate-sheets", "/rates")
    path, rows = f"{own}/import", b"prefix,rate\n91,0.1\n"
    checked = await submit(person, path, {"action": "check"}, rows)
    page = await person.get(checked.headers["location"])
    (waiting,) = forms_of(page.text, path, "checked")
    done = await submit(person, path, waiting)
    page = await person.get(done.headers["location"])
    assert forms_of(page.text, path, "checked") == []
    assert [form.get("table") for form in forms_of(page.text, path)] == [None]

    async def one_rate() -> bool:
        return (await world["reseller"].program.get(sheet)).json()["rates"] == 1

    await eventually(one_rate)


@pytest.mark.parametrize(
    ("page", "header"),
    [
        (ACCOUNTS, "name;email;first name;last name;phone;cost per user (EUR)"),
        (NUMBERS, "number;monthly fee (EUR)"),
    ],
)
async def test_a_refused_file_stays_as_it_was_read(
    person: httpx.AsyncClient, page: str, header: str
) -> None:
    content = f"{header}\n{header}\n".encode("utf-16")
    answer = await submit(person, page, {"action": "check"}, content)
    assert answer.status_code == 400
    assert "is not in USD" in answer.text
    (kept,) = forms_of(answer.text, page, "separator")
    assert kept["separator"] == "semicolon"
    assert kept.get("table", kept.get("csv")) == f"{header}\n{header}\n"


async def test_a_wrong_mapping_leaves_the_file_where_it_is(
    person: httpx.AsyncClient, sheet: str
) -> None:
    path, own = sheet.replace("/v1/rate-sheets", "/rates") + "/import", own_column()
    content = f"prefix;rate;{own}\n91;0,1;x\n".encode()
    asked = await submit(person, path, {"action": "check"}, content)
    fields = answering(asked.text, path, **{own.replace(" ", "_"): "hat"})
    refused = await submit(person, path, {**fields, "action": "check"})
    assert refused.status_code == 422, refused.text
    kept = form_of(refused.text, path, "table")
    assert (kept["table"], kept["separator"]) == (fields["table"], "semicolon")


async def test_records_in_xml_are_suggested_checked_and_imported(
    world: World, person: httpx.AsyncClient
) -> None:
    call_id, now = str(uuid.uuid4()), int(datetime.now(UTC).timestamp()) - 90
    record = (
        '<?xml version="1.0"?>\n<cdr><variables><direction>outbound</direction>'
        f"<uuid>{call_id}</uuid><accountcode>{world['customer'].account_id}</accountcode>"
        f"<answer_epoch>{now}</answer_epoch><billsec>61</billsec></variables><callflow>"
        "<caller_profile><caller_id_number>104</caller_id_number>"
        f"<destination_number>{INDIA}</destination_number></caller_profile></callflow></cdr>\n"
    )
    suggested = await submit(person, CALLS, {"action": "check"}, record.encode())
    fields = form_of(suggested.text, CALLS)
    assert fields["call_format"] == "freeswitch-xml"
    checked = await submit(person, CALLS, {**fields, "action": "check"})
    assert "Nothing charged yet" in checked.text, checked.text
    first, _ = forms_of(checked.text, CALLS, "table")
    imported = await submit(person, CALLS, {**first, "action": "import"})
    assert "Calls imported" in imported.text
    program = world["reseller"].program
    for kind in ("application/xml", "text/xml", "text/csv"):
        answer = await program.post(
            "/v1/calls/imports",
            content=record,
            headers={"Content-Type": kind},
            params={"format": "freeswitch-xml", "dry_run": "true"},
        )
        assert answer.status_code == 200, answer.text
        (call,) = answer.json()["data"]
        assert (call["call_id"], call["seconds"]) == (call_id, 61)
    as_json = {
        "variables": {
            "direction": "outbound",
            "uuid": call_id,
            "billsec": "61",
            "accountcode": world["customer"].account_id,
            "answer_epoch": str(now),
        },
        "callflow": [{"caller_profile": {"caller_id_number": "104", "destination_number": INDIA}}],
    }
    answer = await program.post(
        "/v1/calls/imports",
        content=json.dumps(as_json),
        headers={"Content-Type": "application/json"},
        params={"format": "freeswitch-json", "dry_run": "true"},
    )
    (other,) = answer.json()["data"]
    assert {**other, "lines": []} == {**call, "lines": []}
