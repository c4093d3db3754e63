"""Files of rates over HTTP: a question where a column isn't clear, and the right rates after it."""

import gzip
import json

import httpx
import pytest

from gateway.files.uploads import GZIP, XLSX
from tests.gateway.world import World
from tests.workbooks import rows_of_texts, workbook

TEXT = "Country Code;Destination;Sell Rate;Buy Rate\n91;India;0,0350;0,02\n44;UK;0,0120;0,01\n"
MAPPING = {"Country Code": "prefix", "Sell Rate": "rate", "Buy Rate": "ignore"}


async def upload(
    world: World, path: str, content: bytes | str, kind: str = "text/csv", **parameters: str
) -> httpx.Response:
    """Import a file."""
    return await world["reseller"].program.post(
        f"{path}/imports", content=content, headers={"Content-Type": kind}, params=parameters
    )


async def rates(world: World, path: str) -> dict[str, str]:
    """Return the rate of each prefix of a sheet."""
    found = (await world["reseller"].program.get(f"{path}/rates")).json()["data"]
    return {rate["prefix"]: rate["rate"] for rate in found}


async def test_a_column_that_is_not_clear_is_asked_for_and_nothing_is_stored(
    world: World, sheet: str
) -> None:
    answer = await upload(world, sheet, TEXT)
    assert (answer.status_code, answer.json()["code"]) == (422, "mapping-needed")
    columns = {one["name"]: one for one in answer.json()["columns"]}
    assert [one["suggestion"] for one in columns.values()] == ["prefix", "name", "rate", "ignore"]
    assert columns["Sell Rate"]["samples"] == ["0,0350", "0,0120"]
    found = (await world["reseller"].program.get(sheet)).json()
    assert (found["import_id"], found["revision"]) == (None, 0)


async def test_the_same_file_with_its_mapping_is_imported(world: World, sheet: str) -> None:
    mapping = json.dumps(MAPPING)
    looked = await upload(world, sheet, TEXT, mapping=mapping, dry_run="true")
    assert (looked.json()["added"], looked.json()["refused"]) == (2, [])
    answer = await upload(world, sheet, TEXT, mapping=mapping)
    assert answer.status_code == 200, answer.text
    assert await rates(world, sheet) == {"91": "0.035", "44": "0.012"}


@pytest.mark.parametrize("kind", ["utf-16", "gzip", "xlsx"])
async def test_a_file_may_be_compressed_a_workbook_or_any_unicode(
    world: World, sheet: str, kind: str
) -> None:
    rows = [["Dial code", "Rate"], ["91, 92", "$0.0350"], ["1201-1202", ".012"]]
    text = "\n".join(";".join(row) for row in rows)
    content, media = {
        "utf-16": (text.encode("utf-16"), "text/csv"),
        "gzip": (gzip.compress(text.encode()), GZIP),
        "xlsx": (workbook({"Rates": rows_of_texts(rows)}), XLSX),
    }[kind]
    answer = await upload(world, sheet, content, media)
    assert answer.status_code == 200, answer.text
    expected = {"91": "0.035", "92": "0.035", "1201": "0.012", "1202": "0.012"}
    assert await rates(world, sheet) == expected


async def test_lines_of_refused_rows_are_those_of_the_file(world: World, sheet: str) -> None:
    text = 'Rates of ACME, 2026\n\nprefix,rate,name\n\n91,x,"two\nlines"\n92,0.1,a\n'
    looked = await upload(world, sheet, text, dry_run="true")
    assert [row["line"] for row in looked.json()["refused"]] == [5]


async def test_an_export_comes_back_unchanged(world: World, sheet: str) -> None:
    text = 'prefix,rate,name,increment\n91,0.035,=India,60\n44,0.012,"a, b; c",1\n'
    assert (await upload(world, sheet, text)).status_code == 200
    export = await world["reseller"].program.get(f"{sheet}/export")
    report = (await upload(world, sheet, export.content, mode="replace", dry_run="true")).json()
    assert (report["unchanged"], report["changed"], report["refused"]) == (2, 0, [])


async def test_a_rate_has_up_to_8_decimals_wherever_it_is_shown_or_sent(
    world: World, sheet: str
) -> None:
    program = world["reseller"].program
    answer = await upload(world, sheet, "prefix,rate\n91,0.01234567\n44,0.30098304\n1,0.5\n")
    assert answer.status_code == 200, answer.text
    found = (await program.get(f"{sheet}/rates")).json()["data"]
    assert [(one["rate"], one["rate_exact"]) for one in found] == [
        ("0.50", None),
        ("0.30098304", "0.30098304"),
        ("0.01234567", "0.01234567"),
    ]
    put = await program.put(
        f"{sheet}/rates/91", json={"rate": "0.01234568"}, headers={"If-Match": "*"}
    )
    assert (put.json()["lowest_rate"], put.json()["lowest_rate_exact"]) == (
        "0.01234568",
        "0.01234568",
    )
    exported = (await program.get(f"{sheet}/export")).text
    assert ",0.01234568," in exported
    assert ",0.30098304," in exported
    report = (await upload(world, sheet, "prefix,rate\n91,0.01234567\n", dry_run="true")).json()
    (change,) = report["differences"]
    assert (change["rate_before_exact"], change["rate_after_exact"]) == (
        "0.01234568",
        "0.01234567",
    )
    assert (change["rate_before"], change["rate_after"]) == ("0.01234568", "0.01234567")
    assert (report["changed"], report["cheaper"], report["dearer"]) == (1, 1, 0)
    body = {"destination": "+919812345678", "seconds": 36_000}
    priced = (await program.post(f"{sheet}/price", json=body)).json()
    assert (priced["rate_exact"], priced["cost"]) == ("0.01234568", "7.4074")
    assert priced["rate"] == "0.01234568"
    countries = (await program.get(f"{sheet}/countries")).json()["data"]
    (india,) = [one for one in countries if one["country"] == "IN"]
    assert india["lowest_rate"] == india["highest_rate"] == "0.01234568"
    refused = await program.put(
        f"{sheet}/rates/91", json={"rate": "0.012345678"}, headers={"If-Match": "*"}
    )
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/rate")


async def test_the_pages_of_a_sheet_take_and_show_8_decimals(world: World, sheet: str) -> None:
    person = await world.sign_in(world["reseller"].email)
    page = sheet.removeprefix("/v1/rate-sheets")
    assert (await upload(world, sheet, "prefix,rate\n91,0.01234567\n")).status_code == 200
    assert "$0.01234567" in (await person.get(f"/rates{page}")).text
    assert "$0.01234567 – $0.01234567" in (await person.get("/rates")).text
    dialog = (await person.get(f"/rates{page}?dialog=rate&prefix=91")).text
    assert 'value="0.01234567"' in dialog
    typed = {"is_new": "no", "prefix": "91", "min_duration": "60", "increment": "60", "grace": "0"}
    version = (await world["reseller"].program.get(sheet)).json()["version"]
    form = {**typed, "version": str(version), "rate": "$0.012345678"}
    refused = await person.post(f"/rates{page}/rate", data=form)
    assert "Enter the rate with at most 8 decimals." in refused.text
    await person.post(f"/rates{page}/rate", data={**form, "rate": "$0.01234568"})
    assert "$0.01234568" in (await person.get(f"/rates{page}")).text
