"""Bills that are unpaid at once, without waiting for a month to pass."""

from local.system import System
from services.billing.base.store.billing_settings import SETTINGS
from services.billing.ledger.store.ledger import LEDGER
from services.chassis import mongo
from services.chassis.database import Database
from services.chassis.mongo import Document, Int64
from tests.harness import TestClock


async def leave_tax_due(system: System, seller_id: str, account_id: str, percent: int) -> None:
    """Let what an account was charged have a tax that nobody has taken.

    Its entries become such as there were before entries had a percentage, and its seller one that
    always had this percentage, in micro-units.
    """
    addresses = system.addresses
    client = mongo.connect(addresses.mongodb)
    database = Database(client, f"{addresses.database_prefix}billing", TestClock(), "test")
    taxed: Document = {"tax_percent": Int64(percent), "earlier_taxes": []}
    await database.documents(SETTINGS).update({"_id": seller_id}, {"$set": taxed})
    await database.documents(LEDGER).update(
        {"account_id": account_id, "type": "users"}, {"$unset": {"tax_percent": ""}}
    )
    client.close()
