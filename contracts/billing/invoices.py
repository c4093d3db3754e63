"""Invoices, which customers see as bills: made at renewal, issued, paid, or chased."""

from datetime import date
from typing import Literal

from pydantic import Field

from contracts.base import Answer, Command, Event, Query, Value
from contracts.billing.authorizing import SLICE_SECONDS
from contracts.calls import DialFormat
from contracts.values import Amount, Country, Currency, Day, Moment, PageLimit, Sum

InvoiceKind = Literal["invoice", "credit-note"]
InvoiceStatus = Literal["draft", "issued", "paid", "overdue", "void"]
InvoiceFilter = Literal["issued", "paid", "overdue", "void", "unpaid"]
"""`unpaid` = issued or overdue, with something due."""

InvoiceLineKind = Literal[
    "users", "number-setup", "number-rent", "calls", "bundle", "adjustment", "tax"
]
PaymentSource = Literal["balance", "outside"]

SELLER_NAME_CHARACTERS_MAX = 200
SELLER_ADDRESS_CHARACTERS_MAX = 1_000
INVOICE_PREFIX_CHARACTERS_MAX = 12
TAX_NAME_CHARACTERS_MAX = 64
FOOTER_CHARACTERS_MAX = 500
PAYMENT_NOTE_CHARACTERS_MAX = 500
CREDIT_REASON_CHARACTERS_MAX = 500
REMINDER_DAYS = (3, 7)
"""Days since the issue on which an unpaid invoice is reminded of; the last one suspends."""

SEVERAL_CURRENCIES = "XXX"
"""ISO 4217 has this code for what is in no currency."""


class InvoiceLine(Value):
    """One line; the total of an invoice is the sum of the amounts of its lines."""

    kind: InvoiceLineKind
    text: str
    country: Country | None = None
    """Of calls and bundles."""

    period_start: date | None = None
    period_end: date | None = None
    """The day after its last."""

    quantity: int | None = None
    """Users, numbers, or calls."""

    seconds: int | None = None
    """Rated seconds of calls, used seconds of a bundle."""

    unit_price: Amount | None = None
    """Per user, number and month; calls have one rate each."""

    amount: Sum
    """Negative: credited. Rounded to the currency's minor unit."""

    exact_amount: Sum | None = None
    """Of calls: what they took from the balance, each with up to 4 decimals."""

    tax_percent: Amount | None = None
    """Fixed when the line was charged: 19.00 is 19 %. None on invoices older than this field."""

    tax: Sum = 0
    """Tax on this line, rounded to the minor unit; lines of tax add them up, one per percentage."""


class InvoiceParty(Value):
    """Who sends an invoice, or gets it, as they were when it was issued."""

    name: str
    contact: str = ""
    """A person's name."""

    email: str = ""
    address: str = ""
    """Lines of text."""

    tax_id: str = ""


class InvoicePayment(Value):
    """Money that was paid on an invoice."""

    at: Moment
    amount: Sum
    source: PaymentSource
    note: str = ""
    actor: str


class CreditNoteLink(Value):
    """A credit note of an invoice."""

    id: str
    number: str
    issued_on: date
    total: Sum
    """Negative, as on the note itself."""


class Invoice(Answer):
    """One invoice or credit note; after it is issued its lines never change."""

    id: str
    account_id: str
    reseller_id: str
    kind: InvoiceKind = "invoice"
    number: str
    """Such as ACME-000123, without gaps per reseller; empty while it is a draft."""

    status: InvoiceStatus
    seller: InvoiceParty
    customer: InvoiceParty
    period_start: date
    period_end: date
    """The day after its last; days are those of the account's time zone."""

    issued_on: date | None = None
    due_on: date | None = None
    issued_at: Moment | None = None
    currency: Currency
    lines: tuple[InvoiceLine, ...]
    tax: Sum
    total: Sum
    """Tax included."""

    paid_by_credit: Sum
    """What prepaid credit had paid before it was issued."""

    paid: Sum
    """Payments since."""

    credited: Sum
    """By credit notes, as far as it was still due."""

    refunded: Sum = 0
    """By credit notes, what went to the balance because it was paid already."""

    credit_notes: tuple[CreditNoteLink, ...] = ()
    """The notes that correct it, the oldest first."""

    written_off: Sum
    due: Sum
    payments: tuple[InvoicePayment, ...] = ()
    corrects_id: str = ""
    corrects_number: str = ""
    """Of a credit note: the invoice that it corrects."""

    note: str = ""
    footer: str = ""
    version: int


class InvoiceSummary(Value):
    """An invoice in one line of a list."""

    id: str
    account_id: str
    customer_name: str
    kind: InvoiceKind
    number: str
    status: InvoiceStatus
    period_start: date
    period_end: date
    issued_on: date
    due_on: date
    currency: Currency
    total: Sum
    due: Sum


class InvoicePage(Answer):
    """Invoices in a time frame, newest first, with what all of them come to."""

    count: int
    total: Sum
    due: Sum
    """Of the time frame and filter, over all pages."""

    unpaid_count: int
    unpaid: Sum
    """Of all time: what can be paid now."""

    currency: Currency
    """`XXX`: the platform's invoices are in several, so there are no sums; they are zero."""

    data: tuple[InvoiceSummary, ...]
    next: str | None = None


