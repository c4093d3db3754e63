"""What people write in their own words can be read by those it is for."""

import pytest

from contracts.base import Answer, Command
from contracts.billing import (
    AddCredit,
    AdjustBalance,
    CreditOrder,
    DismissRejectedCall,
    IssueCreditNote,
    PayInvoice,
)
from contracts.values import is_blank, is_readable, micros
from services.billing.charging.store.rejected_calls import REJECTED_CALLS
from tests.billing.charging_world import World, record
from tests.billing.conftest import audit, ledger_of
from tests.billing.invoiced import owe
from tests.billing.months import invoices_of
from tests.harness import RESELLER, Harness

HIDDEN = ("A\x00", "Pa\x07id", "\u202e00.1 diap", "PO\u200b-7", "\u2066x")
BLANK = ("", " \u00a0", "\u200d", "\u200c \u200d")


def test_a_text_can_be_read_when_each_of_its_characters_is_seen_or_joins() -> None:
    for text in ("", "Café 🎉", "نمی\u200cشود", "👩\u200d💻", "ร้าน", "a\u00a0b"):
        assert is_readable(text)
    assert not any(is_readable(text) for text in (*HIDDEN, "\ud83d", "a\u2028b", "a\tb"))
    assert all(is_blank(text) for text in BLANK)
    assert not is_blank("🎉")


async def orders(billing: Harness, text: str) -> dict[str, Command[Answer]]:
    """Return a command for each place where people write to each other."""
    (invoice,) = await invoices_of(billing)
    rejected = await billing.database.documents(REJECTED_CALLS).find_one({})
    assert rejected is not None
    amount = micros("1.00")
    return {
        "/note": AddCredit(account_id="acc_c1", credit=CreditOrder(amount=amount, note=text)),
        "/reason": AdjustBalance(account_id="acc_c1", amount=amount, reason=text),
        "payment": PayInvoice(invoice_id=invoice.id, source="outside", amount=amount, note=text),
        "note": IssueCreditNote(invoice_id=invoice.id, amount=amount, reason=text or " "),
        "dismissal": DismissRejectedCall(rejected_call_id=rejected["_id"], reason=text),
    }


@pytest.fixture
async def owing(billing: Harness) -> Harness:
    """Give an account with an unpaid invoice and a call that was rejected."""
    await owe(billing, "168.00")
    await World(billing).charger.charge([record("call-1", destination="+99999999")])
    return billing


async def test_hidden_characters_are_refused_wherever_people_write(owing: Harness) -> None:
    before = await ledger_of(owing)
    for text in HIDDEN:
        for command in (await orders(owing, text)).values():
            problem = await owing.problem(command, RESELLER)
            (error,) = problem.errors
            assert error.type == "invalid-characters", (command.topic, text)
            assert error.pointer in {"/note", "/reason"}
    assert await ledger_of(owing) == before


async def test_a_reason_that_nobody_can_see_is_none(owing: Harness) -> None:
    for text in BLANK:
        found = await orders(owing, text)
        for place in ("/reason", "note", "dismissal"):
            (error,) = (await owing.problem(found[place], RESELLER)).errors
            assert (error.pointer, error.type) == ("/reason", "required")
    assert await audit(owing) == []
