"""Lists of accounts with their money: sorted and filtered by both, each by the service that has it.

Accounts knows names and states, billing knows balances and renewals, and neither copies the other.
One of them sorts and pages; what only the other one can filter by reaches it as ids.
"""

from typing import Annotated, Final, Literal, get_args

from pydantic import Field

from contracts.accounts import (
    Account,
    AccountPage,
    AccountSort,
    AccountStatus,
    ListAccounts,
    PickAccounts,
)
from contracts.base import Answer, Refused, Value
from contracts.billing import (
    BillingAccountFilter,
    BillingAccountSort,
    BillingAccountSummary,
    FindBillingAccounts,
    ListBillingAccounts,
    PickBillingAccounts,
)
from contracts.values import Moment, PageLimit, Sum
from gateway.identity.caller import Caller, action

AccountListSort = Literal[AccountSort, BillingAccountSort]
MONEY_SORTS: Final[tuple[BillingAccountSort, ...]] = get_args(BillingAccountSort)
TOO_MANY: Final = "Too many accounts match to sort or filter them by money; search for fewer."
MoneyStatus = Literal["active", "disabled", "suspended", "closed"]
MONEY_STATUSES: Final[tuple[MoneyStatus, ...]] = get_args(MoneyStatus)


class AccountQuery(Value):
    """Which accounts are listed, and in which order."""

    search: str = Field(default="", max_length=200)
    status: AccountStatus | None = None
    low: bool = False
    balance_from: Sum | None = None
    balance_to: Sum | None = None
    renews_from: Moment | None = None
    renews_before: Moment | None = None
    sort: AccountListSort = "name"
    limit: PageLimit = 50
    cursor: str | None = None

    @property
    def filters_by_money(self) -> bool:
        """Whether billing has to say which accounts are listed."""
        bounds = (self.balance_from, self.balance_to, self.renews_from, self.renews_before)
        return self.low or any(bound is not None for bound in bounds)

    def accounts(
        self, account_ids: tuple[str, ...] | None = None, status: MoneyStatus | None = None
    ) -> BillingAccountFilter:
        """Return it as billing filters."""
        return BillingAccountFilter(
            low=self.low,
            balance_from=self.balance_from,
            balance_to=self.balance_to,
            renews_from=self.renews_from,
            renews_before=self.renews_before,
            status=status,
            account_ids=account_ids,
        )


class ListedAccount(Account):
    """An account with its money."""

    billing_account: Annotated[
        BillingAccountSummary | None, Field(description="None until it has one.")
    ] = None


class ListedAccounts(Answer):
    """Some accounts, with cursors to what comes after and before."""

    data: tuple[ListedAccount, ...]
    next: str | None = None
    previous: str | None = None


@action("operator", "reseller")
async def list_accounts(caller: Caller, query: AccountQuery) -> ListedAccounts:
    """List the caller's accounts with their money: an operator's are the resellers."""
    return await listed(caller, query)


async def listed(caller: Caller, query: AccountQuery) -> ListedAccounts:
    """Return a page of accounts with their money."""
    if query.sort in ("balance", "-balance", "renews_at", "-renews_at"):
        return await _by_money(caller, query, query.sort)
    ids = None
    if query.filters_by_money:
        picked = await caller.ask(
            PickBillingAccounts(filter=query.accounts(status=_money_status(query)))
        )
        if picked.more:
            raise Refused("invalid-fields", TOO_MANY)
        ids = picked.account_ids
    page = await caller.ask(
        ListAccounts(
            search=query.search,
            status=query.status,
            account_ids=ids,
            sort=query.sort,
            limit=query.limit,
            cursor=query.cursor,
        )
    )
    return _with_billing_accounts(page, await _billing_accounts_of(caller, page))


async def _by_money(
    caller: Caller, query: AccountQuery, sort: BillingAccountSort
) -> ListedAccounts:
    """Return a page in billing's order, in which accounts that are still opening have no place."""
    ids, status = None, _money_status(query)
    if query.search or query.status not in {None, "active"}:
        picked = await caller.ask(PickAccounts(search=query.search, status=query.status))
        if not picked.more:
            ids = picked.account_ids
        elif query.search or status is None:
            raise Refused("invalid-fields", TOO_MANY)
    money = await caller.ask(
        ListBillingAccounts(
            sort=sort, filter=query.accounts(ids, status), limit=query.limit, cursor=query.cursor
        )
    )
    accounts = {billing_account.account_id: billing_account for billing_account in money.data}
    found = await caller.ask(
        ListAccounts(account_ids=tuple(accounts), status=query.status, limit=max(len(accounts), 1))
    )
    by_id = {account.id: account for account in found.data}
    ordered = tuple(by_id[one] for one in accounts if one in by_id)
    page = AccountPage(data=ordered, next=money.next, previous=money.previous)
    return _with_billing_accounts(page, accounts)


def _money_status(query: AccountQuery) -> MoneyStatus | None:
    return next((one for one in MONEY_STATUSES if one == query.status), None)


async def _billing_accounts_of(
    caller: Caller, page: AccountPage
) -> dict[str, BillingAccountSummary]:
    if not page.data:
        return {}
    ids = tuple(account.id for account in page.data)
    return {
        one.account_id: one for one in (await caller.ask(FindBillingAccounts(account_ids=ids))).data
    }


def _with_billing_accounts(
    page: AccountPage, accounts: dict[str, BillingAccountSummary]
) -> ListedAccounts:
    return ListedAccounts(
        data=tuple(
            ListedAccount.model_validate(
                {**dict(account), "billing_account": accounts.get(account.id)}
            )
            for account in page.data
        ),
        next=page.next,
        previous=page.previous,
    )