class ListInvoices(Query[InvoicePage], topic="billing.list-invoices.v1"):
    """Issued invoices of one account, or of all accounts of the asking reseller.

    `start` ≤ issued on < `end`, days of the account's time zone.
    """

    account_id: str | None = None
    start: Day | None = None
    end: Day | None = None
    filter: InvoiceFilter | None = None
    search: str = Field(default="", max_length=64)
    """Beginning of the number."""

    limit: PageLimit = 50
    cursor: str | None = None


class FindInvoice(Query[Invoice], topic="billing.find-invoice.v1"):
    """One issued invoice, for the account's parent or its administrator."""

    invoice_id: str


class GetInvoiceForDelivery(Query[Invoice], topic="billing.get-invoice-for-delivery.v1"):
    """One issued invoice, for the e-mail that brings it."""

    invoice_id: str
    account_id: str


# --- paying and correcting ------------------------------------------------------------------


class PayInvoice(Command[Invoice], topic="billing.pay-invoice.v1"):
    """Pay an invoice whole or in part.

    From the balance; the account's parent may also note money that came from outside.
    """

    invoice_id: str
    amount: Sum | None = None
    """None: all that is due."""

    source: PaymentSource = "balance"
    note: str = Field(default="", max_length=PAYMENT_NOTE_CHARACTERS_MAX)


class PaidInvoices(Answer):
    """The invoices that were paid together."""

    data: tuple[InvoiceSummary, ...]
    paid: Sum
    currency: Currency


class PayAllInvoices(Command[PaidInvoices], topic="billing.pay-all-invoices.v1"):
    """Pay all unpaid invoices of an account from its balance, all of them or none."""

    account_id: str
    amount: Sum | None = None
    """What the payer saw as the sum; refused when it is another by now."""


class IssueCreditNote(Command[Invoice], topic="billing.issue-credit-note.v1"):
    """Correct an issued invoice by a credit note, which is the answer.

    It reduces what is due of the invoice; the rest of it goes to the balance.
    """

    invoice_id: str
    amount: Sum
    reason: str = Field(min_length=1, max_length=CREDIT_REASON_CHARACTERS_MAX)


class Receivables(Value):
    """What an account owes; of two, the one with the higher version is newer."""

    version: int
    unpaid_invoices: int
    """Also those that are about to get their number."""

    unpaid: Sum
    suspended: bool
    """Whether it owes for so long that it may make no calls."""


class ReceivablesChanged(Event, topic="billing.receivables-changed.v1"):
    """An account owes another sum, though no invoice was issued, paid or became overdue.

    One of them is about to be issued, or was paid in part.
    """

    account_id: str
    reseller_id: str
    receivables: Receivables


class InvoiceIssued(Event, topic="billing.invoice-issued.v1"):
    """An invoice or a credit note got its number."""

    invoice_id: str
    account_id: str
    reseller_id: str
    kind: InvoiceKind
    number: str
    total: Sum
    due: Sum
    currency: Currency
    period_start: date
    period_end: date
    due_on: date
    receivables: Receivables


class InvoicePaid(Event, topic="billing.invoice-paid.v1"):
    """Nothing of an invoice is due any more; it was not so when it was issued."""

    invoice_id: str
    account_id: str
    reseller_id: str
    number: str
    total: Sum
    currency: Currency
    receivables: Receivables


class InvoiceOverdue(Event, topic="billing.invoice-overdue.v1"):
    """A reminder of an invoice is due: three and seven days after it was issued."""

    invoice_id: str
    account_id: str
    reseller_id: str
    number: str
    due: Sum
    currency: Currency
    due_on: date
    days: int
    """Since it was issued, as the reminder counts them: 3 or 7."""

    receivables: Receivables


# --- a reseller's own settings ----------------------------------------------------------------


class BillingSettings(Answer):
    """How a reseller's invoices look, and what tax is on them."""

    seller_name: str
    """Empty: the reseller's account name."""

    seller_address: str
    invoice_prefix: str
    tax_name: str
    tax_percent: Amount
    """Per cent, such as 19.00; zero: no tax line."""

    invoice_footer: str
    version: int
    dial_format: DialFormat = "national"
    """How destinations are written in calls over AMQP that don't say it themselves."""

    slice_seconds: int = SLICE_SECONDS
    """How much of a call is held at a time, likewise."""


class FindBillingSettings(Query[BillingSettings], topic="billing.find-billing-settings.v1"):
    """The settings of the asking reseller, or of the platform for an operator."""


class ChangeBillingSettings(Command[BillingSettings], topic="billing.change-billing-settings.v1"):
    """Change settings, if they are still at `version`; None = stays. Issued invoices stay."""

    version: int
    seller_name: str | None = Field(default=None, max_length=SELLER_NAME_CHARACTERS_MAX)
    seller_address: str | None = Field(default=None, max_length=SELLER_ADDRESS_CHARACTERS_MAX)
    invoice_prefix: str | None = Field(default=None, max_length=32)
    tax_name: str | None = Field(default=None, max_length=TAX_NAME_CHARACTERS_MAX)
    tax_percent: Amount | None = None
    invoice_footer: str | None = Field(default=None, max_length=FOOTER_CHARACTERS_MAX)
    dial_format: DialFormat | None = None
    slice_seconds: int | None = None
    """10 to 3,600."""
