"""Accounts: opening them, and listing them when there are many."""

from typing import Final

from benchmarks.floors import one_find, request_and_reply
from benchmarks.listing import ACCOUNTS, list_accounts, put_in_accounts
from benchmarks.opening import open_accounts
from benchmarks.report import Results, Row
from benchmarks.reseller import open_reseller
from local.client import Client
from local.system import System

READERS: Final = 32
RATES: Final = "prefix,rate,country\n91,0.021,IN\n"
NOTES: Final = """\
* An opening is three transactions in two services and five messages; its floor is one question and
  its answer without any database.
* A list is the look-up of a key and one question to accounts over RabbitMQ, which reads a page
  on an index; its floor reads one document in the process that answers.
* The load comes from one process with kept-alive connections on the same machine.
"""


async def measure(system: System) -> Results:
    """Measure a running system."""
    system.start()
    system.wait_until_ready()
    addresses = system.addresses
    reseller = await open_reseller(system, RATES)
    asking = await request_and_reply(addresses.rabbitmq_url())
    async with Client(system.portal_url, reseller.key) as client:
        opening = await open_accounts(client, addresses.rabbitmq_url(), reseller.rate_sheet_id)
    await put_in_accounts(addresses.mongodb, f"{addresses.database_prefix}accounts", reseller.id)
    finding = await one_find(addresses.mongodb, "floor", READERS)
    path = "/v1/accounts?limit=25"
    first_page = await list_accounts(system.portal_url, reseller.key, path, READERS)
    path = "/v1/accounts?limit=25&q=bluefin"
    search = await list_accounts(system.portal_url, reseller.key, path, READERS)
    ask, find = "raw request and reply", "FastAPI + one find_one"
    return Results(
        rows=(
            Row("open an account, to `account-activated`", opening, ask, asking),
            Row(f"GET /v1/accounts, first 25 of {ACCOUNTS:,}", first_page, find, finding),
            Row(f"the same with a search, {ACCOUNTS:,}", search, find, finding),
        ),
        notes=NOTES,
    )
