"""The billing address and tax ID of an account: fields of forms, and a page of their own."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from typing import ClassVar

from gateway.portal.views.parts import Choice, SettingsHead, no_errors

FIELD_NAMES = (
    "address_line1",
    "address_line2",
    "address_locality",
    "address_region",
    "address_postal_code",
    "address_country",
    "tax_id",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingDetailsFields:
    """A billing address and a tax ID, as typed."""

    line1: str = ""
    line2: str = ""
    locality: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""
    tax_id: str = ""

    def unfolded(self, errors: Mapping[str, str]) -> bool:
        """Return whether the fields are shown at once: they have content, or something to fix."""
        return any(astuple(self)) or any(name in errors for name in FIELD_NAMES)


@dataclass(frozen=True, slots=True)
class Detail:
    """One of the billing details that are stored, by what it is called, line by line."""

    label: str
    lines: tuple[str, ...]
    is_code: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingDetailsPage:
    """`/my/account/billing`: one's own billing address and tax ID. `version` is the ETag.

    `back` is the tab that shows them. `changed_meanwhile` holds what is stored now when someone
    else saved first.
    """

    template: ClassVar[str] = "billing_settings/billing_details.html"
    title: str = "Billing details"
    section: str = "settings"
    head: SettingsHead
    fields: BillingDetailsFields
    countries: tuple[Choice, ...]
    version: str
    shown: str = ""
    back: str = "/my/account"
    changed_meanwhile: BillingDetailsFields | None = None
    errors: Mapping[str, str] = field(default_factory=no_errors)
