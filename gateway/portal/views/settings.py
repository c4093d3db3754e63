"""The signed-in party's own account, the same for reseller and customer, and its API keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from gateway.portal.views.accounts import Bundle, PlanSummary
from gateway.portal.views.parts import Choice, SettingsHead, no_errors
from gateway.portal.views.plans import ShownQuote


@dataclass(frozen=True, slots=True, kw_only=True)
class UserTab:
    """`/my/user`: the masked password; `changing` shows current, new and confirm."""

    template: ClassVar[str] = "my/user.html"
    title: str = "Settings: user"
    section: str = "settings"
    head: SettingsHead
    name: str
    email: str
    zone: str
    password_set_at: datetime | None
    changing: bool = False
    keys: int = 0
    """How many API keys the person has made; they can be revoked together with the password."""

    revoke_keys: bool = False
    errors: Mapping[str, str] = field(default_factory=no_errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountTab:
    """`/my/account`: what the account is known by; billing details are changed on their own page.

    `address` is the billing address line by line; empty when there is none.
    """

    template: ClassVar[str] = "my/account.html"
    title: str = "Settings: account"
    section: str = "settings"
    head: SettingsHead
    email: str
    phone: str
    parent: str
    address: tuple[str, ...] = ()
    tax_id: str = ""


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

    template: ClassVar[str] = "my/plan.html"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """One API key; the secret itself is stored nowhere."""

    id: str
    name: str
    scope: str
    hint: str
    made_at: datetime
    used_at: datetime | None
    expires_at: datetime | None = None
    expired: bool = False
    dial_format: str = ""
    """In words; empty for a key that no switch uses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysPage:
    """`/keys`. `secret` is a key just made, shown this once; `dialog` is `new` or a key's id."""

    template: ClassVar[str] = "keys/list.html"
    title: str = "API keys"
    section: str = "keys"
    zone: str
    rows: tuple[KeyRow, ...]
    scopes: tuple[Choice, ...]
    dial_formats: tuple[Choice, ...]
    request: str
    secret: str = ""
    secret_name: str = ""
    name: str = ""
    scope: str = ""
    dial_format: str = ""
    expires_on: str = ""
    """The last day, as typed."""

    dialog: str = ""
    errors: Mapping[str, str] = field(default_factory=no_errors)
