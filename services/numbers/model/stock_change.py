"""What a list of numbers does to a stock: adds, reprices, removes, or refuses row by row."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from contracts.base import FieldError
from contracts.numbers import NumberDifference, RefusedNumber, StockMode, StockReport
from contracts.values import decimal_text
from services.numbers.model.numbers import Number
from services.numbers.model.stock import StockItem, StockList

DIFFERENCES_TOLD: Final = 100
FEE_STEP_MICROS: Final = 100
"""Fees have up to four decimals."""

TOLD_NUMBERS: Final = 10
"""How many of the numbers of a list the audit trail names."""


@dataclass(slots=True)
class StockChange:
    """What a list does."""

    added: list[Number] = field(default_factory=list[Number])
    repriced: list[tuple[Number, Number]] = field(default_factory=list[tuple[Number, Number]])
    """Before and after."""

    removed: list[Number] = field(default_factory=list[Number])
    unchanged: int = 0
    refused: list[RefusedNumber] = field(default_factory=list[RefusedNumber])

    def report(self, *, dry_run: bool) -> StockReport:
        """Return what was done, or would be."""
        differences = (
            *(difference_of(before, after) for before, after in self.repriced),
            *(difference_of(number, None) for number in self.removed),
        )
        told = sorted(differences, key=lambda one: one.number)[:DIFFERENCES_TOLD]
        return StockReport(
            added=len(self.added),
            dry_run=dry_run,
            changed=len(self.repriced),
            unchanged=self.unchanged,
            removed=len(self.removed),
            differences=tuple(told),
            refused=tuple(sorted(self.refused, key=lambda row: row.line)),
        )


def change_of(
    read: StockList,
    own: Mapping[str, Number],
    elsewhere: Collection[str],
    *,
    mode: StockMode,
    reseller_id: str,
    now: datetime,
) -> StockChange:
    """Return what a list does to the stock of a reseller.

    `own` are those of its numbers that the stock has, `elsewhere` those that others have. A fee
    that the list doesn't have stays as it is; only a spare number changes or leaves.
    """
    change = StockChange(refused=[*read.refused])
    for item in read.items:
        number = own.get(item.number)
        if number is None:
            _take_new(change, item, item.number in elsewhere, mode, reseller_id, now)
            continue
        after = repriced(number, item.setup_fee, item.monthly_fee)
        if mode != "remove" and after == number:
            change.unchanged += 1
        elif fault := not_spare(number, now):
            change.refused.append(item.refused("not-spare", fault))
        elif mode == "remove":
            change.removed.append(number)
        else:
            change.repriced.append((number, after))
    return change


def _take_new(  # noqa: PLR0917 - one row, and all that decides about it
    change: StockChange,
    item: StockItem,
    is_elsewhere: bool,  # noqa: FBT001 - private
    mode: StockMode,
    reseller_id: str,
    now: datetime,
) -> None:
    if mode != "add":
        detail = f"{item.number} is not in the stock."
        change.refused.append(item.refused("not-spare", detail))
    elif is_elsewhere:  # the owner isn't named
        detail = f"{item.number} is in the system already."
        change.refused.append(item.refused("number-taken", detail))
    else:
        number = Number(
            number=item.number,
            reseller_id=reseller_id,
            country=item.country,
            locality=item.locality,
            setup_fee=item.setup_fee or 0,
            monthly_fee=item.monthly_fee or 0,
            changed_at=now,
        )
        change.added.append(number)


def repriced(number: Number, setup_fee: int | None, monthly_fee: int | None) -> Number:
    """Return a number with other fees; None leaves a fee as it is."""
    fees = {"setup_fee": setup_fee, "monthly_fee": monthly_fee}
    return number.model_copy(update={name: fee for name, fee in fees.items() if fee is not None})


def fee_errors(setup_fee: int | None, monthly_fee: int | None) -> tuple[FieldError, ...]:
    """Return what is wrong with typed fees; None is one that stays as it is."""
    return tuple(
        FieldError(
            pointer=f"/{name}",
            type="out-of-range",
            detail="Enter 0 or more with up to 4 decimals, such as 4.50.",
        )
        for name, fee in (("setup_fee", setup_fee), ("monthly_fee", monthly_fee))
        if fee is not None and (fee < 0 or fee % FEE_STEP_MICROS)
    )


def not_spare(number: Number, now: datetime) -> str | None:
    """Say why a number can't be changed or removed; None for one that is spare."""
    state = number.state_at(now)
    if state == "assigned":
        return f"{number.number} belongs to an account. Remove it from the account first."
    if state == "quarantine":
        end = f"{number.until:%Y-%m-%d}" if number.until else "later"
        return f"{number.number} is in quarantine until {end} and is spare after that."
    if state == "reserved":
        return f"{number.number} is held for an account that is being opened. Try again later."
    return None


def difference_of(before: Number, after: Number | None) -> NumberDifference:
    """Return the fees of a number before and after; without `after` it is removed."""
    return NumberDifference(
        number=before.number,
        setup_fee_before=before.setup_fee,
        setup_fee_after=after.setup_fee if after else None,
        monthly_fee_before=before.monthly_fee,
        monthly_fee_after=after.monthly_fee if after else None,
    )


def described(numbers: Sequence[Number]) -> dict[str, str]:
    """Return the fees of some numbers, as the audit trail tells them."""
    return {
        one.number: f"set-up {decimal_text(one.setup_fee)}, monthly {decimal_text(one.monthly_fee)}"
        for one in numbers[:TOLD_NUMBERS]
    }
