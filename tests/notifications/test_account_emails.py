"""E-mails about bills and the life of an account: one for each fact, to its administrator."""

import random
from typing import Any

import pytest

from contracts.accounts import AccountDisabled, AccountEnabled
from contracts.base import Event
from contracts.billing import InvoiceIssued, InvoiceOverdue, Receivables
from contracts.values import micros
from services.notifications.model import CLOSED_DAYS
from tests.harness import Harness
from tests.notifications.conftest import ACTIVATED, CLOSED, kinds

OPENED = ACTIVATED.model_copy(update={"send_welcome": False})
ABOUT: dict[str, Any] = {"account_id": "acc_1", "reseller_id": "acc_r1"}
DISABLED = AccountDisabled(**ABOUT, version=3, reason="Fraud suspected")
ENABLED = AccountEnabled(**ABOUT, version=4)
LIFTED = AccountEnabled(**ABOUT, version=6, after_suspension=True)


def receivables(version: int, *, unpaid: str = "0.00", suspended: bool = False) -> Receivables:
    return Receivables(
        version=version,
        unpaid_invoices=int(unpaid != "0.00"),
        unpaid=micros(unpaid),
        suspended=suspended,
    )


def issued(invoice_id: str = "inv_1", *, due: str = "0.00", **fields: object) -> InvoiceIssued:
    return InvoiceIssued.model_validate(
        {
            **ABOUT,
            "invoice_id": invoice_id,
            "kind": "invoice",
            "number": "ACME-000007",
            "total": "42.00",
            "due": due,
            "currency": "USD",
            "period_start": "2026-12-01",
            "period_end": "2027-01-01",
            "due_on": "2026-12-01",
            "receivables": receivables(1, unpaid=due),
            **fields,
        }
    )


def overdue(days: int, **fields: object) -> InvoiceOverdue:
    return InvoiceOverdue.model_validate(
        {
            **ABOUT,
            "invoice_id": "inv_1",
            "number": "ACME-000007",
            "due": "17.50",
            "currency": "USD",
            "due_on": "2026-12-01",
            "days": days,
            "receivables": receivables(days, unpaid="17.50", suspended=days == 7),
            **fields,
        }
    )


async def email_of(emails: Harness, kind: str) -> dict[str, Any]:
    found = await emails.database.documents("letters").find({"kind": kind}, limit=2)
    assert len(found) == 1, [email["kind"] for email in found]
    return found[0]


# --- bills --------------------------------------------------------------------------------


async def test_a_bill_that_is_due_is_brought_with_what_is_to_be_paid(emails: Harness) -> None:
    await emails.hear(OPENED)
    await emails.hear(issued(due="17.50", receivables=receivables(4, unpaid="35.00")))
    email = await email_of(emails, "invoice-issued")
    assert (email["email"], email["reseller_name"], email["account_name"]) == (
        "jane@acme.example",
        "Nimbus Telecom",
        "Acme Pharm",
    )
    assert (email["invoice_id"], email["number"]) == ("inv_1", "ACME-000007")
    assert (email["total"], email["due"], email["unpaid"]) == ("$42.00", "$17.50", "$35.00")
    assert email["period"] == "1 December 2026 to 31 December 2026"


async def test_a_bill_that_credit_has_paid_asks_for_nothing(emails: Harness) -> None:
    await emails.hear(OPENED)
    await emails.hear(issued())
    email = await email_of(emails, "invoice-issued")
    assert (email["total"], email["due"], email["unpaid"]) == ("$42.00", "", "")


async def test_a_credit_note_is_brought_with_what_it_gives_back(emails: Harness) -> None:
    await emails.hear(OPENED)
    await emails.hear(issued("inv_2", kind="credit-note", total="-10.00"))
    email = await email_of(emails, "credit-note-issued")
    assert (email["invoice_id"], email["total"]) == ("inv_2", "$10.00")


async def test_a_reminder_is_one_email_and_suspension_is_told_by_the_last_one(
    emails: Harness,
) -> None:
    await emails.hear(OPENED)
    for days in (3, 7):
        for message_id in ("one", "one", "two"):
            await emails.hear(overdue(days), message_id=f"{days} {message_id}")
    assert await kinds(emails) == ["invoice-reminder", "account-suspended"]
    for kind in ("invoice-reminder", "account-suspended"):
        email = await email_of(emails, kind)
        assert (email["due"], email["number"], email["invoice_id"]) == (
            "$17.50",
            "ACME-000007",
            "",
        )


