"""Letters about bills and the life of an account: one for each fact, to its administrator."""

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


async def letter_of(letters: Harness, kind: str) -> dict[str, Any]:
    found = await letters.database.documents("letters").find({"kind": kind}, limit=2)
    assert len(found) == 1, [letter["kind"] for letter in found]
    return found[0]


# --- bills --------------------------------------------------------------------------------


async def test_a_bill_that_is_due_is_brought_with_what_is_to_be_paid(letters: Harness) -> None:
    await letters.hear(OPENED)
    await letters.hear(issued(due="17.50", receivables=receivables(4, unpaid="35.00")))
    letter = await letter_of(letters, "invoice-issued")
    assert (letter["email"], letter["reseller_name"], letter["account_name"]) == (
        "jane@acme.example",
        "Nimbus Telecom",
        "Acme Pharm",
    )
    assert (letter["invoice_id"], letter["number"]) == ("inv_1", "ACME-000007")
    assert (letter["total"], letter["due"], letter["unpaid"]) == ("$42.00", "$17.50", "$35.00")
    assert letter["period"] == "1 December 2026 to 31 December 2026"


async def test_a_bill_that_credit_has_paid_asks_for_nothing(letters: Harness) -> None:
    await letters.hear(OPENED)
    await letters.hear(issued())
    letter = await letter_of(letters, "invoice-issued")
    assert (letter["total"], letter["due"], letter["unpaid"]) == ("$42.00", "", "")


async def test_a_credit_note_is_brought_with_what_it_gives_back(letters: Harness) -> None:
    await letters.hear(OPENED)
    await letters.hear(issued("inv_2", kind="credit-note", total="-10.00"))
    letter = await letter_of(letters, "credit-note-issued")
    assert (letter["invoice_id"], letter["total"]) == ("inv_2", "$10.00")


async def test_a_reminder_is_one_letter_and_suspension_is_told_by_the_last_one(
    letters: Harness,
) -> None:
    await letters.hear(OPENED)
    for days in (3, 7):
        for message_id in ("one", "one", "two"):
            await letters.hear(overdue(days), message_id=f"{days} {message_id}")
    assert await kinds(letters) == ["invoice-reminder", "account-suspended"]
    for kind in ("invoice-reminder", "account-suspended"):
        letter = await letter_of(letters, kind)
        assert (letter["due"], letter["number"], letter["invoice_id"]) == (
            "$17.50",
            "ACME-000007",
            "",
        )


async def test_a_letter_about_a_bill_waits_for_the_activation_to_be_heard(
    letters: Harness,
) -> None:
    for event in (issued(), overdue(3), DISABLED, ENABLED, CLOSED):
        with pytest.raises(LookupError, match="acc_1"):
            await letters.hear(event)
    await letters.hear(OPENED)
    await letters.hear(issued())
    assert await kinds(letters) == ["invoice-issued"]


# --- states -------------------------------------------------------------------------------


async def test_disabling_and_enabling_are_told_once_each_time(letters: Harness) -> None:
    await letters.hear(OPENED)
    again = {"version": 7}
    for event in (DISABLED, ENABLED, DISABLED.model_copy(update=again)):
        await letters.hear(event)
        await letters.hear(event)
    assert await kinds(letters) == ["account-disabled", "account-enabled", "account-disabled"]
    first, *_ = await letters.database.documents("letters").find({}, limit=1, sort=[("_id", 1)])
    assert first["disabled_reason"] == "Fraud suspected"


async def test_a_suspension_that_a_payment_lifts_is_told_as_thanks(letters: Harness) -> None:
    await letters.hear(OPENED)
    await letters.hear(LIFTED)
    assert await kinds(letters) == ["suspension-lifted"]


# --- closing ------------------------------------------------------------------------------


async def test_closing_is_told_and_only_the_last_bills_follow(letters: Harness) -> None:
    await letters.hear(OPENED)
    await letters.hear(issued("inv_8"))
    for event in (CLOSED, CLOSED, DISABLED, LIFTED, overdue(7), issued("inv_9"), issued("inv_8")):
        await letters.hear(event)
    assert await kinds(letters) == ["invoice-issued", "account-closed", "final-invoice"]
    last = await letter_of(letters, "final-invoice")
    assert (last["email"], last["invoice_id"]) == ("jane@acme.example", "inv_9")


async def test_nobody_is_known_of_an_account_that_is_closed_for_a_month(letters: Harness) -> None:
    await letters.hear(OPENED)
    await letters.hear(CLOSED)
    letters.clock.forward(days=CLOSED_DAYS - 1)
    await letters.run_jobs()
    await letters.hear(issued("inv_8"))
    letters.clock.forward(days=2)
    await letters.run_jobs()
    await letters.hear(issued("inv_9"))
    await letters.hear(OPENED)
    await letters.hear(CLOSED)
    assert await kinds(letters) == ["account-closed", "final-invoice"]
    (contact,) = await letters.database.documents("contacts").find({}, limit=2)
    assert (contact["email"], contact["first_name"], contact["account_name"]) == ("", "", "")


async def test_an_account_that_works_is_never_forgotten(letters: Harness) -> None:
    await letters.hear(OPENED)
    letters.clock.forward(days=400)
    await letters.run_jobs()
    await letters.hear(issued())
    assert (await letter_of(letters, "invoice-issued"))["email"] == "jane@acme.example"


# --- any order ----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
async def test_events_in_any_order_and_more_than_once_are_one_letter_for_each_fact(
    letters: Harness, seed: int
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
            await letters.hear(event)
        except LookupError:  # as on the broker: it comes again
            waiting.insert(chance.randrange(len(waiting) + 1), event)
    assert sorted(await kinds(letters)) == sorted(
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
