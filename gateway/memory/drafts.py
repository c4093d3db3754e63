"""The wizard's drafts: what a person has typed so far, kept on the server until it is submitted."""

from datetime import timedelta
from typing import Any, Final

from pydantic import JsonValue

from services.chassis.database import Database
from services.chassis.mongo import ASCENDING, IndexModel

DRAFT_LIFETIME: Final = timedelta(days=7)


class Drafts:
    """One draft per person and kind of form."""

    def __init__(self, database: Database) -> None:
        self._documents = database.documents("drafts")
        self._clock = database.clock

    async def prepare(self) -> None:
        """Create the indexes; MongoDB drops drafts that are unchanged for a week."""
        await self._documents.ensure_indexes(
            IndexModel([("expires_at", ASCENDING)], name="forget", expireAfterSeconds=0)
        )

    async def find(self, user_id: str, kind: str) -> dict[str, JsonValue]:
        """Return what was typed; empty when there is no draft."""
        found = await self._documents.find_one({"_id": f"{kind}:{user_id}"})
        return found["fields"] if found else {}

    async def save(self, user_id: str, kind: str, fields: dict[str, JsonValue]) -> None:
        """Keep what was typed instead of what was kept before."""
        change: dict[str, Any] = {
            "fields": fields,
            "expires_at": self._clock() + DRAFT_LIFETIME,
        }
        await self._documents.update({"_id": f"{kind}:{user_id}"}, {"$set": change}, upsert=True)

    async def change(self, user_id: str, kind: str, fields: dict[str, JsonValue]) -> None:
        """Keep some fields instead of what they were; a draft that is gone stays gone."""
        change: dict[str, Any] = {
            **{f"fields.{name}": value for name, value in fields.items()},
            "expires_at": self._clock() + DRAFT_LIFETIME,
        }
        await self._documents.update({"_id": f"{kind}:{user_id}"}, {"$set": change})

    async def drop(self, user_id: str, kind: str) -> None:
        """Forget the draft."""
        await self._documents.delete({"_id": f"{kind}:{user_id}"})
