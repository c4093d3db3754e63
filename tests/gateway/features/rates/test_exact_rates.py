"""Rates over HTTP have all of their decimals in the field that everybody reads."""

import re

from gateway.http.exact_rates import with_exact_rates
from tests.gateway.features.calls.test_calls import authorization, charged, record
from tests.gateway.world import World

EXACT = "0.01234567"


def test_a_rate_is_the_exact_one_beside_it_at_any_depth() -> None:
    answer = {
        "data": [
            {"rate": "0.012345", "rate_exact": EXACT, "name": "x"},
            {"rate": "0.50", "rate_exact": None},
        ],
        "report": {"rate_before": None, "rate_before_exact": None, "exact_amount": "1.5"},
    }
    assert with_exact_rates(answer) == {
        "data": [
            {"rate": EXACT, "rate_exact": EXACT, "name": "x"},
            {"rate": "0.50", "rate_exact": None},
        ],
        "report": {"rate_before": None, "rate_before_exact": None, "exact_amount": "1.5"},
    }


async def test_the_api_document_allows_every_rate_8_decimals(world: World) -> None:
    document = (await world["reseller"].program.get("/openapi.json")).json()
    found = 0
    for schema in document["components"]["schemas"].values():
        fields = schema.get("properties", {})
        for name in fields:
            if not name.endswith("_exact"):
                continue
            found += 1
            rate = fields[name.removesuffix("_exact")]
            texts = [one for one in rate.get("anyOf", [rate]) if one.get("type") == "string"]
            assert [bool(re.search(one["pattern"], EXACT)) for one in texts] == [True]
            assert "first 6 decimals" not in rate.get("description", "")
    assert found >= 10


async def test_calls_are_authorised_listed_and_found_with_all_decimals_of_their_rate(
    world: World,
) -> None:
    reseller, switch = world["reseller"].program, world["switch"].program
    named = {"name": world.order("Exact")["name"]}
    sheet = (await reseller.post("/v1/rate-sheets", json=named)).headers["location"]
    put = await reseller.put(f"{sheet}/rates/91", json={"rate": EXACT}, headers={"If-Match": "*"})
    assert put.status_code == 200, put.text
    order = world.order("Exact")
    order["plan"]["rate_sheet_id"] = sheet.rpartition("/")[2]
    order["plan"]["countries"] = [{"country": "IN", "minutes": 0}]
    account = await world.opened(reseller, "/v1/accounts", order)
    granted = await switch.post("/v1/calls/authorize", json=authorization(account))
    assert (granted.json()["rate"], granted.json()["rate_exact"]) == (EXACT, EXACT)
    call = record(account)
    await switch.post("/v1/calls", json=call)
    page = await charged(reseller, account, 1)
    assert (page["data"][0]["rate"], page["data"][0]["rate_exact"]) == (EXACT, EXACT)
    found = (await reseller.get("/v1/search", params={"q": call["call_id"]})).json()
    assert [one["call"]["rate"] for one in found["calls"]] == [EXACT]