async def test_an_email_about_a_bill_waits_for_the_activation_to_be_heard(
    emails: Harness,
) -> None:
    for event in (issued(), overdue(3), DISABLED, ENABLED, CLOSED):
        with pytest.raises(LookupError, match="acc_1"):
            await emails.hear(event)
    await emails.hear(OPENED)
    await emails.hear(issued())
    assert await kinds(emails) == ["invoice-issued"]


# --- states -------------------------------------------------------------------------------


async def test_disabling_and_enabling_are_told_once_each_time(emails: Harness) -> None:
    await emails.hear(OPENED)
    again = {"version": 7}
    for event in (DISABLED, ENABLED, DISABLED.model_copy(update=again)):
        await emails.hear(event)
        await emails.hear(event)
    assert await kinds(emails) == ["account-disabled", "account-enabled", "account-disabled"]
    first, *_ = await emails.database.documents("letters").find({}, limit=1, sort=[("_id", 1)])
    assert first["disabled_reason"] == "Fraud suspected"


async def test_a_suspension_that_a_payment_lifts_is_told_as_thanks(emails: Harness) -> None:
    await emails.hear(OPENED)
    await emails.hear(LIFTED)
    assert await kinds(emails) == ["suspension-lifted"]


# --- closing ------------------------------------------------------------------------------


async def test_closing_is_told_and_only_the_last_bills_follow(emails: Harness) -> None:
    await emails.hear(OPENED)
    await emails.hear(issued("inv_8"))
    for event in (CLOSED, CLOSED, DISABLED, LIFTED, overdue(7), issued("inv_9"), issued("inv_8")):
        await emails.hear(event)
    assert await kinds(emails) == ["invoice-issued", "account-closed", "final-invoice"]
    last = await email_of(emails, "final-invoice")
    assert (last["email"], last["invoice_id"]) == ("jane@acme.example", "inv_9")


async def test_nobody_is_known_of_an_account_that_is_closed_for_a_month(emails: Harness) -> None:
    await emails.hear(OPENED)
    await emails.hear(CLOSED)
    emails.clock.forward(days=CLOSED_DAYS - 1)
    await emails.run_jobs()
    await emails.hear(issued("inv_8"))
    emails.clock.forward(days=2)
    await emails.run_jobs()
    await emails.hear(issued("inv_9"))
    await emails.hear(OPENED)
    await emails.hear(CLOSED)
    assert await kinds(emails) == ["account-closed", "final-invoice"]
    (contact,) = await emails.database.documents("contacts").find({}, limit=2)
    assert (contact["email"], contact["first_name"], contact["account_name"]) == ("", "", "")


async def test_an_account_that_works_is_never_forgotten(emails: Harness) -> None:
    await emails.hear(OPENED)
    emails.clock.forward(days=400)
    await emails.run_jobs()
    await emails.hear(issued())
    assert (await email_of(emails, "invoice-issued"))["email"] == "jane@acme.example"


# --- any order ----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
async def test_events_in_any_order_and_more_than_once_are_one_email_for_each_fact(
    emails: Harness, seed: int
) -> None:
    events: list[Event] = [
        ACTIVATED,
        issued("inv_0"),
        issued(due="17.50"),
        overdue(3),
        overdue(7),
        LIFTED,
        DISABLED,
        ENABLED,
        issued("inv_2", kind="credit-note", total="-1.00"),
    ]
    waiting = events * 2
    chance = random.Random(seed)  # noqa: S311 - an order, no secret
    chance.shuffle(waiting)
    while waiting:
        event = waiting.pop(0)
        try:
            await emails.hear(event)
        except LookupError:  # as on the broker: it comes again
            waiting.insert(chance.randrange(len(waiting) + 1), event)
    assert sorted(await kinds(emails)) == sorted(
        [
            "welcome",
            "invoice-issued",
            "invoice-issued",
            "invoice-reminder",
            "account-suspended",
            "suspension-lifted",
            "account-disabled",
            "account-enabled",
            "credit-note-issued",
        ]
    )
