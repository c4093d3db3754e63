"""Billing addresses and tax IDs between forms, requests and pages."""

from collections.abc import Mapping
from typing import Final

from contracts.accounts import Account, PlatformDetails, PostalAddress
from gateway.features.accounts.schemas import AddressBody, AddressPatch
from gateway.features.billing_settings.details_views import BillingDetailsFields
from gateway.portal.formatting import country_name
from gateway.portal.forms import Form

ADDRESS: Final = ("line1", "line2", "locality", "region", "postal_code", "country")


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


def stored_details(account: Account | PlatformDetails) -> BillingDetailsFields:
    """Return the billing address and tax ID of an account, or of the platform, for a form."""
    address = account.billing_address
    if address is None:
        return BillingDetailsFields(tax_id=account.tax_id)
    stored: dict[str, str] = {name: getattr(address, name) for name in ADDRESS}
    return BillingDetailsFields(**stored, tax_id=account.tax_id)


def address_body(fields: BillingDetailsFields) -> AddressBody | None:
    """Return the address that was typed; None when all of its fields are empty."""
    address = _typed_address(fields)
    return AddressBody(**address) if any(address.values()) else None


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
