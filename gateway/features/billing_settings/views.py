"""How a business runs: its invoices' looks, who changed what, how the platform's parts are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from gateway.features.billing_settings.details_views import Detail
from gateway.portal.views.parts import (
    Choice,
    SettingsHead,
    no_errors,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingSettingsFields:
    """How invoices look, as typed."""

    seller_name: str
    seller_address: str
    invoice_prefix: str
    tax_name: str
    tax_percent: str
    invoice_footer: str
    dial_format: str
    slice_seconds: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingSettingsPage:
    """`/settings`: how one's invoices look. `version` is the ETag the form carries.

    `billing` is what the account's own billing details say, which invoices show in place of the
    text that is typed here; empty while there is no address among them.
    """

    template: ClassVar[str] = "billing_settings/billing_settings.html"
    title: str = "Billing settings"
    section: str = "settings"
    head: SettingsHead
    fields: BillingSettingsFields
    dial_formats: tuple[Choice, ...]
    version: str
    shown: str = ""
    billing: tuple[Detail, ...] = ()
    overtaken: bool = False
    errors: Mapping[str, str] = field(default_factory=no_errors)
