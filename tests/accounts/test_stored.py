"""Accounts as the first release stored them."""

from contracts.accounts import FindAccount
from contracts.numbers import ReserveAccountNumbers
from services.accounts.store.accounts import from_document
from services.chassis.principal import Principal
from tests.accounts.opened import order, plan
from tests.harness import Harness


async def test_what_the_first_release_stored_of_an_account_is_read(
    harness: Harness, reseller: Principal
) -> None:
    wanted = order(plan=plan("+14155550101"), reservation_id="hold_1")
    account = await harness.ask(wanted, reseller)
    accounts = harness.database.documents("accounts")
    stored = await accounts.find_one({"_id": account.id})
    assert stored is not None
    opening = stored["opening"]
    opening["hold_id"] = opening.pop("reservation_id")
    stored["standing"] = {"version": 3, "unpaid_invoices": 1, "unpaid": 5, "suspended": False}
    del stored["receivables"]
    await accounts.replace({"_id": account.id}, stored)

    read = from_document(stored)
    assert read.opening is not None
    assert read.opening.reservation_id == "hold_1"
    assert read.receivables is not None
    assert (read.receivables.version, read.receivables.unpaid) == (3, 5)
    assert (await harness.ask(FindAccount(account_id=account.id), reseller)).unpaid_invoices == 1
    assert len(await harness.sent(ReserveAccountNumbers)) == 1
