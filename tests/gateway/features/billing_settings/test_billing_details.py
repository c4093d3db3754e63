"""Billing address and tax ID over HTTP: with a new account, changed later, by whom they may be."""

import uuid

import pytest

from tests.gateway.features.accounts.test_accounts import MERGE, path_of, problem_of
from tests.gateway.features.opening.test_opening import post, wrong
from tests.gateway.world import Json, Tenant, World

ADDRESS = {
    "line1": "1 High Street",
    "line2": "",
    "locality": "London",
    "region": "",
    "postal_code": "SW1A 1AA",
    "country": "GB",
}
TAX_ID = "GB 434 0314 94"
KEPT_TAX_ID = "GB434031494"


async def patched(tenant: Tenant, path: str, patch: Json) -> tuple[int, Json]:
    """Change an account as it is, by the person, and return status and answer."""
    answer = await tenant.person.patch(path, json=patch, headers={"If-Match": "*", **MERGE})
    return answer.status_code, answer.json()


@pytest.fixture
async def account(world: World) -> Json:
    """Give an active account with billing details."""
    order = {**world.order("Billed"), "billing_address": ADDRESS, "tax_id": TAX_ID}
    return await world.opened(world["reseller"].program, "/v1/accounts", order)


async def test_an_account_is_opened_with_its_billing_details(world: World, account: Json) -> None:
    shown = (await world["reseller"].program.get(path_of(account))).json()
    assert (shown["billing_address"], shown["tax_id"]) == (ADDRESS, KEPT_TAX_ID)


async def test_a_reseller_is_opened_with_its_billing_details(world: World) -> None:
    order = {
        **world.order("Seller"),
        "plan": None,
        "credit": None,
        "currency": "USD",
        "country": "GB",
        "time_zone": "Europe/London",
        "domain": f"d{uuid.uuid4().hex[:12]}.example",
        "billing_address": ADDRESS,
        "tax_id": TAX_ID,
    }
    opened = await world.opened(world["operator"].program, "/v1/resellers", order)
    assert (opened["billing_address"], opened["tax_id"]) == (ADDRESS, KEPT_TAX_ID)


@pytest.mark.parametrize("path", ["/v1/accounts", "/v1/accounts/quote"])
async def test_every_wrong_billing_field_is_named_with_the_others(world: World, path: str) -> None:
    order = {**world.order("Wrong"), "name": "", "billing_address": {"postal_code": "9" * 17}}
    status, _, answer = await post(world["reseller"], path, order)
    assert status == 422
    assert wrong(answer) == {
        "/name": "required",
        "/billing_address/line1": "required",
        "/billing_address/locality": "required",
        "/billing_address/country": "required",
        "/billing_address/postal_code": "too-long",
    }


async def test_a_tax_id_is_checked_by_the_country_of_the_address(world: World) -> None:
    order = {**world.order("Taxed"), "billing_address": ADDRESS, "tax_id": "GB 434 0314 95"}
    status, _, answer = await post(world["reseller"], "/v1/accounts", order)
    assert (status, wrong(answer)) == (422, {"/tax_id": "invalid-tax-id"})


async def test_a_patch_merges_the_address_and_null_removes_it(world: World, account: Json) -> None:
    reseller, path = world["reseller"], path_of(account)
    patch = {"billing_address": {"line1": "2 High Street", "postal_code": None}}
    status, changed = await patched(reseller, path, patch)
    assert status == 200, changed
    assert changed["billing_address"] == {
        **ADDRESS,
        "line1": "2 High Street",
        "postal_code": "",
    }
    assert (changed["tax_id"], changed["name"]) == (KEPT_TAX_ID, account["name"])
    status, changed = await patched(reseller, path, {"billing_address": None, "tax_id": None})
    assert (status, changed["billing_address"], changed["tax_id"]) == (200, None, "")
    status, kept = await patched(reseller, path, {"name": account["name"]})
    assert (status, kept["billing_address"]) == (200, None)


async def test_a_patch_that_empties_a_required_line_is_refused(world: World, account: Json) -> None:
    patch = {"billing_address": {"locality": None}}
    status, answer = await patched(world["reseller"], path_of(account), patch)
    assert status == 422
    assert [error["pointer"] for error in answer["errors"]] == ["/billing_address/locality"]


@pytest.mark.parametrize("name", ["customer", "reseller"])
async def test_an_administrator_changes_only_the_billing_details_of_the_own_account(
    world: World, name: str
) -> None:
    tenant = world[name]
    path = f"/v1/accounts/{tenant.account_id}"
    status, changed = await patched(tenant, path, {"billing_address": ADDRESS, "tax_id": TAX_ID})
    assert (status, changed["billing_address"]) == (200, ADDRESS), changed
    for patch in ({"name": "Mine"}, {"administrator": {"last_name": "Mine"}, "tax_id": None}):
        status, refused = await patched(tenant, path, patch)
        # a reseller is not below itself, so nothing else of it is found
        assert status == (403 if name == "customer" else 404), refused
    shown = (await tenant.person.get(path)).json()
    assert (shown["tax_id"], shown["name"]) == (KEPT_TAX_ID, changed["name"])
    await patched(tenant, path, {"billing_address": None, "tax_id": None})


@pytest.mark.parametrize(
    ("asker", "owner"), [("other reseller", "customer"), ("customer", "other customer")]
)
async def test_another_tenants_billing_details_are_not_found(
    world: World, asker: str, owner: str
) -> None:
    path = f"/v1/accounts/{world[owner].account_id}"
    answer = await world[asker].person.patch(
        path, json={"tax_id": ""}, headers={"If-Match": '"1"', **MERGE}
    )
    assert problem_of(answer) == (404, "not-found")


async def test_a_patch_of_an_older_version_is_refused_and_changes_nothing(
    world: World, account: Json
) -> None:
    person, path = world["reseller"].person, path_of(account)
    seen = (await person.get(path)).headers["ETag"]
    first = await person.patch(path, json={"tax_id": ""}, headers={"If-Match": seen, **MERGE})
    assert first.status_code == 200, first.text
    patch = {"billing_address": None, "tax_id": TAX_ID}
    late = await person.patch(path, json=patch, headers={"If-Match": seen, **MERGE})
    assert problem_of(late) == (412, "version-conflict")
    shown = (await person.get(path)).json()
    assert (shown["billing_address"], shown["tax_id"]) == (ADDRESS, "")
