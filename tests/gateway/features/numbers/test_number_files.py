"""Files of numbers as operators have them: read with right values, or refused with the cause."""

import gzip
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.files.uploads import GZIP, XLSX
from tests.gateway.world import World, fresh_key, fresh_numbers
from tests.workbooks import rows_of_texts, workbook

INPUTS = Path(__file__).parents[3] / "inputs" / "numbers"
CSV = "text/csv"


async def send(
    world: World, content: bytes | str, kind: str = CSV, **parameters: object
) -> httpx.Response:
    """Give the reseller the numbers of a file."""
    mapping = parameters.pop("mapping", None)
    if mapping is not None:
        parameters["mapping"] = json.dumps(mapping)
    path = f"/v1/resellers/{world['reseller'].account_id}/numbers"
    headers = {**fresh_key(), "Content-Type": kind}
    sent: dict[str, Any] = {"content": content, "headers": headers, "params": parameters}
    return await world["operator"].program.post(path, **sent)


def taken(answer: httpx.Response) -> tuple[int, list[Any]]:
    """Return how many numbers were added, and what was refused."""
    return answer.json()["added"], answer.json()["refused"]


async def fees_of(world: World, number: str) -> tuple[str, str] | None:
    """Return the set-up and monthly fee of a number of the stock; None if it isn't there."""
    query = {"q": number.removeprefix("+"), "limit": 1}
    found = (await world["reseller"].program.get("/v1/numbers", params=query)).json()["data"]
    return (found[0]["setup_fee"], found[0]["monthly_fee"]) if found else None


async def test_fees_are_those_of_their_columns_in_any_order(world: World) -> None:
    answer = await send(world, (INPUTS / "x1_swapped_header.csv").read_bytes())
    assert taken(answer) == (2, [])
    assert await fees_of(world, "+441282777740") == ("2.00", "5.00")


async def test_a_column_that_is_not_understood_is_asked_for_and_nothing_is_stored(
    world: World,
) -> None:
    content = (INPUTS / "x2_did_perminute.csv").read_bytes()
    answer = await send(world, content)
    assert answer.status_code == 422
    assert answer.json()["code"] == "mapping-needed"
    assert "“Per Minute Cost”" in answer.json()["detail"]
    assert answer.json()["columns"][1] == {
        "name": "Per Minute Cost",
        "samples": ["0.01"],
        "suggestion": None,
        "needs_answer": True,
    }
    assert await fees_of(world, "+441282777742") is None
    mapping = dict.fromkeys(["Per Minute Cost", "Initial Increment", "Increment"], "ignore")
    assert (await send(world, content, mapping=mapping)).json()["added"] == 1
    assert await fees_of(world, "+441282777742") == ("4.00", "5.00")


async def test_numbers_without_a_plus_need_a_stated_format(world: World) -> None:
    content = (INPUTS / "d01_ov500_did.csv").read_bytes()
    assert (await send(world, content)).json()["code"] == "mapping-needed"
    mapping = {
        "DID": "number_without_plus",
        "Rental": "monthly_fee",
        **dict.fromkeys(["DID Name", "Call Rate", "Connection Charge"], "ignore"),
        **dict.fromkeys(["Minimum Time", "Resolution Time", "Channels"], "ignore"),
    }
    assert taken(await send(world, content, mapping=mapping)) == (3, [])
    assert await fees_of(world, "+441282777711") == ("2.56", "2.56")


async def test_a_decimal_comma_is_read_and_a_missing_plus_is_named(world: World) -> None:
    content = (INPUTS / "d06_semicolon.csv").read_bytes()
    (refused,) = (await send(world, content)).json()["refused"]
    assert refused["detail"].startswith("The number has no +.")
    answer = await send(world, content, mapping={"number": "number_without_plus"})
    assert answer.json()["added"] == 1
    assert await fees_of(world, "+441282777730") == ("2.56", "2.56")


