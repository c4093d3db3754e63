"""Files of call records through HTTP: charged once, rejected with a reason, never misread."""

import gzip
import json
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.files.uploads import GZIP, XLSX
from tests.gateway.world import Json, World
from tests.waiting import eventually
from tests.workbooks import rows_of_texts, workbook

INPUTS = Path(__file__).parents[3] / "inputs" / "calls"
CSV = "text/csv"
HEADER = "call_id,account,caller,destination,answered_at,seconds\n"
INDIA = "+919876543210"


async def send(
    client: httpx.AsyncClient, content: bytes | str, kind: str = CSV, **parameters: object
) -> httpx.Response:
    """Import a file of call records."""
    for name in ("mapping", "accounts"):
        if name in parameters:
            parameters[name] = json.dumps(parameters[name])
    sent: dict[str, Any] = {
        "content": content,
        "headers": {"Content-Type": kind},
        "params": parameters,
    }
    return await client.post("/v1/calls/imports", **sent)


def now() -> str:
    """Return a time of an answer a moment ago."""
    return (datetime.now(UTC) - timedelta(seconds=5)).strftime("%Y-%m-%dT%H:%M:%SZ")


def row(world: World, call_id: str, seconds: int = 61, destination: str = INDIA) -> str:
    """Return a row of a table with the usual header."""
    account = world["customer"].account_id
    return f"{call_id},{account},104,{destination},{now()},{seconds}\n"


def fresh_id() -> str:
    """Return a call ID that no other test has."""
    return f"call-{uuid.uuid4().hex[:12]}"


async def charges_of(world: World, call_id: str) -> list[Json]:
    """Return the entries of a call in its account's ledger."""
    account = world["customer"].account_id
    answer = await world["reseller"].program.get(
        f"/v1/accounts/{account}/transactions", params={"limit": 100}
    )
    return [one for one in answer.json()["data"] if call_id in str(one["cause"])]


async def rejected_of(world: World, call_id: str) -> list[Json]:
    """Return the rejected calls of the reseller that have this ID."""
    found: list[Json] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await world["reseller"].program.get("/v1/rejected-calls", params=cursor)).json()
        found += [one for one in page["data"] if one["call_id"] == call_id]
        if not page["next"]:
            return found
        cursor = {"cursor": page["next"]}


# --- charged once -----------------------------------------------------------------------------


async def test_a_file_that_is_sent_twice_is_charged_once(world: World) -> None:
    call_id = fresh_id()
    content = HEADER + row(world, call_id)
    client = world["reseller"].program
    checked = await send(client, content, dry_run=True)
    assert checked.status_code == 200, checked.text
    assert checked.json()["accepted"] == 1
    assert await charges_of(world, call_id) == []
    imported = await send(client, content)
    assert imported.status_code == 202, imported.text
    (call,) = imported.json()["data"]
    (checked_call,) = checked.json()["data"]
    assert call == checked_call
    assert (call["status"], call["lines"], call["country"]) == ("accepted", [2], "IN")

    async def charged() -> Json:
        entries = await charges_of(world, call_id)
        assert len(entries) == 1
        return entries[0]

    entry = await eventually(charged)
    assert entry["amount"] == ("-" + call["cost"]).replace("-0.00", "0.00")
    again = (await send(client, content)).json()
    assert (again["accepted"], again["already_charged"]) == (0, 1)
    assert again["data"][0]["cost"] == call["cost"]
    assert len(await charges_of(world, call_id)) == 1
    assert await rejected_of(world, call_id) == []


async def test_the_dry_run_prices_as_charging_does(world: World) -> None:
    first, second = fresh_id(), fresh_id()
    content = HEADER + row(world, first, 30_000) + row(world, second, 61)
    report = (await send(world["reseller"].program, content, dry_run=True)).json()
    assert [call["status"] for call in report["data"]] == ["accepted", "accepted"]
    # 300 bundled minutes are used by the first call, so the second is charged
    assert report["data"][1]["rated_seconds"] == 120
    assert report["sums"][0]["currency"] == "USD"
    assert report["sums"][0]["calls"] == 2


