"""The platform's billing address and tax ID: over HTTP and in the portal, for operators only."""

import pytest

from tests.gateway.features.accounts.test_accounts import MERGE, problem_of
from tests.gateway.features.billing_settings.test_billing_details import (
    ADDRESS,
    KEPT_TAX_ID,
    TAX_ID,
)
from tests.gateway.world import World

PATH = "/v1/platform"
FORM = "/my/account/billing"


async def test_an_operator_changes_the_platforms_details_as_they_were_seen(world: World) -> None:
    program = world["operator"].program
    seen = (await program.get(PATH)).headers["ETag"]
    patch = {"billing_address": ADDRESS, "tax_id": TAX_ID}
    changed = await program.patch(PATH, json=patch, headers={"If-Match": seen, **MERGE})
    assert changed.status_code == 200, changed.text
    assert (changed.json()["billing_address"], changed.json()["tax_id"]) == (ADDRESS, KEPT_TAX_ID)
    late = await program.patch(PATH, json={"tax_id": ""}, headers={"If-Match": seen, **MERGE})
    assert problem_of(late) == (412, "version-conflict")
    wrong = await program.patch(PATH, json={"tax_id": "GB1"}, headers={"If-Match": "*", **MERGE})
    assert problem_of(wrong) == (422, "invalid-fields")
    await clear(world)


async def test_an_operator_enters_them_in_the_portal(world: World) -> None:
    person = world["operator"].person
    version = (await person.get(PATH)).json()["version"]
    form = {f"address_{name}": text for name, text in ADDRESS.items()}
    sent = {**form, "tax_id": TAX_ID, "version": str(version)}
    refused = await person.post(FORM, data={**sent, "tax_id": "GB1"})
    assert (refused.status_code, 'id="tax_id-error"' in refused.text) == (422, True)
    answer = await person.post(FORM, data=sent)
    assert (answer.status_code, answer.headers["location"]) == (303, "/settings"), answer.text
    settings = (await person.get("/settings")).text
    assert "London, SW1A 1AA" in settings
    assert KEPT_TAX_ID in settings
    assert 'id="seller_address"' not in settings
    late = await person.post(FORM, data={**sent, "tax_id": ""})
    assert late.status_code == 412
    assert "Someone else changed" in late.text
    await clear(world)


@pytest.mark.parametrize("name", ["reseller", "customer"])
async def test_nobody_else_reaches_them(world: World, name: str) -> None:
    assert problem_of(await world[name].person.get(PATH)) == (403, "forbidden")


async def clear(world: World) -> None:
    """Leave the platform without details, as other tests know it."""
    patch = {"billing_address": None, "tax_id": None}
    program = world["operator"].program
    cleared = await program.patch(PATH, json=patch, headers={"If-Match": "*", **MERGE})
    assert cleared.json()["tax_id"] == ""
