"""Postal addresses as letters and invoices write them."""

from typing import Final

from contracts.accounts import PostalAddress
from services.billing.model.country import country_names

POSTAL_CODE_FIRST: Final = frozenset(
    (
        *("AD", "AL", "AR", "AT", "BA", "BE", "BG", "BR", "CH", "CR", "CY", "CZ", "DE", "DK"),
        *("EE", "ES", "FI", "FO", "FR", "GE", "GL", "GR", "GT", "HR", "HU", "IL", "IS", "IT"),
        *("LI", "LT", "LU", "MA", "MC", "MD", "ME", "MK", "MX", "NL", "NO", "PL", "PT", "PY"),
        *("RO", "RS", "SE", "SI", "SK", "SM", "SN", "TN", "TR", "UY", "VA", "XK", "ZM"),
    )
)
"""Countries that write the postal code before the city (Universal Postal Union, standard S42)."""


def postal_text(address: PostalAddress | None) -> str:
    """Return an address as lines of text, the country's English name last; empty for none."""
    if address is None:
        return ""
    if address.country in POSTAL_CODE_FIRST:
        town = (f"{address.postal_code} {address.locality}", address.region)
    else:
        town = (address.locality, f"{address.region} {address.postal_code}")
    town_line = ", ".join(filter(None, map(str.strip, town)))
    country = country_names().get(address.country, address.country)
    return "\n".join(filter(None, (address.line1, address.line2, town_line, country)))
