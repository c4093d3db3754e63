"""The audit: balances are the sum of their entries, and invoices say what the ledgers say."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import Final, Generic, Self, TypeVar

from services.billing.audit.model.books import (
    Books,
    KeptAccount,
    KeptInvoice,
    is_suspended_for_nothing,
)
from services.billing.audit.model.chain import Chain
from services.billing.audit.store import audits
from services.billing.base.handlers.service import billing
from services.billing.charging.store import charging, intents
from services.billing.ledger.model.ledger import Entry
from services.chassis.database import Database
from services.chassis.service import Running

FAULTS_MAX: Final = 1_000
"""More sentences help nobody, and fill the memory."""

FREED_WITHIN: Final = timedelta(minutes=1)
"""A charge frees its hold in moments; when its process dies, another one does within this."""

SWEPT_WITHIN: Final = timedelta(hours=1)
"""Holds that expired are swept each minute."""

HOLDS_AT_ONCE: Final = 500

Item = TypeVar("Item")


@billing.audit
async def audit_ledgers(running: Running) -> list[str]:
    """Prove for every account that its chain has no hole, its sum is its balance, and its books.

    Every charge is in one invoice, and invoices charged and were paid what their entries say.
    """
    database = running.database
    faults = [
        *await _faults_of_numbers(database),
        *await _faults_of_intents(running),
        *await _faults_of_holds(running),
    ]
    async for found in _accounts(database):
        fault = found.chain.fault
        # what differs is looked at again: it may have grown while it was read
        if not fault and found.fault and (again := await _settled(database, found.account_id)):
            fault = again.fault
        fault = fault or found.fault_at(running.clock())
        if fault:
            faults.append(fault)
        if len(faults) >= FAULTS_MAX:
            return [*faults[:FAULTS_MAX], f"billing stopped looking after {FAULTS_MAX} faults"]
    return faults


class _Account:
    """An account: its billing account, if any, and what was seen of its ledger and invoices."""

    def __init__(
        self, account_id: str, accounts: list[KeptAccount], invoices: list[KeptInvoice]
    ) -> None:
        self.account_id = account_id
        self.billing_account = accounts[0] if accounts else None
        self.chain = Chain(account_id=account_id)
        invoiced_seq = self.billing_account.invoiced_seq if self.billing_account else 0
        self._invoices = invoices
        self._books = Books(account_id, invoiced_seq, invoices)

    def see(self, entry: Entry) -> None:
        """Take the next entry of its ledger into account."""
        self.chain = self.chain.after(entry)
        self._books.see(entry)

    @property
    def fault(self) -> str:
        """The first fault, after all entries were seen."""
        if self.billing_account is None:
            return f"ledger of {self.account_id}: the account has no billing account"
        if not self.billing_account.shows(self.chain.seq, self.chain.balance):
            of_lists = "its balance in lists is not that of its last entry"
            return f"billing account of {self.account_id}: {of_lists}"
        return self._books.fault

    def fault_at(self, now: datetime) -> str:
        """Return what should have happened to the account by now; empty when all has."""
        if self.billing_account is None:
            return ""
        if self.billing_account.is_overdue(now):
            return (
                f"billing account of {self.account_id}: a period that began a day ago is not billed"
            )
        if is_suspended_for_nothing(self.billing_account, self._invoices, now):
            return (
                f"billing account of {self.account_id}: the account is suspended and owes nothing"
            )
        return ""


class _Ahead(Generic[Item]):
    """A stream by account, of which the next item is known before it is taken."""

    def __init__(self, stream: AsyncIterator[Item], account_of: Callable[[Item], str]) -> None:
        self._stream = stream
        self._account_of = account_of
        self._next: Item | None = None

    async def begin(self) -> Self:
        """Read the first item."""
        self._next = await anext(self._stream, None)
        return self

    @property
    def account_id(self) -> str | None:
        """Of the next item; None at the end."""
        return None if self._next is None else self._account_of(self._next)

    async def take(self, account_id: str) -> AsyncIterator[Item]:
        """Yield the items of the account that is next."""
        while (item := self._next) is not None and self._account_of(item) == account_id:
            yield item
            self._next = await anext(self._stream, None)


async def _accounts(database: Database, account_id: str | None = None) -> AsyncIterator[_Account]:
    """Yield every account, or one; one entry of each ledger is in memory at a time."""
    accounts = await _Ahead(
        audits.each_account(database, account_id),
        lambda billing_account: billing_account.account_id,
    ).begin()
    invoices = await _Ahead(
        audits.each_invoice(database, account_id), lambda kept: kept.invoice.account_id
    ).begin()
    entries = await _Ahead(
        audits.each_entry(database, account_id), lambda entry: entry.account_id
    ).begin()
    streams = (accounts, invoices, entries)
    while ids := [stream.account_id for stream in streams if stream.account_id is not None]:
        first = min(ids)
        billing_account = [one async for one in accounts.take(first)]
        account = _Account(first, billing_account, [one async for one in invoices.take(first)])
        async for entry in entries.take(first):
            account.see(entry)
        yield account


async def _settled(database: Database, account_id: str) -> _Account | None:
    """Look again at an account; None when it is written at this moment, which is no fault."""
    before = [
        billing_account async for billing_account in audits.each_account(database, account_id)
    ]
    account = await anext(_accounts(database, account_id), None)
    after = [billing_account async for billing_account in audits.each_account(database, account_id)]
    return account if before == after else None


async def _faults_of_intents(running: Running) -> list[str]:
    """Return each batch of charges that should have been seen through a minute ago."""
    db = running.database.reader()
    return [
        f"charges of {intent_id}: not shown, released and announced after a minute"
        for intent_id in await intents.old_intents(db)
    ]


async def _faults_of_holds(running: Running) -> list[str]:
    """Return each hold whose call has ended: it was charged, or its hold expired, long ago."""
    db = running.database.reader()
    faults: list[str] = []
    some: list[tuple[str, str]] = []

    async def look() -> None:
        for account_id, call_id in await charging.charged_among(db, some, db.now - FREED_WITHIN):
            faults.append(f"hold of {account_id}: {call_id!r} was charged and still holds credit")
        some.clear()

    async for hold in audits.each_hold(running.database):
        if hold.until < db.now - SWEPT_WITHIN:
            faults.append(f"hold of {hold.account_id}: {hold.call_id!r} expired and is still there")
        some.append((hold.account_id, hold.call_id))
        if len(some) >= HOLDS_AT_ONCE:
            await look()
        if len(faults) >= FAULTS_MAX:
            break
    await look()
    return faults


async def _faults_of_numbers(database: Database) -> list[str]:
    """Return each seller whose invoices are not numbered 1, 2, 3 … up to the last number taken."""
    faults: list[str] = []
    for numbered in await audits.numberings(database):
        # a number that was being taken meanwhile is there the second time
        again = await audits.numberings(database, numbered.reseller_id) if numbered.has_gap else []
        faults += [
            f"invoices of {one.reseller_id}: a number is missing" for one in again if one.has_gap
        ]
    return faults
