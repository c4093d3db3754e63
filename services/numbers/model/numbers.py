"""What a number of the stock is, which numbers are to be had, and which belong to nobody."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict

from contracts.accounts import AccountStatus
from contracts.base import FieldError
from contracts.billing import PricedNumber
from contracts.numbers import NumberState, StockNumber
from contracts.values import Moment

HELD_FOR_ACCOUNT_MAX: Final = timedelta(hours=1)
"""An opening takes seconds; a number held for it longer than this is a fault for the audit."""

ENDED: Final[tuple[AccountStatus, ...]] = ("closed", "failed")
"""States in which an account has no numbers any more."""

E164: Final = re.compile(r"\+[1-9][0-9]{5,14}")


class Number(BaseModel):
    """A number of a reseller's stock and where it stands.

    `until` ends a wizard's hold or a quarantine: from that moment the number is available, whether
    or not anybody has written that down. A number that is held for an account has no `until`.
    """

    model_config = ConfigDict(frozen=True)

    number: str
    reseller_id: str
    country: str | None = None
    locality: str = ""
    setup_fee: int
    monthly_fee: int
    state: NumberState = "available"
    reservation_id: str | None = None
    account_id: str | None = None
    order_id: str | None = None
    """That it came to its account with; None: it came with the opening."""

    given_up_by: str | None = None
    """Of a number in quarantine: the account that may take it back."""

    until: Moment | None = None
    changed_at: Moment
    """When it came into its state."""

    def state_at(self, now: datetime, reservation_id: str | None = None) -> NumberState:
        """Return the state now, as seen by whoever has this hold: what it holds is available."""
        over = self.until is not None and self.until <= now
        own = reservation_id is not None and self.reservation_id == reservation_id
        return "available" if over or own else self.state

    def belongs_to(self, account_id: str) -> bool:
        """Tell whether it is held for this account or assigned to it."""
        return self.account_id == account_id

    def priced(self) -> PricedNumber:
        """Return the number with its fees."""
        return PricedNumber(
            number=self.number, setup_fee=self.setup_fee, monthly_fee=self.monthly_fee
        )

    def shown(self, now: datetime, reservation_id: str | None = None) -> StockNumber:
        """Return what the stock's owner sees of it."""
        state = self.state_at(now, reservation_id)
        return StockNumber(
            number=self.number,
            country=self.country,
            locality=self.locality,
            state=state,
            setup_fee=self.setup_fee,
            monthly_fee=self.monthly_fee,
            account_id=self.account_id,
            until=None if state == "available" else self.until,
        )


# --- choosing ----------------------------------------------------------------------------


def check_wanted(numbers: Sequence[str], pointer: str) -> tuple[FieldError, ...]:
    """Return what is wrong with the list itself: no E.164 numbers, or one of them twice."""
    return tuple(
        FieldError(pointer=f"{pointer}/{index}", type=kind, detail=detail)
        for index, number in enumerate(numbers)
        for wrong, kind, detail in (
            (
                E164.fullmatch(number) is None,
                "invalid-number",
                "Write the number like +442079460018.",
            ),
            (number in numbers[:index], "duplicate-number", f"{number} is in the list twice."),
        )
        if wrong
    )


def not_to_be_had(
    wanted: Iterable[str],
    found: Mapping[str, Number],
    now: datetime,
    *,
    reservation_id: str | None = None,
    account_id: str | None = None,
    from_quarantine: bool = False,
) -> tuple[str, ...]:
    """Return the numbers that cannot be taken with this hold or by this account.

    With `from_quarantine`, the account may take numbers that were taken from it.
    """

    def free(number: str) -> bool:
        known = found.get(number)
        if known is None:
            return False
        if account_id is not None and known.belongs_to(account_id):
            return True
        if from_quarantine and known.given_up_by == account_id:
            return known.state == "quarantine"
        return known.state_at(now, reservation_id) == "available"

    return tuple(number for number in wanted if not free(number))


def taken_detail(number: str) -> str:
    """Say that a number cannot be had, and what to do; the same words whoever has it."""
    return f"{number} is not among your spare numbers any more; choose another."


def taken_details(numbers: Iterable[str]) -> str:
    """Say that numbers cannot be had."""
    return " ".join(taken_detail(number) for number in numbers)


def taken_errors(
    numbers: Sequence[str], taken: Collection[str], pointer: str
) -> tuple[FieldError, ...]:
    """Return an error at the place of each number that cannot be had."""
    return tuple(
        FieldError(pointer=f"{pointer}/{index}", type="number-taken", detail=taken_detail(number))
        for index, number in enumerate(numbers)
        if number in taken
    )


# --- the audit ---------------------------------------------------------------------------


def ownership_fault(number: Number, status: AccountStatus | None, now: datetime) -> str | None:
    """Say what is wrong with whom a number belongs to; None = nothing. No status = no account."""
    how = "held for" if number.state == "reserved" else "assigned to"
    owner = f"number {number.number} is {how} account {number.account_id}"
    if status is None:
        return f"{owner}, which does not exist"
    if status in ENDED:
        return f"{owner}, which is {status}"
    if number.state == "reserved" and now - number.changed_at > HELD_FOR_ACCOUNT_MAX:
        return f"{owner} since {number.changed_at:%Y-%m-%d %H:%M:%S}, which is too long"
    return None
