"""How one's invoices look: the settings of a reseller, or of the platform for an operator."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response

from contracts.base import Refused
from contracts.billing import BillingSettings
from contracts.values import decimal_text
from gateway.features.accounts import actions as accounts
from gateway.features.billing_settings import actions as billing_settings
from gateway.features.billing_settings import platform
from gateway.features.billing_settings.details import shown_details
from gateway.features.billing_settings.schemas import BillingSettingsPatch
from gateway.features.billing_settings.views import BillingSettingsFields, BillingSettingsPage
from gateway.features.people.heads import own_head, settings_head
from gateway.portal.browser import AnyBrowser, Browser, SellerBrowser, see
from gateway.portal.dialling import DIAL_FORMAT_CHOICES, DIAL_FORMATS, slice_seconds_of
from gateway.portal.forms import Form, SentForm, fields_named, form_errors, status_of
from gateway.portal.limits import CHARACTERS_MAX
from gateway.portal.merging import merged, shown_by, shown_text, version_of
from gateway.portal.reading import Reading

TEXTS: Final = ("seller_name", "seller_address", "invoice_prefix", "tax_name", "invoice_footer")
FIELDS: Final = fields_named(*TEXTS, "tax_percent", "dial_format", "slice_seconds")
READ_CHARACTERS_MAX: Final = 5_000
"""What is too long is shown again, to be shortened."""

PATH: Final = "/settings"
REFUSED_PERCENT: Final = "-1"
"""Sent when something else can't be read: so every error is shown, and nothing is saved."""

router = APIRouter(include_in_schema=False)


@router.get(PATH)
async def show_settings(browser: AnyBrowser) -> Response:
    """Show how one's invoices look; who sends none is led to the own account's settings."""
    if browser.user.role == "customer":
        return see("/my/user")
    settings = await billing_settings.find_billing_settings(browser.caller)
    return await _show(
        browser, _fields(settings), settings.version, shown=asdict(_fields(settings))
    )


def _fields(settings: BillingSettings) -> BillingSettingsFields:
    return BillingSettingsFields(
        seller_name=settings.seller_name,
        seller_address=settings.seller_address,
        invoice_prefix=settings.invoice_prefix,
        tax_name=settings.tax_name,
        tax_percent=decimal_text(settings.tax_percent),
        invoice_footer=settings.invoice_footer,
        dial_format=settings.dial_format,
        slice_seconds=str(settings.slice_seconds),
    )


@router.post(PATH)
async def change_settings(browser: SellerBrowser, form: SentForm) -> Response:
    """Save the settings, unless someone else has saved since the form was shown."""
    typed, version, reading = _typed(form), version_of(form), Reading()
    percent = reading.amount(typed.tax_percent or "0", "/tax_percent", "the tax in per cent")
    texts: dict[str, str] = asdict(typed)
    for name in TEXTS:
        reading.length(texts[name], CHARACTERS_MAX[name], f"/{name}")
        texts[name] = texts[name][: CHARACTERS_MAX[name]]
    if "seller_address" not in form:
        del texts["seller_address"]
    of_calls = {**_dial_format(typed, reading), **_slice_seconds(typed, reading)}
    if reading.errors:
        percent = REFUSED_PERCENT
    patch = BillingSettingsPatch.model_validate(
        {
            **{name: text for name, text in texts.items() if name in TEXTS},
            "tax_percent": percent,
            **of_calls,
        }
    )
    try:
        saving = billing_settings.change_billing_settings(browser.caller, version, patch)
        await reading.ask(saving, forced="/tax_percent")
    except Refused as refusal:
        return await _refused(browser, typed, form, refusal)
    return await browser.go(PATH, "Saved. Issued invoices don’t change.")


async def _refused(
    browser: Browser, typed: BillingSettingsFields, form: Form, refusal: Refused
) -> Response:
    """Show the form again as it was typed, over what someone else saved meanwhile."""
    status, shown = status_of(refusal), shown_by(form)
    if refusal.problem.code != "version-conflict":
        errors = form_errors(refusal, FIELDS)
        return await _show(
            browser, typed, version_of(form), shown=shown, errors=errors, status=status
        )
    settings = await billing_settings.find_billing_settings(browser.caller)
    now = asdict(_fields(settings))
    fields = BillingSettingsFields(**merged(asdict(typed), shown, now))
    return await _show(browser, fields, settings.version, shown=now, status=status, overtaken=True)


def _dial_format(typed: BillingSettingsFields, reading: Reading) -> dict[str, str]:
    """Return the dial format that was chosen; a form without the field leaves it as it is."""
    if not typed.dial_format:
        return {}
    words = "how switches write destinations"
    return {"dial_format": reading.choice(typed.dial_format, DIAL_FORMATS, "/dial_format", words)}


def _slice_seconds(typed: BillingSettingsFields, reading: Reading) -> dict[str, int]:
    """Return how much of a call is held at a time, likewise."""
    if not typed.slice_seconds:
        return {}
    return {"slice_seconds": slice_seconds_of(typed.slice_seconds, reading)}


def _typed(form: Form) -> BillingSettingsFields:
    return BillingSettingsFields(
        seller_name=form.text("seller_name", READ_CHARACTERS_MAX),
        seller_address=form.text("seller_address", READ_CHARACTERS_MAX),
        invoice_prefix=form.text("invoice_prefix", READ_CHARACTERS_MAX),
        tax_name=form.text("tax_name", READ_CHARACTERS_MAX),
        tax_percent=form.text("tax_percent"),
        invoice_footer=form.text("invoice_footer", READ_CHARACTERS_MAX),
        dial_format=form.text("dial_format"),
        slice_seconds=form.text("slice_seconds"),
    )


async def _show(
    browser: Browser,
    fields: BillingSettingsFields,
    version: int,
    *,
    shown: Mapping[str, str],
    errors: Mapping[str, str] | None = None,
    status: int = 200,
    overtaken: bool = False,
) -> Response:
    if browser.user.role == "operator":
        own, head = await platform.find_platform_details(browser.caller), await own_head(browser)
    else:
        own = await accounts.find_own_account(browser.caller)
        head = await settings_head(browser, own)
    page = BillingSettingsPage(
        head=head,
        billing=shown_details(own.billing_details) if own.billing_address else (),
        fields=fields,
        dial_formats=DIAL_FORMAT_CHOICES,
        version=str(version),
        shown=shown_text(shown),
        overtaken=overtaken,
        errors=errors or {},
    )
    return await browser.show(page, status)
