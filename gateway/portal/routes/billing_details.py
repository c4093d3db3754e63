"""One's own billing address and tax ID: the same form for reseller and customer."""

from fastapi import APIRouter
from fastapi.responses import Response

from contracts.base import Refused
from gateway.actions import accounts
from gateway.bodies import AccountPatch
from gateway.portal.billing_details import details_patch, stored_details, typed_details
from gateway.portal.browser import Browser, PartyBrowser
from gateway.portal.contents import country_choices
from gateway.portal.forms import SentForm, form_errors, status_of
from gateway.portal.plan_change import version_of
from gateway.portal.routes.settings import settings_head
from gateway.portal.views.billing_details import BillingDetailsFields, BillingDetailsPage

router = APIRouter(prefix="/my/account/billing", include_in_schema=False)


@router.get("")
async def show_billing_details(browser: PartyBrowser) -> Response:
    """Show the own account's billing details in a form, which remembers the version it shows."""
    account = await accounts.find_own_account(browser.caller)
    return await browser.show(
        BillingDetailsPage(
            head=await settings_head(browser, account),
            fields=stored_details(account),
            countries=country_choices(),
            version=str(account.version),
        )
    )


@router.post("")
async def change_billing_details(browser: PartyBrowser, form: SentForm) -> Response:
    """Save the billing details, unless someone else saved since the form was shown."""
    typed, version = typed_details(form), version_of(form)
    patch = AccountPatch.model_validate(details_patch(typed))
    try:
        await accounts.change_own_account(browser.caller, version, patch)
    except Refused as refusal:
        return await _refused(browser, typed, version, refusal)
    return await browser.go("/my/account", "Billing details saved. Future invoices show them.")


async def _refused(
    browser: Browser, typed: BillingDetailsFields, version: int, refusal: Refused
) -> Response:
    """Show the form again as it was typed; beside it what someone else saved meanwhile."""
    account = await accounts.find_own_account(browser.caller)
    overtaken = refusal.problem.type == "changed-meanwhile"
    page = BillingDetailsPage(
        head=await settings_head(browser, account),
        fields=typed,
        countries=country_choices(),
        version=str(account.version if overtaken else version),
        changed_meanwhile=stored_details(account) if overtaken else None,
        errors={} if overtaken else form_errors(refusal),
    )
    return await browser.show(page, status_of(refusal))
