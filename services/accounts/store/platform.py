"""The platform's own billing address and tax ID: one document."""

from typing import Final

from contracts.accounts import PLATFORM_ID, PlatformDetails
from services.chassis.database import Reader, Transaction

PLATFORM: Final = "platform"


async def find(db: Reader) -> PlatformDetails:
    """Return the platform's details, or none of them at version 1."""
    document = await db.documents(PLATFORM).find_one({"_id": PLATFORM_ID})
    return PlatformDetails.model_validate(document) if document else PlatformDetails()


async def save(tx: Transaction, details: PlatformDetails) -> None:
    """Keep changed details."""
    await tx.documents(PLATFORM).update(
        {"_id": PLATFORM_ID}, {"$set": details.model_dump()}, upsert=True
    )
