"""One account: its overview, and everything its reseller does to it."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, get_args

from fastapi import APIRouter
from fastapi.responses import Response

from contracts.accounts import Account
from contracts.base import Refused
from contracts.billing import ListCalls, ListTransactions, TransactionPage
from gateway.actions import accounts, calls
from gateway.bodies import AccountPatch, AdministratorPatch, CreditBody
from gateway.caller import Caller, RequestKey
from gateway.portal.browser import Browser, ResellerBrowser
from gateway.portal.contents import administrator, basic_fields
from gateway.portal.draft import PHONE_CHARACTERS_MAX, find_draft
from gateway.portal.formatting import money
from gateway.portal.forms import (
    Reading,
    SentForm,
    form_errors,
    new_request_id,
    one_of,
    shown_errors,
    status_of,
)
from gateway.portal.plans import assigned_numbers, find_plan, plan_bundles, plan_summary
from gateway.portal.routes.accounts import REASON_CHARACTERS_MAX
from gateway.portal.views.accounts import (
    BasicFields,
    DialogForms,
    EditPage,
    FailedPage,
    OpeningPage,
    OverviewDialog,
    OverviewPage,
)
from gateway.portal.views.parts import Step
from gateway.portal.views.shell import Undo

LATEST_TRANSACTIONS: Final = 8
RECENT_CALLS: Final = 5
VERSION_DIGITS_MAX: Final = 9
DIALOGS: Final[tuple[OverviewDialog, ...]] = get_args(OverviewDialog)
ADVICE: Final[Mapping[str, str]] = {
    "account-name-taken": "Choose another account name on the first page.",
    "plan-name-taken": "Choose another plan name.",
    "number-taken": "Choose another number: somebody else got this one first.",
    "hold-expired": "Choose the numbers again.",
    "insufficient-credit": "Add credit, or choose fewer users or numbers.",
}
"""What to do about a refusal that came too late for the wizard, by its type."""

router = APIRouter(prefix="/accounts/{account_id}", include_in_schema=False)


# --- looking ------------------------------------------------------------------------------------


@router.get("")
async def show_account(account_id: str, browser: ResellerBrowser) -> Response:
    """Show an account: how its opening goes, why it failed, or all about it."""
    account = await accounts.find_account(browser.caller, account_id)
    wanted = browser.request.query_params.get("dialog", "")
    dialog = one_of(DIALOGS, wanted) or ""
    return await _show(browser, account, dialog)


async def _show(
    browser: Browser,
    account: Account,
    dialog: OverviewDialog = "",
    *,
    forms: DialogForms | None = None,
    request: str = "",
    refusal: Refused | None = None,
    errors: Mapping[str, str] | None = None,
) -> Response:
    """Answer with an account's page; what was refused stands in the dialog it came from."""
    if account.status == "opening":
        return await browser.show(_opening_page(account))
    if account.status == "failed":
        return await browser.show(await _failed_page(browser.caller, account))
    wrong = form_errors(refusal) if refusal else errors or {}
    page = replace(
        await _overview_page(browser.caller, account),
        dialog=dialog,
        forms=forms or DialogForms(),
        request=request or new_request_id(),
        errors=wrong,
    )
    return await browser.show(page, status_of(refusal) if refusal else 422 if errors else 200)


def _opening_page(account: Account) -> OpeningPage:
    steps = (
        Step(label="Order checked and accepted", state="done"),
        Step(label="Numbers, credit and first charges", state="now", note="All of it, or nothing"),
        Step(label="Active, welcome e-mail on its way", state="next"),
    )
    return OpeningPage(id=account.id, name=account.name, steps=steps)


async def _failed_page(caller: Caller, account: Account) -> FailedPage:
    failure = account.failure
    kind = failure.type if failure else ""
    steps = (
        Step(label="Order checked and accepted", state="done"),
        Step(label="Numbers, credit and first charges", state="failed", note="Undone"),
    )
    draft = await find_draft(caller)
    return FailedPage(
        id=account.id,
        name=account.name,
        reason=failure.detail if failure else "It could not be opened.",
        advice=ADVICE.get(kind, "Check the order and submit it again."),
        steps=steps,
        again_url="/accounts/new/plan" if draft and draft.name == account.name else "",
    )


async def _overview_page(caller: Caller, account: Account) -> OverviewPage:
    plan, balance, recent, ledger = await asyncio.gather(
        find_plan(caller, account.id),
        accounts.find_balance(caller, account.id),
        calls.list_calls(caller, ListCalls(account_id=account.id, limit=RECENT_CALLS)),
        _latest(caller, account.id),
    )
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
        balance=balance.balance,
        held=balance.held,
        available=balance.available,
        plan=plan_summary(plan) if plan else None,
        numbers=assigned_numbers(plan) if plan and account.status != "closed" else (),
        bundles=plan_bundles(plan) if plan else (),
        unpaid_invoices=account.unpaid_invoices,
        calls=recent.data,
        transactions=ledger.data,
        request="",
    )


async def _latest(caller: Caller, account_id: str) -> TransactionPage:
    query = ListTransactions(account_id=account_id, limit=LATEST_TRANSACTIONS)
    return await accounts.list_transactions(caller, query)


# --- doing --------------------------------------------------------------------------------------


