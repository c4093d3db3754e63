"""Numbers of every kind, dialled at home in eleven countries: free, included, charged or refused.

The numbers are the numbering library's own examples; what becomes of each kind is SPEC section 3.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from contracts.accounts import AccountDisabled
from contracts.billing import AuthorizeCall, CountryMinutes, CreditOrder
from contracts.values import micros
from services.chassis.principal import Principal
from tests.billing.conftest import add_sheet, open_account, plan
from tests.harness import Harness

SWITCH = Principal(id="key_s1", account_id="platform", parent_id="", role="switch")
ACCOUNTS: Final = ("plain", "premium", "bundle", "empty", "no-rows", "blocked", "disabled")
TYPES: Final = {
    PhoneNumberType.FIXED_LINE: "home",
    PhoneNumberType.MOBILE: "home",
    PhoneNumberType.TOLL_FREE: "home",
    PhoneNumberType.VOIP: "home",
    PhoneNumberType.PAGER: "home",
    PhoneNumberType.UAN: "home",
    PhoneNumberType.PREMIUM_RATE: "premium",
    PhoneNumberType.SHARED_COST: "premium",
    PhoneNumberType.PERSONAL_NUMBER: "premium",
}
AWAY: Final = {
    PhoneNumberType.FIXED_LINE: "abroad",
    PhoneNumberType.TOLL_FREE: "abroad",  # carriers charge for freephone of other countries
    PhoneNumberType.PREMIUM_RATE: "premium abroad",
}


class Short(NamedTuple):
    """Codes of a country, by kind."""

    emergency: tuple[str, ...]
    toll_free: tuple[str, ...]
    paid: tuple[str, ...]
    premium: tuple[str, ...]


HOMES: Final = {
    "US": Short(("911", "112"), ("988",), ("411", "811"), ("24280",)),
    "GB": Short(("999", "112"), ("116000", "105"), ("101", "118118"), ()),
    "DE": Short(("112", "110"), ("116117", "116000"), ("11833", "115"), ()),
    "FR": Short(("112", "15", "18"), ("116117",), (), ("3939", "118712")),
    "IT": Short(("112", "118"), ("116000",), ("114",), ("1254",)),
    "ES": Short(("112",), ("016", "116111"), ("010", "1004"), ("11822",)),
    "IN": Short(("112", "100"), ("1039",), (), ("1160000",)),
    "BR": Short(("190", "911"), ("180",), ("102", "115"), ()),
    "JP": Short(("110", "119"), ("118",), ("104", "144"), ()),
    "AU": Short(("000", "112"), ("733",), ("1223", "1100"), ("1234",)),
    "ZA": Short(("112", "10111"), (), ("1020", "30782"), ("41348",)),
}
EXTENSIONS: Final = ("7001", "*98", "#31#")

# What an account is answered for each kind of number, in the order of ACCOUNTS.
FREE, PAID = "free", "charged"
POOR, OFF, NO_RATE = "insufficient-credit", "account-disabled", "no-rate"
BLOCKED, NOT_PREMIUM = "rate-blocked", "premium-not-allowed"
ANSWERS: Final = {
    "emergency": (FREE, FREE, FREE, FREE, FREE, FREE, FREE),
    "extension": (FREE, FREE, FREE, FREE, FREE, FREE, FREE),
    "toll-free short": (FREE, FREE, FREE, FREE, FREE, BLOCKED, OFF),
    "short": (PAID, PAID, POOR, POOR, NO_RATE, BLOCKED, OFF),
    "premium short": (NOT_PREMIUM, PAID, POOR, POOR, NO_RATE, BLOCKED, OFF),
    "home": (FREE, FREE, FREE, FREE, FREE, BLOCKED, OFF),
    "premium": (NOT_PREMIUM, PAID, POOR, POOR, NO_RATE, BLOCKED, OFF),
    # the bundle is of this country, and the account has no credit
    "abroad": (PAID, PAID, PAID, POOR, PAID, BLOCKED, OFF),
    "premium abroad": (NOT_PREMIUM, PAID, POOR, POOR, PAID, BLOCKED, OFF),
}


def abroad(home: str) -> str:
    return "FR" if home == "GB" else "GB"


def example(country: str, kind: int, form: int = PhoneNumberFormat.E164) -> str | None:
    """Return the library's example of a kind of number that a country has of its own."""
    number = phonenumbers.example_number_for_type(country, kind)
    if number is None or phonenumbers.region_code_for_number(number) != country:
        return None
    return phonenumbers.format_number(number, form)


