"""SIP trunks of accounts: what a trunk may be, and who may have which address."""

import asyncio
from typing import Any

import pytest

from contracts.accounts import (
    TRUNKS_MAX,
    Account,
    RemoveTrunk,
    Trunk,
)
from contracts.base import Refused
from services.chassis.principal import Principal
from tests.accounts.opened import open_account, open_reseller
from tests.accounts.trunks import (
    PASSWORD,
    added,
    changed,
    faults,
    listed,
    wrong_fields,
)
from tests.harness import Harness


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"name": " "}, ("/name", "required")),
        ({"name": "x" * 65}, ("/name", "too-long")),
        ({"name": "a\u202eb"}, ("/name", "invalid-characters")),
        ({"networks": ()}, ("/networks", "required")),
        ({"networks": ("192.0.2.1",) * 21}, ("/networks", "too-many")),
        ({"networks": ("192.0.2.0/28", "192.0.2.8")}, ("/networks/1", "duplicate-network")),
        (
            {"digest_user": "no spaces", "password": PASSWORD},
            ("/digest_user", "invalid-characters"),
        ),
        ({"digest_user": "acme-pbx"}, ("/password", "required")),
        ({"channels": 0}, ("/channels", "out-of-range")),
        ({"channels": 10_001}, ("/channels", "out-of-range")),
    ],
)
async def test_a_wrong_field_is_named(
    harness: Harness,
    reseller: Principal,
    account: Account,
    changes: dict[str, Any],
    wrong: tuple[str, str],
) -> None:
    assert await wrong_fields(harness, reseller, account, **changes) == [wrong]
    assert await listed(harness, account, reseller) == []


@pytest.mark.parametrize(
    "network",
    [
        *("", "example.com", "192.0.2.256", "192.0.2.0/33", "010.0.0.1", "192.0.2.17/28"),
        *("0.0.0.0/0", "192.0.2.0/23", "2001:db8::/47", "::/0"),
        *("127.0.0.1", "0.0.0.1", "169.254.1.1", "224.0.0.5", "255.255.255.255", "240.0.0.1"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "ff02::1", "::ffff:192.0.2.1"),
    ],
)
async def test_what_is_no_network_of_another_switch_is_refused(
    harness: Harness, reseller: Principal, account: Account, network: str
) -> None:
    wrong = await wrong_fields(harness, reseller, account, networks=("192.0.2.1", network))
    assert wrong == [("/networks/1", "invalid-network")]


async def test_every_wrong_field_is_named_at_once(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    wrong = await wrong_fields(
        harness, reseller, account, name="", networks=("x",), digest_user="?", channels=-1
    )
    pointers = [pointer for pointer, _ in wrong]
    assert pointers == ["/name", "/networks/0", "/digest_user", "/channels", "/password"]


# --- whose an address is --------------------------------------------------------------------


@pytest.mark.parametrize("network", ["192.0.2.16/28", "192.0.2.0/24", "192.0.2.20", "192.0.2.31"])
async def test_an_address_of_another_resellers_trunk_is_refused_without_its_owner(
    harness: Harness, reseller: Principal, account: Account, network: str
) -> None:
    await harness.ask(added(account), reseller)
    other = await open_reseller(harness, "Voice Two")
    theirs = await open_account(harness, other, "Theirs")
    order = added(theirs, networks=("198.51.100.1", network))
    problem = await harness.problem(order, other)
    assert problem.code == "network-taken"
    assert [one.pointer for one in problem.errors] == ["/networks/1"]
    for secret in (account.id, account.name, account.realm, "Office", "Voice One"):
        assert secret not in problem.model_dump_json()
    assert await listed(harness, theirs, other) == []


async def test_neighbours_of_a_network_are_free(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    await harness.ask(added(account), reseller)
    neighbours = ("192.0.2.0/28", "192.0.2.32/27", "192.0.2.15", "2001:db8::16")
    with pytest.raises(Refused, match="overlaps another network of this trunk"):
        await harness.ask(added(account, networks=neighbours), reseller)
    free = ("192.0.2.0/28", "192.0.2.32/27", "2001:db8::16")
    trunk = await harness.ask(added(account, networks=free), reseller)
    assert trunk.networks == ("192.0.2.0/28", "192.0.2.32/27", "2001:db8::16/128")
    assert await faults(harness) == []


async def test_of_two_that_take_overlapping_networks_at_once_one_gets_them(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    other = await open_account(harness, reseller, "Other")
    orders = [
        added(account, networks=("192.0.2.0/25",)),
        added(other, networks=("192.0.2.64/26",)),
        added(account, networks=("192.0.2.96/32",)),
        added(other, networks=("192.0.2.0/24",)),
    ]
    answers = await asyncio.gather(
        *(harness.ask(order, reseller) for order in orders), return_exceptions=True
    )
    refused = [one.problem.code for one in answers if isinstance(one, Refused)]
    assert sum(isinstance(one, Trunk) for one in answers) == 1
    assert refused == ["network-taken"] * 3
    assert await faults(harness) == []


async def test_a_network_is_free_again_when_its_trunk_leaves_it(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    other = await open_account(harness, reseller, "Other")
    trunk = await harness.ask(added(account), reseller)
    moved = await harness.ask(changed(trunk, networks=("192.0.2.0/30",)), reseller)
    second = await harness.ask(added(other), reseller)
    assert (await harness.problem(changed(moved, networks=("192.0.2.20",)), reseller)).code == (
        "network-taken"
    )
    await harness.ask(
        RemoveTrunk(account_id=other.id, trunk_id=second.id, version=second.version), reseller
    )
    wider = await harness.ask(changed(moved, networks=("192.0.2.0/24",)), reseller)
    assert wider.networks == ("192.0.2.0/24",)
    assert await faults(harness) == []


async def test_a_digest_user_is_unique_in_its_realm_only(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    order = {"networks": (), "digest_user": "pbx", "password": PASSWORD}
    await harness.ask(added(account, **order), reseller)
    problem = await harness.problem(added(account, **order), reseller)
    assert problem.code == "digest-user-taken"
    assert [one.pointer for one in problem.errors] == ["/digest_user"]
    other = await open_account(harness, reseller, "Other")
    assert (await harness.ask(added(other, **order), reseller)).digest_user == "pbx"


async def test_an_account_has_so_many_trunks_and_no_more(
    harness: Harness, reseller: Principal, account: Account
) -> None:
    for place in range(TRUNKS_MAX):
        await harness.ask(added(account, networks=(f"192.0.2.{place}",)), reseller)
    order = added(account, networks=("198.51.100.1",))
    assert (await harness.problem(order, reseller)).code == "forbidden"
