"""One account: its overview, and everything that is done to it by who has it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from fastapi import APIRouter
from fastapi.responses import Response

from contracts.accounts import PHONE_CHARACTERS_MAX, Account
from contracts.base import Refused
from contracts.billing import LedgerEntry
from gateway.features.accounts import actions as accounts
from gateway.features.accounts.own_page import (
    DIALOG_FIELDS,
    entry_to_correct,
    show_own_page,
    show_with,
)
from gateway.features.accounts.presenters import basic_fields
from gateway.features.accounts.schemas import (
    AccountPatch,
    AdjustmentBody,
    AdministratorPatch,
    CreditBody,
    CreditLimitBody,
)
from gateway.features.accounts.views import (
    BasicFields,
    DialogForms,
    EditPage,
    OverviewDialog,
)
from gateway.features.billing_settings.details import (
    details_of,
    details_patch,
    details_texts,
    typed_details,
)
from gateway.features.opening.draft import BASIC_FIELDS, BASIC_INFO_FIELDS
from gateway.identity.caller import RequestKey
from gateway.portal.browser import Browser, SellerBrowser, see
from gateway.portal.formatting import money
from gateway.portal.forms import (
    Form,
    SentForm,
    form_errors,
    shown_errors,
    status_of,
)
from gateway.portal.frame import HOMES
from gateway.portal.merging import merged, shown_by, shown_text, version_of
from gateway.portal.presenters import country_choices
from gateway.portal.reading import Reading
from gateway.portal.views.shell import Undo

router = APIRouter(prefix="/accounts/{account_id}", include_in_schema=False)


# --- looking ------------------------------------------------------------------------------------


@router.get("")
async def show_account(account_id: str, browser: SellerBrowser) -> Response:
    """Show an account to its reseller; an operator is led to the same of a reseller."""
    if browser.user.role == "operator":
        query = browser.request.url.query
        address = browser.account_url(account_id)
        return see(f"{address}?{query}" if query else address)
    return await show_own_page(browser, await accounts.find_account(browser.caller, account_id))


@dataclass(frozen=True, slots=True)
class Shown:
    """A dialog as it was sent, to be shown again with what is wrong."""

    dialog: OverviewDialog
    forms: DialogForms
    request: str = ""
    corrected: LedgerEntry | None = None


async def _show_again(
    browser: Browser,
    account: Account,
    shown: Shown,
    *,
    refusal: Refused | None = None,
    errors: Mapping[str, str] | None = None,
) -> Response:
    return await show_with(
        browser,
        account,
        shown.dialog,
        forms=shown.forms,
        request=shown.request,
        refusal=refusal,
        errors=errors,
        corrected=shown.corrected,
    )


# --- doing --------------------------------------------------------------------------------------


@router.post("/credits")
async def add_credit(account_id: str, browser: SellerBrowser, form: SentForm) -> Response:
    """Add credit, once for each time that the form was shown."""
    caller = browser.caller
    account = await accounts.find_account(caller, account_id)
    typed = form.text("credit_amount")
    note = form.text("credit_note")
    request = form.request_id()
    forms = DialogForms(credit_amount=typed, credit_note=note)
    reading = Reading(account.currency)
    amount = reading.amount(typed, "/amount", "the credit")
    body = CreditBody.model_validate({"amount": amount, "note": note})
    key = RequestKey(f"POST /accounts/{account.id}/credits", request)
    try:
        entry = await reading.ask(accounts.add_credit(caller, account.id, body, key))
    except Refused as refusal:
        return await show_with(
            browser, account, "credit", forms=forms, request=request, refusal=refusal
        )
    said = f"{money(entry.amount, account.currency)} credit added"
    return await _go(browser, account, said)


async def _go(browser: Browser, account: Account, said: str) -> Response:
    """Go to the account, and say what its balance is after what was done: invoices may be paid."""
    balance = (await accounts.find_balance(browser.caller, account.id)).balance
    shown = money(balance, account.currency)
    return await browser.go(browser.account_url(account.id), f"{said}; the balance is {shown}.")


@router.post("/adjustments")
async def adjust_balance(account_id: str, browser: SellerBrowser, form: SentForm) -> Response:
    """Adjust the balance, once for each time that the form was shown."""
    account = await accounts.find_account(browser.caller, account_id)
    typed = form.text("adjust_amount").replace("\N{MINUS SIGN}", "-")
    reason = form.text("adjust_reason")
    corrected = await entry_to_correct(browser, account, form.text("entry_seq"))
    shown = Shown(
        dialog="adjust",
        forms=DialogForms(adjust_amount=typed, adjust_reason=reason),
        request=form.request_id(),
        corrected=corrected,
    )
    reading = Reading(account.currency)
    amount = reading.amount(typed, "/amount", "the adjustment")
    seq = corrected.seq if corrected else None
    body = AdjustmentBody.model_validate({"amount": amount, "reason": reason, "entry_seq": seq})
    key = RequestKey(f"POST /accounts/{account.id}/adjustments", shown.request)
    try:
        entry = await reading.ask(accounts.adjust_balance(browser.caller, account.id, body, key))
    except Refused as refusal:
        return await _show_again(browser, account, shown, refusal=refusal)
    moved = money(abs(entry.amount), account.currency)
    said = f"{moved} {'added to' if entry.amount > 0 else 'taken off'} the account"
    return await _go(browser, account, said)


@router.post("/credit-limit")
async def set_credit_limit(account_id: str, browser: SellerBrowser, form: SentForm) -> Response:
    """Set how far below zero calls and purchases may take the balance."""
    account = await accounts.find_account(browser.caller, account_id)
    typed = form.text("credit_limit")
    shown = Shown(dialog="limit", forms=DialogForms(credit_limit=typed))
    reading = Reading(account.currency)
    amount = reading.amount(typed, "/credit_limit", "the credit limit")
    if reading.errors:
        return await _show_again(
            browser, account, shown, errors=shown_errors(reading.errors, DIALOG_FIELDS["limit"])
        )
    body = CreditLimitBody.model_validate({"credit_limit": amount})
    try:
        balance = await accounts.set_credit_limit(browser.caller, account.id, body)
    except Refused as refusal:
        return await _show_again(browser, account, shown, refusal=refusal)
    limit, available = (
        money(one, account.currency) for one in (balance.credit_limit, balance.available)
    )
    said = f"The credit limit is {limit}; {available} is available."
    return await browser.go(browser.account_url(account.id), said)


@router.post("/disable")
async def disable_account(account_id: str, browser: SellerBrowser, form: SentForm) -> Response:
    """Make the account inoperative."""
    account = await accounts.find_account(browser.caller, account_id)
    reason = form.text("reason")
    try:
        await accounts.disable_account(browser.caller, account.id, reason)
    except Refused as refusal:
        forms = DialogForms(reason=reason)
        return await show_with(browser, account, "disable", forms=forms, refusal=refusal)
    undo = Undo(url=f"/accounts/{account.id}/enable")
    address = browser.account_url(account.id)
    return await browser.go(address, f"{account.name} is disabled.", undo=undo)


@router.post("/enable")
async def enable_account(account_id: str, browser: SellerBrowser) -> Response:
    """Make the disabled account work again."""
    account = await accounts.find_account(browser.caller, account_id)
    try:
        enabled = await accounts.enable_account(browser.caller, account.id)
    except Refused as refusal:
        return await show_with(browser, account, "enable", refusal=refusal)
    return await browser.go(browser.account_url(account.id), _enabled_text(enabled))


@router.post("/welcome")
async def send_welcome(account_id: str, browser: SellerBrowser) -> Response:
    """Send the welcome e-mail again."""
    account = await accounts.find_account(browser.caller, account_id)
    said = f"The welcome e-mail is on its way to {account.administrator.email}."
    try:
        await accounts.send_welcome(browser.caller, account.id)
    except Refused as refusal:
        said = refusal.problem.detail
    return await browser.go(browser.account_url(account.id), said)


def _enabled_text(account: Account) -> str:
    """Say what became of an account by enabling it; one that owes for too long is suspended."""
    if account.status == "suspended":
        return f"{account.name} is suspended until its unpaid invoices are paid."
    return f"{account.name} is enabled."


@router.post("/delete")
async def delete_account(account_id: str, browser: SellerBrowser, form: SentForm) -> Response:
    """Close the account for good, if its name was typed."""
    account = await accounts.find_account(browser.caller, account_id)
    typed = form.text("confirm_name")
    force = form.text("write_off") == "yes"
    try:
        await accounts.close_account(browser.caller, account.id, typed, force=force)
    except Refused as refusal:
        unpaid = refusal.problem.code == "unpaid-invoices"
        forms = DialogForms(confirm_name=typed, write_off=force, unpaid=unpaid)
        return await show_with(browser, account, "delete", forms=forms, refusal=refusal)
    return await browser.go(HOMES[browser.user.role], f"{account.name} is deleted.")


# --- editing ------------------------------------------------------------------------------------


@router.get("/edit")
async def edit_account(account_id: str, browser: SellerBrowser) -> Response:
    """Show name and contacts in a form, which remembers the version that it shows."""
    account = await accounts.find_account(browser.caller, account_id)
    return await browser.show(
        EditPage(
            id=account.id,
            name=account.name,
            version=str(account.version),
            shown=shown_text(_texts(basic_fields(account))),
            fields=basic_fields(account),
            countries=country_choices(),
        )
    )


@router.post("/edit")
async def change_account(account_id: str, browser: SellerBrowser, form: SentForm) -> Response:
    """Save name and contacts, unless someone else has saved since the form was shown."""
    account = await accounts.find_account(browser.caller, account_id)
    typed = BasicFields(
        name=form.text("name"),
        email=form.text("email"),
        first_name=form.text("first_name"),
        last_name=form.text("last_name"),
        phone=form.text("phone", PHONE_CHARACTERS_MAX),
        billing=typed_details(form),
    )
    version = version_of(form)
    try:
        saved = await accounts.change_account(browser.caller, account.id, version, _patch(typed))
    except Refused as refusal:
        return await _refused_edit(browser, account.id, typed, form, refusal)
    return await browser.go(browser.account_url(saved.id), "The changes are saved.")


def _patch(typed: BasicFields) -> AccountPatch:
    administrator = AdministratorPatch(
        email=typed.email,
        first_name=typed.first_name,
        last_name=typed.last_name,
        phone=typed.phone,
    )
    return AccountPatch.model_validate(
        {"name": typed.name, "administrator": administrator, **details_patch(typed.billing)}
    )


def _texts(fields: BasicFields) -> dict[str, str]:
    """Return name, contacts and billing details by the names of the form's fields."""
    texts: dict[str, str] = {name: getattr(fields, name) for name in BASIC_FIELDS}
    return {**texts, **details_texts(fields.billing)}


async def _refused_edit(
    browser: Browser, account_id: str, typed: BasicFields, form: Form, refusal: Refused
) -> Response:
    """Show the form again as it was typed, over what someone else saved meanwhile."""
    account = await accounts.find_account(browser.caller, account_id)
    page = EditPage(
        id=account.id,
        name=account.name,
        version=str(version_of(form)),
        shown=shown_text(shown_by(form)),
        fields=typed,
        countries=country_choices(),
    )
    if refusal.problem.code != "version-conflict":
        page = replace(page, errors=form_errors(refusal, BASIC_INFO_FIELDS))
        return await browser.show(page, status_of(refusal))
    stored = basic_fields(account)
    now = _texts(stored)
    both = merged(_texts(typed), shown_by(form), now)
    basic = {name: both[name] for name in BASIC_FIELDS}
    page = replace(
        page,
        version=str(account.version),
        shown=shown_text(now),
        fields=BasicFields(**basic, billing=details_of(both)),
        changed_meanwhile=stored,
    )
    return await browser.show(page, status_of(refusal))
