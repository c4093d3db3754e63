"""How the switches of resellers write destinations where a call doesn't say it itself."""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from contracts.accounts import PLATFORM_ID
from contracts.calls import DialFormat
from services.billing.base.store import billing_settings
from services.billing.ledger.model.ledger import BillingAccount
from services.chassis.database import Reader

RESELLERS_REMEMBERED: Final = 10_000
LOOK_AGAIN_AFTER: Final = timedelta(seconds=0.5)


class _Seen(NamedTuple):
    dial_format: DialFormat
    at: datetime


class DialFormats:
    """The settings of resellers, as this process saw them half a second ago or later."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, _Seen] = OrderedDict()

    async def of_account(self, db: Reader, wallet: BillingAccount) -> DialFormat:
        """Return how the switch of an account's reseller writes destinations."""
        reseller_id = wallet.id if wallet.reseller_id == PLATFORM_ID else wallet.reseller_id
        seen = self._seen.get(reseller_id)
        if seen is None or not timedelta(0) <= db.now - seen.at < LOOK_AGAIN_AFTER:
            settings = await billing_settings.find(db, reseller_id)
            seen = self._seen[reseller_id] = _Seen(settings.dial_format, db.now)
            self._seen.move_to_end(reseller_id)
            if len(self._seen) > RESELLERS_REMEMBERED:
                self._seen.popitem(last=False)
        return seen.dial_format
