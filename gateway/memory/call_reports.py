"""Reports of call files: each call that isn't charged, with its cause, as CSV for a week."""

import asyncio
import uuid
import zlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from gateway.http.exports import BYTE_ORDER_MARK, csv_lines
from services.chassis.database import Database
from services.chassis.mongo import ASCENDING, DESCENDING, IndexModel

REPORT_LIFETIME: Final = timedelta(days=7)
REPORTS_MAX: Final = 20
"""Per account that sends files; beyond that, its oldest one is dropped."""

COLUMNS: Final = (
    *("lines", "call_id", "account", "caller", "destination", "answered_at", "seconds"),
    *("status", "reason", "detail"),
)


class CallReports:
    """The reports of all accounts that send files of call records."""

    def __init__(self, database: Database) -> None:
        self._documents = database.documents("call_reports")
        self._clock = database.clock

    async def prepare(self) -> None:
        """Create the indexes; reports of more than a week ago are dropped by MongoDB."""
        await self._documents.ensure_indexes(
            IndexModel([("expires_at", ASCENDING)], name="forget", expireAfterSeconds=0),
            IndexModel([("account_id", ASCENDING), ("expires_at", ASCENDING)], name="age"),
        )

    async def keep(self, account_id: str, rows: Sequence[tuple[str, ...]]) -> str:
        """Keep the calls that aren't charged of a file; return the report's id, "" for none."""
        if not rows:
            return ""
        report = {
            "_id": f"cir_{uuid.uuid4().hex}",
            "account_id": account_id,
            "csv": await asyncio.to_thread(_packed, rows),
            "expires_at": self._clock() + REPORT_LIFETIME,
        }
        await self._documents.insert(report)
        await self._drop_beyond_limit(account_id)
        return str(report["_id"])

    async def find(self, account_id: str, report_id: str) -> str | None:
        """Return a report as CSV text; None when the account has no such report."""
        found = await self._documents.find_one({"_id": report_id, "account_id": account_id})
        return await asyncio.to_thread(_unpacked, found["csv"]) if found else None

    async def _drop_beyond_limit(self, account_id: str) -> None:
        whose = {"account_id": account_id}
        beyond = await self._documents.count(whose) - REPORTS_MAX
        if beyond > 0:
            oldest = [("expires_at", ASCENDING), ("_id", DESCENDING)]
            found = await self._documents.find(whose, sort=oldest, limit=beyond, fields=["_id"])
            await self._documents.delete({"_id": {"$in": [one["_id"] for one in found]}})


def _packed(rows: Sequence[tuple[str, ...]]) -> bytes:
    text = BYTE_ORDER_MARK + csv_lines([COLUMNS, *rows])
    return zlib.compress(text.encode())


def _unpacked(csv: bytes) -> str:
    return zlib.decompress(csv).decode()
