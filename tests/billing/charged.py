"""Charged calls in a test's ledger, without a lane: the entries that charging writes."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from contracts.billing import FindPlan
from services.billing.model.call import EndedCall, charge, destination_of
from services.billing.model.ledger import Entry
from services.billing.model.price import SheetRate
from services.billing.store import ledger, wallets
from services.chassis.database import Cause, Transaction
from tests.harness import RESELLER, Harness

RATE = SheetRate(prefix="971", rate=164_000, min_duration=60, increment=60)
EMIRATES = "+971501234567"


async def charge_calls(
    harness: Harness,
    seconds: Iterable[int],
    *,
    account_id: str = "acc_c1",
    destination: str = EMIRATES,
    every: timedelta = timedelta(minutes=1),
    rate: SheetRate = RATE,
) -> list[str]:
    """Charge calls one after the other as time goes by; return their ids."""
    made: list[str] = []

    async def work(tx: Transaction) -> None:
        wallet = await wallets.find(tx, account_id)
        assert wallet is not None
        standing = await ledger.standing(tx, wallet)
        to = destination_of(destination, wallet.country)
        entries: list[Entry] = []
        for lasted in seconds:
            call = _call(f"{account_id}-call-{standing.seq + 1}", harness.clock(), lasted)
            entry, standing = charge(standing, call, to, rate, harness.clock())
            entries.append(entry)
            made.append(call.call_id)
            harness.clock.now += every
        await ledger.append(tx, wallet, entries)

    cause = Cause(message_id=f"charge {account_id} {harness.clock()}", correlation_id="test")
    await harness.database.once("test", cause, work)
    return made


def _call(call_id: str, ended_at: datetime, seconds: int) -> EndedCall:
    return EndedCall(call_id, "104", ended_at - timedelta(seconds=seconds), seconds)


async def seconds_left(harness: Harness, country: str, account_id: str = "acc_c1") -> int:
    """Return what is left of a bundle."""
    found = await harness.ask(FindPlan(account_id=account_id), RESELLER)
    return next(one.seconds_left for one in found.countries if one.country == country)
