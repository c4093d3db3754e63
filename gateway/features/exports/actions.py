"""The lists as CSV, from their first to their last page."""

from collections.abc import AsyncIterator
from typing import Final

from contracts.accounts import Account, ListAccounts
from contracts.billing import (
    ListRateSheets,
    ListRejectedCalls,
    RateSheet,
    RejectedCall,
)
from contracts.exact_rates import rate_text
from contracts.numbers import ListNumbers, StockNumber
from contracts.values import Moment, decimal_text
from gateway.features.accounts.lists import AccountQuery, ListedAccount, ListedAccounts, listed
from gateway.features.keys import actions as keys
from gateway.features.keys.schemas import KeyList, KeyView
from gateway.http.exports import csv_export, csv_of
from gateway.identity.caller import Caller, action
from services.chassis.tables import guarded

ACCOUNT_COLUMNS: Final = (
    "id",
    "name",
    "realm",
    "status",
    "administrator",
    "email",
    "phone",
    "plan",
    "users",
    "cost_per_user",
    "numbers",
    "balance",
    "currency",
    "created_at",
    "premium_allowed",
)
RESELLER_COLUMNS: Final = (
    "id",
    "name",
    "realm",
    "status",
    "administrator",
    "email",
    "phone",
    "domain",
    "country",
    "currency",
    "time_zone",
    "created_at",
)
NUMBER_COLUMNS: Final = (
    "number",
    "country",
    "locality",
    "state",
    "setup_fee",
    "monthly_fee",
    "account_id",
    "until",
)
SHEET_COLUMNS: Final = (
    "id",
    "name",
    "currency",
    "rates",
    "lowest_rate",
    "highest_rate",
    "accounts",
    "changed_at",
    "archived_at",
)
REJECTED_CALL_COLUMNS: Final = (
    "id",
    "reason",
    "detail",
    "call_id",
    "account_id",
    "status",
    "received_at",
    "retried_at",
    "closed_at",
    "dismissed_because",
)
KEY_COLUMNS: Final = (
    "id",
    "name",
    "scope",
    "hint",
    "created_at",
    "used_at",
    "expires_at",
    "dial_format",
    "slice_seconds",
)


# --- accounts ---------------------------------------------------------------------------------


@action("operator", "reseller")
async def export_accounts(caller: Caller, query: AccountQuery) -> AsyncIterator[str]:
    """Return the caller's accounts with their balances as CSV text in pieces."""

    async def page(query: AccountQuery) -> ListedAccounts:
        return await listed(caller, query)

    return await csv_of(page, query, ACCOUNT_COLUMNS, _account_cells)


def _account_cells(account: ListedAccount) -> tuple[str, ...]:
    plan, billing_account = account.plan, account.billing_account
    return (
        *_contact_cells(account),
        guarded(plan.name) if plan else "",
        str(plan.users) if plan else "",
        decimal_text(plan.cost_per_user) if plan else "",
        str(len(account.numbers)),
        decimal_text(billing_account.balance) if billing_account else "",
        account.currency,
        account.created_at.isoformat(),
        ("yes" if plan.premium_allowed else "no") if plan else "",
    )


def _contact_cells(account: Account) -> tuple[str, ...]:
    person = account.administrator
    return (
        account.id,
        guarded(account.name),
        guarded(account.realm),
        account.status,
        guarded(f"{person.first_name} {person.last_name}"),
        guarded(person.email),
        guarded(person.phone),
    )


@action("operator")
async def export_resellers(caller: Caller, query: ListAccounts) -> AsyncIterator[str]:
    """Return the resellers as CSV text in pieces."""
    return await csv_of(caller.ask, query, RESELLER_COLUMNS, _reseller_cells)


def _reseller_cells(account: Account) -> tuple[str, ...]:
    profile = account.reseller
    return (
        *_contact_cells(account),
        guarded(profile.domain) if profile else "",
        account.country,
        account.currency,
        account.time_zone,
        account.created_at.isoformat(),
    )


# --- numbers and rate sheets ------------------------------------------------------------------


@action("operator", "reseller")
async def export_numbers(caller: Caller, query: ListNumbers) -> AsyncIterator[str]:
    """Return the caller's stock as CSV text in pieces."""
    return await csv_of(caller.ask, query, NUMBER_COLUMNS, _number_cells)


def _number_cells(number: StockNumber) -> tuple[str, ...]:
    return (
        guarded(number.number),
        number.country or "",
        guarded(number.locality),
        number.state,
        decimal_text(number.setup_fee),
        decimal_text(number.monthly_fee),
        number.account_id or "",
        _time(number.until),
    )


@action("operator", "reseller")
async def export_rate_sheets(caller: Caller, query: ListRateSheets) -> AsyncIterator[str]:
    """Return the caller's rate sheets as CSV text in pieces."""
    return await csv_of(caller.ask, query, SHEET_COLUMNS, _sheet_cells)


def _sheet_cells(sheet: RateSheet) -> tuple[str, ...]:
    spans = (
        (sheet.lowest_rate, sheet.lowest_rate_exact),
        (sheet.highest_rate, sheet.highest_rate_exact),
    )
    lowest, highest = ("" if rate is None else rate_text(rate, exact) for rate, exact in spans)
    return (
        sheet.id,
        guarded(sheet.name),
        sheet.currency,
        str(sheet.rates),
        lowest,
        highest,
        str(sheet.accounts),
        _time(sheet.changed_at),
        _time(sheet.archived_at),
    )


# --- rejected calls and keys ------------------------------------------------------------------


@action("operator", "reseller")
async def export_rejected_calls(caller: Caller, query: ListRejectedCalls) -> AsyncIterator[str]:
    """Return records that could not be charged as CSV text in pieces."""
    return await csv_of(caller.ask, query, REJECTED_CALL_COLUMNS, _rejected_cells)


def _rejected_cells(rejected: RejectedCall) -> tuple[str, ...]:
    return (
        rejected.id,
        rejected.reason,
        guarded(rejected.detail),
        guarded(rejected.call_id),
        guarded(rejected.account_id),
        rejected.status,
        _time(rejected.received_at),
        _time(rejected.retried_at),
        _time(rejected.closed_at),
        guarded(rejected.dismissed_because),
    )


@action("operator", "reseller", in_person=True)
async def export_keys(caller: Caller) -> AsyncIterator[str]:
    """Return the keys of the caller's account as CSV text; of a secret only its beginning."""

    async def following(_: str) -> KeyList:
        return KeyList(data=())

    return csv_export(KEY_COLUMNS, _key_cells, await keys.list_keys(caller), following)


def _key_cells(key: KeyView) -> tuple[str, ...]:
    return (
        key.id,
        guarded(key.name),
        key.scope,
        guarded(key.hint),
        _time(key.created_at),
        _time(key.used_at),
        _time(key.expires_at),
        key.dial_format or "",
        str(key.slice_seconds or ""),
    )


def _time(moment: Moment | None) -> str:
    return moment.isoformat() if moment else ""
