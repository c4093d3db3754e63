"""Postal addresses and tax IDs of accounts (SPEC 7): checked, changed by both sides, told."""

import pytest

from contracts.accounts import (
    Account,
    AccountActivated,
    AccountChanged,
    BillingDetails,
    ChangeAccount,
    CheckAccount,
    FindAccount,
    ListAccountChanges,
    PostalAddress,
)
from contracts.audit import AuditFilter
from services.accounts.model.billing_details import check_billing_details
from services.chassis.principal import Principal
from tests.accounts.opened import administrator, open_account, open_reseller, principal_of
from tests.harness import Harness

LONDON = PostalAddress(
    line1=" 1  High Street ", locality="London", postal_code="SW1A 1AA", country="gb"
)
KEPT = PostalAddress(line1="1 High Street", locality="London", postal_code="SW1A 1AA", country="GB")

BERLIN = PostalAddress(
    line1="Hauptstraße 1", line2="Hof", locality="Berlin", postal_code="10115", country="DE"
)


@pytest.mark.parametrize(
    ("country", "typed", "stored"),
    [
        ("GB", "GB 980 7806 84", "GB980780684"),
        ("GB", "980780684", "980780684"),
        ("DE", "DE 136,695 976", "DE136695976"),
        ("FR", "Fr 40 303 265 045", "FR40303265045"),
        ("ES", "ES B-58378431", "ESB58378431"),
        ("IT", "IT 00743110157", "IT00743110157"),
        ("GR", "EL 094259216", "EL094259216"),
        ("CH", "CHE-107.787.577 IVA", "CHE107787577IVA"),
        ("IN", "27AAPFU0939F1ZV", "27AAPFU0939F1ZV"),
        ("FR", "552 008 443", "552008443"),
        ("IT", "RCCMNL83S18D969H", "RCCMNL83S18D969H"),
        ("CH", "CHE-100.155.212", "CHE100155212"),
        ("GB", "1955839661", "1955839661"),
        ("AU", "83 914 571 673", "83914571673"),
        ("US", "536-90-4399", "536904399"),
        ("AE", "100 1234 5670 0003", "100 1234 5670 0003"),
    ],
)
def test_a_tax_id_is_stored_as_its_country_writes_it(country: str, typed: str, stored: str) -> None:
    details, errors = check_billing_details(BillingDetails(tax_id=typed), country)
    assert (errors, details.tax_id) == ([], stored)


@pytest.mark.parametrize(
    ("country", "typed"),
    [("GB", "GB980780685"), ("DE", "DE136695975"), ("US", "12"), ("IT", "x"), ("AE", "1" * 33)],
)
def test_a_tax_id_with_a_typing_error_is_refused(country: str, typed: str) -> None:
    _, errors = check_billing_details(BillingDetails(tax_id=typed), country)
    assert [(error.pointer, error.type) for error in errors] == [("/tax_id", "invalid-tax-id")]


def test_a_wrong_tax_id_is_refused_with_the_name_of_its_country() -> None:
    for country, name in (("DE", "Germany"), ("GB", "United Kingdom")):
        _, (error,) = check_billing_details(BillingDetails(tax_id="DE136695975"), country)
        assert error.detail == f"This tax ID isn't valid for {name}. Check it for typing errors."


def test_the_tax_id_is_one_of_the_country_of_the_address() -> None:
    details = BillingDetails(address=LONDON, tax_id="GB980780684")
    assert check_billing_details(details, "US")[1] == []
    assert len(check_billing_details(BillingDetails(tax_id="GB980780684"), "US")[1]) == 1


def test_every_wrong_field_of_an_address_is_named_and_an_empty_one_is_none() -> None:
    partial = PostalAddress(region="Kent", postal_code="1" * 17, country="Atlantis")
    _, errors = check_billing_details(BillingDetails(address=partial), "GB")
    assert {error.pointer.removeprefix("/billing_address/"): error.type for error in errors} == {
        "line1": "required",
        "locality": "required",
        "postal_code": "too-long",
        "country": "unknown-country",
    }
    blank = PostalAddress(line1="  ")
    assert check_billing_details(BillingDetails(address=blank), "GB") == (BillingDetails(), [])


