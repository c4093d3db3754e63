"""How a seller's invoices look: settings of resellers and of the platform."""

from typing import Any

import pytest

from contracts.audit import AuditFilter
from contracts.billing import (
    BillingSettings,
    ChangeBillingSettings,
    FindBillingSettings,
    ListBillingChanges,
)
from contracts.values import micros
from tests.billing.invoiced import draft, keep_and_issue, know_invoice_parties
from tests.harness import CUSTOMER, OPERATOR, OTHER_RESELLER, RESELLER, Harness

DEFAULTS = BillingSettings(
    seller_name="",
    seller_address="",
    invoice_prefix="INV",
    tax_name="Tax",
    tax_percent=0,
    invoice_footer="",
    version=1,
)


def change(version: int = 1, **fields: Any) -> ChangeBillingSettings:  # noqa: ANN401 - any of the settings
    return ChangeBillingSettings.model_validate({"version": version, **fields})


async def test_settings_are_the_defaults_until_they_are_changed(billing: Harness) -> None:
    for by in (RESELLER, OPERATOR):
        assert await billing.ask(FindBillingSettings(), by) == DEFAULTS
    changed = await billing.ask(
        change(
            seller_name="  Atlas   Telecom ",
            seller_address="1 High Street \n London ",
            invoice_prefix="ATLAS-26-",  # its numbers have a dash of their own
            tax_name="VAT",
            tax_percent=micros("19.1234"),
        ),
        RESELLER,
    )
    assert changed == BillingSettings(
        seller_name="Atlas Telecom",
        seller_address="1 High Street\nLondon",
        invoice_prefix="ATLAS-26",
        tax_name="VAT",
        tax_percent=micros("19.1234"),
        invoice_footer="",
        version=2,
    )
    assert await billing.ask(FindBillingSettings(), RESELLER) == changed
    for other in (OTHER_RESELLER, OPERATOR):
        assert await billing.ask(FindBillingSettings(), other) == DEFAULTS
    cleared = await billing.ask(change(2, seller_name=""), RESELLER)
    assert (cleared.seller_name, cleared.tax_name, cleared.version) == ("", "VAT", 3)


async def test_how_switches_dial_over_amqp_is_a_setting_of_each_reseller(billing: Harness) -> None:
    changed = await billing.ask(change(dial_format="e164"), RESELLER)
    assert changed == DEFAULTS.model_copy(update={"dial_format": "e164", "version": 2})
    for other in (OTHER_RESELLER, OPERATOR):
        assert (await billing.ask(FindBillingSettings(), other)).dial_format == "national"
    page = await billing.ask(ListBillingChanges(filter=AuditFilter()), RESELLER)
    assert page.data[0].before == {"dial_format": "national"}
    assert page.data[0].after == {"dial_format": "e164"}


async def test_settings_that_were_changed_meanwhile_stay(billing: Harness) -> None:
    await billing.ask(change(invoice_prefix="A"), RESELLER)
    problem = await billing.problem(change(invoice_prefix="B"), RESELLER)
    assert problem.code == "version-conflict"
    assert (await billing.ask(FindBillingSettings(), RESELLER)).invoice_prefix == "A"


async def test_a_change_that_changes_nothing_keeps_the_version(billing: Harness) -> None:
    assert await billing.ask(change(invoice_prefix="INV"), RESELLER) == DEFAULTS


@pytest.mark.parametrize(
    ("fields", "pointer", "kind"),
    [
        ({"invoice_prefix": ""}, "/invoice_prefix", "out-of-range"),
        ({"invoice_prefix": "THIRTEENCHARS"}, "/invoice_prefix", "out-of-range"),
        ({"invoice_prefix": "A B"}, "/invoice_prefix", "invalid-characters"),
        ({"invoice_prefix": "Ü"}, "/invoice_prefix", "invalid-characters"),
        ({"tax_percent": micros("100.0001")}, "/tax_percent", "out-of-range"),
        ({"tax_percent": micros("-1.00")}, "/tax_percent", "out-of-range"),
        ({"tax_percent": micros("1.00001")}, "/tax_percent", "too-many-decimals"),
        ({"tax_percent": micros("1.00"), "tax_name": " "}, "/tax_name", "required"),
        ({"seller_name": "A\nB"}, "/seller_name", "too-long"),
        ({"seller_address": "x\n" * 9 + "x"}, "/seller_address", "too-long"),
        ({"invoice_footer": "A\u200bB"}, "/invoice_footer", "invalid-characters"),
    ],
)
async def test_wrong_settings_are_refused(
    billing: Harness, fields: dict[str, Any], pointer: str, kind: str
) -> None:
    problem = await billing.problem(change(**fields), RESELLER)
    assert problem.code == "invalid-fields"
    assert [(error.pointer, error.type) for error in problem.errors] == [(pointer, kind)]
    assert await billing.ask(FindBillingSettings(), RESELLER) == DEFAULTS


async def test_customers_have_no_billing_settings(billing: Harness) -> None:
    assert (await billing.problem(FindBillingSettings(), CUSTOMER)).type == "forbidden"
    assert (await billing.problem(change(), CUSTOMER)).type == "forbidden"


async def test_settings_count_for_invoices_that_are_issued_later(billing: Harness) -> None:
    await know_invoice_parties(billing, "acc_c1")
    (before,) = await keep_and_issue(billing, draft("inv_1"))
    await billing.ask(
        change(
            seller_name="Atlas",
            seller_address="1 High Street",
            invoice_prefix="ATL",
            invoice_footer="Thank you",
        ),
        RESELLER,
    )
    (after,) = await keep_and_issue(billing, draft("inv_2"))
    assert (before.number, before.seller.name) == ("INV-000001", "Name of acc_r1")
    assert (after.number, after.seller.name, after.footer) == ("ATL-000002", "Atlas", "Thank you")
    assert after.seller.address == "1 High Street"


async def test_who_changed_the_settings_is_kept(billing: Harness) -> None:
    await billing.ask(change(tax_name="VAT", tax_percent=micros("19.00")), RESELLER)
    (found,) = (await billing.ask(ListBillingChanges(filter=AuditFilter()), RESELLER)).data
    assert (found.action, found.actor) == ("billing-settings.changed", "usr_r1")
    assert found.before == {"tax_name": "Tax", "tax_percent": "0.00"}
    assert found.after == {"tax_name": "VAT", "tax_percent": "19.00"}
