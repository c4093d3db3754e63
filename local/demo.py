"""The demo's data: a reseller with stock, rates and customers, made through the public API only."""

import asyncio
import hashlib
import secrets
from pathlib import Path
from typing import Final

import phonenumbers
from babel import Locale

from local.client import Client, Json, first_key, link_token_for, make_key, set_password, table

IN_FLIGHT: Final = 6
WELCOMED: Final = 3
"""How many customers get a welcome e-mail; more would only fill the mailbox page."""

RESELLER: Final = "sara@northwind.example"
OPERATOR: Final = "olu@platform.example"

COMPANIES: Final = (
    "Harbour & Vale Legal",
    "Atlas Machine Parts",
    "Bluefin Logistics",
    "Brightwater Energy",
    "Cedar Street Dental",
    "Delta Freight",
    "Elm Park Clinic",
    "Foxglove Interiors",
    "Granite Ridge Mining",
    "Hollow Oak Books",
    "Ironbridge Tools",
    "Juniper Travel",
)
BRANCHES: Final = ("", " North", " South", " West")
PEOPLE: Final = (
    ("Amara", "Okafor"),
    ("Rafael", "Whitfield"),
    ("Mei", "Bello"),
    ("Yuki", "Bell"),
    ("Hanna", "Ortega"),
    ("Wei", "Novak"),
    ("Priya", "Petrova"),
    ("Noor", "Lin"),
    ("Lukas", "Silva"),
)
PLANS: Final = (("Essential", 3, "12.00"), ("Office", 12, "14.00"), ("Contact centre", 40, "18.50"))
BUNDLES: Final = (("IN", 300), ("GB", 500), ("AE", 0), ("DE", 200), ("PH", 120), ("BR", 60))
LOOKS: Final = {
    "invoice_prefix": "NV",
    "seller_name": "Northwind Voice Ltd",
    "seller_address": "18 Wharf Road\nSan Francisco, CA 94107\nUnited States",
    "invoice_footer": "Northwind Voice Ltd · Registered in California 0123456",
}
DISABLED: Final = {7: "Unpaid hardware invoice", 19: "Asked for by the customer"}


async def make_demo(portal_url: str, operator_token: str, mailbox: Path) -> Json:
    """Make the demo's data and return its keys and log-ins.

    `operator_token` is the token of the first operator's one-time link; `mailbox` is the folder
    in which the system's e-mails arrive.
    """
    password = secrets.token_urlsafe(15)
    operator_key = await first_key(portal_url, operator_token, OPERATOR, password)
    switch_key = await make_key(portal_url, OPERATOR, password, scope="calls")
    logins = {"operator": {"email": OPERATOR, "password": password}}
    async with Client(portal_url, operator_key) as operator:
        reseller_id = (await operator.open_account(_reseller(), path="/v1/resellers"))["id"]
        await operator.post_csv(f"/v1/resellers/{reseller_id}/numbers", _stock())
    password = secrets.token_urlsafe(15)
    token = await link_token_for(mailbox, RESELLER)
    reseller_key = await first_key(portal_url, token, RESELLER, password)
    logins["reseller"] = {"email": RESELLER, "password": password}
    async with Client(portal_url, reseller_key) as reseller:
        settings = await reseller.get("/v1/billing-settings")
        await reseller.patch("/v1/billing-settings", LOOKS, settings["version"])
        await _customers(reseller)
    customer = _administrator(0)["email"]
    password = secrets.token_urlsafe(15)
    await set_password(portal_url, await link_token_for(mailbox, customer), password)
    logins["customer"] = {"email": customer, "password": password}
    keys = {"operator": operator_key, "reseller": reseller_key, "switch": switch_key}
    return {"keys": keys, "logins": logins}


