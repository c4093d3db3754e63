"""The ledger audit: every balance is the sum of its entries, and no entry is missing."""

from collections.abc import AsyncIterator
from typing import Final

from services.billing.handlers.service import billing
from services.billing.model.chain import Chain
from services.billing.store import ledger, wallets
from services.billing.store.wallets import Projection
from services.chassis.database import Database
from services.chassis.service import Running

FAULTS_MAX: Final = 1_000
"""More sentences help nobody, and fill the memory."""


@billing.audit
async def audit_ledgers(running: Running) -> list[str]:
    """Prove for every account that its chain has no hole and its sum is its balance."""
    faults: list[str] = []
    async for account_id, chain, projection in _side_by_side(running.database):
        fault = chain.fault
        if not fault and (projection is None or not projection.shows(chain.seq, chain.balance)):
            fault = await _projection_fault(running.database, account_id)
        if fault:
            faults.append(fault)
        if len(faults) == FAULTS_MAX:
            return [*faults, f"billing stopped looking after {FAULTS_MAX} faults"]
    return faults


async def _side_by_side(database: Database) -> AsyncIterator[tuple[str, Chain, Projection | None]]:
    """Yield the ledger and the wallet of each account, one account in memory at a time."""
    chains, projections = _chains(database), wallets.each_projection(database)
    chain, projection = await anext(chains, None), await anext(projections, None)
    while chain or projection:
        account_id = min(found.account_id for found in (chain, projection) if found)
        of_ledger = chain if chain and chain.account_id == account_id else None
        of_wallet = projection if projection and projection.account_id == account_id else None
        yield account_id, of_ledger or Chain(account_id=account_id), of_wallet
        chain = await anext(chains, None) if of_ledger else chain
        projection = await anext(projections, None) if of_wallet else projection


async def _chains(database: Database) -> AsyncIterator[Chain]:
    chain = Chain(account_id="")
    async for entry in ledger.each_entry(database):
        if entry.account_id != chain.account_id:
            if chain.account_id:
                yield chain
            chain = Chain(account_id=entry.account_id)
        chain = chain.after(entry)
    if chain.account_id:
        yield chain


async def _projection_fault(database: Database, account_id: str) -> str:
    """Look again at a wallet that differs from its ledger: either may have grown meanwhile."""
    projection = await wallets.projection(database, account_id)
    seq, balance = await ledger.end_of(database, account_id)
    if projection is None:
        return f"ledger of {account_id}: the account has no wallet"
    if projection != await wallets.projection(database, account_id):
        return ""  # it is being written at this moment, which is no fault
    if projection.shows(seq, balance):
        return ""
    return f"wallet of {account_id}: its balance in lists is not that of its last entry"
