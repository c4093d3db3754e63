"""Fields of forms take as many characters as the contracts say, on every page."""

from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Final

import pytest

from contracts.accounts import BillingDetails, PostalAddress
from contracts.base import FieldError
from contracts.billing import ChangeBillingSettings
from contracts.values import micros
from gateway.portal.limits import AMOUNT_CHARACTERS_MAX, CHARACTERS_MAX, SUM_CHARACTERS_MAX
from gateway.portal.pages import render
from services.accounts.model.billing_details import check_billing_details
from services.accounts.model.checks import check_name
from services.billing.base.model.billing_settings import StoredSettings, check_settings
from services.billing.base.model.names import check_plan_name, check_sheet_name
from services.billing.plans.model.plan_checks import MINUTES_MAX
from services.billing.rating.model.cells import INTERVAL_SECONDS_MAX
from services.billing.rating.model.cells import NAME_CHARACTERS_MAX as RATE_NAME_CHARACTERS_MAX
from tests.portal.gallery import PAGES, shell

TYPED: Final = ("text", "search", "email", "tel", "password", "")
"""Types of inputs that take any text."""

PASTED: Final = ("csv", "table")
"""Tables are limited in bytes."""

MEANINGS: Final = {"/keys": {"name": "key_name"}}
"""Fields whose limit stands under another name, by where their form is sent."""


class Fields(HTMLParser):
    """Collects what a person can type text into: the name, its limit, and where it is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []
        self._action = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a form or a field."""
        given = dict(attrs)
        if tag == "form":
            self._action = given.get("action") or ""
        is_typed = tag == "input" and (given.get("type") or "") in TYPED and "readonly" not in given
        if is_typed or tag == "textarea":
            self.found.append((given["name"] or "", given.get("maxlength") or "", self._action))


@pytest.mark.parametrize("name", PAGES)
def test_every_field_takes_what_its_contract_says(name: str) -> None:
    role, page = PAGES[name]
    fields = Fields()
    fields.feed(render(page, shell(name, role, "light")))
    wrong: list[str] = []
    for field, most, action in fields.found:
        meaning = MEANINGS.get(action, {}).get(field, field)
        meaning = "bundle_minutes" if field.startswith("minutes-") else meaning
        if field not in PASTED and most != str(CHARACTERS_MAX.get(meaning)):
            wrong.append(f"{field} of {action} has maxlength {most or 'none'}")
    assert wrong == []


def long_address(name: str, characters: int) -> list[FieldError]:
    filled = {"line1": "x", "locality": "x", "country": "GB", name: "x" * characters}
    details = BillingDetails(address=PostalAddress.model_validate(filled))
    return check_billing_details(details, "GB")[1]


def long_setting(name: str, characters: int) -> list[FieldError]:
    change = ChangeBillingSettings.model_validate({"version": 1, name: "x" * characters})
    return check_settings(StoredSettings().model_copy(update={name: getattr(change, name)}))


STORED: Final[Mapping[str, list[list[FieldError]]]] = {
    "name": [check_name("x" * more)[1] for more in (128, 129)],
    "plan_name": [check_plan_name("x" * more) for more in (128, 129)],
    "copy_name": [check_sheet_name("x" * more) for more in (128, 129)],
    "invoice_prefix": [long_setting("invoice_prefix", more) for more in (12, 13)],
    **{
        f"address_{name}": [
            long_address(name, CHARACTERS_MAX[f"address_{name}"] + more) for more in (0, 1)
        ]
        for name in ("line1", "line2", "locality", "region", "postal_code")
    },
}


@pytest.mark.parametrize("name", STORED)
def test_what_a_field_takes_is_stored_and_one_character_more_is_not(name: str) -> None:
    fits, longer = STORED[name]
    assert (fits, len(longer)) == ([], 1)


def test_numbers_and_amounts_of_the_largest_size_can_be_typed() -> None:
    assert CHARACTERS_MAX["rate_name"] == RATE_NAME_CHARACTERS_MAX
    assert len(str(MINUTES_MAX)) == CHARACTERS_MAX["bundle_minutes"]
    for name in ("min_duration", "increment", "grace"):
        assert len(str(INTERVAL_SECONDS_MAX)) == CHARACTERS_MAX[name]
    assert micros("-999999999.999999") == -999_999_999_999_999
    assert len("-999,999,999.999999") <= AMOUNT_CHARACTERS_MAX
    assert len("-999,999,999,999.999999") <= SUM_CHARACTERS_MAX
