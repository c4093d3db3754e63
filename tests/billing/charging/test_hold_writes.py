"""Holds that are decided at the same moment are written together, and each is guarded still."""

import asyncio

from contracts.billing import CallAuthorization, ExtendCall
from services.billing.ledger.store.billing_accounts import BILLING_ACCOUNTS
from tests.billing.charging.test_authorize import SWITCH, authorize, opened
from tests.harness import Harness

ACCOUNTS = ("acc_c1", "acc_c2", "acc_c3")


async def authorize_all(billing: Harness, call: str) -> list[CallAuthorization]:
    """Ask for a call of each account at once."""
    return await asyncio.gather(
        *(authorize(billing, call_id=f"{call}-{one}", account_id=one) for one in ACCOUNTS)
    )


async def extend_all(billing: Harness, call: str) -> list[CallAuthorization]:
    """Extend a call of each account at once."""
    return await asyncio.gather(
        *(
            billing.ask(ExtendCall(call_id=f"{call}-{one}", requested_seconds=3_600), SWITCH)
            for one in ACCOUNTS
        )
    )


async def change_behind_its_back(billing: Harness, account_id: str) -> None:
    """Change an account as another process would, of which this one knows nothing."""
    accounts = billing.database.documents(BILLING_ACCOUNTS)
    assert await accounts.update({"_id": account_id}, {"$inc": {"revision": 1}})


async def holds_of(billing: Harness) -> dict[str, list[tuple[str, int]]]:
    """Return for each account the calls that hold something, and how long each may last."""
    found = await billing.database.documents(BILLING_ACCOUNTS).find(
        {"_id": {"$in": ACCOUNTS}}, limit=3
    )
    return {
        one["_id"]: [(hold["call_id"], hold["seconds"]) for hold in one["holds"]] for one in found
    }


async def test_what_changed_of_one_account_spoils_no_hold_of_another(billing: Harness) -> None:
    for one in ACCOUNTS:
        await opened(billing, one, left="10.00")
    await authorize_all(billing, "first")
    await change_behind_its_back(billing, "acc_c2")
    answers = await authorize_all(billing, "second")
    assert [(one.granted, one.seconds) for one in answers] == [(True, 300)] * 3
    assert await holds_of(billing) == {
        one: [(f"first-{one}", 300), (f"second-{one}", 300)] for one in ACCOUNTS
    }


async def test_a_call_gets_one_slice_more_though_another_accounts_was_written_in_vain(
    billing: Harness,
) -> None:
    for one in ACCOUNTS:
        await opened(billing, one, left="10.00")
    await authorize_all(billing, "call")
    await change_behind_its_back(billing, "acc_c2")
    answers = await extend_all(billing, "call")
    assert [(one.granted, one.seconds) for one in answers] == [(True, 600)] * 3
    assert await holds_of(billing) == {one: [(f"call-{one}", 600)] for one in ACCOUNTS}


async def test_a_write_that_fails_is_told_to_all_who_wait_and_they_can_ask_again(
    billing: Harness,
) -> None:
    for one in ACCOUNTS:
        await opened(billing, one, left="10.00")
    await authorize_all(billing, "first")
    change = {"collMod": BILLING_ACCOUNTS, "validator": {"holds.call_id": {"$ne": "second-acc_c2"}}}
    await billing.database.raw.command(change)
    asked = [authorize(billing, call_id=f"second-{one}", account_id=one) for one in ACCOUNTS]
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(outcome, Exception) for outcome in outcomes)
    await billing.database.raw.command({**change, "validator": {}})
    answers = await authorize_all(billing, "second")
    assert [one.granted for one in answers] == [True] * 3
    assert await holds_of(billing) == {
        one: [(f"first-{one}", 300), (f"second-{one}", 300)] for one in ACCOUNTS
    }
