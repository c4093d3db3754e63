"""Postal addresses as invoices show them."""

from contracts.accounts import PostalAddress
from services.billing.base.model.country import country_names


def postal_text(address: PostalAddress | None) -> str:
    """Return an address as lines of text, the country's English name last; empty for none."""
    if address is None:
        return ""
    return "\n".join(address.lines(country_names().get(address.country, address.country)))
