"""`make bench`: every figure beside a floor of the same run, written to docs/benchmarks.md."""

import asyncio
import secrets
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from benchmarks.floors import one_find, request_and_reply
from benchmarks.listing import ACCOUNTS, list_accounts, put_in_accounts
from benchmarks.opening import open_accounts
from benchmarks.report import Row, write
from local.client import Client, first_key, link_token_for
from local.servers import choose
from local.system import System

READERS = 32
OPERATOR = "bench@platform.example"
RESELLER = "bench@reseller.example"
NOTES = """
* An opening is three transactions in two services and five messages; its floor is one question and
  its answer without any database.
* A list is the look-up of a key and one question to accounts over RabbitMQ, which reads a page
  on an index; its floor reads one document in the process that answers.
* The load comes from one process with kept-alive connections on the same machine.
"""


async def _reseller(system: System) -> tuple[str, str, str]:
    """Return the id, the key and the rate sheet of a reseller."""
    printed = system.operate("first-operator", OPERATOR, "Olu", "Bench", "--print-link")
    token = printed.strip().rsplit("/", 1)[-1]
    password = secrets.token_urlsafe(15)
    async with Client(
        system.portal_url, await first_key(system.portal_url, token, OPERATOR, password)
    ) as operator:
        body = {
            "name": "Bench Voice",
            "administrator": {
                "email": RESELLER,
                "first_name": "Sara",
                "last_name": "Bench",
                "phone": "+14155550100",
            },
            "currency": "USD",
            "country": "US",
            "time_zone": "America/New_York",
            "domain": "voice.example",
        }
        opened = await operator.open_account(body, path="/v1/resellers")
    token = await link_token_for(system.mailbox, RESELLER)
    key = await first_key(system.portal_url, token, RESELLER, password)
    async with Client(system.portal_url, key) as reseller:
        sheet = await reseller.post("/v1/rate-sheets", {"name": "Bench"})
        rates = "prefix,rate,country\n91,0.021,IN\n"
        await reseller.post_csv(f"/v1/rate-sheets/{sheet['id']}/imports", rates)
    return opened["id"], key, sheet["id"]


async def _measure(system: System) -> list[Row]:
    addresses = system.addresses
    reseller_id, key, sheet_id = await _reseller(system)
    asking = await request_and_reply(addresses.rabbitmq_url())
    async with Client(system.portal_url, key) as client:
        opening = await open_accounts(client, addresses.rabbitmq_url(), sheet_id)
    await put_in_accounts(addresses.mongodb, f"{addresses.database_prefix}accounts", reseller_id)
    finding = await one_find(addresses.mongodb, "floor", READERS)
    first_page = await list_accounts(system.portal_url, key, "/v1/accounts?limit=25", READERS)
    search = await list_accounts(system.portal_url, key, "/v1/accounts?limit=25&q=bluefin", READERS)
    ask, find = "raw request and reply", "FastAPI + one find_one"
    return [
        Row("open an account, to `account-activated`", opening, ask, asking),
        Row(f"GET /v1/accounts, first 25 of {ACCOUNTS:,}", first_page, find, finding),
        Row(f"the same with a search, {ACCOUNTS:,}", search, find, finding),
    ]


def main() -> int:
    """Start a system of its own, measure, stop it, write the report."""
    with tempfile.TemporaryDirectory(prefix="accounts-manager-bench-") as folder:
        servers = choose(Path(folder))
        servers.start()
        servers.wait_until_ready()
        system = System(Path(folder), servers.addresses, settings={"LOG_LEVEL": "WARNING"})
        try:
            system.start()
            system.wait_until_ready()
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                rows = runner.run(_measure(system))
        finally:
            system.stop()
            servers.discard()
    print(write(rows, NOTES, datetime.now(UTC).date()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
