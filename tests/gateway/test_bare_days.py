"""A time frame is written in the same ways for every list: a bare day, or a time."""

from itertools import product

from tests.gateway.world import World


async def test_every_list_takes_a_bare_day_as_well_as_a_time(world: World) -> None:
    client, account = world["reseller"].program, world["customer"].account_id
    paths = (await client.get("/openapi.json")).json()["paths"]
    framed = [
        path
        for path, methods in paths.items()
        if any(one["name"] == "from" for one in methods.get("get", {}).get("parameters", ()))
    ]
    assert len(framed) >= 8
    starts, ends = ("2026-11-01", "2026-11-01T00:00:00Z"), ("2026-11-30", "2026-11-30T00:00:00Z")
    for path, start, end in product(framed, starts, ends):
        place = path.format(account_id=account)
        answer = await client.get(
            place, params={"from": start, "to": end}, headers={"Accept": "*/*"}
        )
        assert answer.status_code == 200, (place, start, end, answer.text)