@router.post("/credits")
async def add_credit(account_id: str, browser: ResellerBrowser, form: SentForm) -> Response:
    """Add credit, once for each time that the form was shown."""
    caller = browser.caller
    account = await accounts.find_account(caller, account_id)
    typed = form.text("credit_amount")
    note = form.text("credit_note", REASON_CHARACTERS_MAX)
    request = form.request_id()
    forms = DialogForms(credit_amount=typed, credit_note=note)
    reading = Reading()
    amount = reading.amount(typed, "/amount", "the credit")
    if reading.errors:
        errors = shown_errors(reading.errors)
        return await _show(browser, account, "credit", forms=forms, request=request, errors=errors)
    body = CreditBody.model_validate({"amount": amount, "note": note})
    key = RequestKey(f"POST /accounts/{account.id}/credits", request)
    try:
        entry = await accounts.add_credit(caller, account.id, body, key)
    except Refused as refusal:
        return await _show(
            browser, account, "credit", forms=forms, request=request, refusal=refusal
        )
    balance = money(entry.balance_after, account.currency)
    said = f"{money(entry.amount, account.currency)} credit added; the balance is {balance}."
    return await browser.go(_address(account), said)


@router.post("/disable")
async def disable_account(account_id: str, browser: ResellerBrowser, form: SentForm) -> Response:
    """Make the account inoperative."""
    account = await accounts.find_account(browser.caller, account_id)
    reason = form.text("reason", REASON_CHARACTERS_MAX)
    try:
        await accounts.disable_account(browser.caller, account.id, reason)
    except Refused as refusal:
        forms = DialogForms(reason=reason)
        return await _show(browser, account, "disable", forms=forms, refusal=refusal)
    back = _address(account)
    fields = (("action", "enable"), ("account", account.id), ("back", back))
    undo = Undo(url="/accounts/bulk", fields=fields)
    return await browser.go(back, f"{account.name} is disabled.", undo=undo)


@router.post("/enable")
async def enable_account(account_id: str, browser: ResellerBrowser) -> Response:
    """Make the disabled account work again."""
    account = await accounts.find_account(browser.caller, account_id)
    try:
        enabled = await accounts.enable_account(browser.caller, account.id)
    except Refused as refusal:
        return await _show(browser, account, "enable", refusal=refusal)
    return await browser.go(_address(account), enabled_text(enabled))


def enabled_text(account: Account) -> str:
    """Say what became of an account by enabling it; one that owes for too long is suspended."""
    if account.status == "suspended":
        return f"{account.name} is suspended until its unpaid invoices are paid."
    return f"{account.name} is enabled."


@router.post("/delete")
async def delete_account(account_id: str, browser: ResellerBrowser, form: SentForm) -> Response:
    """Close the account for good, if its name was typed."""
    account = await accounts.find_account(browser.caller, account_id)
    typed = form.text("typed_name", REASON_CHARACTERS_MAX)
    force = form.text("write_off") == "yes"
    try:
        await accounts.close_account(browser.caller, account.id, typed, force=force)
    except Refused as refusal:
        unpaid = refusal.problem.type == "unpaid-invoices"
        forms = DialogForms(typed_name=typed, write_off=force, unpaid=unpaid)
        return await _show(browser, account, "delete", forms=forms, refusal=refusal)
    return await browser.go("/accounts", f"{account.name} is deleted.")


def _address(account: Account) -> str:
    return f"/accounts/{account.id}"


# --- editing ------------------------------------------------------------------------------------


@router.get("/edit")
async def edit_account(account_id: str, browser: ResellerBrowser) -> Response:
    """Show name and contacts in a form, which remembers the version that it shows."""
    account = await accounts.find_account(browser.caller, account_id)
    return await browser.show(
        EditPage(
            id=account.id,
            name=account.name,
            version=str(account.version),
            fields=basic_fields(account),
        )
    )


@router.post("/edit")
async def change_account(account_id: str, browser: ResellerBrowser, form: SentForm) -> Response:
    """Save name and contacts, unless somebody else has saved since the form was shown."""
    account = await accounts.find_account(browser.caller, account_id)
    typed = BasicFields(
        name=form.text("name"),
        email=form.text("email"),
        first_name=form.text("first_name"),
        last_name=form.text("last_name"),
        phone=form.text("phone", PHONE_CHARACTERS_MAX),
    )
    seen = form.text("version")
    version = int(seen) if seen.isdecimal() and len(seen) < VERSION_DIGITS_MAX else 0
    try:
        saved = await accounts.change_account(browser.caller, account.id, version, _patch(typed))
    except Refused as refusal:
        return await _refused_edit(browser, account.id, typed, version, refusal)
    return await browser.go(_address(saved), "The changes are saved.")


def _patch(typed: BasicFields) -> AccountPatch:
    return AccountPatch(
        name=typed.name,
        administrator=AdministratorPatch(
            email=typed.email,
            first_name=typed.first_name,
            last_name=typed.last_name,
            phone=typed.phone,
        ),
    )


async def _refused_edit(
    browser: Browser, account_id: str, typed: BasicFields, version: int, refusal: Refused
) -> Response:
    """Show the form again as it was typed; beside it what somebody else saved meanwhile."""
    account = await accounts.find_account(browser.caller, account_id)
    overtaken = refusal.problem.type == "changed-meanwhile"
    page = EditPage(
        id=account.id,
        name=account.name,
        version=str(account.version if overtaken else version),
        fields=typed,
        changed_meanwhile=basic_fields(account) if overtaken else None,
        errors={} if overtaken else form_errors(refusal),
    )
    return await browser.show(page, status_of(refusal))
