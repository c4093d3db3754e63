"""Files of accounts that tests send, in every form that people have."""

import csv
import gzip
import io
import json
import uuid
from typing import Any, Final

import httpx

from gateway.files.uploads import GZIP, XLSX
from tests.gateway.world import Json, World
from tests.waiting import eventually
from tests.workbooks import rows_of_texts, workbook

PATH: Final = "/v1/accounts/imports"
HEADER: Final = (
    *("account name", "e-mail", "first name", "last name", "phone", "users", "cost per user"),
    "credit",
)
FORMS: Final = ("comma", "semicolon", "tab", "pipe", "utf-16", "gzip", "xlsx")


def person(name: str, **changes: str) -> dict[str, str]:
    """Return a row with this account, by column."""
    row = {
        "account name": name,
        "e-mail": f"{name.replace(' ', '.').lower()}@customer.example",
        "first name": "Ann",
        "last name": "Archer",
        "phone": "+14155550142",
        "users": "2",
        "cost per user": "10.00",
        "credit": "100.00",
    }
    return {**row, **{column.replace("_", " "): text for column, text in changes.items()}}


def fresh_people(count: int, **changes: str) -> list[dict[str, str]]:
    """Return rows with accounts that no other test has."""
    unique = uuid.uuid4().hex[:8]
    return [person(f"Filed {unique} {number}", **changes) for number in range(1, count + 1)]


def as_text(rows: list[dict[str, str]], separator: str = ",") -> str:
    """Return rows as text; the columns are those of the first row."""
    written = io.StringIO()
    writer = csv.DictWriter(written, list(rows[0]), delimiter=separator, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def as_file(rows: list[dict[str, str]], form: str) -> tuple[bytes, str]:
    """Return rows as a file in a form, and its media type."""
    if form == "xlsx":
        grid = [list(rows[0]), *(list(row.values()) for row in rows)]
        return workbook({"Accounts": rows_of_texts(grid)}), XLSX
    separators = {"semicolon": ";", "tab": "\t", "pipe": "|"}
    text = as_text(rows, separators.get(form, ","))
    if form == "gzip":
        return gzip.compress(text.encode()), GZIP
    return text.encode("utf-16" if form == "utf-16" else "utf-8"), "text/csv"


async def send(
    client: httpx.AsyncClient,
    rows: list[dict[str, str]] | bytes | str,
    *,
    key: str = "",
    kind: str = "text/csv",
    **parameters: Any,  # noqa: ANN401 - texts, or objects that are sent as JSON
) -> httpx.Response:
    """Send a file of accounts."""
    content = as_text(rows) if isinstance(rows, list) else rows
    headers = {"Content-Type": kind, **({"Idempotency-Key": key} if key else {})}
    texts = {
        name: json.dumps(value) if isinstance(value, dict) else str(value)
        for name, value in parameters.items()
    }
    return await client.post(PATH, content=content, headers=headers, params=texts)


async def check(
    client: httpx.AsyncClient,
    rows: list[dict[str, str]] | bytes | str,
    **parameters: Any,  # noqa: ANN401 - likewise
) -> Json:
    """Return the dry run of a file."""
    answer = await send(client, rows, dry_run="true", **parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def faults(report: Json) -> set[tuple[int, str, str]]:
    """Return the line, column and kind of each error."""
    return {(one["line"], one["column"], one["type"]) for one in report["errors"]}


async def finished(client: httpx.AsyncClient, where: str, seconds: float = 30) -> Json:
    """Return an import once it is done."""

    async def look() -> Json:
        found = (await client.get(where)).json()
        assert found["state"] == "done", found
        return found

    return await eventually(look, seconds=seconds)


async def names_of(world: World, search: str, reseller: str = "reseller") -> list[str]:
    """Return the names of the accounts that a search finds."""
    found = await world[reseller].program.get("/v1/accounts", params={"q": search, "limit": 100})
    return [account["name"] for account in found.json()["data"]]
