"""What a column means is asked once per reseller and header: the second file needs no question."""

import json
from typing import Any

import httpx
import pytest

from contracts.tables import TableKind
from gateway.memory.mappings import MAPPINGS_MAX, MappingMemory, Mappings, Remembered
from services.chassis.database import Database
from tests.gateway.world import World, delete_by_name, fresh_key, fresh_numbers
from tests.harness import TestClock

Answers = dict[str, str]


async def look(
    world: World, path: str, content: bytes | str, mapping: Answers | None = None, **stated: str
) -> httpx.Response:
    """Check a file of rates."""
    parameters: dict[str, Any] = {"dry_run": "true", **stated}
    if mapping is not None:
        parameters["mapping"] = json.dumps(mapping)
    return await world["reseller"].program.post(
        f"{path}/imports", content=content, headers={"Content-Type": "text/csv"}, params=parameters
    )


def after(answer: httpx.Response) -> dict[str, str | None]:
    """Return the rate of each prefix that an import would add."""
    return {one["prefix"]: one["rate_after"] for one in answer.json()["differences"]}


async def test_the_second_file_with_the_same_columns_needs_no_question(
    world: World, sheet: str
) -> None:
    header = "Zone code;Retail;Wholesale\n"
    assert (await look(world, sheet, f"{header}91;0,03;0,02\n")).json()["code"] == "mapping-needed"
    mapping = {"Zone code": "prefix", "Retail": "rate", "Wholesale": "ignore"}
    first = await look(world, sheet, f"{header}91;0,03;0,02\n", mapping)
    assert first.json()["mapping_remembered"] is False
    second = await look(world, sheet, f"{header}44;0,05;0,04\n")
    assert after(second) == {"44": "0.05"}
    assert second.json()["mapping_remembered"] is True
    assert second.json()["columns"] == [
        {"name": name, "meaning": meaning} for name, meaning in mapping.items()
    ]


async def test_other_columns_or_another_order_are_asked_for_again(world: World, sheet: str) -> None:
    mapping = {"Zone nr": "prefix", "Retail": "rate", "Wholesale": "ignore"}
    assert (await look(world, sheet, "Zone nr,Retail,Wholesale\n91,3,2\n", mapping)).is_success
    for header in ("Zone nr,Wholesale,Retail", "Zone nr,Retail,Wholesale,Special"):
        answer = await look(world, sheet, f"{header}\n91,3,2,1\n")
        assert answer.json()["code"] == "mapping-needed"


async def test_an_explicit_mapping_wins_and_replaces_what_is_remembered(
    world: World, sheet: str
) -> None:
    text = "Zone id,Peak,Night\n91,0.30,0.20\n"
    peak = {"Zone id": "prefix", "Peak": "rate", "Night": "ignore"}
    night = {"Zone id": "prefix", "Peak": "ignore", "Night": "rate"}
    await look(world, sheet, text, peak)
    answer = await look(world, sheet, text, night)
    assert (after(answer), answer.json()["mapping_remembered"]) == ({"91": "0.20"}, False)
    assert after(await look(world, sheet, text)) == {"91": "0.20"}
    assert (await look(world, sheet, text, {})).json()["code"] == "mapping-needed"
    assert after(await look(world, sheet, text)) == {"91": "0.20"}


async def test_what_was_said_about_names_that_leave_no_doubt_is_remembered_too(
    world: World, sheet: str
) -> None:
    text = "Prefix,Price,Remark\n91,0.01,x\n"
    assert after(await look(world, sheet, text)) == {"91": "0.01"}
    mapping = {"Price": "rate_per_second"}
    assert after(await look(world, sheet, text, mapping)) == {"91": "0.60"}
    answer = await look(world, sheet, text)
    assert (after(answer), answer.json()["mapping_remembered"]) == ({"91": "0.60"}, True)
    await look(world, sheet, text, {"Price": "rate"})
    answer = await look(world, sheet, text)
    assert (after(answer), answer.json()["mapping_remembered"]) == ({"91": "0.01"}, False)


async def test_columns_without_names_are_asked_for_each_time(world: World, sheet: str) -> None:
    mapping = {"1": "prefix", "2": "rate"}
    assert after(await look(world, sheet, "91,0.30\n", mapping)) == {"91": "0.30"}
    assert (await look(world, sheet, "0.30,91\n")).json()["code"] == "mapping-needed"


