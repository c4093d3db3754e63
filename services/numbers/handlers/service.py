"""The service that all handlers of the number inventory register with."""

from typing import Final

from contracts.numbers import NumberReleased, NumbersAssigned, NumbersHeld, NumbersRefused
from services.chassis.service import Service
from services.numbers.store import numbers as store

numbers: Final = Service(
    "numbers",
    sends=(NumbersHeld, NumbersRefused, NumbersAssigned, NumberReleased),
)
numbers.prepare(store.prepare)
