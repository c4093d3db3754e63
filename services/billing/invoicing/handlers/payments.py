"""Money on invoices: paying one or all of them, and correcting one by a credit note."""

from collections.abc import Iterable, Sequence
from typing import NoReturn

from accounts_manager.formatting import money
from contracts import billing as contract
from contracts.base import Refused
from contracts.billing import (
    InvoicePaid,
    IssueCreditNote,
    PaidInvoices,
    PayAllInvoices,
    PayInvoice,
    Receivables,
)
from contracts.names import trimmed
from services.billing.base.handlers.service import refuse_fields
from services.billing.base.model.money import amount_text
from services.billing.base.model.names import check_text
from services.billing.charging.handlers.balances import balance_of, how_to_add
from services.billing.invoicing.handlers.invoices import (
    answer_of,
    invoice_seen_by_asker,
    summary_of,
)
from services.billing.invoicing.handlers.issuing import announce_receivables, issue, new_receivables
from services.billing.invoicing.handlers.router import router
from services.billing.invoicing.model.invoice import Payment, StoredInvoice, credit_note
from services.billing.invoicing.model.invoice_lines import INVOICE_CAUSE
from services.billing.invoicing.model.payment import (
    check_credited_amount,
    check_due_amount,
    parts_paid,
    payment_movements,
    refund_movement,
)
from services.billing.invoicing.store import draft_invoices, invoices
from services.billing.ledger.handlers.accounts import account_seen_by_asker, record_of_account
from services.billing.ledger.model.ledger import BillingAccount, Entry, entries_after, head_of
from services.billing.ledger.model.movement import Movement
from services.billing.ledger.store import billing_accounts, ledger
from services.chassis.annotations import Transaction
from services.chassis.changes import SYSTEM
from services.chassis.database import Reader

Moved = tuple[StoredInvoice, tuple[Movement, ...]]
"""An invoice, and what it moves in the ledger."""

Paying = tuple[StoredInvoice, Payment, str]
"""An invoice, a payment that does not overpay it, and the key of its ledger entry."""


@router.answers(PayInvoice)
async def pay_invoice(command: PayInvoice, tx: Transaction) -> contract.Invoice:
    """Pay an invoice whole or in part, from the balance or with money that came from outside."""
    invoice = await invoice_seen_by_asker(tx, command.invoice_id)
    if command.source == "outside":
        _refuse_all_but_parent(tx, invoice, "Only the reseller can record payments from outside.")
    key = f"payment:{tx.trigger.message_id}"
    if (done := await ledger.find(tx, key)) is not None:
        # the receipt of this request has been forgotten; the ledger forgets nothing
        if done.cause != invoice.id or command.amount not in {None, -done.amount}:
            _refuse_another_request()
        return await answer_of(tx, invoice)
    amount = invoice.due if command.amount is None else command.amount
    if not invoice.is_unpaid:
        raise Refused("nothing-due", f"Nothing is due of {invoice.number}.")
    note_errors = check_text(trimmed(command.note), "/note", "the note")
    refuse_fields([*check_due_amount(amount, invoice), *note_errors])
    account = await _account_of(tx, invoice)
    if command.source == "balance":
        await _refuse_uncovered(tx, account, amount)
    payment = Payment(
        at=tx.now,
        amount=amount,
        source=command.source,
        note=trimmed(command.note),
        actor=tx.actor,
        request_id=tx.trigger.message_id,
    )
    (paid,) = await _pay(tx, account, [(invoice, payment, key)])
    return await answer_of(tx, paid)


@router.answers(PayAllInvoices)
async def pay_all_invoices(command: PayAllInvoices, tx: Transaction) -> PaidInvoices:
    """Pay all unpaid invoices of an account from its balance, or none of them."""
    account = await account_seen_by_asker(tx, command.account_id)
    request_id = tx.trigger.message_id
    if done := await invoices.paid_by(tx, account.id, request_id):
        # the receipt of this request has been forgotten; the payments have not
        return _paid_together(done, request_id, account)
    unpaid = await invoices.unpaid(tx, [account.id])
    amount = sum(invoice.due for invoice in unpaid)
    if not unpaid:
        raise Refused("nothing-due", "All invoices are paid.")
    if command.amount not in {None, amount}:
        detail = f"{money(amount, account.currency)} is due now. Check it and pay again."
        raise Refused("amount-changed", detail)
    await _refuse_uncovered(tx, account, amount)
    paid = await _pay(tx, account, [_from_balance(tx, invoice, invoice.due) for invoice in unpaid])
    return _paid_together(paid, request_id, account)