async def test_each_refused_row_has_a_sentence_that_names_its_cause(world: World) -> None:
    report = (await send(world, (INPUTS / "d05_number_fixed_header.csv").read_bytes())).json()
    assert report["added"] == 1
    causes = {row["line"]: row["detail"] for row in report["refused"]}
    expected = {
        2: "has no +",
        4: "country code is missing",
        5: "begins with 00",
        6: "has no +",
        7: "A spreadsheet has shortened",
        8: "range",
        9: "has no +",
        10: "has no +",
        11: "A spreadsheet has given this number decimals",
    }
    assert causes.keys() == expected.keys()
    assert all(expected[line] in causes[line] for line in expected)
    assert await fees_of(world, "+441282777715") == ("2.56", "2.56")


async def test_a_row_with_more_values_than_columns_is_refused(world: World) -> None:
    first, second = fresh_numbers(2)
    text = f"number,setup_fee,monthly_fee\n{first},2,56,2,56\n{second},1.00,2.00\n"
    report = (await send(world, text)).json()
    assert (report["added"], [row["line"] for row in report["refused"]]) == (1, [2])
    assert "5 values, but the table has 3 columns" in report["refused"][0]["detail"]
    assert await fees_of(world, first) is None


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
async def test_a_file_may_come_in_any_form(world: World, separator: str) -> None:
    numbers = fresh_numbers(4)
    text = separator.join(["Monthly Fee", "Number", "Setup Fee"])
    rows = {number: f"{text}\n{separator.join(['2.50', number, '1.00'])}\n" for number in numbers}
    packed = gzip.compress(rows[numbers[2]].encode())
    sheet = workbook({"S": rows_of_texts([["Number", "MRC", "NRC"], [numbers[3], "2.5", "1"]])})
    for content, kind in (
        (rows[numbers[0]].encode(), CSV),
        (rows[numbers[1]].encode("utf-16"), CSV),
        (packed, GZIP),
        (sheet, XLSX),
    ):
        answer = await send(world, content, kind)
        assert taken(answer) == (1, []), answer.text
    for number in numbers:
        assert await fees_of(world, number) == ("1.00", "2.50")


async def test_columns_without_names_are_asked_for_by_position(world: World) -> None:
    (number,) = fresh_numbers(1)
    answer = await send(world, f"{number},2.50,1.00\n")
    assert answer.json()["code"] == "mapping-needed"
    assert answer.json()["detail"].startswith("The first row has no column names.")
    mapping = {"1": "number", "2": "monthly_fee", "3": "setup_fee"}
    answer = await send(world, f"{number},2.50,1.00\n", mapping=mapping)
    assert answer.json()["added"] == 1
    assert await fees_of(world, number) == ("1.00", "2.50")


async def test_an_encoding_is_suggested_and_must_be_confirmed(world: World) -> None:
    (number,) = fresh_numbers(1)
    content = f"number,comment\n{number},Café\n".encode("cp1252")
    needed = (await send(world, content)).json()
    assert (needed["code"], needed["encoding"]) == ("mapping-needed", "windows-1252")
    assert needed["columns"][1]["samples"] == ["Café"]
    assert (await send(world, content, encoding="windows-1252")).json()["added"] == 1


async def test_prices_in_another_currency_are_refused(world: World) -> None:
    (number,) = fresh_numbers(1)
    answer = await send(world, f"number,Monthly fee (EUR)\n{number},5\n")
    assert "“Monthly fee (EUR)” is not in USD" in answer.json()["detail"]
    (refused,) = (await send(world, f"number,monthly fee\n{number},€5\n")).json()["refused"]
    assert "in €, but prices are in USD" in refused["detail"]


@pytest.mark.parametrize(
    ("content", "parameters", "cause"),
    [
        ("", {}, "empty"),
        ("number\n", {}, "no rows"),
        ("%PDF-1.7", {}, "PDF"),
        ("number\n+1415\n", {"mapping": "x"}, "JSON object"),
        ("number\n+1415\n", {"mapping": {"number": "phone"}}, "not a meaning"),
        ("number\n+1415\n", {"mapping": {"no": "ignore"}}, "no column “no”"),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused_with_what_to_do(
    world: World, content: str, parameters: dict[str, Any], cause: str
) -> None:
    answer = await send(world, content, **parameters)
    assert answer.status_code in (400, 422)
    assert cause in answer.json()["detail"]
