"""What invoices show of an account besides its name: a postal address and a tax ID."""

from typing import TypedDict

from pydantic import Field

from contracts.base import Value

ADDRESS_LINE_CHARACTERS_MAX = 128
LOCALITY_CHARACTERS_MAX = 128
REGION_CHARACTERS_MAX = 128
POSTAL_CODE_CHARACTERS_MAX = 16
TAX_ID_CHARACTERS_MAX = 32
"""What is stored. Messages carry more, so that what is too long is refused in words."""

POSTAL_CODE_FIRST = frozenset(
    (
        *("AD", "AL", "AR", "AT", "BA", "BE", "BG", "BR", "CH", "CR", "CY", "CZ", "DE", "DK"),
        *("EE", "ES", "FI", "FO", "FR", "GE", "GL", "GR", "GT", "HR", "HU", "IL", "IS", "IT"),
        *("LI", "LT", "LU", "MA", "MC", "MD", "ME", "MK", "MX", "NL", "NO", "PL", "PT", "PY"),
        *("RO", "RS", "SE", "SI", "SK", "SM", "SN", "TN", "TR", "UY", "VA", "XK", "ZM"),
    )
)
"""Countries that write the postal code before the city (Universal Postal Union, standard S42)."""


class PostalAddress(Value):
    """A postal address, as typed; street, city and country are required."""

    line1: str = Field(default="", max_length=200)
    line2: str = Field(default="", max_length=200)
    locality: str = Field(default="", max_length=200)
    """City or town."""

    region: str = Field(default="", max_length=200)
    """State, province or county."""

    postal_code: str = Field(default="", max_length=200)
    country: str = Field(default="", max_length=200)
    """ISO 3166-1 alpha-2."""

    def lines(self, country_name: str) -> tuple[str, ...]:
        """Return the address line by line as e-mails and invoices write it, the country last.

        `country_name` is what the reader calls the country. Empty lines are left out.
        """
        if self.country in POSTAL_CODE_FIRST:
            town = (f"{self.postal_code} {self.locality}", self.region)
        else:
            town = (self.locality, f"{self.region} {self.postal_code}")
        town_line = ", ".join(filter(None, map(str.strip, town)))
        return tuple(filter(None, (self.line1, self.line2, town_line, country_name)))


class BillingDetails(Value):
    """What invoices show of an account besides its name."""

    address: PostalAddress | None = None
    tax_id: str = ""
    """Such as a VAT number; empty for none."""


class HasBillingDetails(Value):
    """The fields in which messages and documents carry an account's billing details."""

    billing_address: PostalAddress | None = None
    tax_id: str = ""

    @property
    def billing_details(self) -> BillingDetails:
        """The details in one piece."""
        return BillingDetails(address=self.billing_address, tax_id=self.tax_id)


class _BillingFields(TypedDict):
    """Billing details as the fields of a message; see `HasBillingDetails`."""

    billing_address: PostalAddress | None
    tax_id: str


def billing_fields(details: BillingDetails) -> _BillingFields:
    """Return billing details as the fields of a message that carries them."""
    return {"billing_address": details.address, "tax_id": details.tax_id}
