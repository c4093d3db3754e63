"""What was quoted is what an opening charges, or nothing is opened."""

import uuid

from tests.gateway.world import World


async def test_an_opening_that_expects_another_total_opens_nothing_and_tells_the_quote_of_now(
    world: World,
) -> None:
    reseller = world["reseller"]
    order = world.order("Expected")
    quote = (await reseller.program.post("/v1/accounts/quote", json=order)).json()
    assert quote["total"] == "20.00"
    key = {"Idempotency-Key": uuid.uuid4().hex}
    stale = {**order, "expected_total": "19.99"}
    answer = await reseller.program.post("/v1/accounts", json=stale, headers=key)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "quote-changed")
    assert "$20.00" in problem["detail"]
    assert problem["quote"] == quote
    seen = {**order, "expected_total": quote["total"]}
    account = await world.opened(reseller.program, "/v1/accounts", seen)
    ledger = await reseller.program.get(f"/v1/accounts/{account['id']}/balance")
    assert ledger.json()["balance"] == quote["balance_after"]


async def test_the_same_opening_sent_again_is_answered_the_same_whatever_it_expects(
    world: World,
) -> None:
    reseller = world["reseller"]
    order = {**world.order("Again"), "expected_total": "20.00"}
    key = {"Idempotency-Key": uuid.uuid4().hex}
    first, second = [
        await reseller.program.post("/v1/accounts", json=order, headers=key) for _ in range(2)
    ]
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] == second.json()["id"]


async def test_a_plan_change_or_number_order_that_expects_another_total_changes_nothing(
    world: World,
) -> None:
    reseller = world["reseller"]
    account = await world.opened(reseller.program, "/v1/accounts", world.order("Bound"))
    place = f"/v1/accounts/{account['id']}"
    number = reseller.numbers[18]
    before = (await reseller.program.get(f"{place}/plan")).json()
    for path, send, order in (
        ("/plan", reseller.program.patch, {"users": 4}),
        ("/numbers", reseller.program.post, {"numbers": [number]}),
    ):
        quote = (await reseller.program.post(f"{place}{path}/quote", json=order)).json()
        stale = {**order, "expected_total": "0.01"}
        headers = {"If-Match": "*", "Idempotency-Key": uuid.uuid4().hex}
        answer = await send(f"{place}{path}", json=stale, headers=headers)
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (409, "quote-changed"), answer.text
        assert quote["total"] in problem["detail"]
        assert problem["quote"] == quote
        plan = (await reseller.program.get(f"{place}/plan")).json()
        assert plan == before, "nothing was changed"

        seen = {**order, "expected_total": quote["total"]}
        headers = {"If-Match": "*", "Idempotency-Key": uuid.uuid4().hex}
        answer = await send(f"{place}{path}", json=seen, headers=headers)
        assert answer.status_code < 300, answer.text
        again = await send(f"{place}{path}", json=seen, headers=headers)
        assert again.json() == answer.json(), "the same request is answered the same"
        balance = (await reseller.program.get(f"{place}/balance")).json()["balance"]
        assert balance == quote["balance_after"]
        before = answer.json()
