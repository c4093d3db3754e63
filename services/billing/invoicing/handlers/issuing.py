"""Drafts become invoices: numbers without gaps, parties as they are called on that day."""

from collections.abc import Iterable, Sequence
from typing import Final

from contracts.accounts import (
    PLATFORM_ID,
    AccountActivated,
    AccountChanged,
    PlatformDetailsChanged,
)
from contracts.billing import InvoiceIssued, InvoiceParty, Receivables, ReceivablesChanged
from services.billing.base.model.billing_settings import StoredSettings
from services.billing.base.store import billing_settings, invoice_parties
from services.billing.invoicing.handlers.router import router
from services.billing.invoicing.model.address import postal_text
from services.billing.invoicing.model.invoice import StoredInvoice, receivables_of
from services.billing.invoicing.store import invoices, receivable_versions
from services.billing.ledger.model.ledger import BillingAccount
from services.chassis.annotations import Transaction

PLATFORM_NAME: Final = "Accounts Manager"


@router.hears(AccountActivated)
async def note_new_invoice_party(event: AccountActivated, tx: Transaction) -> None:
    """Note how a new account is called on invoices."""
    await invoice_parties.keep(tx, event.account_id, event.version, _party(event))


@router.hears(AccountChanged)
async def note_changed_invoice_party(event: AccountChanged, tx: Transaction) -> None:
    """Note how an account is called on invoices from now on."""
    await invoice_parties.keep(tx, event.account_id, event.version, _party(event))


@router.hears(PlatformDetailsChanged)
async def note_changed_platform(event: PlatformDetailsChanged, tx: Transaction) -> None:
    """Note what invoices to resellers show of the platform from now on."""
    address = postal_text(event.billing_address)
    party = InvoiceParty(name=PLATFORM_NAME, address=address, tax_id=event.tax_id)
    await invoice_parties.keep(tx, PLATFORM_ID, event.version, party)


def _party(event: AccountActivated | AccountChanged) -> InvoiceParty:
    person = event.administrator
    contact = f"{person.first_name} {person.last_name}"
    return InvoiceParty(
        name=event.name,
        contact=contact,
        email=person.email,
        address=postal_text(event.billing_address),
        tax_id=event.tax_id,
    )


async def issue(
    tx: Transaction, reseller_id: str, drafts: Sequence[StoredInvoice]
) -> tuple[StoredInvoice, ...]:
    """Issue drafts of one seller in this order, and return them as they were issued.

    The drafts have been added to the store, in this transaction or before. They get the next
    numbers, and are `paid` at once when nothing is due. A draft whose parties are not known by name
    yet is left out: it stays a draft, and is issued when asked for again.
    """
    settings = await billing_settings.find(tx, reseller_id)
    known = await invoice_parties.find(tx, [reseller_id, *(draft.account_id for draft in drafts)])
    seller = _seller(reseller_id, settings, known.get(reseller_id))
    ready = [draft for draft in drafts if seller and draft.account_id in known]
    if seller is None or not ready:
        return ()
    first = await invoices.take_numbers(tx, reseller_id, len(ready))
    numbered: list[StoredInvoice] = []
    for sequence, draft in enumerate(ready, start=first):
        assert draft.reseller_id == reseller_id, f"{draft.id} is not an invoice of {reseller_id}"
        invoice = draft.issued(
            sequence,
            settings.invoice_prefix,
            seller=seller,
            customer=known[draft.account_id],
            footer=settings.invoice_footer,
            now=tx.now,
        )
        numbered.append(invoice)
    issued = await invoices.save(tx, *numbered)
    owing = await new_receivables_of_all(tx, (invoice.account_id for invoice in issued))
    for invoice in issued:
        _announce(tx, invoice, owing[invoice.account_id])
    return issued


def _seller(
    reseller_id: str, settings: StoredSettings, party: InvoiceParty | None
) -> InvoiceParty | None:
    """Return the seller as invoices show it; None while its name is not known."""
    if party is None and reseller_id == PLATFORM_ID:
        party = InvoiceParty(name=PLATFORM_NAME)
    if party is None:
        return None
    own = {
        "name": settings.seller_name or party.name,
        "address": party.address or settings.seller_address,
    }
    return party.model_copy(update=own)


async def new_receivables_of_all(
    tx: Transaction, account_ids: Iterable[str]
) -> dict[str, Receivables]:
    """Return what accounts owe now that their invoices are saved, each as a new version."""
    versions = await receivable_versions.next_versions(tx, list(account_ids))
    owed: dict[str, list[StoredInvoice]] = {account_id: [] for account_id in versions}
    unpaid = await invoices.unpaid(tx, list(versions))
    for invoice in (*unpaid, *await invoices.drafts_with_debt(tx, list(versions))):
        owed[invoice.account_id].append(invoice)
    return {one: receivables_of(version, owed[one]) for one, version in versions.items()}


async def new_receivables(tx: Transaction, account_id: str) -> Receivables:
    """Return what one account owes now that its invoices are saved, as a new version."""
    return (await new_receivables_of_all(tx, [account_id]))[account_id]


async def announce_receivables(tx: Transaction, account: BillingAccount) -> None:
    """Tell what an account owes where no event of an invoice does."""
    receivables = await new_receivables(tx, account.id)
    tx.announce(
        ReceivablesChanged(
            account_id=account.id, reseller_id=account.reseller_id, receivables=receivables
        )
    )


def _announce(tx: Transaction, invoice: StoredInvoice, receivables: Receivables) -> None:
    assert invoice.due_on is not None, "an issued invoice has a date"
    tx.announce(
        InvoiceIssued(
            invoice_id=invoice.id,
            account_id=invoice.account_id,
            reseller_id=invoice.reseller_id,
            kind=invoice.kind,
            number=invoice.number,
            total=invoice.total,
            due=invoice.due,
            currency=invoice.currency,
            period_start=invoice.period_start,
            period_end=invoice.period_end,
            due_on=invoice.due_on,
            receivables=receivables,
        )
    )
