"""The page of API keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from gateway.portal.views.parts import Choice, no_errors


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

    slice_seconds: int | None = None


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
    slice_seconds: str = ""
    expires_on: str = ""
    """The last day, as typed."""

    dialog: str = ""
    errors: Mapping[str, str] = field(default_factory=no_errors)
