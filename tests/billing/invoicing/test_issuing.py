"""Issuing: numbers without gaps, parties as they are called on that day, and what is owed."""

import asyncio
import uuid
from datetime import date

import pytest

from contracts.accounts import (
    PLATFORM_ID,
    AccountChanged,
    PlatformDetailsChanged,
    PostalAddress,
)
from contracts.billing import (
    ChangeBillingSettings,
    FindBillingSettings,
    InvoiceIssued,
    InvoiceParty,
)
from contracts.values import micros
from services.billing.invoicing.handlers.issuing import issue
from services.billing.invoicing.store import invoices
from services.chassis.database import Transaction, Trigger
from tests.billing.invoiced import (
    activated,
    credit,
    draft,
    invoice_of,
    keep_and_issue,
    know_invoice_parties,
    line,
    owe,
)
from tests.harness import RESELLER, Harness


async def test_an_issued_invoice_has_a_number_parties_and_a_date(billing: Harness) -> None:
    await know_invoice_parties(billing, "acc_c1")
    (issued,) = await keep_and_issue(billing, draft("inv_1"))
    assert (issued.number, issued.sequence, issued.status) == ("INV-000001", 1, "issued")
    assert issued.seller == InvoiceParty(
        name="Name of acc_r1", contact="Ada Lovelace", email="acc_r1@example.com"
    )
    assert issued.customer.name == "Name of acc_c1"
    # 09:00 UTC is still the same day in New York
    assert issued.issued_on == issued.due_on == date(2026, 11, 22)
    assert issued.issued_at == billing.clock.now
    (event,) = await billing.sent(InvoiceIssued)
    assert (event.number, event.total, event.due) == ("INV-000001", 168_000_000, 168_000_000)
    assert event.receivables.version == 1
    assert (event.receivables.unpaid_invoices, event.receivables.unpaid) == (1, 168_000_000)
    assert not event.receivables.suspended
    stored = await invoices.find(billing.database.reader(), "inv_1")
    assert stored == issued


async def test_an_invoice_that_credit_paid_is_paid_at_once(billing: Harness) -> None:
    await know_invoice_parties(billing, "acc_c1")
    paid = draft("inv_1", lines=(line("30.00"),), paid_by_credit=micros("30.00"))
    (issued,) = await keep_and_issue(billing, paid)
    assert (issued.status, issued.due, issued.next_reminder_at) == ("paid", 0, None)
    (event,) = await billing.sent(InvoiceIssued)
    assert (event.due, event.receivables.unpaid_invoices) == (0, 0)


async def test_a_draft_waits_until_both_parties_are_known(billing: Harness) -> None:
    assert await keep_and_issue(billing, draft("inv_1")) == ()
    await billing.hear(activated("acc_c1"))
    assert await keep_and_issue(billing) == ()
    await billing.hear(activated("acc_r1", "platform"))
    (issued,) = await keep_and_issue(billing)
    assert issued.number == "INV-000001"
    assert await keep_and_issue(billing) == ()


async def test_a_draft_that_waits_keeps_no_other_back(billing: Harness) -> None:
    await know_invoice_parties(billing, "acc_c2")
    waiting, ready = draft("inv_1"), draft("inv_2", account_id="acc_c2")
    (issued,) = await keep_and_issue(billing, waiting, ready)
    assert (issued.id, issued.number) == ("inv_2", "INV-000001")
    reader = billing.database.reader()
    assert await invoices.sellers_with_drafts(reader, limit=9) == ["acc_r1"]
    assert await invoices.sellers_with_drafts(reader, after="acc_r1", limit=9) == []
    assert [one.id for one in await invoices.drafts(reader, "acc_r1", limit=9)] == ["inv_1"]
    assert await invoices.drafts(reader, "acc_r1", after="inv_1", limit=9) == []


async def test_the_newest_name_is_on_the_invoice_whatever_comes_first(billing: Harness) -> None:
    await know_invoice_parties(billing)
    renamed = AccountChanged(
        account_id="acc_c1",
        reseller_id="acc_r1",
        version=7,
        name="New Name",
        administrator=activated("acc_c1").administrator,
    )
    await billing.hear(renamed)
    await billing.hear(activated("acc_c1"))
    (issued,) = await keep_and_issue(billing, draft("inv_1"))
    assert issued.customer.name == "New Name"


LONDON = PostalAddress(
    line1="1 High Street", locality="London", postal_code="SW1A 1AA", country="GB"
)
BERLIN = PostalAddress(
    line1="Hauptstraße 1", line2="Hof", locality="Berlin", postal_code="10115", country="DE"
)


async def test_an_invoice_has_both_addresses_and_tax_ids_as_they_were_when_it_was_issued(
    billing: Harness,
) -> None:
    await know_invoice_parties(billing, "acc_c1")
    await change_details(billing, "acc_r1", 3, LONDON, "GB980780684")
    await change_details(billing, "acc_c1", 3, BERLIN, "DE136695976")
    (issued,) = await keep_and_issue(billing, draft("inv_1"))
    assert issued.seller.address == "1 High Street\nLondon, SW1A 1AA\nUnited Kingdom"
    assert issued.seller.tax_id == "GB980780684"
    assert issued.customer.address == "Hauptstraße 1\nHof\n10115 Berlin\nGermany"
    assert issued.customer.tax_id == "DE136695976"
    await change_details(billing, "acc_c1", 4, None, "")
    stored = await invoices.find(billing.database.reader(), "inv_1")
    assert stored == issued
    (later,) = await keep_and_issue(billing, draft("inv_2"))
    assert (later.customer.address, later.customer.tax_id) == ("", "")


