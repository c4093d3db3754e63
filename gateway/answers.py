"""What the gateway itself answers, where no service's answer fits."""

from datetime import datetime
from typing import Literal

from contracts.accounts import Account, LinkPurpose, User
from contracts.audit import AuditRecord
from contracts.base import Answer, Value
from contracts.billing import PricedNumber, RejectionReason
from contracts.calls import DialFormat
from gateway.keys import Key, KeyScope
from services.chassis.principal import PrincipalRole


class Me(Answer):
    """Who is signed in, and for which account."""

    role: PrincipalRole
    """`switch` for a key with the scope `calls`."""

    scope: KeyScope
    user: User
    """The person; of a key, its maker."""

    account: Account | None
    """The own account; operators and the switch have none."""


class NewSession(Answer):
    """Who has just signed in."""

    user: User


class LinkOwnerView(Answer):
    """Whose password a one-time link sets."""

    email: str
    account_name: str
    purpose: LinkPurpose


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


class NewKey(KeyView):
    """An API key that was just made."""

    secret: str
    """Shown this once: send it as `Authorization: Bearer …`."""


class KeyList(Answer):
    """All keys of an account."""

    data: tuple[KeyView, ...]
    next: None = None
    """There is no other page: an account has few."""


class NumberList(Answer):
    """All numbers of an account, with their fees."""

    data: tuple[PricedNumber, ...]


class ShownChange(AuditRecord):
    """One change, with the name of who made it."""

    actor_name: str
    """Of the person or the key; empty when it is not known any more."""


class AuditTrail(Answer):
    """Changes, newest first."""

    data: tuple[ShownChange, ...]
    next: str | None = None


class RecordResult(Value):
    """What becomes of one record."""

    call_id: str
    """Empty where the record has none."""

    status: Literal["accepted", "rejected"]
    reason: RejectionReason | None = None
    """Why it's rejected; it waits as a rejected call until it is corrected."""

    detail: str = ""


class RecordsTaken(Answer):
    """Records of calls are safe; those that are accepted are charged in a moment."""

    taken: int
    """All of them, accepted or rejected."""

    data: tuple[RecordResult, ...] = ()
    """One for each record, in their order."""


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
    )
