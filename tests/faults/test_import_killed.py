"""An import whose process is killed in the middle: nothing of it is seen until all of it is."""

import asyncio
from typing import Final

import pytest

from local.client import Json
from tests.waiting import eventually
from tests.world import World

ROWS: Final = 60_000
FINISH_SECONDS: Final = 90
"""The lease of the dead has to end before another attempt begins."""

OLD: Final = {"44": "0.012", "91": "0.035"}

pytestmark = [pytest.mark.timeout(300), pytest.mark.long]


async def test_an_import_outlives_the_process_that_worked_on_it(world: World) -> None:
    reseller = await world.reseller(numbers=0)
    client = reseller.client
    path = f"/v1/rate-sheets/{(await client.post('/v1/rate-sheets', {'name': 'Killed'}))['id']}"
    await client.post_csv(f"{path}/imports", "prefix,rate\n44,0.012\n91,0.035\n")
    rows = "\n".join(f"{prefix},0.01" for prefix in range(500_000, 500_000 + ROWS))
    begun = await client.http.post(
        f"{path}/imports?mode=replace",
        content=f"prefix,rate\n{rows}\n",
        headers={"Content-Type": "text/csv", "Prefer": "respond-async"},
    )
    assert begun.status_code == 202, begun.text
    where = begun.headers["location"]

    async def job() -> Json:
        return await client.get(where)

    async def shown() -> dict[str, str]:
        page = await client.get(f"{path}/rates", limit=3)
        return {rate["prefix"]: rate["rate"] for rate in page["data"]}

    async def is_writing() -> bool:
        return 0 < (await job())["done"] < ROWS

    await eventually(is_writing)
    world.system["billing"].kill()
    world.system["billing"].start()
    await asyncio.to_thread(world.system["billing"].wait_until_ready)
    assert (await job())["state"] == "running"
    assert await shown() == OLD

    async def is_done() -> bool:
        if (await job())["state"] == "done":
            return True
        assert await shown() == OLD
        return False

    await eventually(is_done, seconds=FINISH_SECONDS)
    report = (await job())["report"]
    assert (report["added"], report["removed"]) == (ROWS, len(OLD))
    assert (await client.get(path))["rates"] == ROWS
    exported = await client.http.get(f"{path}/export")
    prefixes = [line.partition(",")[0] for line in exported.text.splitlines()[1:]]
    assert prefixes == [str(prefix) for prefix in range(500_000, 500_000 + ROWS)]
    earlier = await client.get(f"{path}/rates", revision=1)
    assert {rate["prefix"]: rate["rate"] for rate in earlier["data"]} == OLD
