"""Which account has a number, as the plans' own documents say."""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from services.billing.rating.store.sheet_use import PLANS
from services.chassis.database import Reader

NUMBERS_REMEMBERED: Final = 20_000
LOOK_AGAIN_AFTER: Final = timedelta(minutes=1)
"""A number that is given up rests for longer, before another account may have it."""

NOT_YET: Final = timedelta(0)


async def find_owner(db: Reader, number: str) -> str:
    """Return the id of the account that has a number, as of now; empty when none has it."""
    query = {"numbers.number": number, "closed": False}
    document = await db.documents(PLANS).find_one(query, fields=["_id"])
    return document["_id"] if document else ""


class _Seen(NamedTuple):
    account_id: str
    at: datetime


class OwnNumbers:
    """Whose numbers are, as this process saw it a minute ago or later; nobody's is looked up."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, _Seen] = OrderedDict()

    async def owner(self, db: Reader, number: str) -> str:
        """Return the id of the account that has a number; empty when none has it."""
        seen = self._seen.get(number)
        if seen is not None and NOT_YET <= db.now - seen.at < LOOK_AGAIN_AFTER:
            return seen.account_id
        account_id = await find_owner(db, number)
        if account_id:
            self._seen[number] = _Seen(account_id, db.now)
            self._seen.move_to_end(number)
            if len(self._seen) > NUMBERS_REMEMBERED:
                self._seen.popitem(last=False)
        return account_id
