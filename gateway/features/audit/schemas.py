"""What is answered about who changed what."""

from contracts.audit import AuditRecord
from contracts.base import Answer


class ShownChange(AuditRecord):
    """One change, with the name of who made it."""

    actor_name: str
    """Of the person or the key; empty when it is not known any more."""


class AuditTrail(Answer):
    """Changes, newest first."""

    data: tuple[ShownChange, ...]
    next: str | None = None
