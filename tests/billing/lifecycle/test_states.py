"""What becomes of a billing account with its account, and the audit of all ledgers."""

import asyncio
import random
from typing import Any

import pytest

from contracts.accounts import AccountClosed, AccountDisabled, AccountEnabled, AccountSuspended
from contracts.base import Refused
from contracts.billing import (
    AddCredit,
    CreditOrder,
)
from contracts.values import micros
from tests.billing.conftest import (
    audit,
    balance_of,
    ledger_of,
    open_account,
    opening,
    plan,
)
from tests.harness import RESELLER, Harness

ACCOUNT: dict[str, Any] = {"account_id": "acc_c1", "reseller_id": "acc_r1"}


def credit(amount: str = "10.00", note: str = "", account_id: str = "acc_c1") -> AddCredit:
    order = CreditOrder(amount=micros(amount), note=note)
    return AddCredit(account_id=account_id, credit=order)


def closed(version: int = 5) -> AccountClosed:
    return AccountClosed(**ACCOUNT, version=version, name="Acme")


# --- states ---------------------------------------------------------------------------------


async def status_of(harness: Harness) -> str:
    document = await harness.database.documents("wallets").find_one({"_id": "acc_c1"})
    assert document is not None
    return document["status"]


async def test_the_newest_state_counts_whatever_the_order(billing: Harness) -> None:
    await open_account(billing)
    await billing.hear(AccountDisabled(**ACCOUNT, version=3, reason="unpaid"))
    assert await status_of(billing) == "disabled"
    await billing.hear(AccountSuspended(**ACCOUNT, version=5))
    await billing.hear(AccountEnabled(**ACCOUNT, version=4))
    assert await status_of(billing) == "suspended"
    await billing.hear(AccountEnabled(**ACCOUNT, version=6))
    assert await status_of(billing) == "active"


@pytest.mark.parametrize("seed", range(5))
async def test_the_end_is_the_same_whatever_the_order_and_the_repetitions(
    billing: Harness, seed: int
) -> None:
    await open_account(billing)
    events = [
        AccountDisabled(**ACCOUNT, version=3, reason=""),
        AccountEnabled(**ACCOUNT, version=4),
        AccountSuspended(**ACCOUNT, version=5),
        AccountEnabled(**ACCOUNT, version=6),
        closed(7),
    ] * 2
    random.Random(seed).shuffle(events)  # noqa: S311 - an order, no secret
    for event in events:
        await billing.hear(event)
        await billing.ask(opening(plan=plan("Plan of acc c1")))
    assert await status_of(billing) == "closed"
    assert [entry.type for entry in await ledger_of(billing)] == ["credit", "users", "refund"]
    assert await balance_of(billing) == 0
    assert await audit(billing) == []


async def test_events_of_accounts_that_failed_to_open_change_nothing(billing: Harness) -> None:
    await billing.hear(
        AccountDisabled(account_id="acc_0", reseller_id="acc_r1", version=1, reason="")
    )
    await billing.hear(AccountClosed(account_id="acc_0", reseller_id="acc_r1", version=2, name=""))
    assert await billing.database.documents("wallets").find_one({"_id": "acc_0"}) is None


async def test_closing_refunds_what_is_left_once(billing: Harness) -> None:
    await open_account(billing)
    await billing.hear(closed(), message_id="one")
    await billing.hear(closed(), message_id="one")
    await billing.hear(closed(), message_id="two")
    await billing.hear(AccountEnabled(**ACCOUNT, version=4))
    entries = await ledger_of(billing)
    assert [(entry.type, entry.amount) for entry in entries[2:]] == [("refund", -micros("332.00"))]
    assert (entries[-1].balance_after, entries[-1].actor) == (0, "system")
    assert await status_of(billing) == "closed"
    assert (await billing.problem(credit(), RESELLER)).type == "account-not-active"
    assert await audit(billing) == []


async def test_closing_without_credit_needs_no_entry(billing: Harness) -> None:
    await open_account(billing, plan=None, credit=None)
    await billing.hear(closed())
    assert await ledger_of(billing) == []
    assert await status_of(billing) == "closed"


