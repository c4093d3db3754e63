"""Openings end well whatever order their messages come in, and however often."""

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.accounts import (
    AdministratorOrder,
    FindAccount,
    OpenAccount,
    ResellerProfile,
)
from contracts.base import Refused
from contracts.billing import (
    CountryMinutes,
    CreateRateSheet,
    CreditOrder,
    FindBalance,
    ListTransactions,
    PlanOrder,
)
from contracts.numbers import AddNumbers, ListNumbers, NewNumber
from services.accounts.app import service as accounts
from services.billing.app import service as billing
from services.chassis.principal import Principal
from services.numbers.app import service as numbers
from tests.billing.conftest import import_rates
from tests.faults.post_office import PostOffice
from tests.harness import OPERATOR

STOCK = tuple(f"+4420794603{number:02d}" for number in range(6))
EURO = 1_000_000
RATES = "prefix,rate,country,name\n91,0.02,IN,India\n"


def _administrator(name: str) -> AdministratorOrder:
    return AdministratorOrder(
        email=f"{name}@customer.example",
        first_name="Wei",
        last_name="Ortega",
        phone="+442079460999",
    )


async def _reseller(office: PostOffice) -> Principal:
    opened = await office.services["accounts"].ask(
        OpenAccount(
            name="Northwind Voice",
            administrator=_administrator("sara"),
            reseller=ResellerProfile(
                currency="EUR", country="GB", time_zone="Europe/London", domain="voice.example"
            ),
        ),
        OPERATOR,
    )
    await office.carry_everything()
    reseller = Principal(id="usr_sara", account_id=opened.id, parent_id="platform", role="reseller")
    stock = tuple(
        NewNumber(line=line, number=number, setup_fee="1.00", monthly_fee="2.00")
        for line, number in enumerate(STOCK, start=2)
    )
    report = await office.services["numbers"].ask(
        AddNumbers(reseller_id=opened.id, country="GB", numbers=stock), OPERATOR
    )
    assert report.added == len(STOCK), report
    return reseller


async def _rate_sheet(office: PostOffice, reseller: Principal) -> str:
    sheet = await office.services["billing"].ask(CreateRateSheet(name="Standard"), reseller)
    report = await import_rates(office.services["billing"], sheet, RATES, by=reseller)
    assert report.added == 1, report
    return sheet.id


openings = st.lists(
    st.fixed_dictionaries(
        {
            "plan": st.integers(0, 4),
            "numbers": st.lists(st.sampled_from(STOCK), max_size=3, unique=True),
            "credit": st.sampled_from([0, 5, 100]),
            "users": st.integers(1, 3),
        }
    ),
    min_size=2,
    max_size=6,
)


@given(orders=openings, chance=st.randoms(use_true_random=False))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_openings_end_active_or_undone_in_any_order_of_messages(
    mongodb_url: str,
    database_prefix: str,
    orders: list[dict[str, Any]],
    chance: random.Random,
) -> None:
    office = await PostOffice.open(
        [accounts, billing, numbers], mongodb_url, database_prefix, chance
    )
    try:
        reseller = await _reseller(office)
        sheet_id = await _rate_sheet(office, reseller)
        ids = [
            await _open(office, reseller, sheet_id, index, order)
            for index, order in enumerate(orders)
        ]
        await office.carry_everything()
        await _check_money(office, reseller, dict(zip(ids, orders, strict=True)))
        await _check_numbers(office, reseller, dict(zip(ids, orders, strict=True)))
    finally:
        await office.close()


async def _open(
    office: PostOffice, reseller: Principal, sheet_id: str, index: int, order: dict[str, Any]
) -> str:
    credit = CreditOrder(amount=order["credit"] * EURO) if order["credit"] else None
    account = await office.services["accounts"].ask(
        OpenAccount(
            name=f"Customer {index}",
            administrator=_administrator(f"customer{index}"),
            plan=PlanOrder(
                name=f"Plan {order['plan']}",
                users=order["users"],
                cost_per_user=3 * EURO,
                rate_sheet_id=sheet_id,
                numbers=tuple(order["numbers"]),
                countries=(CountryMinutes(country="IN", minutes=10),),
            ),
            credit=credit,
        ),
        reseller,
    )
    return account.id


async def _check_money(
    office: PostOffice, reseller: Principal, opened: dict[str, dict[str, Any]]
) -> None:
    plans: list[int] = []
    for account_id, order in opened.items():
        account = await office.services["accounts"].ask(
            FindAccount(account_id=account_id), reseller
        )
        billing_desk = office.services["billing"]
        if account.status == "failed":
            assert account.failure is not None
            with pytest.raises(Refused):
                await billing_desk.ask(FindBalance(account_id=account_id), reseller)
            continue
        assert account.status == "active"
        plans.append(order["plan"])
        due = 3 * order["users"] + 3 * len(order["numbers"])
        balance = await billing_desk.ask(FindBalance(account_id=account_id), reseller)
        assert balance.balance == (order["credit"] - due) * EURO >= 0
        ledger = await billing_desk.ask(ListTransactions(account_id=account_id), reseller)
        entries = sorted(ledger.data, key=lambda entry: entry.seq)
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        assert sum(entry.amount for entry in entries) == balance.balance
    assert len(plans) == len(set(plans)), "a plan name was used twice"


async def _check_numbers(
    office: PostOffice, reseller: Principal, opened: dict[str, dict[str, Any]]
) -> None:
    stock = await office.services["numbers"].ask(ListNumbers(), reseller)
    owner = {item.number: item.account_id for item in stock.data if item.state == "assigned"}
    assert {item.state for item in stock.data} <= {"available", "assigned"}
    for account_id, order in opened.items():
        account = await office.services["accounts"].ask(
            FindAccount(account_id=account_id), reseller
        )
        owned = {number for number, held_by in owner.items() if held_by == account_id}
        wanted = set(order["numbers"]) if account.status == "active" else set[str]()
        assert owned == wanted == set(account.numbers)
