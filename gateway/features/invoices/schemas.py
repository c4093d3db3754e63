"""Bodies of requests that pay and correct invoices."""

from typing import Annotated

from pydantic import Field

from contracts.billing import (
    PaymentSource,
)
from contracts.values import SumInput
from gateway.http.schemas import Body


class PaymentBody(Body):
    """A payment of an invoice."""

    amount: Annotated[SumInput | None, Field(examples=["66.94"])] = None
    """Without it: all that is due."""

    source: PaymentSource = "balance"
    """`outside`: money that came another way, which the account's parent notes here."""

    note: Annotated[str, Field(max_length=500)] = ""


class PaymentOfAllBody(Body):
    """A payment of all unpaid invoices of an account."""

    amount: Annotated[SumInput | None, Field(examples=["66.94"])] = None
    """What the payer saw as the sum; refused when it is another by now."""


class CreditNoteBody(Body):
    """A correction of an invoice."""

    amount: Annotated[SumInput, Field(examples=["12.00"])]
    """More than zero."""

    reason: Annotated[str, Field(min_length=1, max_length=500)]
    """The customer reads it on the credit note."""
