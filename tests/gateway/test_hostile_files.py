"""Files that no spreadsheet wrote, at every door: refused in words, soon, and nothing done."""

import gzip
import io
import random
import time
import zipfile
from collections.abc import AsyncIterator
from typing import Final

import httpx
import pytest

from gateway.files.uploads import GZIP, XLSX
from tests.gateway.page_forms import submit
from tests.gateway.world import World, delete_by_name, fresh_key

DOORS: Final = ("rates", "numbers", "accounts", "calls")
SECONDS_MAX: Final = 8.0
MANY: Final = 200_000_000
CSV: Final = "text/csv"


def workbook_bomb(sheet: bytes, *, size: int = 0) -> bytes:
    """Return a workbook whose sheet is this, followed by as many blanks."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(
            "xl/workbook.xml", '<workbook><sheets><sheet name="S" r:id="r1"/></sheets></workbook>'
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            '<Relationships><Relationship Id="r1" Type="x/worksheet" Target="s.xml"/>'
            "</Relationships>",
        )
        with archive.open("xl/s.xml", "w") as part:
            part.write(sheet)
            for _ in range(size // 1_000_000):
                part.write(b" " * 1_000_000)
    return packed.getvalue()


def gzip_bomb() -> bytes:
    """Return a small file that unpacks to 200 MB."""
    packed = io.BytesIO()
    with gzip.open(packed, "w") as written:
        for _ in range(MANY // 1_000_000):
            written.write(b"1" * 999_999 + b"\n")
    return packed.getvalue()


ENTITIES: Final = (
    b'<!DOCTYPE worksheet [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    b"<worksheet><sheetData><row><c><v>&b;</v></c></row></sheetData></worksheet>"
)
LAST_CELL: Final = (
    b'<worksheet><sheetData><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    b"</worksheet>"
)
NOISE: Final = random.Random(7).randbytes(2_000_000)  # noqa: S311 - the same in every run
FILES: Final[dict[str, tuple[bytes, str]]] = {
    "a gzip bomb": (gzip_bomb(), GZIP),
    "gzip twice": (gzip.compress(gzip.compress(b"a,b\n1,2\n")), GZIP),
    "half a gzip": (gzip.compress(b"a,b\n" * 1_000)[:-20], GZIP),
    "a workbook that is a bomb": (workbook_bomb(b"<worksheet>", size=MANY), XLSX),
    "a workbook with entities": (workbook_bomb(ENTITIES), XLSX),
    "a workbook with its last cell": (workbook_bomb(LAST_CELL), XLSX),
    "half a workbook": (workbook_bomb(LAST_CELL)[:-200], XLSX),
    "noise": (NOISE, CSV),
    "noise without zeros": (NOISE[:900_000].replace(b"\0", b"\1"), CSV),
    "zero bytes": (b"prefix,rate\n91,0\0.1\n", CSV),
    "only zero bytes": (bytes(1_000_000), CSV),
    "10,000 columns": (b",".join(b"c%d" % n for n in range(10_000)) + b"\n1\n", CSV),
    "ten million commas": (b"," * 9_900_000, CSV),
    "a cell of 1 MB": (b"prefix,rate\n" + b"9" * 1_000_000 + b",0.1\n", CSV),
    "an open quotation mark": (b'prefix,rate\n"91,0.1\n' + b"92,0.2\n" * 300_000, CSV),
    "quotation marks alone": (b'"' * 3_000_000, CSV),
    "ends of lines alone": (b"\n" * 5_000_000, CSV),
    "a million rows": (b"prefix,rate\n" + b"1,2\n" * 1_000_000, CSV),
    "deep JSON": (b"[" * 900_000, CSV),
    "XML that opens": (b"<cdr>" * 900_000, CSV),
    "more than 10 MB": (b"1" * 10_000_001, CSV),
}


@pytest.fixture
async def sheet(world: World) -> AsyncIterator[str]:
    """Make an empty rate sheet, and delete it afterwards."""
    program = world["reseller"].program
    made = await program.post("/v1/rate-sheets", json={"name": world.order("Hostile")["name"]})
    path = made.headers["location"]
    yield path
    assert (await delete_by_name(program, path)).status_code == 204


def door_of(door: str, sheet: str) -> tuple[str, str]:
    """Return where a door takes files from programs and from people."""
    page = sheet.replace("/v1/rate-sheets", "/rates")
    return {
        "rates": (f"{sheet}/imports", f"{page}/import"),
        "numbers": ("/v1/numbers/imports", "/numbers/import"),
        "accounts": ("/v1/accounts/imports", "/accounts/import"),
        "calls": ("/v1/calls/imports", "/calls/import"),
    }[door]


def refused_soon(answer: httpx.Response, began: float, what: str) -> str:
    """Return the text of a refusal; fails if it is none, or came late."""
    assert 400 <= answer.status_code < 500, f"{what}: {answer.status_code} {answer.text[:300]}"
    assert time.monotonic() - began < SECONDS_MAX, f"{what}: {time.monotonic() - began:.1f} s"
    return answer.text


@pytest.mark.alone
@pytest.mark.parametrize("door", DOORS)
async def test_programs_are_told_what_is_wrong_with_a_hostile_file(
    world: World, sheet: str, door: str
) -> None:
    path, _ = door_of(door, sheet)
    for what, (content, kind) in FILES.items():
        began = time.monotonic()
        answer = await world["reseller"].program.post(
            path,
            content=content,
            headers={"Content-Type": kind, **fresh_key()},
            params={"dry_run": "true"},
        )
        refused_soon(answer, began, f"{door}, {what}")
        assert len(answer.json()["detail"]) > 10, what
    assert (await world["reseller"].program.get(sheet)).json()["rates"] == 0


@pytest.mark.alone
@pytest.mark.parametrize("door", DOORS)
async def test_people_see_what_is_wrong_with_a_hostile_file(
    world: World, sheet: str, door: str
) -> None:
    _, path = door_of(door, sheet)
    person = await world.sign_in(world["reseller"].email)
    for what, (content, _) in FILES.items():
        began = time.monotonic()
        page = await submit(person, path, {"action": "check"}, content)
        text = refused_soon(page, began, f"{door}, {what}")
        assert len(text) < 2_500_000, f"{what}: a page of {len(text):,} characters"


async def test_formulas_in_cells_are_texts_and_stay_texts(world: World, sheet: str) -> None:
    program = world["reseller"].program
    name = '=HYPERLINK("http://127.0.0.1";1)'
    text = "prefix;rate;name\n91;0.1;{}\n".format(name.replace('"', '""').join('""'))
    answer = await program.post(f"{sheet}/imports", content=text, headers={"Content-Type": CSV})
    assert answer.status_code == 200, answer.text
    export = (await program.get(f"{sheet}/export")).text
    assert "'=HYPERLINK" in export
    assert ",=HYPERLINK" not in export
