"""Billing addresses and tax IDs between forms, requests and pages."""

from collections.abc import Mapping
from typing import Final, TypedDict

from contracts.accounts import BillingDetails, HasBillingDetails, PostalAddress
from gateway.features.accounts.schemas import AddressBody, AddressPatch
from gateway.features.billing_settings.details_views import BillingDetailsFields, Detail
from gateway.portal.formatting import country_name
from gateway.portal.forms import Form, FormFields

ADDRESS: Final = ("line1", "line2", "locality", "region", "postal_code", "country")
DETAILS_FIELDS: Final[FormFields] = {
    "/billing_address": "address_line1",
    **{f"/billing_address/{name}": f"address_{name}" for name in ADDRESS},
    "/tax_id": "tax_id",
}


def typed_details(form: Form) -> BillingDetailsFields:
    """Return a billing address and a tax ID as they were typed into a form."""
    address = {name: form.text(f"address_{name}") for name in ADDRESS}
    return BillingDetailsFields(**address, tax_id=form.text("tax_id"))


def details_texts(fields: BillingDetailsFields) -> dict[str, str]:
    """Return billing details as a form shows them, by the names of its fields."""
    address = {f"address_{name}": str(getattr(fields, name)) for name in ADDRESS}
    return {**address, "tax_id": fields.tax_id}


def details_of(texts: Mapping[str, str]) -> BillingDetailsFields:
    """Return billing details from the fields of a form."""
    address = {name: texts.get(f"address_{name}", "") for name in ADDRESS}
    return BillingDetailsFields(**address, tax_id=texts.get("tax_id", ""))


def stored_details(account_name: HasBillingDetails) -> BillingDetailsFields:
    """Return the billing details of an account, or of the platform, for a form."""
    address = account_name.billing_address
    stored: dict[str, str] = {name: getattr(address, name, "") for name in ADDRESS}
    return BillingDetailsFields(**stored, tax_id=account_name.tax_id)


class _DetailsBody(TypedDict):
    billing_address: AddressBody | None
    tax_id: str


def details_body(fields: BillingDetailsFields) -> _DetailsBody:
    """Return the fields of a request that has the billing details as they were typed.

    An address of which every field is empty is none.
    """
    address = _typed_address(fields)
    body = AddressBody(**address) if any(address.values()) else None
    return {"billing_address": body, "tax_id": fields.tax_id}


def details_patch(fields: BillingDetailsFields) -> dict[str, object]:
    """Return the change of an account that stores exactly what was typed."""
    address = _typed_address(fields)
    patch = AddressPatch(**address) if any(address.values()) else None
    return {"billing_address": patch, "tax_id": fields.tax_id}


def _typed_address(fields: BillingDetailsFields) -> dict[str, str]:
    return {name: getattr(fields, name) for name in ADDRESS}


def address_lines(address: PostalAddress | None) -> tuple[str, ...]:
    """Return an address line by line as pages show it; empty when there is none."""
    return address.lines(country_name(address.country)) if address else ()


def shown_details(details: BillingDetails) -> tuple[Detail, ...]:
    """Return the billing details that there are, as pages show them."""
    shown = (
        Detail("Billing address", address_lines(details.address)),
        Detail("Tax ID", (details.tax_id,), is_code=True),
    )
    return tuple(detail for detail in shown if any(detail.lines))
