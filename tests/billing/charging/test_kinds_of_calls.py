"""What sort of call each is, and that those which cost nothing are granted whole."""

from datetime import timedelta

import pytest

from contracts.accounts import AccountClosed, AccountDisabled
from contracts.billing import AuthorizeCall, CallAuthorization, CallKind, ExtendCall
from contracts.values import micros
from services.billing.charging.model import slices
from services.billing.charging.model.slices import CALL_SECONDS_MAX
from tests.billing.charging.test_authorize import SWITCH, UK, authorize, held, opened, refused_as
from tests.billing.charging_world import World, record
from tests.harness import Harness

HOME, HOME_TOLL_FREE = "+12125550142", "+18004567890"
EMERGENCY, EXTENSION, HELPLINE = "911", "1001", "988"


async def extend(billing: Harness, **fields: int) -> CallAuthorization:
    """Ask for more of a running call of the account."""
    asked = {"call_id": "call-1", "account_id": "acc_c1", **fields}
    return await billing.ask(ExtendCall.model_validate(asked), SWITCH)


@pytest.mark.parametrize(
    ("destination", "kind"),
    [
        (EMERGENCY, "emergency"),
        (EXTENSION, "extension"),
        (HOME, "domestic"),
        (UK, "international"),
        (HOME_TOLL_FREE, "toll-free"),
        (HELPLINE, "toll-free"),
        ("+448081570192", "toll-free"),
        ("+449012345678", "premium"),
    ],
)
async def test_the_answer_says_which_kind_of_call_it_is(
    billing: Harness, destination: str, kind: CallKind
) -> None:
    await opened(billing, left="100.00", premium_allowed=True)
    assert (await authorize(billing, destination)).kind == kind
    assert (await extend(billing, total_seconds=60)).kind == kind


@pytest.mark.parametrize("destination", [EMERGENCY, EXTENSION, HOME, HELPLINE])
async def test_a_call_that_costs_nothing_is_granted_whole_and_can_be_extended(
    billing: Harness, destination: str
) -> None:
    await opened(billing, left="0")
    granted = await authorize(billing, destination, seconds=1_800)
    assert (granted.granted, granted.rate) == (True, 0)
    assert (granted.seconds, granted.max_seconds) == (1_800, 1_800)
    assert granted.expires_at == billing.clock.now + timedelta(seconds=180 + 1_800)
    billing.clock.forward(seconds=1_700)
    for _ in range(2):
        longer = await extend(billing, total_seconds=3_600)
        assert (longer.granted, longer.seconds, longer.kind) == (True, 3_600, granted.kind)
    longest = await extend(billing)
    assert (longest.granted, longest.seconds) == (True, CALL_SECONDS_MAX)
    assert (await extend(billing)).reason == "call-limit-reached"
    assert await held(billing) == 0


async def test_a_call_that_says_no_length_may_last_as_long_as_calls_may(billing: Harness) -> None:
    await opened(billing, left="0")
    asked = AuthorizeCall(call_id="call-1", account_id="acc_c1", destination=EXTENSION)
    assert (await billing.ask(asked, SWITCH)).seconds == CALL_SECONDS_MAX


async def test_an_emergency_call_is_extended_whatever_became_of_its_account(
    billing: Harness,
) -> None:
    await opened(billing, left="0")
    about = {"account_id": "acc_c1", "reseller_id": "acc_r1"}
    await authorize(billing, EMERGENCY, seconds=60)
    await billing.hear(AccountDisabled.model_validate({**about, "version": 7, "reason": "test"}))
    assert (await extend(billing, total_seconds=600)).seconds == 600
    await billing.hear(AccountClosed.model_validate({**about, "version": 8, "name": "Northwind"}))
    assert await extend(billing, total_seconds=900) == refused_as("account-closed").model_copy(
        update={"account_id": "acc_c1"}
    )


async def test_a_short_number_that_the_switch_calls_an_extension_stays_one(
    billing: Harness,
) -> None:
    await opened(billing, left="0")
    asked = {"call_id": "call-1", "account_id": "acc_c1", "destination": "411", "internal": True}
    granted = await billing.ask(
        AuthorizeCall.model_validate({**asked, "requested_seconds": 60}), SWITCH
    )
    assert (granted.granted, granted.kind) == (True, "extension")
    assert (await extend(billing, total_seconds=600)).seconds == 600


async def test_calls_that_are_always_allowed_count_for_no_limit(billing: Harness) -> None:
    await opened(billing, left="100.00")
    for number in range(12):
        assert (await authorize(billing, EXTENSION, call_id=f"inside-{number}")).granted
    for number in range(10):
        assert (await authorize(billing, call_id=f"outside-{number}")).granted
    assert (await authorize(billing, call_id="one-more")).reason == "too-many-calls"
    assert (await authorize(billing, EMERGENCY, call_id="emergency")).granted


async def test_an_emergency_call_that_goes_elsewhere_counts_for_the_limit(
    billing: Harness,
) -> None:
    await opened(billing, left="100.00")
    for number in range(10):
        assert (await authorize(billing, call_id=f"outside-{number}")).granted
    assert (await authorize(billing, EMERGENCY, call_id="emergency")).granted
    assert (await authorize(billing, UK, call_id="emergency")).reason == "too-many-calls"


async def test_so_many_calls_to_extensions_are_held_for_and_no_more_are_refused(
    billing: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.billing.charging.handlers.authorize.ALWAYS_ALLOWED_HELD_MAX", 2)
    assert slices.ALWAYS_ALLOWED_HELD_MAX > 2
    await opened(billing, left="0")
    for number in range(3):
        granted = await authorize(billing, EXTENSION, call_id=f"call-{number}")
        assert (granted.granted, granted.seconds) == (True, 1_800)
    assert (await authorize(billing, EMERGENCY, call_id="emergency")).granted
    account = await World(billing).billing_account()
    held_for = [hold["call_id"] for hold in account["holds"]]
    assert held_for == ["call-0", "call-1", "emergency"]


async def test_a_record_frees_what_is_held_for_a_call_that_costs_nothing(billing: Harness) -> None:
    world = World(billing)
    await world.open()
    for call_id, destination in (("inside", EXTENSION), ("emergency", EMERGENCY)):
        await authorize(billing, destination, call_id=call_id)
        await world.charger.charge([record(call_id, destination=destination)])
    assert (await world.billing_account())["holds"] == []
    # whatever id it has, and whatever was charged under that
    assert (await authorize(billing, EMERGENCY, call_id="emergency")).granted
    assert (await authorize(billing, HOME, call_id="inside")).reason == "call-already-charged"


async def test_a_call_at_home_that_is_rated_is_held_for_by_the_slice(billing: Harness) -> None:
    await opened(billing, left="1.00", domestic_policy="rated")
    granted = await authorize(billing, HOME)
    assert (granted.kind, granted.seconds, granted.rate) == ("domestic", 300, micros("0.01"))
