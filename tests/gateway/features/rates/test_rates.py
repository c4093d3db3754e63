"""The Rates Manager over HTTP: files, jobs, copies, versions, rates by hand."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from gateway.features.rates.actions import EXPORT_COLUMNS
from tests.gateway.features.accounts.test_accounts import problem_of
from tests.gateway.world import Json, World, delete_by_name, fresh_key
from tests.waiting import eventually

RATES = (
    "prefix,country,name,rate,connect_fee\n44,GB,United Kingdom,0.0120,0\n91,IN,India,0.0350,0.01\n"
)
AT_ONCE = {"Prefer": "respond-async"}


@pytest.fixture
async def sheet(world: World) -> AsyncIterator[str]:
    """Give the address of a sheet with two rates."""
    program = world["reseller"].program
    made = await program.post("/v1/rate-sheets", json={"name": world.order("Sheet")["name"]})
    path = made.headers["location"]
    answer = await upload(world, path, RATES)
    assert (answer.status_code, answer.json()["added"]) == (200, 2)
    yield path
    assert (await delete_by_name(program, path)).status_code == 204


async def upload(
    world: World,
    path: str,
    text: str,
    *,
    headers: dict[str, str] | None = None,
    **parameters: str,
) -> httpx.Response:
    sent = {"Content-Type": "text/csv", **(headers or {})}
    address = f"{path}/imports"
    return await world["reseller"].program.post(
        address, content=text, headers=sent, params=parameters
    )


async def rates(world: World, path: str, **parameters: Any) -> dict[str, str]:  # noqa: ANN401 - a query
    answer = await world["reseller"].program.get(f"{path}/rates", params=parameters)
    assert answer.status_code == 200, answer.text
    return {rate["prefix"]: rate["rate"] for rate in answer.json()["data"]}


async def etag(world: World, path: str) -> dict[str, str]:
    answer = await world["reseller"].program.get(path)
    return {"If-Match": answer.headers["etag"]}


async def test_an_import_that_is_not_waited_for_is_asked_for_at_its_address(
    world: World, sheet: str
) -> None:
    program = world["reseller"].program
    answer = await upload(world, sheet, "prefix,rate\n33,0.02\n", headers=AT_ONCE, mode="replace")
    assert answer.status_code == 202, answer.text
    where = answer.headers["location"]
    assert where == f"{sheet}/imports/{answer.json()['id']}"

    async def ended() -> dict[str, Any]:
        job = (await program.get(where)).json()
        assert job["state"] == "done", job
        return job

    job = await eventually(ended)
    assert (job["kind"], job["mode"], job["revision"]) == ("import", "replace", 2)
    assert (job["report"]["added"], job["report"]["removed"]) == (1, 2)
    assert await rates(world, sheet) == {"33": "0.02"}


async def test_an_import_with_a_key_is_done_once(world: World, sheet: str) -> None:
    headers = fresh_key()
    first = await upload(world, sheet, "prefix,rate\n33,0.02\n", headers=headers)
    again = await upload(world, sheet, "prefix,rate\n33,0.02\n", headers=headers)
    assert first.json() == again.json()
    assert first.headers["location"] == again.headers["location"]
    other = await upload(world, sheet, "prefix,rate\n33,0.03\n", headers=headers)
    assert problem_of(other) == (422, "idempotency-key-reused")
    contents = (await world["reseller"].program.get(f"{sheet}/revisions")).json()["data"]
    assert [one["number"] for one in contents] == [2, 1]


async def test_refused_rows_are_told_and_can_be_downloaded_harmlessly(
    world: World, sheet: str
) -> None:
    text = "prefix,rate\n33,0.02\n4.4E+11,0.1\n34,=2+5\n"
    looked = await upload(world, sheet, text, dry_run="true")
    assert looked.status_code == 200
    assert [row["line"] for row in looked.json()["refused"]] == [3, 4]
    answer = await upload(world, sheet, text)
    assert problem_of(answer) == (422, "import-refused")
    problem = answer.json()
    assert problem["report"]["refused_count"] == 2
    for where in (looked.headers["location"], f"{sheet}/imports/{problem['import_id']}"):
        download = await world["reseller"].program.get(f"{where}/refused")
        assert download.headers["content-type"].startswith("text/csv")
        header, *rows = csv.reader(io.StringIO(download.content.decode("utf-8-sig")))
        assert header == ["line", "column", "value", "reason"]
        assert [row[:3] for row in rows] == [["3", "prefix", "4.4E+11"], ["4", "rate", "'=2+5"]]
    assert await rates(world, sheet) == {"44": "0.012", "91": "0.035"}


async def test_a_sheet_that_is_being_changed_takes_no_other_change(
    world: World, sheet: str
) -> None:
    # so many that they are still being read when the next request has come
    many = "\n".join(["prefix,rate", *(f"{prefix},0.01" for prefix in range(200_000, 299_000))])
    assert (await upload(world, sheet, many, headers=AT_ONCE)).status_code == 202
    assert problem_of(await upload(world, sheet, RATES)) == (409, "rate-sheet-busy")
    deleted = await delete_by_name(world["reseller"].program, sheet)
    assert problem_of(deleted) == (409, "rate-sheet-busy")

    async def is_free() -> bool:
        found = (await world["reseller"].program.get(sheet)).json()
        return found["import_id"] is None and found["rates"] == 99_002

    await eventually(is_free)


async def test_a_file_of_another_system_is_read_as_it_is(world: World, sheet: str) -> None:
    text = "Target Pattern Name,Prefix,Per minute charge,Connection charge,Charge period\n"
    answer = await upload(world, sheet, f"{text}India,+91,0.05,0,30\n", mode="replace")
    assert answer.status_code == 200, answer.text
    assert await rates(world, sheet) == {"91": "0.05"}


async def test_a_file_beyond_the_limits_is_refused(world: World, sheet: str) -> None:
    too_long = "prefix,rate\n" + "x" * 10_000_000
    assert problem_of(await upload(world, sheet, too_long)) == (413, "body-too-large")


async def test_a_copy_has_its_margin_and_its_own_life(world: World, sheet: str) -> None:
    program = world["reseller"].program
    name = world.order("Copy")["name"]
    body = {"name": name, "margin_percent": "-50"}
    answer = await program.post(f"{sheet}/copies", json=body, headers=(key := fresh_key()))
    assert answer.status_code == 201, answer.text
    copy = answer.headers["location"]
    assert (answer.json()["name"], answer.json()["rates"]) == (name, 2)
    assert answer.headers["etag"] == (await program.get(copy)).headers["etag"]
    assert await rates(world, copy) == {"44": "0.006", "91": "0.0175"}
    again = await program.post(f"{sheet}/copies", json=body, headers=key)
    assert again.headers["location"] == copy
    taken = await program.post(f"{sheet}/copies", json={"name": name, "margin_percent": "x"})
    assert taken.status_code == 422
    assert [error["pointer"] for error in taken.json()["errors"]] == ["/name", "/margin_percent"]
    assert (await delete_by_name(program, copy)).status_code == 204


async def test_rates_are_changed_by_hand_under_a_lock_and_gone_back_from(
    world: World, sheet: str
) -> None:
    program = world["reseller"].program
    seen = await etag(world, sheet)
    body = {"rate": "0.0500", "name": "India mobile", "increment": 1}
    bare = await program.put(f"{sheet}/rates/9198", json=body)
    assert problem_of(bare) == (428, "if-match-required")
    answer = await program.put(f"{sheet}/rates/9198", json=body, headers=seen)
    assert answer.status_code == 200, answer.text
    assert answer.json()["rates"] == 3
    stale = await program.put(f"{sheet}/rates/9198", json=body, headers=seen)
    assert problem_of(stale) == (412, "version-conflict")
    dated = {"effective_from": "2027-01-01T00:00:00Z"}
    headers = {"If-Match": answer.headers["etag"]}
    await program.put(f"{sheet}/rates/91", json={"rate": "9"}, headers=headers, params=dated)
    removed = await program.delete(f"{sheet}/rates/91", headers={"If-Match": "*"})
    assert removed.json()["rates"] == 3
    missing = await program.delete(f"{sheet}/rates/91", headers={"If-Match": "*"})
    assert problem_of(missing) == (404, "not-found")
    assert await rates(world, sheet) == {"44": "0.012", "91": "9.00", "9198": "0.05"}
    faulty = {"rate": "-1", "country": "ZZ", "increment": 0}
    refused = await program.put(f"{sheet}/rates/0", json=faulty, headers={"If-Match": "*"})
    assert [error["pointer"] for error in refused.json()["errors"]] == [
        "/prefix",
        "/rate",
        "/increment",
        "/country",
    ]
    contents = (await program.get(f"{sheet}/revisions")).json()["data"]
    assert [(one["number"], one["kind"]) for one in contents] == [
        (4, "edit"),
        (3, "edit"),
        (2, "edit"),
        (1, "import"),
    ]
    back = await program.post(f"{sheet}/restore", json={"revision": 1})
    assert (back.status_code, back.json()["revision"]) == (200, 5)
    assert await rates(world, sheet) == await rates(world, sheet, revision=1)
    nowhere = await program.post(f"{sheet}/restore", json={"revision": 77})
    assert problem_of(nowhere) == (404, "not-found")


async def test_a_prefix_that_no_rate_can_have_is_refused(world: World, sheet: str) -> None:
    program = world["reseller"].program
    for prefix in ("9" * 17, "9" * 32, "9" * 100):
        path, headers = f"{sheet}/rates/{prefix}", {"If-Match": "*"}
        for answer in (
            await program.put(path, json={"rate": "0.05"}, headers=headers),
            await program.delete(path, headers=headers),
        ):
            assert problem_of(answer) == (422, "invalid-fields")
            assert answer.json()["errors"][0]["parameter"] == "prefix"


async def test_deleting_a_sheet_takes_the_typed_name(world: World) -> None:
    program, name = world["reseller"].program, world.order("Sheet")["name"]
    path = (await program.post("/v1/rate-sheets", json={"name": name})).headers["location"]
    unconfirmed = await program.delete(path)
    assert problem_of(unconfirmed) == (422, "invalid-fields")
    assert [error["parameter"] for error in unconfirmed.json()["errors"]] == ["confirm_name"]
    for typed in ("", "Another", name.upper()):
        wrong = await program.delete(path, params={"confirm_name": typed})
        assert problem_of(wrong) == (422, "name-does-not-match")
        assert [error["pointer"] for error in wrong.json()["errors"]] == ["/confirm_name"]
    assert (await program.delete(path, params={"confirm_name": f" {name} "})).status_code == 204


@pytest.mark.parametrize(
    ("change", "body", "other"),
    [
        ("PATCH ", {"name": "Renamed {}"}, {"name": "Another {}"}),
        ("PUT /rates/4420", {"rate": "0.05"}, {"rate": "0.06"}),
        ("DELETE /rates/44", None, None),
    ],
)
async def test_a_repeated_change_of_whatever_version_is_made_once(
    world: World, sheet: str, change: str, body: Json | None, other: Json | None
) -> None:
    method, _, path = change.partition(" ")
    program = world["reseller"].program
    headers = {"If-Match": "*", **fresh_key()}
    unique = headers["Idempotency-Key"]

    async def send(sent: Json | None, **parameters: str) -> httpx.Response:
        named = {name: str(value).format(unique) for name, value in (sent or {}).items()}
        return await program.request(
            method, f"{sheet}{path}", json=named or None, headers=headers, params=parameters
        )

    first = await send(body)
    assert first.status_code == 200, first.text
    again = await send(body)
    assert (again.status_code, again.json()) == (200, first.json())
    changed = (
        await send(other) if other else await send(None, effective_from="2027-01-01T00:00:00Z")
    )
    assert problem_of(changed) == (422, "idempotency-key-reused")


async def test_an_archived_sheet_is_chosen_by_nobody_and_listed_apart(
    world: World, sheet: str
) -> None:
    program = world["reseller"].program
    answer = await program.post(f"{sheet}/archive")
    assert answer.json()["archived_at"] is not None
    order = world.order("Archived")
    order["plan"]["rate_sheet_id"] = sheet.rpartition("/")[2]
    quote = await program.post("/v1/accounts/quote", json=order)
    assert [error["pointer"] for error in quote.json()["errors"]] == ["/plan/rate_sheet_id"]
    listed = await program.get("/v1/rate-sheets", params={"archived": "true"})
    assert sheet.rpartition("/")[2] in {one["id"] for one in listed.json()["data"]}
    usable = await program.get("/v1/rate-sheets", params={"archived": "false"})
    assert sheet.rpartition("/")[2] not in {one["id"] for one in usable.json()["data"]}
    assert (await program.post(f"{sheet}/unarchive")).json()["archived_at"] is None
    assert (await program.post("/v1/accounts/quote", json=order)).status_code == 200


async def test_an_export_of_many_pages_is_imported_as_no_change(world: World, sheet: str) -> None:
    rows = [f"{prefix},0.0{prefix % 90 + 10},2027-01-01" for prefix in range(200_000, 202_500)]
    text = "\n".join(["prefix,rate,effective_from", *rows])
    assert (await upload(world, sheet, text)).status_code == 200
    program = world["reseller"].program
    exported = await program.get(f"{sheet}/export")
    assert len(exported.text.splitlines()) == 2_503
    answer = await upload(world, sheet, exported.text, mode="replace")
    assert answer.json() == {
        "dry_run": False,
        "added": 0,
        "changed": 0,
        "unchanged": 2_502,
        "removed": 0,
        "refused": [],
        "refused_count": 0,
        "differences": [],
        "cheaper": 0,
        "dearer": 0,
        "unblocked": 0,
        "columns": [{"name": name, "meaning": name} for name in EXPORT_COLUMNS],
        "mapping_remembered": False,
    }
    earlier = await program.get(f"{sheet}/export", params={"revision": 1})
    assert len(earlier.text.splitlines()) == 3
    gone = await program.get(f"{sheet}/export", params={"revision": 77})
    assert problem_of(gone) == (404, "not-found")
