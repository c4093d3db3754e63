"""The Per minute page of an account with a million calls a month, and of one with a thousand."""

from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from benchmarks.callers import billing_account_of, destination, open_billing_accounts
from benchmarks.load import Connections, Measured, measure
from benchmarks.report import Results, Row
from benchmarks.reseller import Reseller
from services.billing.charging.model.call import CallCharge, EndedCall, charge
from services.billing.charging.store import charging, holds, intents
from services.billing.ledger.model.ledger import BillingAccount, LedgerHead
from services.billing.ledger.store import ledger, usage_sums
from services.billing.ledger.store.behind import ENTRIES_BEHIND
from services.billing.rating.model.destination import destination_of
from services.billing.rating.model.price import SheetRate
from services.chassis.clock import utc_now
from services.chassis.database import Database

MANY: Final = 1_000_000
FEW: Final = 1_000
CALLS_PER_INSERT: Final = 2_000
MONTH: Final = timedelta(days=30)
RATE: Final = SheetRate(prefix="44", rate=12_000)
REQUESTS: Final = 400
WARM_UP: Final = 40
IN_FLIGHT: Final = 4
NOTES: Final = f"""\
* The Per minute page is its list (50 calls, totals of the month) and its chart (each day of the
  month); {IN_FLIGHT} at a time are asked for. The Transactions page is the same ledger's.
"""


async def measure_pages(portal_url: str, database: Database, reseller: Reseller) -> Results:
    """Measure both parts of the page over HTTP, with the whole system running."""
    since = utc_now() - MONTH
    names = {number: f"acc_bench_{number}" for number in (FEW, MANY)}
    for number, account_id in names.items():
        await _put_in_calls(database, billing_account_of(account_id, reseller, since), number)
    frame = {"from": since.isoformat(), "to": utc_now().isoformat()}
    days = {"first": since.date().isoformat(), "last": utc_now().date().isoformat()}
    rows: list[Row] = []
    for what, path in (
        ("GET …/calls", f"calls?{urlencode(frame)}"),
        ("GET …/usage/daily", f"usage/daily?{urlencode(days)}"),
        ("GET …/transactions", f"transactions?{urlencode(frame)}"),
    ):
        few, many = [
            await _get(portal_url, reseller.key, f"/v1/accounts/{names[number]}/{path}")
            for number in (FEW, MANY)
        ]
        rows.append(Row(f"{what} of a month with {MANY:,}", many, f"with {FEW:,}", few, "p50 ≤ 2×"))
    return Results(rows=tuple(rows), notes=NOTES)


async def _put_in_calls(database: Database, account: BillingAccount, number: int) -> None:
    """Keep calls as charging does, spread over the month, so that an audit finds no fault."""
    await open_billing_accounts(database, [account])
    db = database.writer()
    head = await ledger.head(db, account)
    for start in range(0, number, CALLS_PER_INSERT):
        numbers = range(start, min(start + CALLS_PER_INSERT, number))
        charged: list[CallCharge] = []
        for call_number in numbers:
            at = account.opened_at + MONTH * (call_number / number)
            charged.append(_charge(account, head, call_number, at))
            head = charged[-1].head
        stand = await charging.insert(db, intents.Intent("benchmark", (), {}), charged)
        assert stand == len(charged), "the account had calls before"
    await holds.settle(db, [holds.Settlement(account.id, head, [])])
    # as charging does beside itself, once an account has many calls
    while number >= ENTRIES_BEHIND and await usage_sums.advance(database, account.id):
        pass


def _charge(account: BillingAccount, head: LedgerHead, number: int, at: datetime) -> CallCharge:
    seconds = 60 + number % 300
    at = at.replace(microsecond=at.microsecond // 1000 * 1000)
    call = EndedCall(
        f"{account.id}-{number}", "+12125550142", at - timedelta(seconds=seconds), seconds
    )
    to = destination_of(destination(number), account.country)
    return charge(head, call, to, RATE, at)


async def _get(portal_url: str, key: str, path: str) -> Measured:
    headers = {"Authorization": f"Bearer {key}"}
    async with Connections(portal_url, headers, IN_FLIGHT) as connections:

        async def get(_: int) -> None:
            await connections.get(path)

        await measure(get, count=WARM_UP, in_flight=IN_FLIGHT)
        return await measure(get, count=REQUESTS, in_flight=IN_FLIGHT)
