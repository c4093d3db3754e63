"""A reseller with keys and a rate sheet, made as anybody would make one."""

import secrets
from typing import Final, NamedTuple

from local.client import Client, first_key, link_token_for, make_key
from local.system import System

OPERATOR: Final = "bench@platform.example"
RESELLER: Final = "bench@reseller.example"


class Reseller(NamedTuple):
    """Who has the accounts that are measured."""

    id: str
    key: str
    switch_key: str
    rate_sheet_id: str


async def open_reseller(system: System, rates: str) -> Reseller:
    """Return a reseller whose rate sheet has these rates (CSV)."""
    printed = system.operate("create-operator", OPERATOR, "Olu", "Bench", "--print-link")
    token = printed.strip().rsplit("/", 1)[-1]
    password = secrets.token_urlsafe(15)
    async with Client(
        system.portal_url, await first_key(system.portal_url, token, OPERATOR, password)
    ) as operator:
        body = {
            "name": "Bench Voice",
            "administrator": {
                "email": RESELLER,
                "first_name": "Sara",
                "last_name": "Bench",
                "phone": "+14155550100",
            },
            "currency": "USD",
            "country": "US",
            "time_zone": "America/New_York",
            "domain": "voice.example",
        }
        opened = await operator.open_account(body, path="/v1/resellers")
    token = await link_token_for(system.mailbox, RESELLER)
    key = await first_key(system.portal_url, token, RESELLER, password)
    switch_key = await make_key(system.portal_url, RESELLER, password, scope="calls")
    async with Client(system.portal_url, key) as reseller:
        sheet = await reseller.post("/v1/rate-sheets", {"name": "Bench"})
        await reseller.post_csv(f"/v1/rate-sheets/{sheet['id']}/imports", rates)
    return Reseller(opened["id"], key, switch_key, sheet["id"])
