"""What the list of accounts, on screen and as a file, is filtered and sorted by."""

from typing import Annotated

from fastapi import Depends, Query

from contracts.accounts import AccountStatus
from contracts.values import SumInput
from gateway.features.accounts.lists import AccountListSort, AccountQuery
from gateway.http.times import TimeOrDay
from gateway.identity.requests import AccountSearch


def _filters(
    *,
    q: AccountSearch = "",
    status: Annotated[
        AccountStatus | None, Query(description="Without it, all but failed and closed ones.")
    ] = None,
    low_balance: Annotated[
        bool,
        Query(
            description="Only accounts whose credit is low: for fewer than 14 days, or so little "
            "that their administrators are warned."
        ),
    ] = False,
    balance_from: Annotated[
        SumInput | None, Query(description="Only this balance or more.")
    ] = None,
    balance_to: Annotated[SumInput | None, Query(description="Only this balance or less.")] = None,
    renews_from: Annotated[
        TimeOrDay | None, Query(description="Only accounts that renew at this time or later.")
    ] = None,
    renews_to: Annotated[
        TimeOrDay | None, Query(description="Only accounts that renew before this time.")
    ] = None,
    sort: Annotated[
        AccountListSort,
        Query(description="By balance or renewal, accounts that are still opening are left out."),
    ] = "name",
) -> AccountQuery:
    return AccountQuery(
        search=q,
        status=status,
        low=low_balance,
        balance_from=balance_from,
        balance_to=balance_to,
        renews_from=renews_from,
        renews_before=renews_to,
        sort=sort,
    )


AccountFilters = Annotated[AccountQuery, Depends(_filters)]
