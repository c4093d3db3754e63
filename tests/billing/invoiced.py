"""Invoices for tests: drafts as a renewal leaves them, issued as the job issues them."""

import uuid
from datetime import date
from typing import Any

from contracts import billing as contract
from contracts.accounts import AccountActivated, Administrator
from contracts.billing import (
    CreditOrder,
    FindInvoice,
    InvoiceIssued,
    InvoiceLine,
    InvoiceLineKind,
    IssueCreditNote,
    PayInvoice,
)
from contracts.values import decimal_text, micros
from services.billing.invoicing.handlers.issuing import issue
from services.billing.invoicing.model.invoice import StoredInvoice
from services.billing.invoicing.store import invoices
from services.chassis.database import INBOX, Transaction, Trigger
from tests.billing.conftest import ledger_of, open_account
from tests.harness import CUSTOMER, Harness


def activated(account_id: str, reseller_id: str = "acc_r1") -> AccountActivated:
    return AccountActivated(
        account_id=account_id,
        reseller_id=reseller_id,
        version=2,
        name=f"Name of {account_id}",
        realm="",
        currency="USD",
        country="US",
        time_zone="America/New_York",
        administrator=Administrator(
            email=f"{account_id}@example.com",
            first_name="Ada",
            last_name="Lovelace",
            phone="+14155550142",
        ),
        administrator_user_id="usr_1",
        reseller_name="",
        send_welcome=True,
    )


async def know_invoice_parties(harness: Harness, *account_ids: str) -> None:
    """Let billing hear of accounts, and of the first reseller."""
    for account_id in {"acc_r1", *account_ids}:
        await harness.hear(activated(account_id))


def line(amount: str, kind: InvoiceLineKind = "users") -> InvoiceLine:
    return InvoiceLine(kind=kind, text=f"A line of {kind}", amount=micros(amount))


def draft(invoice_id: str, **fields: Any) -> StoredInvoice:  # noqa: ANN401 - any part of an invoice
    return StoredInvoice.model_validate(
        {
            "id": invoice_id,
            "account_id": "acc_c1",
            "reseller_id": "acc_r1",
            "time_zone": "America/New_York",
            "currency": "USD",
            "period_start": date(2026, 11, 22),
            "period_end": date(2026, 12, 22),
            "after_seq": 0,
            "up_to_seq": 0,
            "lines": (line("168.00"),),
            "paid_by_credit": 0,
            **fields,
        }
    )


async def keep_and_issue(harness: Harness, *drafts: StoredInvoice) -> tuple[StoredInvoice, ...]:
    """Keep drafts of one seller and issue all that it has, in one transaction."""
    reseller_id = drafts[0].reseller_id if drafts else "acc_r1"
    issued: tuple[StoredInvoice, ...] = ()

    async def work(tx: Transaction) -> None:
        nonlocal issued
        for one in drafts:
            await invoices.add(tx, one)
        issued = await issue(tx, reseller_id, await invoices.drafts(tx, reseller_id, limit=100))

    await harness.database.once("test", Trigger(uuid.uuid4().hex, "test"), work)
    return issued


def pay(
    amount: str | None = None, invoice_id: str = "inv_1", source: str = "balance"
) -> PayInvoice:
    return PayInvoice.model_validate(
        {"invoice_id": invoice_id, "amount": amount, "source": source, "note": " By  wire "}
    )


def credit(amount: str, invoice_id: str = "inv_1") -> IssueCreditNote:
    return IssueCreditNote(invoice_id=invoice_id, amount=micros(amount), reason="Too many users")


async def owe(harness: Harness, *amounts: str, balance: str = "100.00") -> None:
    """Open an account with a balance, and issue invoices of these amounts to it."""
    credit = CreditOrder(amount=micros(balance)) if micros(balance) else None
    await open_account(harness, plan=None, credit=credit)
    await know_invoice_parties(harness, "acc_c1")
    for index, amount in enumerate(amounts, start=1):
        await keep_and_issue(harness, draft(f"inv_{index}", lines=(line(amount),)))
    await harness.sent(InvoiceIssued)


async def invoice_of(harness: Harness, invoice_id: str = "inv_1") -> contract.Invoice:
    return await harness.ask(FindInvoice(invoice_id=invoice_id), CUSTOMER)


async def entries_of(harness: Harness) -> list[tuple[str, str, str]]:
    """Return type, amount and cause of what came after the opening."""
    entries = await ledger_of(harness)
    return [(entry.type, decimal_text(entry.amount), entry.cause) for entry in entries[1:]]


async def forget_receipts(harness: Harness) -> None:
    await harness.database.documents(INBOX).delete({})
