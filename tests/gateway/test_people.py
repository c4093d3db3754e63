"""Signing in and out, passwords, one-time links and API keys, over the whole system."""

from tests.gateway.world import World


async def test_everybody_is_told_who_they_are(world: World) -> None:
    roles = {
        name: (await party.program.get("/v1/me")).json() for name, party in world.parties.items()
    }
    assert {name: me["role"] for name, me in roles.items()} == {
        "operator": "operator",
        "reseller": "reseller",
        "other reseller": "reseller",
        "customer": "customer",
        "other customer": "customer",
        "switch": "switch",
    }
    assert roles["customer"]["account"]["id"] == world["customer"].account_id
    assert roles["customer"]["account"]["administrator"]["phone"] == "+14155550142"
    assert roles["operator"]["account"] is None