async def test_other_facts_of_a_charged_call_are_a_conflict(world: World) -> None:
    call_id = fresh_id()
    client = world["reseller"].program
    content = HEADER + row(world, call_id)
    await send(client, content)

    async def charged() -> bool:
        return len(await charges_of(world, call_id)) == 1

    await eventually(charged)
    other = content.replace(",61\n", ",62\n")
    (call,) = (await send(client, other, dry_run=True)).json()["data"]
    assert (call["status"], call["reason"]) == ("rejected", "conflict")


async def test_a_rejected_call_of_a_file_can_be_corrected(world: World) -> None:
    call_id = fresh_id()
    client = world["reseller"].program
    content = HEADER + row(world, call_id).replace(world["customer"].account_id, "1004")
    (call,) = (await send(client, content, dry_run=True)).json()["data"]
    assert (call["status"], call["reason"]) == ("rejected", "unknown-account")
    assert await rejected_of(world, call_id) == []
    await send(client, content)
    await send(client, content)
    (rejected,) = await rejected_of(world, call_id)
    answer = await client.patch(
        f"/v1/rejected-calls/{rejected['id']}",
        json={"account_id": world["customer"].account_id},
        headers={"If-Match": "*"},
    )
    assert answer.status_code == 200, answer.text

    async def charged() -> bool:
        return len(await charges_of(world, call_id)) == 1

    await eventually(charged)


async def test_nobody_imports_calls_of_anothers_account(world: World) -> None:
    content = HEADER + row(world, fresh_id())
    other = (await send(world["other reseller"].program, content, dry_run=True)).json()
    (call,) = other["data"]
    assert (call["status"], call["reason"]) == ("rejected", "unknown-account")
    assert (await send(world["customer"].person, content)).status_code == 403


async def test_operators_and_switches_import_calls_of_any_account(world: World) -> None:
    content = HEADER + row(world, fresh_id())
    for name in ("operator", "switch"):
        report = (await send(world[name].program, content, dry_run=True)).json()
        assert report["accepted"] == 1, report


async def test_a_file_that_is_wrong_as_a_whole_rejects_no_calls(world: World) -> None:
    call_id, client = fresh_id(), world["reseller"].program
    rows = (f"{call_id}-{n},nobody,104,{INDIA},{now()},61\n" for n in range(1_001))
    content = HEADER + "".join(rows)
    assert (await send(client, content, dry_run=True)).json()["rejected"] == 1_001
    refused = await send(client, content)
    assert (refused.status_code, refused.json()["code"]) == (422, "import-refused")
    assert await rejected_of(world, f"{call_id}-0") == []


# --- accounts -----------------------------------------------------------------------------------


async def test_codes_of_accounts_are_explained_with_the_file(world: World) -> None:
    account = world["customer"].account_id
    content = "call_id,accountcode,caller,destination,answered_at,seconds\n" + "".join(
        f"{fresh_id()},{code},104,{INDIA},{now()},61\n" for code in ("1004", "test", "1005")
    )
    codes = {"1004": account, "test": "ignore"}
    report = (await send(world["reseller"].program, content, accounts=codes, dry_run=True)).json()
    assert [call["status"] for call in report["data"]] == ["accepted", "ignored", "rejected"]
    assert report["data"][0]["account"] == account


async def test_a_file_may_be_one_accounts_or_its_callers(world: World) -> None:
    account = world["customer"].account_id
    content = f"call_id,src,dst,answered_at,billsec\n{fresh_id()},1004,{INDIA},{now()},61\n"
    client = world["reseller"].program
    needed = (await send(client, content, dry_run=True)).json()
    assert needed["code"] == "mapping-needed"
    assert needed["detail"].startswith("No column is the account.")
    ways: tuple[dict[str, Any], ...] = (
        {"account": account},
        {"account_from": "caller", "accounts": {"1004": account}},
    )
    for parameters in ways:
        report = (await send(client, content, dry_run=True, **parameters)).json()
        assert report["accepted"] == 1, report
    unknown = (await send(client, content, dry_run=True, account_from="caller")).json()
    assert "The caller “1004” is no international number" in unknown["data"][0]["detail"]


