"""Bodies of requests about plans and invoices: their changes, their looks, their payment."""

from typing import Annotated

from pydantic import Field

from contracts.billing import (
    COUNTRIES_PER_PLAN_MAX,
    ENTRY_SEQ_MAX,
    NUMBERS_PER_PLAN_MAX,
    CountryMinutes,
    DomesticPolicy,
    PaymentSource,
    PlanChange,
    PlanOrder,
)
from contracts.calls import DialFormat
from contracts.values import AmountInput, SumInput
from gateway.bodies import (
    Body,
    CountryMinutesBody,
    NumberText,
    WholeNumber,
    Yes,
    kept_if_absent,
)


class NewPlanBody(Body):
    """The first service plan of an account that has none. Numbers are added to it afterwards."""

    name: Annotated[str, Field(max_length=200, examples=["Archer Team"])]
    users: WholeNumber = 1
    cost_per_user: AmountInput
    """Per user and month, up to 4 decimals."""

    rate_sheet_id: Annotated[str, Field(max_length=64)] = ""
    """Empty: no international calls."""

    countries: Annotated[
        tuple[CountryMinutesBody, ...], Field(max_length=COUNTRIES_PER_PLAN_MAX)
    ] = ()
    domestic_policy: DomesticPolicy = "included"
    premium_allowed: Yes = False
    expected_total: Annotated[SumInput | None, Field(examples=["23.50"])] = None
    """The total of the quote you saw. If the charges have changed since, nothing is charged."""

    def order(self) -> PlanOrder:
        """Return it as the services take it."""
        return PlanOrder.model_validate(self.model_dump(exclude={"expected_total"}))


class TakeBackBody(Body):
    """What taking a number back is to cost."""

    expected_total: Annotated[SumInput | None, Field(examples=["0.00"])] = None
    """The charge you saw. If it has changed since, nothing is done."""


class PlanPatch(Body):
    """What of a service plan changes (RFC 7396: what is left out stays)."""

    users: Annotated[WholeNumber | None, Field(examples=[14]), kept_if_absent] = None
    """All that an account's own administrator may change."""

    cost_per_user: Annotated[AmountInput | None, kept_if_absent] = None
    """Per user and month, up to 4 decimals; from the next period, unless `apply_now`."""

    apply_now: Yes = False
    """Whether another cost per user counts from today, prorated."""

    rate_sheet_id: Annotated[str | None, Field(max_length=64), kept_if_absent] = None
    """Empty: no international calls."""

    countries: Annotated[
        tuple[CountryMinutesBody, ...] | None,
        Field(max_length=COUNTRIES_PER_PLAN_MAX),
        kept_if_absent,
    ] = None
    """All opened countries. More minutes count at once, fewer from the next period."""

    domestic_policy: Annotated[DomesticPolicy | None, kept_if_absent] = None
    premium_allowed: Annotated[Yes | None, kept_if_absent] = None
    """Whether premium-rate, shared-cost and personal numbers may be called, from now on."""

    expected_total: Annotated[SumInput | None, Field(examples=["4.67"]), kept_if_absent] = None
    """The `total` of the quote you saw. Changed charges change nothing."""

    def change(self) -> PlanChange:
        """Return it as the services take it."""
        return PlanChange(
            users=self.users,
            cost_per_user=self.cost_per_user,
            apply_now=self.apply_now,
            rate_sheet_id=self.rate_sheet_id,
            countries=None
            if self.countries is None
            else tuple(
                CountryMinutes(country=one.country, minutes=one.minutes) for one in self.countries
            ),
            domestic_policy=self.domestic_policy,
            premium_allowed=self.premium_allowed,
        )


class NumbersOrderBody(Body):
    """Spare numbers for an account that is open."""

    numbers: Annotated[tuple[NumberText, ...], Field(min_length=1, max_length=NUMBERS_PER_PLAN_MAX)]
    hold_id: Annotated[str, Field(max_length=64)] | None = None
    """The number hold under which they are kept for you, if they are."""

    expected_total: Annotated[SumInput | None, Field(examples=["4.67"])] = None
    """The `total` of the quote you saw. Changed charges add nothing."""


class BillingSettingsPatch(Body):
    """What changes of how your invoices look (RFC 7396: what is left out stays)."""

    seller_name: Annotated[str | None, Field(max_length=200), kept_if_absent] = None
    """Empty: your account's name."""

    seller_address: Annotated[str | None, Field(max_length=1_000), kept_if_absent] = None
    """Lines of text."""

    invoice_prefix: Annotated[
        str | None, Field(max_length=32, examples=["ACME"]), kept_if_absent
    ] = None
    """Of the numbers of invoices that are issued from now on, such as ACME-000123."""

    tax_name: Annotated[str | None, Field(max_length=64, examples=["VAT"]), kept_if_absent] = None
    tax_percent: Annotated[AmountInput | None, Field(examples=["19.00"]), kept_if_absent] = None
    """Per cent; 0: no tax."""

    invoice_footer: Annotated[str | None, Field(max_length=500), kept_if_absent] = None
    dial_format: Annotated[DialFormat | None, kept_if_absent] = None
    """How destinations are written in calls over AMQP that don't say it themselves; a switch with
    an API key dials as its key says."""


class AdjustmentBody(Body):
    """A correction of a balance, up or down."""

    amount: Annotated[AmountInput, Field(examples=["-40.00"])]
    """Above zero adds to the balance, below zero takes from it."""

    reason: Annotated[str, Field(max_length=500, examples=["Typed 400.00 instead of 360.00"])]
    """The customer reads it in the transactions."""

    entry_seq: Annotated[int | None, Field(strict=True, ge=1, le=ENTRY_SEQ_MAX, examples=[3])] = (
        None
    )
    """The number of the transaction that it corrects, if it corrects one."""


class CreditLimitBody(Body):
    """How far below zero calls and purchases may take a balance."""

    credit_limit: Annotated[AmountInput, Field(examples=["50.00"])]
    """Zero or more; zero: prepaid money only."""


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
