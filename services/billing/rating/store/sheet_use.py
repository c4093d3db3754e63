"""Which plans use a rate sheet, as the plans' own documents say."""

from collections.abc import Sequence
from typing import Final

from services.chassis.database import Reader

PLANS: Final = "plans"


async def is_sheet_in_use(db: Reader, sheet_id: str) -> bool:
    """Tell whether the plan of an account that is not closed uses a rate sheet."""
    query = {"rate_sheet_id": sheet_id, "closed": False}
    return await db.documents(PLANS).find_one(query, fields=["_id"]) is not None


async def count_by_sheet(db: Reader, sheet_ids: Sequence[str]) -> dict[str, int]:
    """Return how many accounts that are not closed use each of these rate sheets."""
    groups = await db.documents(PLANS).aggregate(
        [
            {"$match": {"rate_sheet_id": {"$in": list(sheet_ids)}, "closed": False}},
            {"$group": {"_id": "$rate_sheet_id", "plans": {"$sum": 1}}},
        ]
    )
    return {group["_id"]: group["plans"] for group in groups}
