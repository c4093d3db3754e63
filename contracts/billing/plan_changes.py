"""Changes of a service plan: each shows its quote first, and is one transaction or a short saga."""

from datetime import date

from pydantic import Field

from contracts.base import Answer, Command, Query, Value
from contracts.billing.opening import QuoteLine
from contracts.billing.plans import (
    COUNTRIES_PER_PLAN_MAX,
    NUMBERS_PER_PLAN_MAX,
    CountryMinutes,
    DomesticPolicy,
    Plan,
    PlanOrder,
    PricedNumber,
)
from contracts.values import Amount, Currency, PhoneNumber, Sum


class PlanChange(Value):
    """What of a plan is to be another; None = stays. An administrator may change users only."""

    users: int | None = None
    cost_per_user: Amount | None = None
    apply_now: bool = False
    """Whether another cost per user counts from today, prorated, or from the next period."""

    rate_sheet_id: str | None = Field(default=None, max_length=64)
    countries: tuple[CountryMinutes, ...] | None = Field(
        default=None, max_length=COUNTRIES_PER_PLAN_MAX
    )
    """All opened countries. More minutes count at once, fewer from the next period; a country that
    is left out is closed at once when it has no bundle, and else at the end of the period."""

    domestic_policy: DomesticPolicy | None = None
    premium_allowed: bool | None = None


class PlanChangeQuote(Answer):
    """What a change of a plan charges today; a negative amount is credited."""

    lines: tuple[QuoteLine, ...]
    total: Sum
    available: Sum
    """What can be spent before it: balance + credit limit - held."""

    balance_after: Sum
    currency: Currency
    monthly_charge: Sum
    """From the next renewal on."""

    next_renewal: date
    scheduled_changes: tuple[str, ...] = ()
    """What only the next period brings, a sentence each."""

    sufficient_credit: bool
    """Whether the credit covers the charges."""

    balance: Sum = 0
    """Before it."""

    credit_limit: Amount = 0
    held: Sum = 0
    """What running calls hold of the balance and the credit limit."""

    pays_invoices: Sum = 0
    """What of the credit pays invoices that are due."""

    available_after: Sum = 0
    """available - total - what pays invoices."""


class QuotePlanChange(Query[PlanChangeQuote], topic="billing.quote-plan-change.v1"):
    """What a change of a plan would charge.

    Refused with every wrong field; pointers are into the change, such as `/users`.
    """

    account_id: str
    change: PlanChange


class ChangePlan(Command[Plan], topic="billing.change-plan.v1"):
    """Change a plan, if it is still at `version`, and charge or credit what it comes to today."""

    account_id: str
    version: int
    change: PlanChange
    expected_total: Sum | None = None
    """The total that was quoted; `quote-changed` when it comes to another. None: any."""


class QuoteNewPlan(Query[PlanChangeQuote], topic="billing.quote-new-plan.v1"):
    """What a plan would charge an account that has none. Refused with every wrong field.

    Its first period begins today. Numbers are added to it afterwards.
    """

    account_id: str
    plan: PlanOrder


class StartPlan(Command[Plan], topic="billing.start-plan.v1"):
    """Give an account that has no plan its first one, and charge the first month."""

    account_id: str
    plan: PlanOrder
    expected_total: Sum | None = None
    """What the asker was shown; nothing else is charged. None: not said."""


# --- numbers -------------------------------------------------------------------------------


class QuoteNumbers(Query[PlanChangeQuote], topic="billing.quote-numbers.v1"):
    """What these numbers would charge: set-up, and the rest of the period's fee.

    Pointers of a refusal begin with `/numbers`.
    """

    account_id: str
    numbers: tuple[PricedNumber, ...] = Field(min_length=1, max_length=NUMBERS_PER_PLAN_MAX)


class AddPlanNumbers(Command[Plan], topic="billing.add-plan-numbers.v1"):
    """Add numbers that are held for the asker to the plan of an account below it, and charge them.

    Numbers gets the command to assign them. If it refuses, further entries reverse the charge.
    """

    account_id: str
    reservation_id: str = Field(max_length=64)
    numbers: tuple[PricedNumber, ...] = Field(min_length=1, max_length=NUMBERS_PER_PLAN_MAX)
    expected_total: Sum | None = None
    """The total that was quoted; `quote-changed` when it comes to another. None: any."""


class RemovePlanNumber(Command[Plan], topic="billing.remove-plan-number.v1"):
    """Take a number from the plan of an account below the asker: quarantine, and no refund."""

    account_id: str
    number: PhoneNumber


class TakeNumberBack(Command[Plan], topic="billing.take-number-back.v1"):
    """Put a number back in the plan that it was removed from, while it is in quarantine.

    Its set-up fee is not charged again. Its monthly fee is charged for the days that are left of
    the period, unless the number was removed in this period, which is paid.
    """

    account_id: str
    number: PhoneNumber
    expected_total: Sum | None = None
    """What the asker was shown; nothing else is charged. None: not said."""
