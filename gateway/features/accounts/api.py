"""Accounts of a reseller: opening, listing, changing, and what parent and administrator see."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response

from contracts.accounts import Account
from contracts.billing import (
    Balance,
    EntryType,
    FreeCallsShown,
    LedgerEntry,
    ListTransactions,
    TransactionPage,
)
from contracts.values import PAGE_ITEMS_MAX
from gateway.features.accounts import actions as accounts
from gateway.features.accounts import lists
from gateway.features.accounts.filters import AccountFilters
from gateway.features.accounts.lists import ListedAccounts
from gateway.features.accounts.schemas import (
    AccountPatch,
    AdjustmentBody,
    CreditBody,
    CreditLimitBody,
)
from gateway.features.accounts.shared_api import (
    add_opening_routes,
    add_state_routes,
    tagged,
)
from gateway.features.opening import actions as opening
from gateway.features.opening.schemas import AccountBody
from gateway.files.downloads import csv_answer, csv_response
from gateway.http.problems import refusals
from gateway.identity.caller import Caller
from gateway.identity.operations import Operation
from gateway.identity.requests import (
    CSV,
    JSON,
    KEY_PROBLEMS,
    MERGE_PATCH,
    ConfirmName,
    Cursor,
    From,
    IfMatch,
    Limit,
    OptionalKey,
    RequiredKey,
    To,
    may,
    version_to_change,
)
from gateway.identity.whole_checks import WholeBodyRoute

router = APIRouter(prefix="/v1/accounts", tags=["accounts"], route_class=WholeBodyRoute)

_OPENING: Final = """\
Open an account: all or nothing.

The answer comes before it is done, with the status `opening`. A moment later the account is
`active`, or `failed` with the reason; the events `accounts.account-activated.v1` and
`accounts.account-failed.v1` say so.