def _reseller() -> Json:
    return {
        "name": "Northwind Voice",
        "administrator": {
            "email": RESELLER,
            "first_name": "Sara",
            "last_name": "Elwood",
            "phone": "+14155550100",
        },
        "currency": "USD",
        "country": "US",
        "time_zone": "America/Los_Angeles",
        "domain": "voice.example",
        "credit": {"amount": "12480.50", "note": "Opening credit"},
    }


def _stock() -> str:
    rows: list[tuple[object, ...]] = []
    for area in ("415", "212", "312", "206"):
        rows += [(f"+1{area}55501{last:02d}", "0.00", "1.50") for last in range(10, 40)]
    rows += [(f"+4420794603{last:02d}", "1.00", "2.20") for last in range(20, 50)]
    rows += [(f"+493055501{last:02d}", "1.50", "2.60") for last in range(10, 30)]
    rows += [(f"+18885550{last}", "2.00", "4.00") for last in range(150, 160)]
    return table(("number", "setup_fee", "monthly_fee"), rows)


def _rates() -> str:
    """Return a rate for each calling code of the world, made up but always the same."""
    names = Locale("en").territories
    rows: list[tuple[object, ...]] = []
    for code, regions in sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()):
        region = regions[0]
        if not region.isalpha():
            continue  # shared networks such as satellites have no country
        chance = int.from_bytes(hashlib.sha256(str(code).encode()).digest()[:4], "big") % 2_226
        rate = f"0.{85 + chance:04d}"
        rows.append((code, region, names[region], rate, 6, 6))
        rows.append((f"{code}9", region, f"{names[region]} mobile", f"0.{185 + chance:04d}", 6, 6))
    return table(("prefix", "country", "name", "rate", "min_duration", "increment"), rows)


async def _customers(reseller: Client) -> None:
    sheet = await reseller.post("/v1/rate-sheets", {"name": "Standard A–Z"})
    await reseller.post_csv(f"/v1/rate-sheets/{sheet['id']}/imports", _rates())
    await reseller.post("/v1/rate-sheets", {"name": "Wholesale 2027"})
    spare = (await reseller.get("/v1/numbers", state="available", limit=100))["data"]
    numbers = iter([item["number"] for item in spare])
    orders = [
        _order(index, f"{company}{branch}", sheet["id"], [next(numbers) for _ in range(index % 3)])
        for index, (company, branch) in enumerate(
            (company, branch) for branch in BRANCHES for company in COMPANIES
        )
    ]
    places = asyncio.Semaphore(IN_FLIGHT)

    async def open_one(index: int, order: Json) -> None:
        async with places:
            account = await reseller.open_account(order)
            if index in DISABLED:
                path = f"/v1/accounts/{account['id']}/disable"
                await reseller.post(path, {"reason": DISABLED[index]})

    await asyncio.gather(*(open_one(index, order) for index, order in enumerate(orders)))


def _administrator(index: int) -> Json:
    first_name, last_name = PEOPLE[index % len(PEOPLE)]
    return {
        "email": f"{first_name.lower()}.{last_name.lower()}{index or ''}@customer.example",
        "first_name": first_name,
        "last_name": last_name,
        "phone": f"+1415555{7_600 + index}",
    }


def _order(index: int, name: str, sheet_id: str, numbers: list[str]) -> Json:
    plan, users, cost = PLANS[(index * 7 + 1) % len(PLANS)]
    first = index % len(BUNDLES)
    bundles = (*BUNDLES, *BUNDLES)[first : first + 1 + (index + 2) % 4]
    return {
        "name": name,
        "administrator": _administrator(index),
        "plan": {
            "name": f"{plan} {index + 1}",
            "users": users,
            "cost_per_user": cost,
            "rate_sheet_id": sheet_id,
            "numbers": numbers,
            "countries": [{"country": country, "minutes": minutes} for country, minutes in bundles],
        },
        "credit": {"amount": f"{users * 20 + 37 * (index % 11) + 60}.00", "note": "First payment"},
        "send_welcome": index < WELCOMED,
    }
