"""What this process saw of accounts last, so that most calls need one write and no read."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple, TypeVar
from weakref import WeakValueDictionary

from contracts.values import realm_key
from services.billing.charging.model.hold import CallAccount
from services.billing.charging.store import holds
from services.billing.ledger.model.ledger import BillingAccount
from services.chassis.database import Reader, Writer

Key = TypeVar("Key")
Value = TypeVar("Value")

ACCOUNTS_REMEMBERED: Final = 20_000
STATES_REMEMBERED: Final = timedelta(seconds=0.5)


class _Seen(NamedTuple):
    states: tuple[str, ...]
    at: datetime


class Memory:
    """Accounts as they were seen last; a write that relies on one fails if it is out of date.

    It is never the reason to refuse a call: before that, the account is read again.
    """

    def __init__(self) -> None:
        self._accounts: OrderedDict[str, CallAccount] = OrderedDict()
        self._realms: OrderedDict[str, str] = OrderedDict()
        self._above: OrderedDict[tuple[str, ...], _Seen] = OrderedDict()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def turn(self, account_id: str) -> asyncio.Lock:
        """Return what lets the calls of one account decide one after the other in this process."""
        return self._turns.setdefault(account_id, asyncio.Lock())

    async def account(self, db: Reader, account_id: str, *, fresh: bool) -> CallAccount | None:
        """Return an account as a call finds it; `fresh`: as it is now."""
        known = self._accounts.get(account_id)
        if known is not None and not fresh:
            return known
        account = await holds.find(db, account_id)
        if account is None:
            self.forget(account_id)
        else:
            self.keep(account)
        return account

    def keep(self, account: CallAccount) -> None:
        """Remember an account as it is now."""
        _remember(self._accounts, account.billing_account.id, account)

    async def settle(self, db: Writer, charged: Sequence[holds.Settlement]) -> None:
        """Settle in the database, and remember the accounts as that leaves them.

        Only those that nobody here has looked at meanwhile: they were of a revision that the
        database had before, so either it had the same one still when it settled, and what is
        remembered now is what it has; or it is further on, and never comes to this revision again.
        """
        before = {one.account_id: self._accounts.get(one.account_id) for one in charged}
        in_one_step = await holds.settle(db, charged)
        for one in charged:
            account = self._accounts.get(one.account_id)
            if account is not None and in_one_step and account is before[one.account_id]:
                self._accounts[one.account_id] = holds.settled(account, one)
            else:
                self.forget(one.account_id)

    def forget(self, account_id: str) -> None:
        """Forget an account that others have changed."""
        self._accounts.pop(account_id, None)

    async def account_of_realm(self, db: Reader, realm: str) -> str:
        """Return whose realm it is, which never changes; empty when it is nobody's."""
        realm = realm_key(realm)
        known = self._realms.get(realm)
        if known is None:
            account = await holds.find_by_realm(db, realm)
            if account is None:
                return ""
            known = account.billing_account.id
            _remember(self._realms, realm, known)
        return known

    async def states_above(
        self, db: Reader, account: BillingAccount, *, fresh: bool
    ) -> tuple[str, ...]:
        """Return the states of the accounts above one, as of half a second ago or later."""
        seen = self._above.get(account.parent_path)
        if seen is None or fresh or not timedelta(0) <= db.now - seen.at < STATES_REMEMBERED:
            seen = _Seen(await holds.states_above(db, account), db.now)
            _remember(self._above, account.parent_path, seen)
        return seen.states


def _remember(memory: "OrderedDict[Key, Value]", key: Key, value: Value) -> None:
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > ACCOUNTS_REMEMBERED:
        memory.popitem(last=False)