def numbers(home: str) -> Iterator[tuple[str, str]]:
    """Yield every number to dial in a country, with its kind."""
    short = HOMES[home]
    yield from ((code, "emergency") for code in short.emergency)
    yield from ((code, "toll-free short") for code in short.toll_free)
    yield from ((code, "short") for code in short.paid)
    yield from ((code, "premium short") for code in short.premium)
    yield from ((code, "extension") for code in EXTENSIONS)
    for kind, answered in TYPES.items():
        for form in (PhoneNumberFormat.E164, PhoneNumberFormat.NATIONAL):
            if (number := example(home, kind, form)) is not None:
                yield number, answered
    for kind, answered in AWAY.items():
        number = example(abroad(home), kind)
        assert number is not None, "the library has examples of these"
        yield number, answered


async def open_accounts(billing: Harness, home: str) -> None:
    """Open an account of each sort in a country."""
    code, other = (phonenumbers.country_code_for_region(one) for one in (home, abroad(home)))
    own = HOMES[home]
    rows = [f"{code}{one}" for one in (*own.toll_free, *own.paid, *own.premium)]
    away = [example(abroad(home), kind) for kind in AWAY]
    full = [f"{code},0.05,", f"{other},0.02,", *(f"{row},0.30," for row in rows)]
    blocked = [f"{code},0.05,yes", f"{other},0.02,", *(f"{row[1:]},1,yes" for row in away if row)]
    sheets = {
        name: (await add_sheet(billing, name, csv="\n".join(("prefix,rate,blocked", *lines)))).id
        for name, lines in (("Full", full), ("Bare", [f"{other},0.02,"]), ("Blocked", blocked))
    }
    for name in ACCOUNTS:
        sheet = {"no-rows": "Bare", "blocked": "Blocked"}.get(name, "Full")
        ordered = plan(
            f"Plan {name}",
            users=1,
            cost_per_user=0,
            rate_sheet_id=sheets[sheet],
            countries=(CountryMinutes(country=abroad(home), minutes=60 * (name == "bundle")),),
            premium_allowed=name != "plain",
        )
        credit = None if name in {"bundle", "empty"} else CreditOrder(amount=micros("50"))
        account_id = f"acc_{name}"
        await open_account(billing, account_id, plan=ordered, credit=credit, country=home)
    off = AccountDisabled(account_id="acc_disabled", reseller_id="acc_r1", version=7, reason="x")
    await billing.hear(off)


async def answer(billing: Harness, account: str, dialled: str, **fields: object) -> str:
    """Return what becomes of a call, and let go of what it held."""
    asked = {
        "call_id": f"{account} {dialled}"[:128],
        "account_id": f"acc_{account}",
        "destination": dialled,
        "requested_seconds": 60,
        **fields,
    }
    told = await billing.ask(AuthorizeCall.model_validate(asked), SWITCH)
    await billing.database.documents("wallets").update(
        {"_id": f"acc_{account}"}, {"$set": {"holds": []}, "$inc": {"revision": 1}}
    )
    if told.reason is not None:
        return told.reason
    return "charged" if told.rate else "free"


@pytest.mark.parametrize("home", HOMES)
async def test_each_kind_of_number_is_free_included_charged_or_refused(
    billing: Harness, home: str
) -> None:
    await open_accounts(billing, home)
    wrong = [
        f"{dialled} ({kind}) of {account}: {told}, not {wanted}"
        for dialled, kind in numbers(home)
        for account, wanted in zip(ACCOUNTS, ANSWERS[kind], strict=True)
        if (told := await answer(billing, account, dialled)) != wanted
    ]
    assert wrong == []


@pytest.mark.parametrize("home", HOMES)
async def test_a_switch_that_writes_e164_reaches_the_same_numbers(
    billing: Harness, home: str
) -> None:
    await open_accounts(billing, home)
    wrong = [
        f"{written} ({kind}): {told}"
        for dialled, kind in numbers(home)
        if dialled.startswith("+") or kind not in {"home", "premium"}
        for written in (
            {dialled, dialled[1:], f"00{dialled[1:]}"} if dialled[0] == "+" else {dialled}
        )
        if (told := await answer(billing, "premium", written, dial_format="e164"))
        != ANSWERS[kind][ACCOUNTS.index("premium")]
    ]
    assert wrong == []


async def test_only_the_switch_makes_an_extension_of_a_public_short_number(
    billing: Harness,
) -> None:
    await open_accounts(billing, "DE")
    for account in ("plain", "empty", "disabled", "blocked"):
        for code in ("11833", "116117", "115"):
            assert await answer(billing, account, code, internal=True) == "free"
    for number in ("+499001234567", "+4930123456", "+442079460321"):
        assert await answer(billing, "empty", number, internal=True) == await answer(
            billing, "empty", number
        )