async def test_closing_and_credit_at_once_lose_no_money(billing: Harness) -> None:
    await open_account(billing)
    results = await asyncio.gather(
        billing.hear(closed()),
        *(billing.ask(credit("1.00"), RESELLER) for _ in range(6)),
        return_exceptions=True,
    )
    refused = [found for found in results if isinstance(found, Refused)]
    assert all(found.problem.code == "account-not-active" for found in refused)
    assert all(
        found is None or not isinstance(found, BaseException) or found in refused
        for found in results
    )
    # whoever came first, nothing is left in a closed billing account
    assert await balance_of(billing) == 0
    assert len(await ledger_of(billing)) == 2 + (6 - len(refused)) + 1
    assert await audit(billing) == []


# --- the audit ------------------------------------------------------------------------------


async def test_the_audit_finds_nothing_in_healthy_ledgers(billing: Harness) -> None:
    for index in range(4):
        await open_account(billing, f"acc_c{index}")
    assert await audit(billing) == []


@pytest.mark.parametrize(
    ("broken", "change", "words"),
    [
        ({"_id": "open:acc_c1:users"}, {"seq": 9}, "entry 1 is followed by entry 9"),
        ({"_id": "open:acc_c1:users"}, {"amount": -1}, "entry 2 does not carry on"),
        ({"_id": "open:acc_c1:credit"}, {"balance_after": 7}, "entry 1 does not carry on"),
    ],
)
async def test_the_audit_finds_a_broken_chain(
    billing: Harness, broken: dict[str, str], change: dict[str, int], words: str
) -> None:
    await open_account(billing, "acc_c1")
    await open_account(billing, "acc_c2")
    assert await billing.database.documents("ledger").update(broken, {"$set": change})
    faults = await audit(billing)
    (fault,) = [one for one in faults if one.startswith("ledger of acc_c1: ")]
    assert words in fault
    # a changed amount isn't what was accepted either; nothing else is wrong
    changed = ["charges of acc_c1"] if "amount" in change else []
    assert [one.split(":")[0] for one in faults if one != fault] == changed


async def test_the_audit_finds_a_missing_entry_and_a_missing_billing_account(
    billing: Harness,
) -> None:
    await open_account(billing, "acc_c1")
    await open_account(billing, "acc_c2")
    await open_account(billing, "acc_c3")
    documents = billing.database.documents
    await documents("ledger").delete({"_id": "open:acc_c1:users"})
    await documents("wallets").delete({"_id": "acc_c2"})
    await documents("ledger").delete({"account_id": "acc_c3"})
    faults = await audit(billing)
    charges = [one for one in faults if one.startswith("charges of ")]
    assert charges == [
        "charges of acc_c1: open:acc_c1 charged 0.00, but 168.00 was accepted",
        "charges of acc_c3: open:acc_c3:credit added 0.00, but 500.00 was accepted",
    ]
    assert [one for one in faults if one not in charges] == [
        "billing account of acc_c1: its balance in lists is not that of its last entry",
        "ledger of acc_c2: the account has no billing account",
        "billing account of acc_c3: its balance in lists is not that of its last entry",
    ]


async def test_the_audit_stops_at_a_thousand_faults(billing: Harness) -> None:
    await billing.database.documents("ledger").insert(
        *(
            {
                "_id": str(index),
                "account_id": f"acc_{index:04d}",
                "seq": 2,
                "at": billing.clock.now,
                "type": "credit",
                "amount": 1,
                "balance_after": 1,
                "seconds_after": {"IN": 0},
                "text": "",
                "cause": "",
                "actor": "",
            }
            for index in range(1_001)
        )
    )
    faults = await audit(billing)
    assert len(faults) == 1_001
    assert faults[-1] == "billing stopped looking after 1000 faults"


async def test_the_projection_never_goes_back(billing: Harness) -> None:
    await open_account(billing)
    accounts = billing.database.documents("wallets")
    await accounts.update({"_id": "acc_c1"}, {"$set": {"seq": 50, "balance": 1}})
    await billing.ask(credit(), RESELLER)
    document = await accounts.find_one({"_id": "acc_c1"})
    assert document is not None
    assert (document["seq"], document["balance"]) == (50, 1)
    assert await balance_of(billing) == micros("342.00")
