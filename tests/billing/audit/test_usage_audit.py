"""The audit of usage: sums of days and quarter hours are those of the calls that they cover."""

from datetime import timedelta
from typing import Any

import pytest

from contracts.base import Refused
from services.billing.audit.handlers.usage_audit import LOOKS, audit_usage, sum_calls_again
from services.billing.audit.store import usage_audit
from services.billing.audit.store.usage_audit import Window
from services.billing.ledger.store import usage, usage_sums
from services.billing.ledger.store.ledger import LEDGER
from services.chassis.database import Database
from services.chassis.mongo import Int64
from tests.billing.charged import EMIRATES, charge_calls
from tests.billing.conftest import audit, open_account, running
from tests.billing.invoiced import know_invoice_parties
from tests.billing.months import live_on
from tests.harness import Harness

FIRST_DAY = "acc_c1:20261122"


@pytest.fixture
async def summed(billing: Harness, monkeypatch: pytest.MonkeyPatch) -> Harness:
    """Give an account with a call each hour of three days, all but the last few of them summed."""
    monkeypatch.setattr(usage_sums, "ENTRIES_PER_STEP", 50)
    monkeypatch.setattr(usage_audit, "DAYS_AT_ONCE", 2)
    await know_invoice_parties(billing, "acc_c1")
    await open_account(billing)
    await live_on(billing)
    await charge_calls(billing, [61] * 75, every=timedelta(hours=1))
    while await usage_sums.advance(billing.database, "acc_c1"):
        pass
    await charge_calls(billing, [30, 31, 32])
    assert await audit(billing) == []
    return billing


async def sum_of(harness: Harness, day_id: str = FIRST_DAY) -> dict[str, Any]:
    found = await harness.database.documents(usage.DAYS).find_one({"_id": day_id})
    assert found is not None
    return found


async def test_the_audit_names_a_day_whose_sum_differs(summed: Harness) -> None:
    days = summed.database.documents(usage.DAYS)
    whole = await sum_of(summed)
    assert await days.update({"_id": FIRST_DAY}, {"$inc": {"rated_seconds": Int64(60)}})
    right = f"{whole['rated_seconds']} s and 4.92"
    wrong = f"{whole['rated_seconds'] + 60} s and 4.92"
    fault = f"usage of acc_c1: {wrong} are kept of 2026-11-22, but its calls come to {right}"
    assert await audit(summed) == [fault]


async def test_the_audit_names_quarter_hours_whose_sums_changed_places(summed: Harness) -> None:
    days = summed.database.documents(usage.DAYS)
    assert await days.update({"_id": FIRST_DAY}, {"$rename": {"quarters.36": "quarters.37"}})
    (fault,) = await audit(summed)
    words = "0 s and 0.00 are kept of 2026-11-22 09:00, but its calls come to 120 s and 0.328"
    assert fault == f"usage of acc_c1: {words}"


async def test_the_audit_names_days_that_are_missing_or_too_many(summed: Harness) -> None:
    days = summed.database.documents(usage.DAYS)
    other = await sum_of(summed, "acc_c1:20261124")
    await days.delete({"_id": {"$in": [FIRST_DAY, "acc_c1:20261124"]}})
    later = other["day"] + timedelta(days=400)
    await days.insert({**other, "_id": usage.day_id("acc_c1", later), "day": later})
    told = [fault.split(" are kept of ")[1][:10] for fault in await audit(summed)]
    assert told == ["2026-11-22", "2026-11-24", f"{later:%Y-%m-%d}"]


async def test_the_audit_names_sums_that_reach_beyond_the_ledger_or_have_no_end(
    summed: Harness,
) -> None:
    heads = summed.database.documents(usage.HEADS)
    assert await heads.update({"_id": "acc_c1"}, {"$set": {"seq": Int64(900)}})
    assert "usage of acc_c1: summed up to entry 900, the last is 80" in await audit(summed)
    await heads.delete({})
    fault = "usage of acc_c1: there are sums of its calls, but not up to which entry"
    assert await audit(summed) == [fault]


async def test_calls_that_are_summed_while_the_audit_looks_are_no_fault(
    summed: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0
    look = usage_audit.kept_sums

    async def look_late(database: Database, account_id: str, window: Window) -> usage_audit.Sums:
        nonlocal looks
        looks += 1
        if looks <= 3:
            await charge_calls(summed, [60])
            await usage_sums.advance(database, account_id)
        return await look(database, account_id, window)

    monkeypatch.setattr(usage_audit, "kept_sums", look_late)
    assert await audit_usage(running(summed)) == []
    assert looks > 3


async def test_a_day_that_never_stands_still_is_left_for_the_next_audit(
    summed: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = summed.database.documents(usage.DAYS)
    assert await days.update({"_id": FIRST_DAY}, {"$inc": {"charges": Int64(1)}})
    seqs = iter(range(1_000))

    async def grows(*_: object) -> int:
        return next(seqs)

    with monkeypatch.context() as patch:
        patch.setattr(usage_audit, "summed_up_to", grows)
        assert await audit_usage(running(summed)) == []
    assert next(seqs) > LOOKS
    assert len(await audit_usage(running(summed))) == 1


async def test_calls_that_a_bundle_covered_are_in_no_sum(summed: Harness) -> None:
    await charge_calls(summed, [0], destination=EMIRATES)
    last = await summed.database.documents(LEDGER).find_one(
        {"account_id": "acc_c1"}, sort=[("seq", -1)]
    )
    assert last is not None
    assert last["call"]["rated_seconds"] == 0
    await usage_sums.advance(summed.database, "acc_c1")
    assert await audit(summed) == []


async def test_sums_that_are_wrong_are_made_anew(summed: Harness) -> None:
    days = summed.database.documents(usage.DAYS)
    before = await sum_of(summed)
    await days.insert({**before, "_id": "acc_c1:19990101", "day": usage.BEGINNING})
    assert await days.update({"_id": FIRST_DAY}, {"$inc": {"charges": Int64(1)}})
    assert len(await audit(summed)) == 2
    await sum_calls_again(running(summed), ["acc_c1"])
    assert await audit(summed) == []
    assert await sum_of(summed) == before
    with pytest.raises(Refused, match="Name one account"):
        await sum_calls_again(running(summed), [])
