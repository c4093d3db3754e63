"""Charged calls in a test's ledger, without a lane: the entries that charging writes."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from contracts.billing import FindPlan
from services.billing.charging.model.call import CallCharge, EndedCall, charge
from services.billing.charging.store import charging, holds, intents
from services.billing.ledger.store import billing_accounts, ledger
from services.billing.rating.model.destination import destination_of
from services.billing.rating.model.price import SheetRate
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
    db = harness.database.writer()
    account = await billing_accounts.find(db, account_id)
    assert account is not None
    head = await ledger.head(db, account)
    to = destination_of(destination, account.country)
    made: list[CallCharge] = []
    for lasted in seconds:
        call = _call(f"{account_id}-call-{head.seq + 1}", harness.clock(), lasted)
        made.append(charge(head, call, to, rate, harness.clock()))
        head = made[-1].head
        harness.clock.now += every
    assert await charging.insert(db, intents.Intent("test", (), {}), made) == len(made)
    call_ids = [call.call_id for call in made]
    await holds.settle(db, [holds.Settlement(account_id, head, call_ids)])
    return call_ids


def _call(call_id: str, answered_at: datetime, seconds: int) -> EndedCall:
    return EndedCall(call_id, "104", answered_at, seconds)


async def seconds_left(harness: Harness, country: str, account_id: str = "acc_c1") -> int:
    """Return what is left of a bundle."""
    found = await harness.ask(FindPlan(account_id=account_id), RESELLER)
    return next(one.seconds_left for one in found.countries if one.country == country)
