"""Each list that is a file can be sent back as it is, and nothing changes by it."""

from typing import Any

import httpx
import pytest

from gateway.files.tables import TableOptions, as_csv, read_upload
from gateway.portal.column_mapping import sent_options
from gateway.portal.forms import Form
from services.chassis.tables import Limits
from tests.gateway.features.calls.test_calls import charged, new_account, record
from tests.gateway.world import Tenant, World, fresh_key, fresh_numbers

CSV = {"Content-Type": "text/csv"}
NAMES = ("=1+1", "'=1+1", "''@x", "'India", "+44 x", "-", "a; b, “c”", "Zürich 日本", "@")


async def export(tenant: Tenant, path: str, **parameters: str) -> bytes:
    """Return a list as a file."""
    answer = await tenant.program.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.content


async def take_back(tenant: Tenant, path: str, content: bytes, **parameters: str) -> dict[str, Any]:
    """Send a file to a door, and return the report."""
    headers = {**fresh_key(), **CSV}
    answer: httpx.Response = await tenant.program.post(
        path, content=content, headers=headers, params=parameters
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.parametrize("mode", ["upsert", "replace"])
async def test_rates_come_back_unchanged(world: World, mode: str) -> None:
    reseller = world["reseller"]
    body = {"name": world.order("Back")["name"]}
    sheet = (await reseller.program.post("/v1/rate-sheets", json=body)).headers["location"]
    rows = [
        {"prefix": f"{910 + n}", "rate": "0.01234567", "name": name, "increment": 6, "grace": 3}
        for n, name in enumerate(NAMES)
    ]
    rows.append({"prefix": "881", "rate": "2.5", "blocked": True, "connect_fee": "0.000001"})
    for row in rows:
        prefix = row.pop("prefix")
        put = await reseller.program.put(
            f"{sheet}/rates/{prefix}",
            json=row,
            headers={"If-Match": "*"},
            params={"effective_from": "2027-01-01T00:00:00Z"} if prefix == "911" else None,
        )
        assert put.status_code == 200, put.text
    exported = await export(reseller, f"{sheet}/export")
    assert exported.startswith(b"\xef\xbb\xbfprefix,")
    assert exported.count(b",0.01234567,") == len(NAMES)
    report = await take_back(reseller, f"{sheet}/imports", exported, mode=mode)
    assert (report["unchanged"], report["refused"]) == (len(rows), [])
    assert (report["added"], report["changed"], report["removed"]) == (0, 0, 0)
    assert await export(reseller, f"{sheet}/export") == exported


async def test_numbers_come_back_unchanged(world: World) -> None:
    reseller, operator = world["reseller"], world["operator"]
    spare, held = fresh_numbers(2)
    stock = f"/v1/resellers/{reseller.account_id}/numbers"
    text = f"number,setup_fee,monthly_fee\n{spare},1.0001,2\n{held},3,4\n".encode()
    assert (await take_back(operator, stock, text))["added"] == 2
    hold = await reseller.program.post(
        "/v1/numbers/reservations", json={"numbers": [held]}, headers=fresh_key()
    )
    assert hold.status_code == 201
    exported = await export(reseller, "/v1/numbers.csv")
    assert exported.startswith(b"\xef\xbb\xbfnumber,")
    rows = exported.count(b"\r\n") - 1
    for tenant, path in ((reseller, "/v1/numbers/imports"), (operator, stock)):
        report = await take_back(tenant, path, exported)
        assert (report["unchanged"], report["refused"]) == (rows, [])
        assert (report["added"], report["changed"], report["removed"]) == (0, 0, 0)
    assert await export(reseller, "/v1/numbers.csv") == exported


async def test_calls_come_back_without_a_question_and_are_charged_already(world: World) -> None:
    reseller, switch = world["reseller"], world["switch"].program
    account = await new_account(world, minutes=0)
    records = [record(account, 60 + count) for count in range(3)]
    await switch.post("/v1/calls/batch", json=records)
    await charged(reseller.program, account, len(records))
    exported = await export(reseller, f"/v1/accounts/{account['id']}/calls.csv")
    answer = await reseller.program.post(
        "/v1/calls/imports", content=exported, headers=CSV, params={"account": account["id"]}
    )
    assert answer.status_code == 202, answer.text
    report = answer.json()
    assert (report["already_charged"], report["accepted"]) == (len(records), 0)
    assert {one["call_id"] for one in report["data"]} == {one["call_id"] for one in records}
    assert await export(reseller, f"/v1/accounts/{account['id']}/calls.csv") == exported


async def test_a_price_is_ignored_by_name_in_no_list_of_calls_but_our_own(world: World) -> None:
    columns = ["call_id", "answered_at", "caller", "destination", "country", "seconds"]
    foreign = ",".join([*columns, "rate", "cost", "charged_at"])
    row = "x-1,2026-11-20T10:00:00Z,104,+919876543210,IN,60,0.01,0.01,2026-11-20T10:02:00Z"
    answer = await world["reseller"].program.post(
        "/v1/calls/imports", content=f"{foreign}\n{row}\n", headers=CSV
    )
    assert answer.json()["code"] == "mapping-needed"
    assert "“rate”, “cost”" in answer.json()["detail"]


async def test_a_file_that_waits_in_a_page_reads_as_it_did_before() -> None:
    content = "\ufeffprefix,rate,name\n91,1,''=1\n92,1,'=1\n93,1,\"a\nb\"\n94,1,'x\n".encode()
    found = await read_upload(content, "rates", TableOptions(), Limits())
    again = await read_upload(
        as_csv(found.table).encode(), "rates", sent_options(Form.empty(), is_file=False), Limits()
    )
    assert again.table.header == found.table.header
    assert [row.cells for row in again.table.rows] == [row.cells for row in found.table.rows]
