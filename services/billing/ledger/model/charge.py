"""What is charged: lines of a quantity at a unit price, each with its tax."""

from collections.abc import Iterable
from typing import Final

from pydantic import BaseModel, ConfigDict

from contracts.billing import QuoteLineType
from services.billing.base.model.billing_settings import StoredSettings
from services.billing.base.model.money import line_amount, tax_on
from services.billing.base.model.period import Period
from services.billing.ledger.model.movement import Movement
from services.billing.ledger.model.priced import Priced

TAX_KEY: Final = "tax"
"""Ends the keys of entries that took tax together with what it is on."""


class Charge(BaseModel):
    """One line of what is to be paid: quantity times unit price, rounded to the minor unit."""

    model_config = ConfigDict(frozen=True)

    key: str
    type: QuoteLineType
    text: str
    quantity: int
    unit_price: int
    amount: int
    days: Period
    """What it is for."""

    tax_percent: int = 0
    tax: int = 0
    """On it, as part of the line of tax, in micro-units."""

    def movement(self, key: str) -> Movement:
        """Return the movement that takes the amount from the balance."""
        if self.type == "tax":
            kind, priced = "adjustment", None
        else:
            kind = self.type
            priced = Priced(
                quantity=self.quantity,
                unit_price=self.unit_price,
                start=self.days.start,
                end=self.days.end,
            )
        return Movement(
            key=f"{key}:{self.key}",
            type=kind,
            amount=-self.amount,
            text=self.text,
            tax_percent=self.tax_percent,
            tax=-self.tax,
            priced=priced,
        )


def charge_of(
    key: str,
    kind: QuoteLineType,
    text: str,
    priced: tuple[int, int],
    *,
    currency: str,
    days: Period,
) -> Charge:
    """Return a line of a quantity at a unit price."""
    quantity, unit_price = priced
    amount = line_amount(quantity, unit_price, currency)
    return Charge(
        key=key,
        type=kind,
        text=text,
        quantity=quantity,
        unit_price=unit_price,
        amount=amount,
        days=days,
    )


def with_tax(
    charges: Iterable[Charge], percent: int, settings: StoredSettings, currency: str
) -> tuple[Charge, ...]:
    """Return charges, or what is credited, each with its tax, and all tax as the last line.

    Tax is rounded per line to the currency's minor unit; `percent` is in micro-units.
    """
    taxed = [
        charge.model_copy(
            update={"tax_percent": percent, "tax": tax_on(charge.amount, percent, currency)}
        )
        for charge in charges
    ]
    if not any(charge.tax for charge in taxed):
        return tuple(taxed)
    amount = sum(charge.tax for charge in taxed)
    tax = Charge(
        key=TAX_KEY,
        type="tax",
        text=settings.tax_text(percent),
        quantity=1,
        unit_price=amount,
        amount=amount,
        days=taxed[0].days,
        tax_percent=percent,
    )
    return (*taxed, tax)