def test_an_address_has_the_joiners_of_its_script_and_nothing_else_that_is_unseen() -> None:
    for line, kinds in (
        ("शर्\u200dमा 5", []),
        ("\u200d", ["required"]),
        ("1 High\u202e Street", ["invalid-characters"]),
    ):
        address = LONDON.model_copy(update={"line1": line})
        _, errors = check_billing_details(BillingDetails(address=address), "GB")
        assert [error.type for error in errors] == kinds


async def test_an_account_opens_with_its_details_and_everyone_is_told(
    harness: Harness, reseller: Principal
) -> None:
    account = await open_account(harness, reseller, billing_address=LONDON, tax_id="GB 980780684")
    assert (account.billing_address, account.tax_id) == (KEPT, "GB980780684")
    event = (await harness.sent(AccountActivated))[-1]
    assert (event.billing_address, event.tax_id) == (KEPT, "GB980780684")


async def test_wrong_details_are_told_with_the_other_fields_of_page_one(
    harness: Harness, reseller: Principal
) -> None:
    check = CheckAccount(
        name="",
        administrator=administrator(),
        billing_address=LONDON,
        tax_id="GB980780685",
    )
    errors = (await harness.ask(check, reseller)).errors
    assert [error.pointer for error in errors] == ["/name", "/tax_id"]


async def test_both_sides_change_the_details_of_an_account_and_can_remove_them(
    harness: Harness, reseller: Principal
) -> None:
    account = await open_account(harness, reseller)
    own = principal_of(account)
    changed = await harness.ask(details_of(account, LONDON, "GB980780684"), own)
    assert (changed.billing_address, changed.tax_id) == (KEPT, "GB980780684")
    assert changed.version == account.version + 1
    event = (await harness.sent(AccountChanged))[-1]
    assert (event.billing_address, event.tax_id) == (KEPT, "GB980780684")
    renamed = await harness.ask(
        ChangeAccount(account_id=account.id, version=changed.version, name="New"), reseller
    )
    assert renamed.billing_address == KEPT
    removed = await harness.ask(details_of(renamed, None, ""), reseller)
    assert (removed.billing_address, removed.tax_id) == (None, "")
    assert (await harness.ask(FindAccount(account_id=account.id), own)).billing_address is None


async def test_an_administrator_changes_nothing_but_its_own_details(
    harness: Harness, reseller: Principal
) -> None:
    account = await open_account(harness, reseller)
    own = principal_of(account)
    both = details_of(account, LONDON, "").model_copy(update={"name": "Cheaper"})
    assert (await harness.problem(both, own)).type == "forbidden"
    other = await open_account(harness, reseller, name="Other")
    assert (await harness.problem(details_of(other, LONDON, ""), own)).type == "forbidden"
    stranger = await open_reseller(harness, name="Stranger", domain="stranger.example")
    problem = await harness.problem(details_of(account, LONDON, ""), stranger)
    assert problem.code == "not-found"


async def test_a_change_of_details_that_saw_an_older_version_changes_nothing(
    harness: Harness, reseller: Principal
) -> None:
    account = await open_account(harness, reseller)
    own = principal_of(account)
    await harness.ask(details_of(account, LONDON, "GB980780684"), own)
    for late in (own, reseller):
        problem = await harness.problem(details_of(account, None, ""), late)
        assert problem.code == "version-conflict"
    shown = await harness.ask(FindAccount(account_id=account.id), own)
    assert (shown.billing_address, shown.tax_id) == (KEPT, "GB980780684")


async def test_who_changed_the_details_is_kept_with_what_was_before_and_after(
    harness: Harness, reseller: Principal
) -> None:
    account = await open_account(harness, reseller, billing_address=BERLIN)
    own = principal_of(account)
    await harness.ask(details_of(account, LONDON, "GB980780684"), own)
    query = ListAccountChanges(filter=AuditFilter(account_id=account.id))
    changed, _opened = (await harness.ask(query, reseller)).data
    assert (changed.action, changed.actor, changed.subject) == ("account.changed", own.id, "Acme")
    assert changed.before == {"billing_address": "Hauptstraße 1, Hof, 10115 Berlin, Germany"}
    assert changed.after == {
        "billing_address": "1 High Street, London, SW1A 1AA, United Kingdom",
        "tax_id": "GB980780684",
    }


def details_of(account: Account, address: PostalAddress | None, tax_id: str) -> ChangeAccount:
    return ChangeAccount(
        account_id=account.id,
        version=account.version,
        billing_details=BillingDetails(address=address, tax_id=tax_id),
    )
