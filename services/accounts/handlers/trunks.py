"""SIP trunks of accounts: added, changed and removed by who serves the account."""

from ipaddress import ip_network

from contracts import accounts as contracts
from contracts.accounts import (
    TRUNKS_MAX,
    AddTrunk,
    ChangeTrunk,
    ListSwitchTrunks,
    ListTrunks,
    RemoveTrunk,
    SwitchTrunkPage,
    Trunks,
    TrunksChanged,
)
from contracts.base import Done, Refused
from services.accounts import store
from services.accounts.handlers.service import (
    accounts,
    no_such_account,
    own_account_below,
    router,
)
from services.accounts.model import trunks as model
from services.accounts.model.accounts import StoredAccount
from services.accounts.model.trunks import StoredTrunk, described, switch_view, trunk_view
from services.accounts.store import trunks
from services.chassis import changes
from services.chassis.annotations import Transaction
from services.chassis.database import Reader
from services.chassis.service import Running


@accounts.replies(ListTrunks)
async def list_trunks(query: ListTrunks, db: Reader) -> Trunks:
    """List the trunks of an account for its parent or its own administrator."""
    if db.principal.role == "switch":
        raise Refused("forbidden", "A key of the switch lists the trunks of all accounts.")
    account = await store.find_account_seen_by(db, db.principal.account_id, query.account_id)
    if account is None:
        raise no_such_account()
    return Trunks(data=tuple(trunk_view(one) for one in await trunks.of_account(db, account.id)))


@accounts.replies(ListSwitchTrunks)
async def list_switch_trunks(query: ListSwitchTrunks, db: Reader) -> SwitchTrunkPage:
    """List the trunks of all accounts that the asking switch serves."""
    # a signed principal, also over AMQP: every process there may ask, and these answers are secret
    if db.principal.role != "switch":
        raise Refused("forbidden", "Only a switch can load the trunks of all accounts.")
    switch = db.principal.account_id
    found, after = await trunks.served_by(db, switch, query.limit, query.cursor)
    return SwitchTrunkPage(data=tuple(switch_view(one) for one in found), next=after)


@router.answers(AddTrunk)
async def add_trunk(command: AddTrunk, tx: Transaction) -> contracts.Trunk:
    """Give an account a trunk, unless another trunk has its addresses or its digest user."""
    account = await _account_with_trunks(tx, command.account_id)
    others = await trunks.of_account(tx, account.id)
    if len(others) >= TRUNKS_MAX:
        raise Refused("forbidden", f"An account has at most {TRUNKS_MAX} trunks. Change one.")
    trunk = model.ordered(model.new_trunk(tx.new_id("trk"), account, tx.now), command)
    await _refuse_taken(tx, trunk, others)
    await trunks.add(tx, trunk)
    await _record(tx, "trunk.added", account, after=trunk)
    await _announce(tx, account)
    return trunk_view(trunk)


@router.answers(ChangeTrunk)
async def change_trunk(command: ChangeTrunk, tx: Transaction) -> contracts.Trunk:
    """Set what a trunk is, unless it changed in the meantime."""
    account = await _account_with_trunks(tx, command.account_id)
    trunk = await _trunk_at(tx, command)
    changed = model.ordered(trunk, command)
    if changed == trunk.model_copy(update={"version": changed.version}):
        return trunk_view(trunk)
    others = await trunks.of_account(tx, account.id)
    await _refuse_taken(tx, changed, [one for one in others if one.id != trunk.id])
    await trunks.save(tx, changed)
    await _record(tx, "trunk.changed", account, before=trunk, after=changed)
    await _announce(tx, account)
    return trunk_view(changed)


@router.answers(RemoveTrunk)
async def remove_trunk(command: RemoveTrunk, tx: Transaction) -> Done:
    """Take a trunk away, unless it changed in the meantime."""
    account = await _account_with_trunks(tx, command.account_id)
    trunk = await _trunk_at(tx, command)
    await trunks.remove(tx, trunk)
    await _record(tx, "trunk.removed", account, before=trunk)
    await _announce(tx, account)
    return Done()


async def remove_trunks(tx: Transaction, account: StoredAccount) -> None:
    """Take all trunks of an account away, which is closed."""
    gone = await trunks.of_account(tx, account.id)
    for trunk in gone:
        await trunks.remove(tx, trunk)
        await _record(tx, "trunk.removed", account, before=trunk)
    if gone:
        await _announce(tx, account)


async def _account_with_trunks(tx: Transaction, account_id: str) -> StoredAccount:
    account = await own_account_below(tx, account_id)
    if account.status not in ("active", "disabled", "suspended"):
        raise Refused("account-not-active", f"The account is {account.status}; it has no trunks.")
    return account


async def _trunk_at(tx: Transaction, command: ChangeTrunk | RemoveTrunk) -> StoredTrunk:
    trunk = await trunks.find(tx, command.account_id, command.trunk_id)
    if trunk is None:
        raise Refused("not-found", "There is no such trunk.")
    if trunk.version != command.version:
        raise Refused("version-conflict", "Load the trunk again and repeat your change.")
    return trunk


async def _refuse_taken(tx: Transaction, trunk: StoredTrunk, others: list[StoredTrunk]) -> None:
    """Refuse the networks and the digest user that other trunks have."""
    taken = await trunks.taken_networks(tx, trunk)
    errors = [model.network_taken(trunk.networks.index(one), one) for one in taken]
    if trunk.digest_user and any(one.digest_user == trunk.digest_user for one in others):
        errors.append(model.digest_user_taken())
    if errors:
        raise model.refusal(errors)


async def _record(
    tx: Transaction,
    action: str,
    account: StoredAccount,
    *,
    before: StoredTrunk | None = None,
    after: StoredTrunk | None = None,
) -> None:
    trunk = after or before
    assert trunk is not None, "something of a trunk changed"
    await changes.record(
        tx,
        action,
        account_id=account.id,
        parent_id=account.parent_id,
        subject=trunk.name,
        before=described(before) if before else None,
        after=described(after) if after else None,
    )


async def _announce(tx: Transaction, account: StoredAccount) -> None:
    """Tell that trunks changed, and keep those who change others of the account waiting."""
    version = account.trunks_version + 1
    await store.save_account(tx, account.model_copy(update={"trunks_version": version}))
    tx.announce(
        TrunksChanged(account_id=account.id, reseller_id=account.parent_id, version=version)
    )


@accounts.audit
async def no_address_has_two_trunks(running: Running) -> list[str]:
    """Every network is taken by the one trunk that has it, and every trunk by an open account."""
    db = running.database.reader()
    faults: list[str] = []
    known: dict[str, str] = {}
    async for trunk in trunks.each(db):
        known |= dict.fromkeys(trunk.networks, trunk.id)
        account = await store.find_account(db, trunk.account_id)
        if account is None or account.status == "closed":
            faults.append(f"trunk {trunk.id} belongs to no account that is open")
    taken: dict[str, str] = {}
    last = None
    async for text, trunk_id in trunks.each_network(db):
        taken[text] = trunk_id
        network = ip_network(text)
        if last is not None and model.overlap(last, network):
            faults.append(f"{network} of trunk {trunk_id} overlaps {last}")
        last = network
    for text, trunk_id in sorted(set(known.items()) ^ set(taken.items())):
        faults.append(f"{text} of trunk {trunk_id} is not taken as the trunk says")
    return faults
