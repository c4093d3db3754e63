"""One's own billing address and tax ID: the same form for reseller, customer and the platform."""

from dataclasses import replace

from fastapi import APIRouter
from fastapi.responses import Response

from contracts.accounts import Account, PlatformDetails
from contracts.base import Refused
from gateway.features.accounts import actions as accounts
from gateway.features.accounts.schemas import AccountPatch, BillingDetailsPatch
from gateway.features.billing_settings import platform
from gateway.features.billing_settings.details import (
    DETAILS_FIELDS,
    details_of,
    details_patch,
    details_texts,
    stored_details,
    typed_details,
)
from gateway.features.billing_settings.details_views import BillingDetailsFields, BillingDetailsPage
from gateway.features.people.heads import own_head, settings_head
from gateway.portal.browser import AnyBrowser, Browser
from gateway.portal.forms import Form, SentForm, form_errors, status_of
from gateway.portal.merging import merged, shown_by, shown_text, version_of
from gateway.portal.presenters import country_choices

router = APIRouter(prefix="/my/account/billing", include_in_schema=False)


@router.get("")
async def show_billing_details(browser: AnyBrowser) -> Response:
    """Show the own billing details in a form, which remembers the version it shows."""
    stored = await _stored(browser)
    return await browser.show(await _page(browser, stored, stored_details(stored)))


async def _stored(browser: Browser) -> Account | PlatformDetails:
    if _is_platform(browser):
        return await platform.find_platform_details(browser.caller)
    return await accounts.find_own_account(browser.caller)


def _is_platform(browser: Browser) -> bool:
    return browser.user.role == "operator"


async def _page(
    browser: Browser, stored: Account | PlatformDetails, fields: BillingDetailsFields
) -> BillingDetailsPage:
    is_account = isinstance(stored, Account)
    return BillingDetailsPage(
        head=await (settings_head(browser, stored) if is_account else own_head(browser)),
        back=_back(browser),
        fields=fields,
        countries=country_choices(),
        version=str(stored.version),
        shown=shown_text(details_texts(stored_details(stored))),
    )


def _back(browser: Browser) -> str:
    """Return the tab that shows the details."""
    return "/settings" if _is_platform(browser) else "/my/account"


@router.post("")
async def change_billing_details(browser: AnyBrowser, form: SentForm) -> Response:
    """Save the billing details, unless someone else saved since the form was shown."""
    typed, version = typed_details(form), version_of(form)
    patch = details_patch(typed)
    try:
        if _is_platform(browser):
            change = BillingDetailsPatch.model_validate(patch)
            await platform.change_platform_details(browser.caller, version, change)
        else:
            own = AccountPatch.model_validate(patch)
            await accounts.change_own_account(browser.caller, version, own)
    except Refused as refusal:
        return await _refused(browser, form, refusal)
    return await browser.go(_back(browser), "Billing details saved. Future invoices show them.")


async def _refused(browser: Browser, form: Form, refusal: Refused) -> Response:
    """Show the form again as it was typed, over what someone else saved meanwhile."""
    stored, typed, shown = await _stored(browser), typed_details(form), shown_by(form)
    page = await _page(browser, stored, typed)
    if refusal.problem.code == "version-conflict":
        now = stored_details(stored)
        fields = details_of(merged(details_texts(typed), shown, details_texts(now)))
        page = replace(page, fields=fields, changed_meanwhile=now)
    else:
        version, errors = str(version_of(form)), form_errors(refusal, DETAILS_FIELDS)
        page = replace(page, version=version, shown=shown_text(shown), errors=errors)
    return await browser.show(page, status_of(refusal))
