"""What the opening of an account charges: the quote, and billing's part of the saga."""

from datetime import date
from typing import Literal

from pydantic import Field

from contracts.base import Answer, Command, Done, Event, FieldError, Query, Value
from contracts.billing.money import CreditOrder, EntryType
from contracts.billing.plans import PlanOrder, PricedNumber
from contracts.values import Amount, Country, Currency, Moment, Realm, Sum

QuoteLineType = Literal[EntryType, "tax"]


class QuoteLine(Value):
    """One line of a quote: quantity times unit price, or the part of it for the days it tells.

    The last one is the tax on all others, where the seller takes one.
    """

    type: QuoteLineType
    text: str
    quantity: int
    unit_price: Sum
    amount: Sum
    tax_percent: Amount = 0
    """Tax on this line: 19.00 is 19 %. It stays that of the order, whenever it is carried out."""

    tax: Sum = 0
    """Part of the line of tax, rounded to the currency's minor unit."""


class Quote(Answer):
    """Every charge of an order, and the balance after it."""

    lines: tuple[QuoteLine, ...]
    total: Sum
    credit: Amount
    balance_after: Sum
    currency: Currency
    monthly_charge: Sum
    next_renewal: date
    """In the account's time zone."""

    sufficient_credit: bool
    """Whether the credit covers the charges."""


class QuoteOpening(Query[Quote], topic="billing.quote-opening.v1"):
    """What opening an account would charge. Refused with every wrong field of the plan."""

    plan: PlanOrder | None = None
    credit: CreditOrder | None = None
    numbers: tuple[PricedNumber, ...] = ()
    currency: Currency
    time_zone: str = Field(max_length=64)


OPENINGS_AT_ONCE_MAX = 100


class OpeningQuote(Value):
    """The quote of one opening, or every wrong field of its plan."""

    quote: Quote | None = None
    errors: tuple[FieldError, ...] = ()


class OpeningQuotes(Answer):
    """Quotes in the order that was asked for."""

    data: tuple[OpeningQuote, ...]


class QuoteOpenings(Query[OpeningQuotes], topic="billing.quote-openings.v1"):
    """What some openings would charge, each as `billing.quote-opening.v1` says it."""

    openings: tuple[QuoteOpening, ...] = Field(max_length=OPENINGS_AT_ONCE_MAX)


class OpenBillingAccount(Command[Done], topic="billing.open-billing-account.v1"):
    """Open the billing account and the plan of an account: credit, then every charge, or nothing.

    Answered by the event `BillingAccountOpened` or `BillingAccountRefused`.
    """

    account_id: str
    parent_path: tuple[str, ...]
    """The accounts above it, the platform first, its parent last."""

    currency: Currency
    country: Country
    time_zone: str
    plan: PlanOrder | None
    credit: CreditOrder | None
    numbers: tuple[PricedNumber, ...]
    opened_at: Moment
    actor: str
    realm: Realm = ""
    """By which the switch may name the account."""

    accepted_total: Sum | None = None
    """What was quoted; nothing else is charged. None: not said."""


class BillingAccountOpened(Event, topic="billing.billing-account-opened.v1"):
    """The account's ledger begins: credit and first charges stand in it."""

    account_id: str
    reseller_id: str
    balance: Sum
    currency: Currency


class BillingAccountRefused(Event, topic="billing.billing-account-refused.v1"):
    """The billing account was not opened and nothing was charged."""

    account_id: str
    reseller_id: str
    reason: str
    """A problem type."""

    detail: str
