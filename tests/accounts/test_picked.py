"""Accounts that a search picks, by their ids, and lists of picked ones."""

from typing import get_args

from contracts.accounts import AccountSort, DisableAccount, ListAccounts, PickAccounts
from services.chassis.principal import Principal
from tests.accounts.opened import open_account, open_reseller
from tests.harness import Harness

SORTS: tuple[AccountSort, ...] = get_args(AccountSort)


async def test_what_a_search_picks_can_be_listed_page_by_page_in_any_order(
    harness: Harness, reseller: Principal
) -> None:
    accounts = [await open_account(harness, reseller, f"Zeta {number}") for number in range(5)]
    await open_account(harness, reseller, "Unlike")
    await harness.ask(DisableAccount(account_id=accounts[0].id), reseller)
    picked = await harness.ask(PickAccounts(search="zeta", status="active"), reseller)
    assert set(picked.account_ids) == {account.id for account in accounts[1:]}
    assert not picked.more
    for sort in SORTS:
        first = await harness.ask(
            ListAccounts(account_ids=picked.account_ids, sort=sort, limit=3), reseller
        )
        rest = await harness.ask(
            ListAccounts(account_ids=picked.account_ids, sort=sort, cursor=first.next), reseller
        )
        seen = [account.id for account in (*first.data, *rest.data)]
        assert set(seen) == set(picked.account_ids)
        assert len(seen) == 4
    other = await open_reseller(harness, "Voice Two", domain="two.example")
    stolen = ListAccounts(account_ids=picked.account_ids)
    assert (await harness.ask(stolen, other)).data == ()
    assert (await harness.ask(PickAccounts(search="zeta"), other)).account_ids == ()
