"""Balances over HTTP: adjustments and credit limits, by whom and in which amounts."""

from decimal import Decimal

import pytest

from tests.gateway.features.accounts.test_accounts import path_of, problem_of
from tests.gateway.world import Json, World, fresh_key


@pytest.fixture
async def account(world: World) -> Json:
    """Give an account of the reseller's that is active."""
    return await world.opened(world["reseller"].program, "/v1/accounts", world.order("Balanced"))


async def test_a_mistyped_credit_is_taken_back_and_a_limit_is_set(
    world: World, account: Json
) -> None:
    program, path = world["reseller"].program, path_of(account)
    before = (await program.get(f"{path}/balance")).json()
    credit = {"amount": "400.00"}
    mistake = (await program.post(f"{path}/credits", json=credit, headers=fresh_key())).json()
    assert mistake["corrects_seq"] is None
    body, key = (
        {"amount": "-360.00", "reason": "Mistyped", "entry_seq": mistake["seq"]},
        fresh_key(),
    )
    answers = [await program.post(f"{path}/adjustments", json=body, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    entry, again = (answer.json() for answer in answers)
    assert entry == again
    assert (entry["type"], entry["amount"], entry["corrects_seq"]) == (
        "adjustment",
        "-360.00",
        mistake["seq"],
    )
    other = await program.post(f"{path}/adjustments", json={**body, "amount": "1.00"}, headers=key)
    assert problem_of(other) == (422, "idempotency-key-reused")
    without = await program.post(f"{path}/adjustments", json=body)
    assert problem_of(without) == (400, "idempotency-key-required")
    limited = await program.put(f"{path}/credit-limit", json={"credit_limit": "50.00"})
    assert limited.status_code == 200
    shown = (await program.get(f"{path}/balance")).json()
    assert limited.json() == shown
    assert Decimal(shown["balance"]) == Decimal(before["balance"]) + 40
    assert (shown["credit_limit"], Decimal(shown["available"])) == (
        "50.00",
        Decimal(before["available"]) + 90,
    )


@pytest.mark.parametrize(
    "body",
    [
        {"amount": "0.00", "reason": "x"},
        {"amount": "0.001", "reason": "x"},
        {"amount": -40, "reason": "x"},
        {"amount": "-40.00", "reason": ""},
        {"amount": "-40.00"},
        {"amount": "-40.00", "reason": "x", "entry_seq": 0},
        {"amount": "-40.00", "reason": "x", "entry_seq": 2**70},
        {"amount": "-40.00", "reason": "x", "entry_seq": "1"},
        {"amount": "-40.00", "reason": "x", "entry_seq": 999},
    ],
)
async def test_what_is_no_adjustment_is_refused(world: World, account: Json, body: Json) -> None:
    path = f"{path_of(account)}/adjustments"
    answer = await world["reseller"].program.post(path, json=body, headers=fresh_key())
    assert problem_of(answer) == (422, "invalid-fields")


@pytest.mark.parametrize("limit", ["-1.00", "1.001", 5, "", None])
async def test_what_is_no_credit_limit_is_refused(
    world: World, account: Json, limit: object
) -> None:
    path = f"{path_of(account)}/credit-limit"
    answer = await world["reseller"].program.put(path, json={"credit_limit": limit})
    assert problem_of(answer) == (422, "invalid-fields")
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/credit_limit"}