Send the `total` of the quote you saw as `expected_total`. If the charges have changed since,
nothing is opened: the problem `quote-changed` has the new quote in its member `quote`."""

EntryTypes = Annotated[
    tuple[EntryType, ...],
    Query(alias="type", max_length=20, description="Only entries of these types."),
]
FreeCallsWanted = Annotated[
    FreeCallsShown,
    Query(
        description="Calls that moved no money: `folded` counts them per day in `free_calls` "
        "instead of listing them; `only` lists nothing else."
    ),
]


def _entries(
    *,
    account_id: str,
    start: From = None,
    end: To = None,
    types: EntryTypes = (),
    free_calls: FreeCallsWanted = "listed",
) -> ListTransactions:
    return ListTransactions(
        account_id=account_id,
        start=start,
        end=end,
        types=types,
        free_calls=free_calls,
        limit=PAGE_ITEMS_MAX,
    )


Entries = Annotated[ListTransactions, Depends(_entries)]
"""Which entries of a ledger a list or a file is of."""


# --- opening ----------------------------------------------------------------------------


add_opening_routes(
    router,
    AccountBody,
    Operation(
        "quote_account",
        opening.quote_account,
        "Tell every charge of opening an account, and the balance after it; nothing is made.",
    ),
    Operation("open_account", opening.open_account, _OPENING),
)


# --- managing ---------------------------------------------------------------------------


@router.get("", responses=refusals("invalid-cursor"))
async def list_accounts(
    caller: Annotated[Caller, Depends(may(lists.list_accounts))],
    filters: AccountFilters,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> ListedAccounts:
    """List your accounts with their money.

    `q` finds beginnings of words of name, realm, administrator, number, accents or not. An operator
    sorts and filters resellers by what isn't money: they differ in currency.
    """
    query = filters.model_copy(update={"limit": limit, "cursor": cursor})
    return await lists.list_accounts(caller, query)


add_state_routes(
    router,
    Operation(
        "find_account",
        accounts.find_account,
        "Show an account, whatever its state; of a failed one, `failure` says why.",
    ),
    Operation(
        "disable_account",
        accounts.disable_account,
        "Make an account inoperative: its calls are refused; it may still sign in and pay.",
    ),
    Operation("enable_account", accounts.enable_account, "Make a disabled account work again."),
)


@router.patch(
    "/{account_id}",
    responses=refusals(
        "not-found",
        "account-name-taken",
        "account-not-active",
        "account-disabled",
        "version-conflict",
        "if-match-required",
        "idempotency-key-reused",
        body=True,
    ),
)
async def change_account(
    *,
    caller: Annotated[Caller, Depends(may(accounts.change_account, takes=(JSON, MERGE_PATCH)))],
    account_id: str,
    body: AccountPatch,
    versions: IfMatch,
    key: OptionalKey,
    response: Response,
) -> Account:
    """Change name, contacts or billing details; omitted fields stay unchanged.

    You can also change `billing_address` and `tax_id` of your own account; null removes them.
    """

    async def current() -> int:
        return (await accounts.find_account(caller, account_id)).version

    version = await version_to_change(versions, current)
    return tagged(response, await accounts.change_account(caller, account_id, version, body, key))


@router.delete(
    "/{account_id}",
    responses=refusals(
        "not-found",
        "account-not-active",
        "account-disabled",
        "name-does-not-match",
        "unpaid-invoices",
        "idempotency-key-reused",
    ),
)
async def close_account(
    *,
    caller: Annotated[Caller, Depends(may(accounts.close_account))],
    account_id: str,
    key: OptionalKey,
    confirm_name: ConfirmName,
    force: Annotated[
        bool,
        Query(description="Write off unpaid invoices and close the account."),
    ] = False,
) -> Account:
    """Close an account for good: calls stop, numbers go back, the history stays.

    This can't be undone: send the account's name as `confirm_name`. A reseller is closed here too,
    once its own accounts are.
    """
    return await accounts.close_account(caller, account_id, confirm_name, key, force=force)


@router.post(
    "/{account_id}/welcome",
    status_code=204,
    responses=refusals(
        "not-found",
        "account-not-active",
        "account-disabled",
        "password-set",
        "idempotency-key-reused",
    ),
)
async def send_welcome(
    caller: Annotated[Caller, Depends(may(accounts.send_welcome))],
    account_id: str,
    key: OptionalKey,
) -> None:
    """Send the welcome e-mail again, with a new link that works for 7 days.

    Refused once the administrator has set a password: then “Forgot password” sends a link.
    """
    await accounts.send_welcome(caller, account_id, key)


@router.post(
    "/{account_id}/credits",
    status_code=201,
    responses=refusals(
        "not-found", "account-not-active", "account-disabled", *KEY_PROBLEMS, body=True
    ),
)
async def add_credit(
    caller: Annotated[Caller, Depends(may(accounts.add_credit))],
    account_id: str,
    body: CreditBody,
    key: RequiredKey,
) -> LedgerEntry:
    """Add prepaid credit. It pays what is due first, the oldest invoice first."""
    return await accounts.add_credit(caller, account_id, body, key)


@router.post(
    "/{account_id}/adjustments",
    status_code=201,
    responses=refusals(
        "not-found", "account-not-active", "account-disabled", *KEY_PROBLEMS, body=True
    ),
)
async def adjust_balance(
    caller: Annotated[Caller, Depends(may(accounts.adjust_balance))],
    account_id: str,
    body: AdjustmentBody,
    key: RequiredKey,
) -> LedgerEntry:
    """Adjust the balance, up or down, also below zero; `entry_seq` names what is corrected."""
    return await accounts.adjust_balance(caller, account_id, body, key)


@router.put(
    "/{account_id}/credit-limit",
    responses=refusals(
        "not-found",
        "account-not-active",
        "account-disabled",
        "idempotency-key-reused",
        body=True,
    ),
)
async def set_credit_limit(
    caller: Annotated[Caller, Depends(may(accounts.set_credit_limit))],
    account_id: str,
    body: CreditLimitBody,
    key: OptionalKey,
) -> Balance:
    """Set how far below zero calls and purchases may take the balance; it counts at once."""
    return await accounts.set_credit_limit(caller, account_id, body, key)


# --- money -----------------------------------------------------------------------


@router.get("/{account_id}/balance", responses=refusals("not-found"))
async def find_balance(
    caller: Annotated[Caller, Depends(may(accounts.find_balance))], account_id: str
) -> Balance:
    """Show the balance: available = balance + credit limit - held."""
    return await accounts.find_balance(caller, account_id)


@router.get("/{account_id}/transactions", responses=refusals("not-found", "invalid-cursor"))
async def list_transactions(
    *,
    caller: Annotated[Caller, Depends(may(accounts.list_transactions))],
    wanted: Entries,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> TransactionPage:
    """List the ledger entries of a time frame, newest first, each with the balance after it."""
    query = wanted.model_copy(update={"limit": limit, "cursor": cursor})
    return await accounts.list_transactions(caller, query)


@router.get(
    "/{account_id}/transactions.csv",
    response_class=Response,
    responses={**csv_answer("All ledger entries of the time frame"), **refusals("not-found")},
)
async def export_transactions(
    *,
    caller: Annotated[Caller, Depends(may(accounts.export_transactions, gives=CSV))],
    wanted: Entries,
) -> Response:
    """Download the ledger entries of a time frame as CSV, however many; `folded` leaves out."""
    return csv_response(await accounts.export_transactions(caller, wanted), "transactions.csv")
