"""The service that all handlers of billing register with, and whom it serves."""

from typing import Final

from contracts.base import FieldError, Refused
from services.chassis.database import Reader
from services.chassis.service import Service

billing: Final = Service("billing")
"""Each slice registers what it does with it: handlers, indexes, and what it may send."""

PLATFORM_TIME_ZONE: Final = "UTC"


def seller_of(db: Reader) -> str:
    """Return the account whose customers the asker serves: a reseller's, or the platform."""
    if db.principal.role not in {"operator", "reseller"}:
        raise Refused("forbidden", "Only resellers can do this.")
    return db.principal.account_id


def refuse_fields(errors: list[FieldError]) -> None:
    """Refuse what was asked when a field needs correcting; a taken name alone is told as such."""
    if not errors:
        return
    raise Refused(kind_of(errors), " ".join(error.detail for error in errors), tuple(errors))


def kind_of(errors: list[FieldError]) -> str:
    """Return the problem that some field errors are together."""
    own = {"plan-name-taken", "rate-sheet-name-taken", "amount-exceeds-due"}
    only = errors[0].type if len(errors) == 1 else ""
    return only if only in own else "invalid-fields"