@router.answers(IssueCreditNote)
async def issue_credit_note(command: IssueCreditNote, tx: Transaction) -> contract.Invoice:
    """Correct an invoice by a credit note, the answer: what is due first, then a refund."""
    invoice = await invoice_seen_by_asker(tx, command.invoice_id)
    _refuse_all_but_parent(tx, invoice, "Only the reseller can issue credit notes.")
    note_id = f"{INVOICE_CAUSE}{tx.trigger.message_id}"
    if (done := await invoices.find(tx, note_id)) is not None:
        # the receipt of this request has been forgotten; its credit note has not
        if (done.corrects_id, -done.total) != (invoice.id, command.amount):
            _refuse_another_request()
        return await answer_of(tx, done)
    account = await _account_of(tx, invoice)
    _refuse_uncreditable(invoice, account)
    reason = trimmed(command.reason)
    errors = check_text(reason, "/reason", "the reason", required="Enter a reason.")
    refuse_fields([*check_credited_amount(command.amount, invoice), *errors])
    (corrected,) = await invoices.save(tx, invoice.credited_with(command.amount))
    draft = credit_note(invoice, corrected, note_id=note_id, reason=reason)
    await invoices.add(tx, draft)
    (note,) = await issue(tx, invoice.reseller_id, [draft])
    refund = corrected.refunded - invoice.refunded
    if refund:
        await _move(tx, account, [(note, (refund_movement(note, refund, f"refund:{note.id}"),))])
    if invoice.is_unpaid and not corrected.is_unpaid:
        announce_paid(tx, corrected, await new_receivables(tx, corrected.account_id))
    await _record(tx, "invoice.credited", account, invoice, corrected, note=draft.note)
    await pay_what_is_due(tx, account)
    return await answer_of(tx, note)


async def pay_what_is_due(tx: Transaction, account: BillingAccount) -> None:
    """Pay what is due, the oldest first, after an entry has added to the balance.

    Whatever the entry was: credit, an adjustment, a refund, a smaller plan. Called in the same
    transaction, it pays with all of the balance that running calls do not hold, whole or in part.
    What a renewal left due gets its number first, so that it does not wait for the next credit.
    """
    drafts = await draft_invoices.drafts_of(tx, account.id)
    if any(draft.due > 0 for draft in drafts):
        await issue(tx, account.reseller_id, drafts)
    unpaid = await invoices.unpaid(tx, [account.id])
    if not unpaid:
        return
    balance = await balance_of(tx, account)
    if parts := parts_paid(unpaid, account.payable(balance.balance, balance.held)):
        await _pay(tx, account, [_from_balance(tx, invoice, part) for invoice, part in parts])


async def pay_if_covered(tx: Transaction, account: BillingAccount) -> bool:
    """Pay all that is due if the balance covers it; tell whether it did.

    It does after running calls have ended that held the money when credit was added.
    """
    due = sum(invoice.due for invoice in await invoices.unpaid(tx, [account.id]))
    balance = await balance_of(tx, account)
    if not 0 < due <= account.payable(balance.balance, balance.held):
        return False
    await pay_what_is_due(tx, account)
    return True


def _from_balance(tx: Transaction, invoice: StoredInvoice, amount: int) -> Paying:
    payment = Payment(
        at=tx.now,
        amount=amount,
        source="balance",
        actor=tx.actor,
        request_id=tx.trigger.message_id,
    )
    return invoice, payment, f"payment:{payment.request_id}:{invoice.id}"


