"""SIP trunks of accounts: who changes what, and what switches load."""

import asyncio

from pydantic import BaseModel

from contracts.accounts import (
    Account,
    AddTrunk,
    CloseAccount,
    DisableAccount,
    ListAccountChanges,
    ListSwitchTrunks,
    ListTrunks,
    RemoveTrunk,
    TrunksChanged,
)
from contracts.audit import AuditFilter
from services.accounts.store.trunks import NETWORKS, TRUNKS
from services.chassis.principal import Principal
from tests.accounts.opened import open_account, open_reseller, principal_of
from tests.accounts.trunks import (
    NEW_PASSWORD,
    PASSWORD,
    added,
    changed,
    faults,
    listed,
    loaded,
    switch_of,
)
from tests.harness import OPERATOR, Harness


async def test_a_trunk_is_kept_as_it_was_ordered(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    order = added(
        account,
        name="  Head   office ",
        networks=("192.0.2.7", "2001:DB8:20::/64"),
        digest_user="acme-pbx",
        channels=30,
        password=PASSWORD,
    )
    trunk = await harness.ask(order, reseller)
    assert trunk.name == "Head office"
    assert trunk.networks == ("192.0.2.7/32", "2001:db8:20::/64")
    assert (trunk.digest_user, trunk.password_id) == ("acme-pbx", "pw_1")
    assert (trunk.channels, trunk.enabled, trunk.version) == (30, True, 1)
    assert trunk.realm == account.realm
    assert (await harness.ask(ListTrunks(account_id=account.id), reseller)).data == (trunk,)


# --- changing -------------------------------------------------------------------------------


async def test_a_password_stays_until_a_new_one_comes(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    order = added(account, digest_user="pbx", password=PASSWORD)
    trunk = await harness.ask(order, reseller)
    off = await harness.ask(changed(trunk, enabled=False), reseller)
    assert (off.enabled, off.password_id, off.version) == (False, "pw_1", 2)
    renewed = await harness.ask(changed(off, password=NEW_PASSWORD), reseller)
    assert renewed.password_id == "pw_2"
    problem = await harness.problem(changed(renewed, digest_user="pbx-2"), reseller)
    assert [one.pointer for one in problem.errors] == ["/password"]
    without = await harness.ask(changed(renewed, digest_user=None), reseller)
    assert (without.digest_user, without.password_id) == (None, None)


async def test_a_change_of_what_changed_in_the_meantime_is_refused(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    trunk = await harness.ask(added(account), reseller)
    await harness.ask(changed(trunk, name="Branch"), reseller)
    removal = RemoveTrunk(account_id=account.id, trunk_id=trunk.id, version=trunk.version)
    for command in (changed(trunk, name="Other"), removal):
        assert (await harness.problem(command, reseller)).code == "version-conflict"
    assert await listed(harness, account, reseller) == ["Branch"]


async def test_what_changes_nothing_is_told_to_nobody(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    trunk = await harness.ask(added(account), reseller)
    await harness.sent(TrunksChanged)
    assert await harness.ask(changed(trunk), reseller) == trunk
    assert await harness.sent(TrunksChanged) == []


async def test_a_message_that_comes_twice_adds_one_trunk(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    first = await harness.ask(added(account), reseller, message_id="m1")
    assert await harness.ask(added(account), reseller, message_id="m1") == first
    assert await listed(harness, account, reseller) == ["Office"]


async def test_each_change_is_told_and_stands_in_the_trail_without_secrets(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    order = added(account, digest_user="pbx", password=PASSWORD)
    trunk = await harness.ask(order, reseller)
    trunk = await harness.ask(changed(trunk, password=NEW_PASSWORD), reseller)
    await harness.ask(
        RemoveTrunk(account_id=account.id, trunk_id=trunk.id, version=trunk.version), reseller
    )
    events = await harness.sent(TrunksChanged)
    assert [event.version for event in events] == [1, 2, 3]
    assert {event.account_id for event in events} == {account.id}
    trail = await harness.ask(ListAccountChanges(filter=AuditFilter()), reseller)
    actions = [one.action for one in trail.data if one.action.startswith("trunk.")]
    assert actions == ["trunk.removed", "trunk.changed", "trunk.added"]
    _refuse_secrets(trail, *events, trunk)


def _refuse_secrets(*messages: BaseModel) -> None:
    for message in messages:
        for password in (PASSWORD, NEW_PASSWORD):
            assert password.ha1_md5 not in message.model_dump_json()
            assert password.ha1_sha256 not in message.model_dump_json()


def test_what_a_password_is_checked_by_is_in_no_log() -> None:
    order = AddTrunk(account_id="acc_1", name="Office", digest_user="pbx", password=PASSWORD)
    assert PASSWORD.ha1_md5 not in repr(order)
    assert PASSWORD.ha1_sha256 not in repr(order)


# --- tenants --------------------------------------------------------------------------------


async def test_to_another_reseller_there_is_no_trunk(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    trunk = await harness.ask(added(account), reseller)
    other = await open_reseller(harness, "Voice Two")
    removal = RemoveTrunk(account_id=account.id, trunk_id=trunk.id, version=1)
    question = ListTrunks(account_id=account.id)
    for stranger in (other, OPERATOR):
        for message in (added(account), changed(trunk, name="Mine"), removal, question):
            assert (await harness.problem(message, stranger)).code == "not-found"
    # nor by way of an account of its own
    theirs = await open_account(harness, other, "Theirs")
    removal = RemoveTrunk(account_id=theirs.id, trunk_id=trunk.id, version=1)
    assert (await harness.problem(removal, other)).code == "not-found"
    assert await listed(harness, account, reseller) == ["Office"]


async def test_an_administrator_looks_and_changes_nothing(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    trunk = await harness.ask(added(account), reseller)
    customer = principal_of(account)
    assert await listed(harness, account, customer) == ["Office"]
    for command in (added(account), changed(trunk, name="Mine")):
        assert (await harness.problem(command, customer)).code == "forbidden"


async def test_a_switch_loads_the_trunks_of_the_accounts_that_it_serves(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    order = added(account, digest_user="pbx", password=PASSWORD)
    await harness.ask(order, reseller)
    other = await open_reseller(harness, "Voice Two")
    theirs = await open_account(harness, other, "Theirs")
    await harness.ask(added(theirs, name="Theirs", networks=("198.51.100.1",)), other)
    assert await loaded(harness, other.account_id) == ["Theirs"]
    page = await harness.ask(ListSwitchTrunks(), switch_of(reseller.account_id))
    assert [(one.account_id, one.ha1_md5) for one in page.data] == [(account.id, PASSWORD.ha1_md5)]
    first = await harness.ask(ListSwitchTrunks(limit=1), switch_of("platform"))
    rest = await harness.ask(ListSwitchTrunks(limit=1, cursor=first.next), switch_of("platform"))
    served = [one.account_id for page in (first, rest) for one in page.data]
    assert (served, rest.next) == ([account.id, theirs.id], None)


async def test_only_a_switch_gets_what_passwords_are_checked_by(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    for person in (reseller, OPERATOR, principal_of(account)):
        assert (await harness.problem(ListSwitchTrunks(), person)).code == "forbidden"
    question = ListTrunks(account_id=account.id)
    switch = switch_of(reseller.account_id)
    assert (await harness.problem(question, switch)).code == "forbidden"
    assert (await harness.problem(added(account), switch)).code == "forbidden"


# --- the account's state --------------------------------------------------------------------


async def test_a_closed_account_leaves_its_trunks(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    await harness.ask(added(account), reseller)
    await harness.sent(TrunksChanged)
    await harness.ask(CloseAccount(account_id=account.id, confirm_name=account.name), reseller)
    assert [event.version for event in await harness.sent(TrunksChanged)] == [2]
    assert await loaded(harness, "platform") == []
    assert (await harness.problem(added(account), reseller)).code == "account-not-active"
    other = await open_account(harness, reseller, "Other")
    assert (await harness.ask(added(other), reseller)).networks == ("192.0.2.16/28",)
    assert await faults(harness) == []


async def test_closing_and_adding_at_once_leave_no_trunk_of_a_closed_account(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    closing = CloseAccount(account_id=account.id, confirm_name=account.name)
    await asyncio.gather(
        harness.ask(closing, reseller),
        harness.ask(added(account), reseller),
        return_exceptions=True,
    )
    assert await loaded(harness, "platform") == []
    assert await faults(harness) == []


async def test_a_disabled_reseller_changes_no_trunk(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    await harness.ask(DisableAccount(account_id=reseller.account_id), OPERATOR)
    assert (await harness.problem(added(account), reseller)).code == "account-disabled"


# --- the audit ------------------------------------------------------------------------------


async def test_the_audit_finds_networks_that_are_not_taken_as_trunks_say(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    trunk = await harness.ask(added(account), reseller)
    network = {"_id": "192.0.2.20/32", "first": "4:c0000214", "last": "4:c0000214"}
    await harness.database.documents(NETWORKS).insert({**network, "trunk_id": "trk_gone"})
    await harness.database.documents(TRUNKS).update(
        {"_id": trunk.id}, {"$set": {"account_id": "acc_gone"}}
    )
    assert await faults(harness) == [
        f"trunk {trunk.id} belongs to no account that is open",
        "192.0.2.20/32 of trunk trk_gone overlaps 192.0.2.16/28",
        "192.0.2.20/32 of trunk trk_gone is not taken as the trunk says",
    ]
