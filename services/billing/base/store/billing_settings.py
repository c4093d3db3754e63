"""The settings of sellers; one who never changed any has the defaults."""

from typing import Final

from services.billing.base.model.billing_settings import StoredSettings
from services.chassis.database import Reader, Transaction
from services.chassis.mongo import Int64

SETTINGS: Final = "billing_settings"


async def find(db: Reader, reseller_id: str) -> StoredSettings:
    """Return the settings of a seller."""
    document = await db.documents(SETTINGS).find_one({"_id": reseller_id})
    return StoredSettings.model_validate(document) if document else StoredSettings()


async def save(tx: Transaction, reseller_id: str, settings: StoredSettings) -> StoredSettings:
    """Keep changed settings, and return them at their next version."""
    saved = settings.model_copy(update={"version": settings.version + 1})
    document = {**saved.model_dump(), "tax_percent": Int64(saved.tax_percent)}
    await tx.documents(SETTINGS).update({"_id": reseller_id}, {"$set": document}, upsert=True)
    return saved
