"""The signed-in party's own account, the same for reseller and customer, and its API keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from gateway.features.billing_settings.details_views import Detail
from gateway.portal.views.parts import SettingsHead, no_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class UserTab:
    """`/my/user`: the masked password; `changing` shows current, new and confirm."""

    template: ClassVar[str] = "people/user.html"
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
    """`/my/account`: what the account is known by; billing details have their own page."""

    template: ClassVar[str] = "people/account.html"
    title: str = "Settings: account"
    section: str = "settings"
    head: SettingsHead
    email: str
    phone: str
    parent: str
    billing: tuple[Detail, ...] = ()
