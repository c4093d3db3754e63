"""What resellers have set for calls that don't say it themselves."""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from contracts.accounts import PLATFORM_ID
from services.billing.base.model.billing_settings import StoredSettings
from services.billing.base.store import billing_settings
from services.billing.ledger.model.ledger import BillingAccount
from services.chassis.database import Reader

RESELLERS_REMEMBERED: Final = 10_000
LOOK_AGAIN_AFTER: Final = timedelta(seconds=0.5)
NOT_YET: Final = timedelta(0)
"""A clock that went back makes what was seen older than now: it is looked up again."""


class _Seen(NamedTuple):
    settings: StoredSettings
    at: datetime


class CallSettings:
    """The settings of resellers, as this process saw them half a second ago or later."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, _Seen] = OrderedDict()

    def known(self, account: BillingAccount, now: datetime) -> StoredSettings | None:
        """Return what `of_account` would without looking anything up; None when it has to."""
        seen = self._seen.get(_reseller_of(account))
        if seen is None or not NOT_YET <= now - seen.at < LOOK_AGAIN_AFTER:
            return None
        return seen.settings

    async def of_account(self, db: Reader, account: BillingAccount) -> StoredSettings:
        """Return what the reseller of an account has set."""
        known = self.known(account, db.now)
        if known is not None:
            return known
        reseller_id = _reseller_of(account)
        settings = await billing_settings.find(db, reseller_id)
        self._seen[reseller_id] = _Seen(settings, db.now)
        self._seen.move_to_end(reseller_id)
        if len(self._seen) > RESELLERS_REMEMBERED:
            self._seen.popitem(last=False)
        return settings


def _reseller_of(account: BillingAccount) -> str:
    """Return whose settings an account's calls follow: its reseller's, or a reseller's own."""
    reseller_id = account.reseller_id
    return account.id if reseller_id == PLATFORM_ID else reseller_id
