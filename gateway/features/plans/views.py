"""Changes of a service plan that is in use: its fields, its numbers, and what they charge."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar

from contracts.billing import PlanChangeQuote, QuarantinedNumber
from gateway.features.accounts.views import AssignedNumber, Bundle, PlanSummary
from gateway.features.opening.views import OpenCountry, PlanFields, SheetSummary, SpareNumber
from gateway.portal.views.parts import Choice, SettingsHead, no_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownQuote:
    """What a change charges today, as it stands beside its form.

    `quote` is None while there is none; `missing` then says why. `seen` and `patch` go along with
    the form, so that nothing is charged that was not shown; `button` says the outcome.
    """

    quote: PlanChangeQuote | None
    missing: str
    seen: str
    patch: str
    button: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChangeFields:
    """What the form of a plan holds, as typed."""

    users: str
    cost_per_user: str
    apply_now: bool
    rate_sheet_id: str
    domestic_policy: str
    premium_allowed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePlanPage:
    """`/accounts/{id}/plan`: what the customer has, to be changed. `version` is the plan's ETag.

    `scheduled_changes` says what the renewal on `next_renewal` changes already. `closed` are the
    countries that the chosen sheet prices and that are not open.
    `overtaken`: someone else saved first.
    """

    template: ClassVar[str] = "plans/plan.html"
    section: str = "accounts"
    id: str
    name: str
    plan_name: str
    currency: str
    version: str
    request: str
    shown_fields: str = ""
    """What the form began with."""

    fields: PlanChangeFields
    countries: tuple[OpenCountry, ...]
    closed: tuple[Choice, ...]
    sheets: tuple[Choice, ...]
    sheet: SheetSummary | None
    numbers: tuple[AssignedNumber, ...]
    scheduled_changes: tuple[str, ...]
    next_renewal: date
    shown: ShownQuote
    overtaken: bool = False
    errors: Mapping[str, str] = field(default_factory=no_errors)

    @property
    def title(self) -> str:
        """Whose plan it is."""
        return f"Service plan of {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPlanPage:
    """`/accounts/{id}/plan/new`: the first plan of an account that was opened without one."""

    template: ClassVar[str] = "plans/new_plan.html"
    section: str = "accounts"
    id: str
    name: str
    currency: str
    fields: PlanFields
    sheets: tuple[Choice, ...]
    request: str
    shown: ShownQuote
    errors: Mapping[str, str] = field(default_factory=no_errors)

    @property
    def title(self) -> str:
        """Whose plan it is to be."""
        return f"New service plan of {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountNumbersPage:
    """`/accounts/{id}/numbers`: the numbers of an account, and spare ones to add.

    `removing` is the number whose removal stands to be confirmed.
    """

    template: ClassVar[str] = "plans/numbers.html"
    section: str = "accounts"
    id: str
    name: str
    currency: str
    changeable: bool
    numbers: tuple[AssignedNumber, ...]
    spare: tuple[SpareNumber, ...]
    more_spare: bool
    search: str
    request: str
    shown: ShownQuote
    removing: str = ""
    quarantined: tuple[QuarantinedNumber, ...] = ()
    """Numbers that were removed and can be taken back."""

    zone: str = "UTC"
    errors: Mapping[str, str] = field(default_factory=no_errors)

    @property
    def title(self) -> str:
        """Whose numbers they are."""
        return f"Numbers of {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLine:
    """One service of the plan each month; money in micro-units."""

    text: str
    quantity: int
    unit_cost: int

    @property
    def total(self) -> int:
        """Quantity times unit cost."""
        return self.quantity * self.unit_cost


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTab:
    """`/my/plan`: what the account pays each month, and its bundles with the minutes left.

    `plan` is None for an account that is charged nothing. `users` is what was typed as their
    number, `changeable` whether it may be changed now.
    """

    template: ClassVar[str] = "plans/own_plan.html"
    title: str = "Settings: service plan"
    section: str = "plan"
    head: SettingsHead
    parent: str
    plan: PlanSummary | None
    lines: tuple[ServiceLine, ...] = ()
    bundles: tuple[Bundle, ...] = ()
    users: str = ""
    changeable: bool = False
    version: str = ""
    request: str = ""
    shown: ShownQuote | None = None
    overtaken: bool = False
    errors: Mapping[str, str] = field(default_factory=no_errors)