async def _pay(
    tx: Transaction, account: BillingAccount, payings: Sequence[Paying]
) -> tuple[StoredInvoice, ...]:
    """Keep payments that are covered, move their money and tell everyone what is paid now."""
    paid = await invoices.save(tx, *(invoice.paid_with(payment) for invoice, payment, _ in payings))
    both = list(zip(payings, paid, strict=True))
    moved = [(after, payment_movements(after, payment, key)) for (_, payment, key), after in both]
    await _move(tx, account, moved)
    if whole := [invoice for invoice in paid if invoice.status == "paid"]:
        receivables = await new_receivables(tx, account.id)
        for invoice in whole:
            announce_paid(tx, invoice, receivables)
    else:
        await announce_receivables(tx, account)
    for (before, payment, _), after in both:
        await _record(tx, "invoice.paid", account, before, after, note=payment.note)
    return paid


def announce_paid(tx: Transaction, invoice: StoredInvoice, receivables: Receivables) -> None:
    """Tell everyone that nothing of an invoice is due any more."""
    tx.announce(
        InvoicePaid(
            invoice_id=invoice.id,
            account_id=invoice.account_id,
            reseller_id=invoice.reseller_id,
            number=invoice.number,
            total=invoice.total,
            currency=invoice.currency,
            receivables=receivables,
        )
    )


async def _move(tx: Transaction, account: BillingAccount, moved: Iterable[Moved]) -> None:
    """Carry on the ledger with what invoices move; each entry names its invoice as the cause."""
    head = await ledger.head(tx, account)
    entries: list[Entry] = []
    for invoice, movements in moved:
        entries += entries_after(head, movements, now=tx.now, cause=invoice.id, actor=tx.actor)
        head = head_of(account, entries[-1])
    await ledger.append(tx, account, entries)


async def _record(
    tx: Transaction,
    action: str,
    account: BillingAccount,
    was: StoredInvoice,
    now: StoredInvoice,
    *,
    note: str = "",
) -> None:
    """Keep in the audit trail what became of an invoice."""
    shown = [
        {
            "due": amount_text(invoice.due, invoice.currency),
            "paid": amount_text(invoice.paid, invoice.currency),
            "credited": amount_text(invoice.credited + invoice.refunded, invoice.currency),
        }
        for invoice in (was, now)
    ]
    before, after = shown[0], {**shown[1], "note": note}
    by = None if tx.asker else SYSTEM  # what numbers that were not to be had gave back
    await record_of_account(
        tx, action, account, subject=now.number, before=before, after=after, by=by
    )


async def _account_of(db: Reader, invoice: StoredInvoice) -> BillingAccount:
    account = await billing_accounts.find(db, invoice.account_id)
    assert account is not None, f"{invoice.id} is an invoice of nobody"
    return account


def _paid_together(
    paid: Iterable[StoredInvoice], request_id: str, account: BillingAccount
) -> PaidInvoices:
    return PaidInvoices(
        data=tuple(summary_of(invoice) for invoice in paid),
        paid=sum(
            payment.amount
            for invoice in paid
            for payment in invoice.payments
            if payment.request_id == request_id
        ),
        currency=account.currency,
    )


# --- refusals --------------------------------------------------------------------------------


def _refuse_all_but_parent(db: Reader, invoice: StoredInvoice, detail: str) -> None:
    if invoice.reseller_id != db.principal.account_id:
        raise Refused("forbidden", detail)


async def _refuse_uncovered(db: Reader, account: BillingAccount, amount: int) -> None:
    """Refuse to pay with money that the account has not, or that running calls hold."""
    balance = await balance_of(db, account)
    payable = account.payable(balance.balance, balance.held)
    if amount > payable:
        wanted, covered = (money(one, account.currency) for one in (amount, payable))
        remedy = await how_to_add(db, account, amount - payable)
        detail = f"You’re paying {wanted}, but the balance is {covered}: {remedy}, or pay a part."
        raise Refused("insufficient-credit", detail)


def _refuse_uncreditable(invoice: StoredInvoice, account: BillingAccount) -> None:
    if account.status == "closed":
        detail = "The account is closed and refunded. Its invoices can’t be changed."
        raise Refused("account-not-active", detail)
    if invoice.kind == "credit-note" or not invoice.creditable:
        detail = f"Nothing of {invoice.number} is left to credit."
        raise Refused("nothing-due", detail)


def _refuse_another_request() -> NoReturn:
    detail = "This Idempotency-Key was used for another request. Use a new key."
    raise Refused("idempotency-key-reused", detail)
