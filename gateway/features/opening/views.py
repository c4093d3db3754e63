"""The two pages of the wizard that opens an account, from a draft that the server keeps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal

from contracts.billing import Quote
from gateway.features.accounts.views import BasicFields
from gateway.portal.views.parts import Choice, no_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class BasicPage:
    """`/accounts/new/basic`: who the customer is. `dialog` is the one that stands open."""

    template: ClassVar[str] = "opening/basic_info.html"
    title: str = "New account: basic info"
    section: str = "accounts"
    fields: BasicFields
    countries: tuple[Choice, ...]
    send_welcome: bool = True
    dialog: Literal["", "discard"] = ""
    errors: Mapping[str, str] = field(default_factory=no_errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFields:
    """What page 2 holds, as typed; numbers and countries are kept by the draft."""

    plan_name: str = ""
    users: str = "1"
    cost_per_user: str = ""
    rate_sheet_id: str = ""
    domestic_policy: str = "included"
    premium_allowed: str = "no"
    credit_amount: str = ""
    credit_note: str = ""
    number_search: str = ""
    country_search: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetSummary:
    """What the chosen sheet holds; the rates in micro-units per minute.

    The exact ones have the decimals beyond those; None when there are none.
    """

    id: str
    rates: int
    lowest: int | None
    highest: int | None
    lowest_exact: int | None = None
    highest_exact: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpareNumber:
    """A number in the [Select number] dialog; fees in micro-units."""

    e164: str
    monthly_fee: int
    setup_fee: int
    chosen: bool
    locality: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCountry:
    """A row of Countries & minutes: minutes as typed, the sheet's lowest rate of the country."""

    country: str
    minutes: str
    lowest_rate: int | None
    lowest_exact: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CountryChoice:
    """A country in the [Open a country] dialog, with the sheet's lowest rate."""

    country: str
    lowest_rate: int | None
    lowest_exact: int | None = None
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPage:
    """`/accounts/new/plan`: what the customer gets and pays. `dialog` is the one that stands open.

    `quote` is None while the fields do not allow one; `quote_missing` then says what is missing.
    `credit` is the draft's credit in micro-units. `request` is the opening's idempotency key.
    """

    template: ClassVar[str] = "opening/service_plan.html"
    title: str = "New account: service plan"
    section: str = "accounts"
    account_name: str
    currency: str
    zone: str
    fields: PlanFields
    credit: int
    credit_note: str
    sheets: tuple[Choice, ...]
    sheet: SheetSummary | None
    numbers: tuple[SpareNumber, ...]
    reserved_until: datetime | None
    countries: tuple[OpenCountry, ...]
    spare: tuple[SpareNumber, ...]
    more_spare: bool
    country_choices: tuple[CountryChoice, ...]
    quote: Quote | None
    quote_missing: str
    request: str
    dialog: Literal["", "credit", "numbers", "countries", "discard"] = ""
    errors: Mapping[str, str] = field(default_factory=no_errors)
