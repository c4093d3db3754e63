"""Bodies of requests about API keys, and what is answered about them."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from contracts.base import Answer
from contracts.billing import SLICE_SECONDS_MAX, SLICE_SECONDS_MIN
from contracts.calls import DialFormat
from gateway.http.schemas import Body
from gateway.http.times import Time
from gateway.identity.keys import Key, KeyScope


class KeyView(Answer):
    """An API key; its secret is stored nowhere."""

    id: str
    name: str
    scope: KeyScope
    hint: str
    """The beginning of the secret."""

    created_at: datetime
    used_at: datetime | None
    """To the minute."""

    expires_at: datetime | None = None
    """None: never."""

    dial_format: DialFormat | None = None
    """How the switch that uses the key writes destinations; None for other scopes."""

    slice_seconds: int | None = None
    """How much of a call is held at a time; None for other scopes."""


class NewKey(KeyView):
    """An API key that was just made."""

    secret: str
    """Shown this once: send it as `Authorization: Bearer …`."""


class KeyList(Answer):
    """All keys of an account."""

    data: tuple[KeyView, ...]
    next: None = None
    """There is no other page: an account has few."""


def key_view(key: Key) -> KeyView:
    """Return a key as its account sees it."""
    return KeyView(
        id=key.id,
        name=key.name,
        scope=key.scope,
        hint=key.hint,
        created_at=key.created_at,
        used_at=key.used_at,
        expires_at=key.expires_at,
        dial_format=key.dial_format if key.scope == "calls" else None,
        slice_seconds=key.slice_seconds if key.scope == "calls" else None,
    )


class KeyBody(Body):
    """A new API key."""

    name: Annotated[str, Field(min_length=1, max_length=64, examples=["Provisioning"])]
    scope: KeyScope = "account"
    """`account`: all that your account may do. `calls`: what the switch does, nothing else."""

    dial_format: DialFormat | None = None
    """How the switch writes destinations, for the scope `calls` only; without it: `national`.

    `national`: `+…`, or as dialled in the account's country. `e164`: always international, with
    or without `+` or `00`.
    """

    slice_seconds: (
        Annotated[int, Field(strict=True, ge=SLICE_SECONDS_MIN, le=SLICE_SECONDS_MAX)] | None
    ) = None
    """How much of a call is held at a time, for the scope `calls` only; without it: 300 seconds.

    More of it asks less often and ties up more of an account's credit.
    """

    expires_at: Time | None = None
    """When the key stops working, at most ten years from now; without it: never."""
