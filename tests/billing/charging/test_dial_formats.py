"""How destinations are written: as the message says, else as the reseller's settings do."""

import pytest

from contracts.billing import AuthorizeCall, CallAuthorization, ChangeBillingSettings
from contracts.calls import DialFormat
from services.billing.base.model.billing_settings import StoredSettings
from services.billing.base.store import billing_settings
from services.chassis.database import Reader
from services.chassis.principal import Principal
from tests.billing.charging_world import SWITCH, World, record
from tests.billing.conftest import open_account
from tests.harness import OPERATOR, OTHER_RESELLER, RESELLER, Harness

LONDON = "442079460321"
"""A number in London for who dials internationally; from the United States it is none."""


@pytest.fixture
def world(billing: Harness) -> World:
    """Give billing with a switch."""
    return World(billing)


async def settings(billing: Harness, dial_format: DialFormat, version: int = 1) -> None:
    """Let the reseller say how its switches dial, and let billing see it."""
    change = ChangeBillingSettings(version=version, dial_format=dial_format)
    await billing.ask(change, RESELLER)
    billing.clock.forward(seconds=1)


async def authorized(
    billing: Harness, dial_format: DialFormat | None = None, account_id: str = "acc_c1"
) -> CallAuthorization:
    query = AuthorizeCall(
        call_id=f"{dial_format}-{billing.clock.now}",
        account_id=account_id,
        destination=LONDON,
        requested_seconds=60,
        dial_format=dial_format,
    )
    return await billing.ask(query, SWITCH)


async def test_a_call_is_read_as_its_message_says(world: World) -> None:
    await world.open()
    assert (await authorized(world.billing)).reason == "invalid-destination"
    assert (await authorized(world.billing, "national")).reason == "invalid-destination"
    granted = await authorized(world.billing, "e164")
    assert (granted.granted, granted.country) == (True, "GB")


async def test_a_call_that_says_nothing_is_read_as_the_resellers_settings_say(
    world: World,
) -> None:
    await world.open()
    await settings(world.billing, "e164")
    assert (await authorized(world.billing)).country == "GB"
    assert (await authorized(world.billing, "national")).reason == "invalid-destination"
    await settings(world.billing, "national", version=2)
    assert (await authorized(world.billing)).reason == "invalid-destination"


async def test_the_settings_of_another_reseller_count_for_nobody_else(world: World) -> None:
    await world.open()
    change = ChangeBillingSettings(version=1, dial_format="e164")
    await world.billing.ask(change, OTHER_RESELLER)
    world.billing.clock.forward(seconds=1)
    assert (await authorized(world.billing)).reason == "invalid-destination"


async def test_a_resellers_own_calls_are_read_as_its_own_settings_say(billing: Harness) -> None:
    await open_account(billing, "acc_r3", parent_path=("platform",))
    await billing.ask(ChangeBillingSettings(version=1, dial_format="e164"), OPERATOR)
    billing.clock.forward(seconds=1)
    answer = await authorized(billing, account_id="acc_r3")
    assert answer.reason == "invalid-destination"
    own = Principal(id="usr_r3", account_id="acc_r3", parent_id="platform", role="reseller")
    await billing.ask(ChangeBillingSettings(version=1, dial_format="e164"), own)
    billing.clock.forward(seconds=1)
    answer = await authorized(billing, account_id="acc_r3")
    assert answer.reason == "destination-not-allowed", "it is a number, of a country not opened"


@pytest.mark.parametrize("own", [None, "e164", "national"])
async def test_a_record_is_charged_as_it_was_authorised(
    world: World, own: DialFormat | None
) -> None:
    await world.open()
    await settings(world.billing, "e164")
    ended = record(destination=LONDON, dial_format=own, answered_at=world.billing.clock.now)
    await world.charger.commit([ended])
    await world.charger.finish()
    calls = [entry.call.destination for entry in await world.calls() if entry.call]
    repairs = [repair["reason"] for repair in await world.repairs()]
    if own == "national":
        assert (calls, repairs) == ([], ["invalid-destination"])
    else:
        assert (calls, repairs) == ([f"+{LONDON}"], [])


async def test_calls_read_the_settings_of_a_reseller_twice_a_second_at_most(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.open()
    await settings(world.billing, "e164")
    read: list[str] = []
    find = billing_settings.find

    async def counted(db: Reader, reseller_id: str) -> StoredSettings:
        read.append(reseller_id)
        return await find(db, reseller_id)

    monkeypatch.setattr(billing_settings, "find", counted)
    at = world.billing.clock.now
    records = [record(f"c{one}", destination=LONDON, answered_at=at) for one in range(40)]
    await world.charger.commit(records[:20])
    await world.charger.commit(records[20:])
    await world.charger.finish()
    assert len(await world.calls()) == 40
    assert read == ["acc_r1"]
