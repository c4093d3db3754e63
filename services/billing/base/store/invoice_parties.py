"""Parties: how accounts are called on invoices, as the accounts service told it last."""

from collections.abc import Sequence
from typing import Final

from contracts.billing import InvoiceParty
from services.chassis.database import Reader, Transaction

INVOICE_PARTIES: Final = "parties"


async def keep(tx: Transaction, account_id: str, version: int, party: InvoiceParty) -> None:
    """Keep how an account is called since a version of it, unless a newer one is known."""
    parties = tx.documents(INVOICE_PARTIES)
    document = {"version": version, **party.model_dump()}
    known = await parties.find_one({"_id": account_id})
    if known is None:
        await parties.insert({"_id": account_id, **document})
    elif known["version"] < version:
        await parties.update({"_id": account_id}, {"$set": document})


async def find(db: Reader, account_ids: Sequence[str]) -> dict[str, InvoiceParty]:
    """Return those of the accounts that are known by name."""
    documents = await db.documents(INVOICE_PARTIES).find(
        {"_id": {"$in": sorted(set(account_ids))}}, limit=max(len(account_ids), 1)
    )
    return {document["_id"]: InvoiceParty.model_validate(document) for document in documents}