async def test_a_callers_number_says_the_account_that_had_it_already(world: World) -> None:
    number, client = world["customer"].numbers[0], world["reseller"].program
    answered = datetime.now(UTC).isoformat()
    earlier = (datetime.now(UTC) - timedelta(days=3)).isoformat()
    rows = (
        f"{fresh_id()},{number},{INDIA},{answered},61\n",
        f"{fresh_id()},{number.removeprefix('+')},{INDIA},{answered},61\n",
        f"{fresh_id()},{number},{INDIA},{earlier},61\n",
        f"{fresh_id()},+442079460000,{INDIA},{answered},61\n",
    )
    content = "call_id,caller,destination,answered_at,seconds\n" + "".join(rows)
    told: dict[str, Any] = {"account_from": "caller", "dial_format": "e164", "dry_run": True}
    first, second, third, fourth = (await send(client, content, **told)).json()["data"]
    account = world["customer"].account_id
    assert [(one["status"], one["account"]) for one in (first, second)] == [
        ("accepted", account)
    ] * 2
    assert "got the caller's number" in third["detail"]
    assert "No account has the caller's number" in fourth["detail"]
    others = (await send(world["other reseller"].program, content, **told)).json()["data"]
    assert {one["reason"] for one in others} == {"unknown-account"}
    assert "No account has" in others[0]["detail"]


# --- formats ------------------------------------------------------------------------------------


async def test_a_file_without_column_names_is_never_guessed_but_its_format_is_suggested(
    world: World,
) -> None:
    for name, wanted in (
        ("c1_asterisk_master.csv", "asterisk-master"),
        ("c2_freeswitch_master.csv", "freeswitch-csv"),
    ):
        answer = await send(world["reseller"].program, (INPUTS / name).read_bytes(), dry_run=True)
        assert answer.status_code == 422
        needed = answer.json()
        assert (needed["code"], needed["format"]) == ("mapping-needed", wanted)
        assert f"send it with the format `{wanted}`" in needed["detail"]


async def test_local_times_need_a_time_zone(world: World) -> None:
    content = (INPUTS / "c1_asterisk_master.csv").read_bytes()
    client = world["reseller"].program
    answer = await send(client, content, format="asterisk-master", dry_run=True)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/time_zone"
    wrong = await send(client, content, format="asterisk-master", time_zone="Mars", dry_run=True)
    assert "Give the time zone by its name" in wrong.json()["detail"]


async def test_a_call_that_asterisk_says_nobody_answered_is_not_charged(world: World) -> None:
    content = (INPUTS / "c1_asterisk_master.csv").read_bytes()
    parameters = {"format": "asterisk-master", "time_zone": "America/New_York"}
    report = (await send(world["reseller"].program, content, **parameters)).json()
    assert (report["rows"], report["calls"], report["not_answered"]) == (3, 1, 1)
    (call,) = report["data"]
    assert call["lines"] == [1, 2, 3]
    assert call["detail"].startswith("Line 1: 60 seconds, but “NO ANSWER” says")


async def test_freeswitchs_busy_leg_is_not_charged_but_its_answered_one(world: World) -> None:
    content = (INPUTS / "c2_freeswitch_master.csv").read_bytes()
    report = (
        await send(
            world["reseller"].program,
            content,
            format="freeswitch-csv",
            time_zone="Europe/Madrid",
            accounts={"1004": world["customer"].account_id},
            dry_run=True,
        )
    ).json()
    assert (report["rows"], report["calls"]) == (2, 1)
    (call,) = report["data"]
    assert call["answered_at"] == "2020-02-11T10:13:00Z"
    assert (call["seconds"], call["reason"]) == (20, "too-late")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
async def test_a_table_may_come_in_any_form(world: World, separator: str) -> None:
    account, client = world["customer"].account_id, world["reseller"].program
    header = ["Bill Sec", "Called Number", "Account Code", "Answer Time", "Call ID"]
    cells = ["1:01", INDIA, account, now(), fresh_id()]
    text = f"{separator.join(header)}\n{separator.join(cells)}\n"
    for content, kind in (
        (text.encode(), CSV),
        (text.encode("utf-16"), CSV),
        (gzip.compress(text.encode()), GZIP),
        (workbook({"S": rows_of_texts([header, cells])}), XLSX),
    ):
        report = (await send(client, content, kind, dry_run=True)).json()
        assert report["accepted"] == 1, report
        assert report["data"][0]["seconds"] == 61


async def test_prices_of_another_system_must_be_ignored_by_name(world: World) -> None:
    content = HEADER.replace("\n", ",cost\n") + row(world, fresh_id()).replace("\n", ",0.50\n")
    client = world["reseller"].program
    needed = (await send(client, content, dry_run=True)).json()
    assert needed["code"] == "mapping-needed"
    assert [one["name"] for one in needed["columns"] if one["needs_answer"]] == ["cost"]
    report = await send(client, content, mapping={"cost": "ignore"}, dry_run=True)
    assert report.json()["accepted"] == 1