async def test_a_credit_note_has_both_addresses_and_tax_ids_of_the_day_it_is_issued(
    billing: Harness,
) -> None:
    await owe(billing, "60.00")
    await change_details(billing, "acc_r1", 3, LONDON, "GB980780684")
    await change_details(billing, "acc_c1", 3, BERLIN, "DE136695976")
    note = await billing.ask(credit("15.00"), RESELLER)
    assert (note.seller.address, note.seller.tax_id) == (
        "1 High Street\nLondon, SW1A 1AA\nUnited Kingdom",
        "GB980780684",
    )
    assert (note.customer.address, note.customer.tax_id) == (
        "Hauptstraße 1\nHof\n10115 Berlin\nGermany",
        "DE136695976",
    )
    assert (await invoice_of(billing)).customer.tax_id == ""


async def test_the_address_of_the_billing_settings_stands_until_the_account_has_one(
    billing: Harness,
) -> None:
    await know_invoice_parties(billing, "acc_c1")
    settings = await billing.ask(FindBillingSettings(), RESELLER)
    change = ChangeBillingSettings(version=settings.version, seller_address="2 Old Road\nLeeds")
    await billing.ask(change, RESELLER)
    (first,) = await keep_and_issue(billing, draft("inv_1"))
    await change_details(billing, "acc_r1", 3, LONDON, "")
    (second,) = await keep_and_issue(billing, draft("inv_2"))
    assert first.seller.address == "2 Old Road\nLeeds"
    assert second.seller.address.startswith("1 High Street\n")


async def change_details(
    harness: Harness, account_id: str, version: int, address: PostalAddress | None, tax_id: str
) -> None:
    before = activated(account_id)
    change = AccountChanged(
        account_id=account_id,
        reseller_id=before.reseller_id,
        version=version,
        name=before.name,
        administrator=before.administrator,
        billing_address=address,
        tax_id=tax_id,
    )
    await harness.hear(change)


async def test_the_platform_sends_the_invoices_of_resellers(billing: Harness) -> None:
    await know_invoice_parties(billing, "acc_r1")
    of_reseller = draft("inv_1", account_id="acc_r1", reseller_id=PLATFORM_ID)
    (issued,) = await keep_and_issue(billing, of_reseller)
    assert (issued.seller.name, issued.customer.name) == ("Accounts Manager", "Name of acc_r1")


async def test_an_invoice_to_a_reseller_has_the_platforms_details_of_the_day_it_is_issued(
    billing: Harness,
) -> None:
    await know_invoice_parties(billing, "acc_r1")

    async def issued(invoice_id: str) -> InvoiceParty:
        of_reseller = draft(invoice_id, account_id="acc_r1", reseller_id=PLATFORM_ID)
        return (await keep_and_issue(billing, of_reseller))[0].seller

    assert await issued("inv_1") == InvoiceParty(name="Accounts Manager")
    for version, address in ((3, LONDON), (2, BERLIN)):  # the older one comes late
        event = PlatformDetailsChanged(version=version, billing_address=address, tax_id="GB1")
        await billing.hear(event)
    shown = await issued("inv_2")
    assert shown.address == "1 High Street\nLondon, SW1A 1AA\nUnited Kingdom"
    assert (shown.name, shown.tax_id) == ("Accounts Manager", "GB1")
    first = await invoices.find(billing.database.reader(), "inv_1")
    assert first is not None
    assert first.seller.address == ""


async def test_each_seller_counts_for_itself(billing: Harness) -> None:
    await know_invoice_parties(billing, "acc_r2", "acc_c1", "acc_c9")
    first = await keep_and_issue(billing, draft("inv_1"), draft("inv_2"))
    other = draft("inv_3", account_id="acc_c9", reseller_id="acc_r2")
    second = await keep_and_issue(billing, other)
    numbers = [invoice.number for invoice in (*first, *second)]
    assert numbers == ["INV-000001", "INV-000002", "INV-000001"]


async def test_issuing_at_once_leaves_no_gap_and_no_number_twice(billing: Harness) -> None:
    accounts = [f"acc_c{index}" for index in range(12)]
    await know_invoice_parties(billing, *accounts)
    batches = [
        [draft(f"inv_{account}_{part}", account_id=account) for part in range(1 + index % 3)]
        for index, account in enumerate(accounts)
    ]
    done = await asyncio.gather(*(keep_and_issue(billing, *batch) for batch in batches))
    sequences = [invoice.sequence for issued in done for invoice in issued]
    assert sorted(sequences) == list(range(1, sum(map(len, batches)) + 1))
    events = await billing.sent(InvoiceIssued)
    assert len({event.number for event in events}) == len(sequences)


async def test_issuing_that_fails_takes_no_number(billing: Harness) -> None:
    await know_invoice_parties(billing, "acc_c1")

    async def fail(tx: Transaction) -> None:
        kept = draft("inv_1")
        await invoices.add(tx, kept)
        assert await issue(tx, "acc_r1", [kept])
        message = "the process dies"
        raise RuntimeError(message)

    with pytest.raises(RuntimeError, match="dies"):
        await billing.database.once("test", Trigger(uuid.uuid4().hex, ""), fail)
    (issued,) = await keep_and_issue(billing, draft("inv_2"))
    assert issued.number == "INV-000001"
