"""Invoices in the portal, which a customer sees as bills: lists of them, and one of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar, Literal

from markupsafe import Markup

from contracts.billing import SEVERAL_CURRENCIES, Invoice, InvoiceSummary
from gateway.portal.views.parts import ListQuery, Pager, Segment, SettingsHead, no_errors

InvoiceDialog = Literal["pay", "outside", "credit", ""]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpaid:
    """What an account owes in all, and since when."""

    count: int
    amount: int
    available: int | None
    """Credit that can be spent; None when it isn't known at the moment."""

    oldest: InvoiceSummary | None = None
    """None where there are too many to look for it."""

    days_overdue: int = 0
    """Of the oldest; zero or less: not yet due, or due today."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicesPage:
    """`/invoices` (all that were sent), `/accounts/{id}/invoices`, and `/my/bills` under its head.

    `first_day` and `last_day` are the days shown, as written or typed; money in micro-units.
    `id` and `name` are the account's, empty for all. `parent` is whom a customer asks for credit.
    """

    template: ClassVar[str] = "invoices/list.html"
    id: str = ""
    name: str = ""
    head: SettingsHead | None = None
    parent: str = ""
    query: ListQuery
    export_url: str
    currency: str
    first_day: str
    last_day: str
    presets: tuple[Segment, ...]
    segments: tuple[Segment, ...]
    count: int
    total: int
    due: int
    unpaid_count: int
    unpaid_amount: int
    unpaid: Unpaid | None
    """Of one account that owes something."""

    rows: tuple[InvoiceSummary, ...]
    pager: Pager
    request: str
    errors: Mapping[str, str] = field(default_factory=no_errors)

    @property
    def section(self) -> str:
        """Of one's own account, of one account that one has, or of all."""
        return "bills" if self.head else "accounts" if self.id else "invoices"

    @property
    def title(self) -> str:
        """Whose invoices they are; one's own are bills."""
        return "Bills" if self.head else f"Invoices of {self.name}" if self.id else "Invoices"

    @property
    def has_sums(self) -> bool:
        """Whether the amounts can be added up: resellers of several currencies pay the platform."""
        return self.currency != SEVERAL_CURRENCIES

    @property
    def noun(self) -> str:
        """What the reader calls one of them."""
        return "bill" if self.head else "invoice"

    @property
    def base(self) -> str:
        """Where one of them is shown, less its id."""
        return "/bills" if self.head else "/invoices"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceForms:
    """What was typed into the dialogs of an invoice."""

    pay_amount: str = ""
    outside_amount: str = ""
    outside_note: str = ""
    note_amount: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicePage:
    """`/invoices/{id}` to who sent it, `/bills/{id}` to who pays it: the document, and its acts.

    `available` is the account's credit that can be spent, None when it isn't known.
    """

    template: ClassVar[str] = "invoices/show.html"
    invoice: Invoice
    document: Markup
    own: bool
    zone: str
    today: date
    available: int | None
    due_text: str
    """What is due as a form sends it."""

    request: str
    forms: InvoiceForms = field(default_factory=InvoiceForms)
    dialog: InvoiceDialog = ""
    errors: Mapping[str, str] = field(default_factory=no_errors)

    @property
    def section(self) -> str:
        """Of one's own account, or of what one sent."""
        return "bills" if self.own else "invoices"

    @property
    def name(self) -> str:
        """What it is called: an invoice that one pays is a bill."""
        is_credit = self.invoice.kind == "credit-note"
        return "Credit note" if is_credit else "Bill" if self.own else "Invoice"

    @property
    def title(self) -> str:
        """What it is, and its number."""
        return f"{self.name} {self.invoice.number}"

    @property
    def url(self) -> str:
        """Its own address."""
        return f"/{'bills' if self.own else 'invoices'}/{self.invoice.id}"

    @property
    def can_be_credited(self) -> bool:
        """Whether a credit note can correct it."""
        sent = self.invoice.status in ("issued", "paid", "overdue")
        return not self.own and self.invoice.kind == "invoice" and sent
