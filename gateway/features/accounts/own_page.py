"""The page of an account, with the dialog open that its address names."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, get_args

from fastapi.responses import Response

from contracts.accounts import Account
from contracts.base import Refused
from contracts.billing import LedgerEntry
from contracts.values import decimal_text
from gateway.features.accounts import actions as accounts
from gateway.features.accounts.overviews import account_page
from gateway.features.accounts.views import (
    DialogForms,
    OverviewDialog,
    OverviewPage,
)
from gateway.portal.browser import Browser
from gateway.portal.forms import (
    FormFields,
    fields_named,
    form_errors,
    new_request_id,
    one_of,
    status_of,
)

SEQ_DIGITS_MAX: Final = 15
DIALOGS: Final[tuple[OverviewDialog, ...]] = get_args(OverviewDialog)
DIALOG_FIELDS: Final[Mapping[OverviewDialog, FormFields]] = {
    "credit": {"/amount": "credit_amount", "/note": "credit_note"},
    "adjust": {"/amount": "adjust_amount", "/reason": "adjust_reason", "/entry_seq": "entry_seq"},
    "limit": fields_named("credit_limit"),
    "disable": fields_named("reason"),
    "delete": fields_named("confirm_name"),
}
"""Of each dialog that has any."""


async def show_own_page(browser: Browser, account: Account) -> Response:
    """Answer with an account's page, the dialog open that its address names."""
    parameters = browser.request.query_params
    wanted = one_of(DIALOGS, parameters.get("dialog", "")) or ""
    corrected = None
    if wanted == "adjust":
        corrected = await entry_to_correct(browser, account, parameters.get("entry", ""))
    forms = DialogForms(adjust_amount=decimal_text(-corrected.amount)) if corrected else None
    return await show_with(browser, account, wanted, forms=forms, corrected=corrected)


async def entry_to_correct(browser: Browser, account: Account, typed: str) -> LedgerEntry | None:
    """Return the entry that is to be corrected; None for no number, or that of no entry."""
    if not (typed.isascii() and typed.isdecimal() and len(typed) <= SEQ_DIGITS_MAX):
        return None
    return await accounts.find_entry(browser.caller, account.id, int(typed))


async def show_with(
    browser: Browser,
    account: Account,
    dialog: OverviewDialog = "",
    *,
    forms: DialogForms | None = None,
    request: str = "",
    refusal: Refused | None = None,
    errors: Mapping[str, str] | None = None,
    corrected: LedgerEntry | None = None,
) -> Response:
    """Answer with an account's page; what was refused stands in the dialog it came from."""
    page = await account_page(browser.caller, account)
    if not isinstance(page, OverviewPage):
        return await browser.show(page)
    wrong = form_errors(refusal, DIALOG_FIELDS.get(dialog, {})) if refusal else errors or {}
    page = replace(
        page,
        corrected=corrected,
        dialog=dialog,
        forms=forms or DialogForms(),
        request=request or new_request_id(),
        errors=wrong,
    )
    return await browser.show(page, status_of(refusal) if refusal else 422 if errors else 200)
