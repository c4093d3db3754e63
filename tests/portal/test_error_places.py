"""Every error of a form stands beside the field that the form says it is of, or at the top."""

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest

from gateway.features.accounts.own_page import DIALOG_FIELDS as ACCOUNT_DIALOGS
from gateway.features.billing_settings.details import DETAILS_FIELDS
from gateway.features.billing_settings.pages import billing_settings
from gateway.features.calls.pages import imports
from gateway.features.invoices.pages.invoice import FIELDS as INVOICE_DIALOGS
from gateway.features.keys import pages as keys
from gateway.features.opening.draft import BASIC_INFO_FIELDS, CREDIT_FIELDS
from gateway.features.people.pages import entry, settings
from gateway.features.plans.pages import new_plan, numbers, own_plan
from gateway.features.plans.plan_change import plan_fields
from gateway.features.rates.pages import changes, rates
from gateway.features.rejected_calls import pages as rejected_calls
from gateway.features.resellers import pages as resellers
from gateway.portal.forms import FormFields, fields_named
from gateway.portal.pages import FormPage, render, with_errors
from tests.portal.gallery import PAGES, shell

FORMS: Mapping[str, FormFields] = {
    "new-basic": BASIC_INFO_FIELDS,
    "new-plan": {"/plan/name": "plan_name", **plan_fields(("IN",), below="/plan")},
    "new-plan-credit": CREDIT_FIELDS,
    "overview-credit": ACCOUNT_DIALOGS["credit"],
    "overview-adjust": ACCOUNT_DIALOGS["adjust"],
    "overview-limit": ACCOUNT_DIALOGS["limit"],
    "overview-disable": ACCOUNT_DIALOGS["disable"],
    "overview-delete": ACCOUNT_DIALOGS["delete"],
    "edit": BASIC_INFO_FIELDS,
    "change-plan": plan_fields(("IN",)),
    "start-plan": new_plan.FIELDS,
    "account-numbers": numbers.FIELDS,
    "plan-users": own_plan.FIELDS,
    "billing-details": DETAILS_FIELDS,
    "settings": billing_settings.FIELDS,
    "invoice-pay": INVOICE_DIALOGS["pay"],
    "invoice-outside": INVOICE_DIALOGS["outside"],
    "invoice-credit": INVOICE_DIALOGS["credit"],
    "number-fees": fields_named("setup_fee", "monthly_fee"),
    "rates-new": rates.NAME,
    "sheet-rename": rates.NAME,
    "sheet-copy": changes.COPY_FIELDS,
    "sheet-delete": rates.CONFIRMED,
    "rate-new": changes.RATE_FIELDS,
    "keys-first": keys.FIELDS,
    "user-password": settings.FIELDS,
    "rejected-call": {**rejected_calls.FIELDS, "/reason": "reason"},
    "call-import": imports.FIELDS,
    "reseller-new": resellers.FIELDS,
    "reset": entry.RESET_FIELDS,
    "forgot": fields_named("email"),
    "login": fields_named("email", "password"),
}


def page_of(name: str) -> FormPage:
    """Return a page of the gallery that has a form."""
    page = PAGES[name][1]
    assert isinstance(page, FormPage)
    return page


def with_its(page: FormPage, name: str, errors: Mapping[str, str]) -> str:
    """Return the HTML of a page with errors."""
    return render(with_errors(page, errors), shell(name, PAGES[name][0], "light"))


@pytest.mark.parametrize("name", FORMS)
def test_a_form_has_every_field_that_it_names(name: str) -> None:
    page = page_of(name)
    if name == "keys-first":
        page = replace(page, dialog="new")
    fields = set(FORMS[name].values())
    html = with_its(page, name, {field: f"Wrong: {field}." for field in fields})
    beside = " ".join(re.findall(r'class="field-error"[^>]*>.*?</p>', html, re.DOTALL))
    assert set(re.findall(r"Wrong: ([\w-]+)\.", beside)) == fields


@pytest.mark.parametrize("name", sorted({*FORMS, "account-invoices", "versions-back", "numbers"}))
def test_an_error_of_a_field_that_a_page_does_not_have_stands_at_its_top(name: str) -> None:
    html = with_its(page_of(name), name, {"no_such_field": "Send <this> again."})
    main = html.partition('id="main"')[2]
    assert "Send &lt;this&gt; again." in main
    assert main.count("Send &lt;this&gt; again.") == 1
