"""The price of a charge: what it is for, and for which days."""

from datetime import date

from pydantic import BaseModel, ConfigDict


class Priced(BaseModel):
    """What a charge is for: a quantity at a unit price, for the days that it covers."""

    model_config = ConfigDict(frozen=True)

    quantity: int
    """Negative: credited."""

    unit_price: int
    """Micro-units."""

    start: date
    end: date
    """The day after the last one."""

    @property
    def credited(self) -> "Priced":
        """The same taken back."""
        return self.model_copy(update={"quantity": -self.quantity})
