"""Money that is to move: what becomes an entry of a ledger."""

from pydantic import BaseModel, ConfigDict

from contracts.billing import EntryType
from services.billing.ledger.model.priced import Priced


class Movement(BaseModel):
    """Money that is to move. Its key is unique among all entries: it cannot move twice."""

    model_config = ConfigDict(frozen=True)

    key: str
    type: EntryType
    amount: int
    """Micro-units; negative takes from the balance."""

    text: str
    corrects_seq: int | None = None
    """Of the entry that an adjustment corrects."""

    billed: bool = True
    """Whether it is a line of an invoice, if entries of its type are.

    False for adjustments that the parent makes: they move prepaid money, like credit.
    """

    tax_percent: int | None = 0
    """Fixed when it is charged, in micro-units.

    None where the time of the entry tells it: calls, and entries older than this field.
    """

    tax: int = 0
    """Tax on it, with its sign, in micro-units. An entry of its own takes it."""

    priced: Priced | None = None


def bundle_movement(key: str, text: str) -> Movement:
    """Return the movement of no money that other bundle seconds are written with."""
    return Movement(key=key, type="adjustment", amount=0, text=text)


def credit_movement(key: str, amount: int, note: str) -> Movement:
    """Return the movement that adds prepaid credit."""
    text = f"Credit added: {note}" if note else "Credit added"
    return Movement(key=key, type="credit", amount=amount, text=text)


def closing_movement(account_id: str, balance: int, *, after_seq: int = 0) -> Movement:
    """Return the movement that leaves nothing: what is left is paid out, a debt is written off.

    `after_seq` tells what comes after the closing from the closing itself.
    """
    late = f":{after_seq}" if after_seq else ""
    if balance < 0:
        key, text = f"close:{account_id}:write-off{late}", "Written off at closing"
        return Movement(key=key, type="write-off", amount=-balance, text=text)
    key, text = f"close:{account_id}:refund{late}", "Remaining credit refunded at closing"
    return Movement(key=key, type="refund", amount=-balance, text=text)
