"""Spare numbers are repriced and removed over HTTP: one by one, and by files."""

from typing import Any

import httpx
import pytest

from tests.gateway.world import World, fresh_key, fresh_numbers


@pytest.fixture
async def spare(world: World) -> list[str]:
    """Give the reseller three spare numbers."""
    fresh = fresh_numbers(3)
    stock = [{"number": one, "setup_fee": "1.00", "monthly_fee": "2.50"} for one in fresh]
    path = f"/v1/resellers/{world['reseller'].account_id}/numbers"
    added = await world["operator"].program.post(path, json=stock, headers=fresh_key())
    assert added.json()["added"] == 3, added.text
    return fresh


async def send(
    world: World, content: str, who: str = "reseller", **parameters: str
) -> dict[str, Any]:
    """Send a file of numbers to the reseller's own door, or the operator's."""
    reseller = world["reseller"].account_id
    path = "/v1/numbers/imports" if who == "reseller" else f"/v1/resellers/{reseller}/numbers"
    headers = {**fresh_key(), "Content-Type": "text/csv"}
    answer = await world[who].program.post(
        path, content=content, headers=headers, params=parameters
    )
    return dict(answer.json())


async def fees_of(world: World, number: str) -> tuple[str, str] | None:
    """Return the set-up and monthly fee of a number of the stock; None if it isn't there."""
    query = {"q": number, "limit": 1}
    found = (await world["reseller"].program.get("/v1/numbers", params=query)).json()["data"]
    return (found[0]["setup_fee"], found[0]["monthly_fee"]) if found else None


async def test_a_spare_number_is_repriced_and_removed(world: World, spare: list[str]) -> None:
    program, path = world["reseller"].program, f"/v1/numbers/{spare[0]}"
    answer = await program.patch(path, json={"monthly_fee": "3.00"})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["setup_fee"], answer.json()["monthly_fee"]) == ("1.00", "3.00")
    assert await fees_of(world, spare[0]) == ("1.00", "3.00")
    key = fresh_key()
    for _ in range(2):
        assert (await program.delete(path, headers=key)).status_code == 200
    assert await fees_of(world, spare[0]) is None
    assert (await program.delete(path, headers=fresh_key())).status_code == 404
    actions = [one["action"] for one in (await program.get("/v1/audit")).json()["data"]]
    assert actions[:2] == ["numbers.removed", "numbers.repriced"]


async def test_numbers_in_use_and_those_of_others_stay(world: World, spare: list[str]) -> None:
    program = world["reseller"].program
    used, foreign = world["customer"].numbers[0], world["other reseller"].numbers[3]
    held = await program.post(
        "/v1/numbers/reservations", json={"numbers": [spare[1]]}, headers=fresh_key()
    )
    assert held.status_code == 201
    for number, expected in (
        (used, (409, "number-not-spare")),
        (spare[1], (409, "number-not-spare")),
        (foreign, (404, "not-found")),
    ):
        for answer in (
            await program.patch(f"/v1/numbers/{number}", json={"setup_fee": "9"}),
            await program.delete(f"/v1/numbers/{number}", headers=fresh_key()),
        ):
            assert (answer.status_code, answer.json()["code"]) == expected
    assert await fees_of(world, used) == ("1.00", "2.50")


@pytest.mark.parametrize("fee", ["-1", 1, "1.00001", "1.23456789", "x"])
async def test_what_is_no_fee_is_refused(world: World, spare: list[str], fee: object) -> None:
    path = f"/v1/numbers/{spare[0]}"
    answer: httpx.Response = await world["reseller"].program.patch(path, json={"setup_fee": fee})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-fields")
    assert answer.json()["errors"][0]["pointer"] == "/setup_fee"


@pytest.mark.parametrize("who", ["reseller", "operator"])
async def test_a_file_reprices_spare_numbers_after_it_was_looked_at(
    world: World, spare: list[str], who: str
) -> None:
    used = world["customer"].numbers[0]
    text = f"Number,MRC\n{spare[0]},5.00\n{spare[1]},2.50\n{used},7\n"
    looked = await send(world, text, who, dry_run="true")
    assert looked["dry_run"]
    assert await fees_of(world, spare[0]) == ("1.00", "2.50")
    report = await send(world, text, who)
    assert {**report, "dry_run": True} == looked
    assert (report["changed"], report["unchanged"], report["added"]) == (1, 1, 0)
    assert report["differences"] == [
        {
            "number": spare[0],
            "setup_fee_before": "1.00",
            "setup_fee_after": "1.00",
            "monthly_fee_before": "2.50",
            "monthly_fee_after": "5.00",
        }
    ]
    (refused,) = report["refused"]
    assert (refused["line"], refused["type"]) == (4, "not-spare")
    assert await fees_of(world, spare[0]) == ("1.00", "5.00")


@pytest.mark.parametrize("who", ["reseller", "operator"])
async def test_a_file_removes_numbers_only_when_that_is_said(
    world: World, spare: list[str], who: str
) -> None:
    text = f"number\n{spare[0]}\n{spare[1]}\n"
    assert (await send(world, text, who))["unchanged"] == 2
    assert (await send(world, text, who, mode="remove", dry_run="true"))["removed"] == 2
    assert await fees_of(world, spare[0]) == ("1.00", "2.50")
    assert (await send(world, text, who, mode="remove"))["removed"] == 2
    assert [await fees_of(world, one) for one in spare] == [None, None, ("1.00", "2.50")]


async def test_a_reseller_adds_no_numbers(world: World) -> None:
    (number,) = fresh_numbers(1)
    report = await send(world, f"number\n{number}\n")
    assert (report["added"], report["refused"][0]["detail"]) == (
        0,
        f"{number} is not in the stock.",
    )
    assert (await send(world, f"number\n{number}\n", mode="add"))["code"] == "invalid-fields"