async def test_a_confirmed_encoding_is_remembered_with_the_columns(
    world: World, sheet: str
) -> None:
    content = "Zone,Retail price\nCôte,0.3\n".replace("Zone", "Zone,Digits").encode("cp1252")
    content = content.replace(b"C\xf4te,", b"C\xf4te,225,")
    mapping = {"Zone": "name", "Digits": "prefix", "Retail price": "rate"}
    needed = (await look(world, sheet, content, mapping)).json()
    assert (needed["code"], needed["encoding"]) == ("mapping-needed", "windows-1252")
    assert (await look(world, sheet, content, mapping, encoding="windows-1252")).is_success
    assert after(await look(world, sheet, content)) == {"225": "0.30"}


async def test_another_reseller_is_asked_and_so_is_the_platform(world: World) -> None:
    text = "Zone digits,Retail\n91,0.30\n"
    own = await _sheet_of(world, "reseller")
    mapping = {"Zone digits": "prefix", "Retail": "rate"}
    assert (await look(world, own, text, mapping)).is_success
    for who in ("other reseller", "operator"):
        path = await _sheet_of(world, who)
        answer = await world[who].program.post(
            f"{path}/imports", content=text, headers={"Content-Type": "text/csv"}
        )
        assert answer.json()["code"] == "mapping-needed", who
        # elsewhere the platform has no rates
        assert (await delete_by_name(world[who].program, path)).status_code == 204


async def _sheet_of(world: World, who: str) -> str:
    body = {"name": world.order("Files")["name"]} | (
        {"currency": "USD"} if who == "operator" else {}
    )
    made = await world[who].program.post("/v1/rate-sheets", json=body)
    assert made.status_code == 201, made.text
    return str(made.headers["location"])


async def test_files_of_numbers_are_remembered_for_the_reseller_whose_they_are(
    world: World,
) -> None:
    first, second, third = fresh_numbers(3)
    header = "Line,Fee A,Fee B\n"
    mapping = json.dumps({"Line": "number", "Fee A": "setup_fee", "Fee B": "monthly_fee"})

    async def send(text: str, who: str, **parameters: str) -> dict[str, Any]:
        answer = await world["operator"].program.post(
            f"/v1/resellers/{world[who].account_id}/numbers",
            content=header + text,
            headers={**fresh_key(), "Content-Type": "text/csv"},
            params=parameters,
        )
        return dict(answer.json())

    assert (await send(f"{first},1,2\n", "reseller"))["code"] == "mapping-needed"
    report = await send(f"{first},1,2\n", "reseller", mapping=mapping)
    assert (report["added"], report["mapping_remembered"]) == (1, False)
    report = await send(f"{second},1,2\n", "reseller")
    assert (report["added"], report["mapping_remembered"]) == (1, True)
    assert report["columns"][1] == {"name": "Fee A", "meaning": "setup_fee"}
    assert (await send(f"{third},1,2\n", "other reseller"))["code"] == "mapping-needed"


# --- what is kept ---------------------------------------------------------------------------------


@pytest.fixture
async def memory(database: Database) -> MappingMemory:
    """Return what is remembered of one reseller."""
    mappings = Mappings(database)
    await mappings.prepare()
    return mappings.of("acc_1", "acc_1")


async def test_a_mapping_belongs_to_one_reseller_sender_kind_and_header(
    memory: MappingMemory,
) -> None:
    read = Remembered(("prefix", "rate"), "windows-1252")
    await memory.keep("rates", ("a", "b"), read)
    assert await memory.find("rates", ("a", "b")) == read
    others: tuple[tuple[MappingMemory, TableKind, tuple[str, ...]], ...] = (
        (memory, "rates", ("a", "b", "")),
        (memory, "rates", ("a,b",)),
        (memory, "numbers", ("a", "b")),
        (memory.mappings.of("acc_2", "acc_1"), "rates", ("a", "b")),
        (memory.mappings.of("acc_1", "platform"), "rates", ("a", "b")),
    )
    for other, kind, header in others:
        assert await other.find(kind, header) is None


async def test_beyond_the_limit_the_one_that_waited_longest_is_dropped(
    memory: MappingMemory, clock: TestClock
) -> None:
    other = memory.mappings.of("acc_2", "acc_2")
    await other.keep("rates", ("x",), Remembered(("prefix",)))
    for n in range(MAPPINGS_MAX):
        clock.forward(seconds=1)
        await memory.keep("rates", (str(n),), Remembered(("prefix",)))
    clock.forward(days=2_000)
    assert await memory.find("rates", ("0",)) is not None
    clock.forward(seconds=1)
    await memory.keep("rates", ("one more",), Remembered(("prefix",)))
    assert await memory.find("rates", ("1",)) is None
    for header in ("0", "2", "one more"):
        assert await memory.find("rates", (header,)) is not None
    assert await other.find("rates", ("x",)) is not None
