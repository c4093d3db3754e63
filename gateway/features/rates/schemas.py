"""Bodies of requests about rate sheets and their rates."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from contracts.billing import (
    CALL_SECONDS_MAX,
    Rate,
)
from contracts.exact_rates import ExactRateInput, split_exact
from contracts.values import AmountInput, Country, Currency
from gateway.http.schemas import Body, NumberText, WholeNumber, Yes
from gateway.http.times import Time


class RateSheetBody(Body):
    """A new rate sheet."""

    name: Annotated[str, Field(max_length=200, examples=["Standard 2026"])]
    currency: Annotated[Currency | None, Field(examples=["USD"])] = None
    """For operators only; a reseller's sheets have the reseller's currency."""


class PriceBody(Body):
    """A call to be priced."""

    destination: NumberText
    """With its country code, or as it is dialled in the reseller's country."""

    seconds: Annotated[int, Field(strict=True, ge=0, le=CALL_SECONDS_MAX, examples=[130])]
    at: Time | None = None
    """When the call is answered; without it: now."""


class RateSheetPatch(Body):
    """What of a rate sheet changes."""

    name: Annotated[str, Field(max_length=200)]


class CopyBody(Body):
    """A new rate sheet like another one."""

    name: Annotated[str, Field(max_length=200, examples=["Retail 2027"])]
    margin_percent: Annotated[str, Field(max_length=16, examples=["12.5"])] = "0"
    """Added to every rate and connect fee: above -100, up to 1000, with up to 4 decimals."""


class RestoreBody(Body):
    """Which revision a rate sheet goes back to."""

    revision: WholeNumber


class RateBody(Body):
    """What calls to a prefix cost."""

    rate: ExactRateInput
    """Per 60 seconds, up to 8 decimals."""

    country: Annotated[Country | None, Field(examples=["IN"])] = None
    """Without it: that of the prefix."""

    name: Annotated[str, Field(max_length=200)] = ""
    connect_fee: AmountInput = 0
    min_duration: WholeNumber = 60
    """Seconds."""

    increment: WholeNumber = 60
    """Seconds."""

    grace: WholeNumber = 0
    """Seconds that cost nothing."""

    blocked: Yes = False

    def to_contract(self, prefix: str, effective_from: datetime | None) -> Rate:
        """Return it as the services take it."""
        rate, exact = split_exact(self.rate)
        fields = self.model_dump(exclude={"rate"})
        return Rate(
            prefix=prefix, effective_from=effective_from, rate=rate, rate_exact=exact, **fields
        )
