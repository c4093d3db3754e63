"""Rate sheets as calls are priced by them: read once, kept in memory, looked at again in time."""

import asyncio
import time
from collections import OrderedDict
from datetime import datetime
from typing import Final, NamedTuple

from services.billing.rating.model.price import PriceList
from services.billing.rating.model.sheet import Sheet
from services.billing.rating.store import rates, sheets
from services.chassis.database import Reader

LOOK_AGAIN_SECONDS: Final = 0.5
"""A sheet that was changed prices the calls answered later than this by its new revision."""

RATES_KEPT_MAX: Final = 1_000_000
SHEETS_KEPT_MAX: Final = 10_000


class _Seen(NamedTuple):
    sheet: Sheet | None
    at_seconds: float


class PriceLists:
    """The price lists of one process; a revision of a sheet never changes, so it is read once."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, _Seen] = OrderedDict()
        self._lists: OrderedDict[tuple[str, int], PriceList] = OrderedDict()
        self._rates = 0
        self._reading: dict[tuple[str, int], asyncio.Task[PriceList]] = {}

    async def find(
        self, db: Reader, sheet_id: str, moment: datetime, *, fresh: bool = False
    ) -> PriceList | None:
        """Return the price list of a sheet as it was at a moment; None when there is no sheet.

        `fresh`: the sheet was not looked at before this question.
        """
        sheet = await self._sheet(db, sheet_id, fresh=fresh)
        if sheet is None:
            return None
        key = (sheet_id, sheet.revision_at(moment))
        found = self._lists.get(key)
        if found is not None:
            self._lists.move_to_end(key)
            return found
        # a big sheet is read once, not once by each call that waits for it
        if key not in self._reading:
            self._reading[key] = asyncio.create_task(self._read(db, key))
        return await asyncio.shield(self._reading[key])

    def known(self, sheet_id: str, moment: datetime) -> PriceList | None:
        """Return what `find` would without looking anything up; None when it has to."""
        seen = self._seen.get(sheet_id)
        if seen is None or time.monotonic() - seen.at_seconds >= LOOK_AGAIN_SECONDS:
            return None
        return self._lists.get((sheet_id, seen.sheet.revision_at(moment))) if seen.sheet else None

    async def _sheet(self, db: Reader, sheet_id: str, *, fresh: bool) -> Sheet | None:
        seen = self._seen.get(sheet_id)
        if seen and not fresh and time.monotonic() - seen.at_seconds < LOOK_AGAIN_SECONDS:
            return seen.sheet
        now_seconds = time.monotonic()
        sheet = await sheets.find_used(db, sheet_id)
        self._seen[sheet_id] = _Seen(sheet, now_seconds)
        self._seen.move_to_end(sheet_id)
        if len(self._seen) > SHEETS_KEPT_MAX:
            self._seen.popitem(last=False)
        return sheet

    async def _read(self, db: Reader, key: tuple[str, int]) -> PriceList:
        try:
            read = await rates.price_list(db, *key)
        finally:
            del self._reading[key]
        self._lists[key] = read
        self._rates += read.rates
        while self._rates > RATES_KEPT_MAX and len(self._lists) > 1:
            _, forgotten = self._lists.popitem(last=False)
            self._rates -= forgotten.rates
        return read
