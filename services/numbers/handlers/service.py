"""The service that all handlers of numbers register with, and whose stock the asker works with."""

from typing import Final

from contracts.base import Refused
from contracts.numbers import NumberReleased, NumbersAssigned, NumbersRefused, NumbersReserved
from services.chassis import changes
from services.chassis.database import Reader
from services.chassis.service import Service
from services.numbers.store import numbers as store

numbers = Service(
    "numbers",
    sends=(NumbersReserved, NumbersRefused, NumbersAssigned, NumberReleased),
)
router: Final = numbers.router()
"""Of its commands and events, each handled in a transaction."""

numbers.prepare(store.prepare)
numbers.prepare(changes.prepare)


def stock_of(reader: Reader) -> str:
    """Return whose stock the asker works with: that of its own account."""
    if reader.principal.role not in ("operator", "reseller"):
        raise Refused("forbidden", "Only resellers have a stock of numbers.")
    return reader.principal.account_id
