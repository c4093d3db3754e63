"""The platform's billing address and tax ID, which its invoices to resellers show (SPEC 7)."""

import pytest

from contracts.accounts import (
    BillingDetails,
    ChangePlatformDetails,
    FindPlatformDetails,
    ListAccountChanges,
    PlatformDetails,
    PlatformDetailsChanged,
    PostalAddress,
)
from contracts.audit import AuditFilter
from services.chassis.principal import Principal
from tests.harness import CUSTOMER, OPERATOR, RESELLER, Harness

LONDON = PostalAddress(
    line1="1 High Street", locality="London", postal_code="SW1A 1AA", country="GB"
)


def change(
    version: int, address: PostalAddress | None = LONDON, tax_id: str = "GB 980780684"
) -> ChangePlatformDetails:
    details = BillingDetails(address=address, tax_id=tax_id)
    return ChangePlatformDetails(version=version, billing_details=details)


async def test_an_operator_enters_the_details_and_everyone_is_told(harness: Harness) -> None:
    assert await harness.ask(FindPlatformDetails(), OPERATOR) == PlatformDetails()
    changed = await harness.ask(change(1), OPERATOR)
    assert changed == PlatformDetails(billing_address=LONDON, tax_id="GB980780684", version=2)
    assert await harness.ask(FindPlatformDetails(), OPERATOR) == changed
    (event,) = await harness.sent(PlatformDetailsChanged)
    assert (event.version, event.billing_address, event.tax_id) == (2, LONDON, "GB980780684")
    assert await harness.ask(change(2), OPERATOR) == changed
    assert await harness.sent(PlatformDetailsChanged) == []


async def test_a_change_that_saw_an_older_version_changes_nothing(harness: Harness) -> None:
    changed = await harness.ask(change(1), OPERATOR)
    problem = await harness.problem(change(1, None, ""), OPERATOR)
    assert problem.code == "version-conflict"
    assert await harness.ask(FindPlatformDetails(), OPERATOR) == changed


async def test_every_wrong_field_is_named_and_without_an_address_any_tax_id_is_taken(
    harness: Harness,
) -> None:
    wrong = change(1, PostalAddress(country="GB"), "GB980780685")
    problem = await harness.problem(wrong, OPERATOR)
    assert [error.pointer for error in problem.errors] == [
        "/billing_address/line1",
        "/billing_address/locality",
        "/tax_id",
    ]
    changed = await harness.ask(change(1, None, "DE 136 695 976"), OPERATOR)
    assert (changed.billing_address, changed.tax_id) == (None, "DE 136 695 976")


@pytest.mark.parametrize("by", [RESELLER, CUSTOMER], ids=["reseller", "customer"])
async def test_nobody_else_sees_or_changes_them(harness: Harness, by: Principal) -> None:
    assert (await harness.problem(FindPlatformDetails(), by)).type == "forbidden"
    assert (await harness.problem(change(1), by)).type == "forbidden"


async def test_who_changed_them_is_kept(harness: Harness) -> None:
    await harness.ask(change(1), OPERATOR)
    query = ListAccountChanges(filter=AuditFilter(account_id="platform"))
    (kept,) = (await harness.ask(query, OPERATOR)).data
    assert (kept.action, kept.actor, kept.before) == ("platform.changed", OPERATOR.id, {})
    assert kept.after == {
        "billing_address": "1 High Street, London, SW1A 1AA, United Kingdom",
        "tax_id": "GB980780684",
    }
