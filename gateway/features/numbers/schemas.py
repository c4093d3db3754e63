"""Bodies of requests about the stock of numbers."""

from typing import Annotated

from pydantic import Field

from contracts.billing import (
    NUMBERS_PER_PLAN_MAX,
)
from contracts.values import AmountInput
from gateway.http.schemas import Body, NumberText


class NewNumberBody(Body):
    """A number for a reseller's stock."""

    number: NumberText
    setup_fee: Annotated[str, Field(max_length=32, examples=["1.00"])] | None = None
    """Without it, a spare number that is in the stock keeps its fee, and a new one has none."""

    monthly_fee: Annotated[str, Field(max_length=32, examples=["2.50"])] | None = None


class NumberPatch(Body):
    """The fees of a spare number; those that are left out stay as they are."""

    setup_fee: AmountInput | None = None
    monthly_fee: AmountInput | None = None


class ReservationBody(Body):
    """Numbers to keep for an order that is being filled in."""

    numbers: Annotated[tuple[NumberText, ...], Field(max_length=NUMBERS_PER_PLAN_MAX)]
    reservation_id: Annotated[str, Field(max_length=64)] | None = None
    """An earlier hold, which becomes exactly these numbers."""
