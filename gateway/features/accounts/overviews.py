"""What the page of an account shows: to a reseller of a customer, to an operator of a reseller."""

import asyncio
from collections.abc import Mapping
from typing import Final

from contracts.accounts import Account
from contracts.billing import ListCalls, ListTransactions, TransactionPage
from gateway.features.accounts import actions as accounts
from gateway.features.accounts.ledger_rows import ledger_rows
from gateway.features.accounts.presenters import administrator
from gateway.features.accounts.views import FailedPage, OpeningPage, OverviewPage, Seller
from gateway.features.calls import actions as calls
from gateway.features.numbers import actions as numbers
from gateway.features.numbers.imports import OPERATORS_MODES, empty_import
from gateway.features.opening.draft import find_draft
from gateway.features.plans.summary import assigned_numbers, find_plan, plan_bundles, plan_summary
from gateway.identity.caller import Caller
from gateway.portal.views.parts import Kpi, ListQuery, Step

LATEST_TRANSACTIONS: Final = 8
RECENT_CALLS: Final = 5
ADVICE: Final[Mapping[str, str]] = {
    "account-name-taken": "Choose another account name.",
    "plan-name-taken": "Choose another plan name.",
    "number-taken": "Choose another number. Someone else got this one first.",
    "reservation-expired": "Choose the numbers again.",
    "insufficient-credit": "Add credit, or choose fewer users or numbers.",
    "quote-changed": "Your tax or fees changed meanwhile. See the new charges, then submit again.",
}
"""What to do about a refusal that came too late for the form, by its type."""


async def account_page(caller: Caller, account: Account) -> OverviewPage | OpeningPage | FailedPage:
    """Return an account's page: how its opening goes, why it failed, or all about it."""
    if account.status == "opening":
        return _opening_page(account)
    if account.status == "failed":
        return await _failed_page(caller, account)
    return await _overview_page(caller, account)


def _opening_page(account: Account) -> OpeningPage:
    steps = (
        Step(label="Order checked and accepted", state="done"),
        Step(label="Numbers, credit and first charges", state="now", note="All of it, or nothing"),
        Step(label="Active, welcome e-mail on its way", state="next"),
    )
    return OpeningPage(id=account.id, name=account.name, steps=steps)


async def _failed_page(caller: Caller, account: Account) -> FailedPage:
    failure = account.failure
    kind = failure.code if failure else ""
    steps = (
        Step(label="Order checked and accepted", state="done"),
        Step(label="Numbers, credit and first charges", state="failed", note="Undone"),
    )
    return FailedPage(
        id=account.id,
        name=account.name,
        reason=failure.detail if failure else "It couldn’t be opened.",
        advice=ADVICE.get(kind, "Check the order and submit it again."),
        steps=steps,
        again_url=await _again_url(caller, account),
    )


async def _again_url(caller: Caller, account: Account) -> str:
    if caller.role == "operator":
        return f"/resellers/new?again={account.id}"
    draft = await find_draft(caller)
    return "/accounts/new/plan" if draft and draft.name == account.name else ""


async def _overview_page(caller: Caller, account: Account) -> OverviewPage:
    plan, balance, recent, ledger, seller = await asyncio.gather(
        find_plan(caller, account.id),
        accounts.find_balance(caller, account.id),
        calls.list_calls(caller, ListCalls(account_id=account.id, limit=RECENT_CALLS)),
        _latest(caller, account.id),
        _seller(caller, account),
    )
    all_transactions = ListQuery(path=f"/accounts/{account.id}/transactions")
    return OverviewPage(
        id=account.id,
        name=account.name,
        realm=account.realm,
        status=account.status,
        status_reason=account.disabled_reason or "",
        opened_at=account.created_at,
        zone=account.time_zone,
        currency=account.currency,
        administrator=administrator(account.administrator),
        password_pending=account.password_pending or False,
        balance=balance.balance,
        held=balance.held,
        available=balance.available,
        credit_limit=balance.credit_limit,
        plan=plan_summary(plan) if plan else None,
        numbers=assigned_numbers(plan) if plan and account.status != "closed" else (),
        bundles=plan_bundles(plan) if plan else (),
        unpaid_invoices=account.unpaid_invoices,
        calls=recent.data,
        transactions=ledger_rows(ledger, all_transactions)[:LATEST_TRANSACTIONS],
        request="",
        seller=seller,
    )


async def _latest(caller: Caller, account_id: str) -> TransactionPage:
    query = ListTransactions(account_id=account_id, free_calls="folded", limit=LATEST_TRANSACTIONS)
    return await accounts.list_transactions(caller, query)


async def _seller(caller: Caller, account: Account) -> Seller | None:
    """Return what an operator sees of a reseller's business; None for all others."""
    profile = account.reseller
    if caller.role != "operator" or profile is None:
        return None
    counts = await numbers.count_numbers_of(caller, account.id)
    return Seller(
        domain=profile.domain,
        country=profile.country,
        stock=(
            Kpi(label="Spare numbers", value=counts.available),
            Kpi(label="Reserved", value=counts.reserved),
            Kpi(label="Assigned", value=counts.assigned),
            Kpi(label="Quarantine", value=counts.quarantine),
        ),
        sending=empty_import(OPERATORS_MODES),
    )