async def test_dates_of_two_readings_need_an_order(world: World) -> None:
    account, client = world["customer"].account_id, world["reseller"].program
    text = f"{HEADER}{fresh_id()},{account},104,{INDIA},03/04/2026 09:30,61\n"
    needed = (await send(client, text, time_zone="UTC", dry_run=True)).json()
    assert needed["code"] == "mapping-needed"
    assert "2026-04-03 or 2026-03-04" in needed["detail"]
    mapping = {"answered_at": "answered_at_day_first"}
    report = (await send(client, text, time_zone="UTC", mapping=mapping, dry_run=True)).json()
    assert report["data"][0]["answered_at"] == "2026-04-03T09:30:00Z"


@pytest.mark.parametrize(
    ("content", "parameters", "cause"),
    [
        ("", {}, "empty"),
        (HEADER, {}, "no rows"),
        ("%PDF-1.7", {}, "PDF"),
        (HEADER + "a,b,c,d,e,f\n", {"format": "asterisk-master"}, "has column names"),
        ("1,2,3\n4,5,6\n", {"format": "freeswitch-csv"}, "The row has 3 columns"),
        (HEADER + "a,b,c,d,e,1\n", {"accounts": "[1]"}, "JSON object"),
        (HEADER + "a,b,c,d,e,1\n", {"format": "excel"}, "errors"),
        (HEADER + "a,b,c,d,e,1\n" * 20_001, {}, "more than 20,000 rows"),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused_with_what_to_do(
    world: World, content: str, parameters: dict[str, Any], cause: str
) -> None:
    sent: dict[str, Any] = {"content": content, "headers": {"Content-Type": CSV}}
    answer = await world["reseller"].program.post("/v1/calls/imports", params=parameters, **sent)
    assert answer.status_code in (400, 413, 422), answer.text
    assert cause in answer.json()["detail"]


# --- JSON ---------------------------------------------------------------------------------------


def leg_of_freeswitch(account: str, destination: str = INDIA) -> Json:
    """Return a leg of a call that was answered a moment ago, as mod_json_cdr writes it."""
    answered = int((datetime.now(UTC) - timedelta(seconds=65)).timestamp())
    variables = {
        "uuid": fresh_id(),
        "direction": "outbound",
        "accountcode": account,
        "answer_epoch": str(answered),
        "billsec": "61",
    }
    profile = {"caller_id_number": "104", "destination_number": destination}
    return {"variables": variables, "callflow": [{"caller_profile": profile}]}


async def test_json_of_a_switch_is_suggested_and_read_when_it_is_stated(world: World) -> None:
    client = world["reseller"].program
    record = json.dumps(leg_of_freeswitch(world["customer"].account_id))
    needed = await send(client, record, "application/json", dry_run=True)
    assert needed.status_code == 422
    assert needed.json()["format"] == "freeswitch-json"
    name = {"format": "freeswitch-json"}
    for content, kind in (
        (record.encode(), "application/json"),
        (f"[{record}]".encode(), CSV),
        (gzip.compress(record.encode()), GZIP),
    ):
        report = (await send(client, content, kind, dry_run=True, **name)).json()
        assert (report["rows"], report["accepted"]) == (1, 1), report
        assert report["data"][0]["seconds"] == 61
    wrong = (await send(client, record, format="kazoo-json", dry_run=True)).json()
    assert "They look like `freeswitch-json`" in wrong["detail"]


async def test_json_that_is_no_call_is_refused_with_what_to_do(world: World) -> None:
    client = world["reseller"].program
    content = (INPUTS / "c5_short_codes_and_formats.json").read_bytes()
    refused = await send(client, content, "application/json", dry_run=True)
    assert "of no format that we know" in refused.json()["detail"]
    broken = await send(client, '{"variables": ', format="freeswitch-json", dry_run=True)
    assert "isn't valid JSON (line 1)" in broken.json()["detail"]
    packed = gzip.compress(b"[" + b" " * 40_000_000 + b"]")
    bomb = await send(client, packed, GZIP, format="kazoo-json", dry_run=True)
    assert bomb.status_code == 413
