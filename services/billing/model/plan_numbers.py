"""Numbers that are added to a plan or given up: what they charge, and what undoes an order."""

from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict

from contracts.base import FieldError
from contracts.billing import NUMBERS_PER_PLAN_MAX, PricedNumber
from contracts.values import Moment
from services.billing.model.ledger import Entry, Movement
from services.billing.model.money import line_amount
from services.billing.model.plan import Charge, Plan, shown_number
from services.billing.model.plan_change import Proposal, Today
from services.billing.model.plan_checks import check_total


def check_numbers(plan: Plan, numbers: Sequence[PricedNumber], currency: str) -> list[FieldError]:
    """Return why numbers cannot be added to a plan; pointers begin with `/numbers`."""
    errors: list[FieldError] = []
    seen = {priced.number for priced in plan.numbers}
    for position, priced in enumerate(numbers):
        if priced.number in seen:
            detail = f"{priced.number} is among the plan's numbers already; leave it out."
            place = f"/numbers/{position}"
            errors.append(FieldError(pointer=place, type="duplicate-number", detail=detail))
        seen.add(priced.number)
    if len(plan.numbers) + len(numbers) > NUMBERS_PER_PLAN_MAX:
        detail = f"A plan has at most {NUMBERS_PER_PLAN_MAX} numbers."
        errors.append(FieldError(pointer="/numbers", type="too-many", detail=detail))
    if errors:
        return errors
    fees = sum(priced.setup_fee + priced.monthly_fee for priced in numbers)
    return check_total(plan.monthly_charge(currency) + fees, "/numbers")


def propose_numbers(plan: Plan, numbers: Sequence[PricedNumber], today: Today) -> Proposal:
    """Return a plan with more numbers: set-up once, and the fee for the days left with today."""
    lines: list[Charge] = []
    for priced in numbers:
        shown = shown_number(priced.number)
        if priced.setup_fee:
            setup = Charge(
                key=f"number-setup:{priced.number}",
                type="number-setup",
                text=f"{shown}, set-up",
                quantity=1,
                unit_price=priced.setup_fee,
                amount=line_amount(1, priced.setup_fee, today.currency),
            )
            lines.append(setup)
        month = (1, priced.monthly_fee)
        key = f"number-rent:{priced.number}"
        lines.append(today.line("number-rent", key, shown, month, today.left))
    return Proposal(plan.changed(numbers=(*plan.numbers, *numbers)), tuple(lines))


def without_numbers(plan: Plan, numbers: Iterable[str]) -> Plan:
    """Return a plan without some numbers: itself when it has none of them."""
    gone = set(numbers)
    kept = tuple(priced for priced in plan.numbers if priced.number not in gone)
    return plan if kept == plan.numbers else plan.changed(numbers=kept)


class NumberOrder(BaseModel):
    """Numbers that were added to a plan and charged, and are then to be taken."""

    model_config = ConfigDict(frozen=True)

    id: str
    account_id: str
    numbers: tuple[str, ...]
    at: Moment
    plan_version: int
    """Of the plan with them: of two orders the higher one is newer."""

    undone: bool = False
    """They were not to be had."""

    @property
    def key(self) -> str:
        """What the keys of its ledger entries begin with."""
        return f"numbers:{self.id}"

    @property
    def entry_keys(self) -> tuple[str, ...]:
        """The keys of all ledger entries that it may have."""
        kinds = ("number-setup", "number-rent")
        return tuple(f"{self.key}:{kind}:{number}" for number in self.numbers for kind in kinds)


def months_back(
    order: NumberOrder, numbers: Iterable[PricedNumber], months: int, currency: str
) -> tuple[Movement, ...]:
    """Return what takes back the months that renewals have charged for numbers never had."""
    if not months:
        return ()
    times = "" if months == 1 else f", {months} times"
    return tuple(
        Movement(
            key=f"{order.key}:months:{priced.number}",
            type="number-rent",
            amount=months * line_amount(1, priced.monthly_fee, currency),
            text=f"Not to be had: {shown_number(priced.number)}, a month{times}, is taken back",
        )
        for priced in numbers
    )


def undoing(
    order: NumberOrder, charged: Iterable[Entry], *, is_closed: bool
) -> tuple[Movement, ...]:
    """Return what takes back the entries of an order; a closed account has it paid out at once."""
    back = [
        Movement(
            key=f"{entry.key}:undone",
            type=entry.type,
            amount=-entry.amount,
            text=f"Not to be had: entry {entry.seq} ({entry.text}) is taken back",
        )
        for entry in sorted(charged, key=lambda entry: entry.seq)
    ]
    if is_closed:
        paid_out = Movement(
            key=f"{order.key}:refund",
            type="refund",
            amount=-sum(movement.amount for movement in back),
            text="Refunded after closing",
        )
        back.append(paid_out)
    return tuple(back)
