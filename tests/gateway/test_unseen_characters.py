"""No name holds what nobody can see, whatever door it comes through."""

from collections.abc import Mapping

import pytest

from contracts.values import is_blank, is_readable
from tests.gateway.world import Json, World, fresh_key

UNSEEN = {
    "zero width space": "A\u200bB",
    "zero width space alone": "\u200b",
    "joiner alone": "\u200d",
    "word joiner": "A\u2060B",
    "byte order mark": "\ufeffAB",
    "soft hyphen": "A\u00adB",
    "Hangul filler": "\u3164",
    "Hangul filler inside": "A\u3164B",
    "half-width filler": "\uffa0\uffa0",
    "blank Braille": "\u2800",
    "grapheme joiner": "A\u034fB",
    "turned direction": "A\u202eB",
}


@pytest.mark.parametrize("text", UNSEEN.values(), ids=UNSEEN.keys())
def test_what_nobody_can_see_is_no_text(text: str) -> None:
    assert is_blank(text) or not is_readable(text)


@pytest.mark.parametrize("text", ["Zoë", "می‌خواهم", "क्‍ष", "👩‍💻", "☎️", "İstanbul", "東京"])
def test_what_people_can_see_is_a_text(text: str) -> None:
    assert is_readable(text)
    assert not is_blank(text)


def test_a_variation_selector_alone_is_nothing() -> None:
    assert is_blank("\ufe0f\U000e0100")


def doors(world: World, text: str) -> Mapping[str, tuple[str, str, Json, str]]:
    """Return doors that a name comes through: method, path, body, and the pointer refused."""
    named = world.order("Unseen", name=text)
    person = world.order("Unseen")
    person["administrator"].update(first_name=text)
    planned = world.order("Unseen")
    planned["plan"]["name"] = text
    addressed = world.order("Unseen", billing_address={"line1": text, "locality": "A"})
    addressed["billing_address"]["country"] = "US"
    sheet = f"/v1/rate-sheets/{world['reseller'].rate_sheet_id}"
    account = f"/v1/accounts/{world['customer'].account_id}"
    return {
        "account": ("POST", "/v1/accounts/quote", named, "/name"),
        "person": ("POST", "/v1/accounts/quote", person, "/administrator/first_name"),
        "plan": ("POST", "/v1/accounts/quote", planned, "/plan/name"),
        "address": ("POST", "/v1/accounts/quote", addressed, "/billing_address/line1"),
        "renamed account": ("PATCH", account, {"name": text}, "/name"),
        "sheet": ("POST", "/v1/rate-sheets", {"name": text}, "/name"),
        "renamed sheet": ("PATCH", sheet, {"name": text}, "/name"),
        "copy": ("POST", f"{sheet}/copies", {"name": text}, "/name"),
        "reason": (
            "POST",
            f"{account}/adjustments",
            {"amount": "1.00", "reason": text},
            "/reason",
        ),
        "new plan": (
            "POST",
            "/v1/accounts/{planless}/plan/new/quote",
            {"name": text, "cost_per_user": "1"},
            "/name",
        ),
    }


@pytest.mark.parametrize("text", UNSEEN.values(), ids=UNSEEN.keys())
async def test_a_name_that_nobody_can_read_is_refused_at_every_door(
    world: World, text: str
) -> None:
    planless = world["reseller"].account_id
    for door, (method, template, body, pointer) in doors(world, text).items():
        client = world["operator" if "{planless}" in template else "reseller"].program
        path = template.format(planless=planless)
        headers = {**fresh_key(), "If-Match": "*"}
        answer = await client.request(method, path, json=body, headers=headers)
        if answer.status_code == 409 and door == "new plan":
            continue  # the reseller has a plan
        assert answer.status_code == 422, f"{door}: {answer.status_code} {answer.text}"
        assert pointer in [error["pointer"] for error in answer.json()["errors"]], door
    person = await world.sign_in(world["reseller"].email)
    answer = await person.post("/v1/keys", json={"name": text})
    assert answer.status_code == 422
