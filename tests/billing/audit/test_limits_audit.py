"""The audit of credit limits: each is the one that the audit trail says was set last."""

from datetime import timedelta

import pytest

from contracts.billing import SetCreditLimit
from contracts.values import micros
from services.billing.ledger.model.credit_limit import LimitChange, limit_of, limits_after
from services.billing.ledger.store.billing_accounts import BILLING_ACCOUNTS
from services.chassis.changes import CHANGES
from services.chassis.mongo import Int64
from tests.billing.conftest import audit, open_account
from tests.harness import RESELLER, Harness, TestClock

NOW = TestClock().now


async def set_limits(billing: Harness, *limits: str) -> None:
    for limit in limits:
        await billing.ask(SetCreditLimit(account_id="acc_c1", credit_limit=micros(limit)), RESELLER)
        billing.clock.forward(seconds=1)


async def break_limit(billing: Harness, limit: str) -> None:
    change = {"$set": {"credit_limit": Int64(micros(limit))}}
    assert await billing.database.documents(BILLING_ACCOUNTS).update({"_id": "acc_c1"}, change)


async def test_the_audit_names_a_limit_that_nobody_set(billing: Harness) -> None:
    await open_account(billing)
    await open_account(billing, "acc_c2")
    await set_limits(billing, "50.00", "20.00", "20.00")
    assert await audit(billing) == []
    await break_limit(billing, "50.00")
    fault = "billing account of acc_c1: its credit limit is 50.00, but 20.00 was set last"
    assert await audit(billing) == [fault]
    await set_limits(billing, "30.00")
    assert await audit(billing) == []


async def test_a_limit_that_the_trail_has_forgotten_is_no_fault(billing: Harness) -> None:
    await open_account(billing)
    await break_limit(billing, "40.00")
    assert await audit(billing) == []
    await set_limits(billing, "50.00")
    await billing.database.documents(CHANGES).delete({"action": "credit-limit.changed"})
    assert await audit(billing) == []


async def test_a_text_that_an_earlier_version_wrote_is_no_fault(billing: Harness) -> None:
    await open_account(billing)
    await set_limits(billing, "50.00")
    changes = billing.database.documents(CHANGES)
    query = {"action": "credit-limit.changed"}
    for after in ({"credit limit": "US$ 10"}, {"credit_limit": "10.00 USD"}, {}):
        assert await changes.update(query, {"$set": {"after": after}})
        assert await audit(billing) == []


def test_a_limit_is_read_as_the_trail_tells_it() -> None:
    assert limit_of("50.00 USD") == micros("50.00")
    assert limit_of("1000.123456 KWD") == micros("1000.123456")
    assert {limit_of(text) for text in ("", "50.00", "-5.00 USD", "1e3 USD", "\u0665.00 USD")} == {
        None
    }


@pytest.mark.parametrize(
    ("changes", "ends"),
    [
        ([], set[int]()),
        ([(0, 0, 5)], {5}),
        # set by two processes whose clocks differ: the chain tells the order
        ([(3, 0, 5), (2, 5, 7)], {7}),
        ([(3, 5, 7), (2, 0, 5)], {7}),
        # there and back again: either may be the last
        ([(3, 5, 0), (2, 0, 5)], {0, 5}),
        ([(900, 5, 0), (2, 0, 5)], {0}),
    ],
)
def test_clocks_that_differ_by_minutes_are_forgiven(
    changes: list[tuple[int, int, int]], ends: set[int]
) -> None:
    told = [
        LimitChange(NOW + timedelta(seconds=second), before, after)
        for second, before, after in changes
    ]
    assert limits_after(told) == ends
