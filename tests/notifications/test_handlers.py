"""Which e-mails are written: one for each thing to tell, however often it is announced."""

import asyncio

import pytest

from contracts.accounts import AccountChanged
from contracts.billing import BalanceLow
from tests.harness import Harness
from tests.notifications.conftest import ACTIVATED, CHANGED, CLOSED, RESET, kinds


async def test_a_new_account_gets_a_welcome(emails: Harness) -> None:
    await emails.hear(ACTIVATED)
    (email,) = await emails.database.documents("letters").find({}, limit=10)
    assert email["kind"] == "welcome"
    assert email["email"] == "jane@acme.example"
    assert email["user_id"] == "usr_1"
    assert email["trail"] == "test"


async def test_no_welcome_is_written_when_none_is_wanted(emails: Harness) -> None:
    await emails.hear(ACTIVATED.model_copy(update={"send_welcome": False}))
    assert await kinds(emails) == []


async def test_an_activation_is_told_once_however_often_it_is_announced(emails: Harness) -> None:
    await emails.hear(ACTIVATED, message_id="one")
    await emails.hear(ACTIVATED, message_id="one")
    await emails.hear(ACTIVATED, message_id="two")
    await emails.hear(ACTIVATED.model_copy(update={"version": 9}))
    assert await kinds(emails) == ["welcome"]


async def test_an_activation_announced_many_times_at_once_is_told_once(emails: Harness) -> None:
    await asyncio.gather(*(emails.hear(ACTIVATED) for _ in range(8)))
    assert await kinds(emails) == ["welcome"]


async def test_each_change_of_a_password_is_told_once_but_not_the_first(emails: Harness) -> None:
    await emails.hear(CHANGED.model_copy(update={"first_password": True, "password_version": 1}))
    assert await kinds(emails) == []
    await emails.hear(CHANGED)
    await emails.hear(CHANGED)
    await emails.hear(CHANGED.model_copy(update={"password_version": 3}))
    assert await kinds(emails) == ["password-changed"] * 2


@pytest.mark.parametrize("kind", ["reset-password", "operator-welcome"])
async def test_each_order_for_a_link_is_one_email(emails: Harness, kind: str) -> None:
    order = RESET.model_copy(update={"kind": kind})
    await emails.ask(order, message_id="one")
    await emails.ask(order, message_id="one")
    await emails.ask(order, message_id="two")
    assert await kinds(emails) == [kind] * 2


async def test_users_of_one_order_with_one_address_get_an_email_each(emails: Harness) -> None:
    await emails.ask(RESET)
    await emails.ask(RESET.model_copy(update={"user_id": "usr_2", "account_id": "acc_2"}))
    assert await kinds(emails) == ["reset-password"] * 2


# --- low balances -----------------------------------------------------------------------------

LOW = BalanceLow(
    account_id="acc_1",
    reseller_id="acc_r1",
    seq=17,
    balance_after=4_206_800,
    threshold=5_000_000,
    currency="USD",
)


async def test_a_low_balance_is_told_to_the_administrator_once_each_time(emails: Harness) -> None:
    await emails.hear(ACTIVATED.model_copy(update={"send_welcome": False}))
    for message_id in ("one", "one", "two"):
        await emails.hear(LOW, message_id=message_id)
    await emails.hear(LOW.model_copy(update={"seq": 30, "balance_after": -1}))
    assert await kinds(emails) == ["balance-low"] * 2
    email, _ = await emails.database.documents("letters").find({}, sort=[("_id", 1)], limit=10)
    assert (email["email"], email["first_name"]) == ("jane@acme.example", "Jane")
    assert (email["balance"], email["threshold"]) == ("$4.21", "$5.00")
    assert (email["account_name"], email["reseller_name"]) == ("Acme Pharm", "Nimbus Telecom")


async def test_a_low_balance_is_told_to_whoever_is_the_administrator_now(emails: Harness) -> None:
    await emails.hear(ACTIVATED)
    person = ACTIVATED.administrator.model_copy(
        update={"email": "joe@acme.example", "first_name": "Joe"}
    )
    change = AccountChanged(
        account_id="acc_1", reseller_id="acc_r1", version=3, name="Acme", administrator=person
    )
    await emails.hear(change)
    await emails.hear(LOW)
    email = await emails.database.documents("letters").find_one({"kind": "balance-low"})
    assert email is not None
    assert (email["email"], email["first_name"]) == ("joe@acme.example", "Joe")
    assert email["account_name"] == "Acme"


async def test_nobody_is_told_of_the_balance_of_a_closed_account(emails: Harness) -> None:
    await emails.hear(ACTIVATED)
    await emails.hear(CLOSED)
    await emails.hear(LOW)
    assert await kinds(emails) == ["welcome", "account-closed"]


async def test_a_low_balance_of_nobody_known_is_not_passed_over_in_silence(
    emails: Harness,
) -> None:
    with pytest.raises(LookupError, match="acc_1"):
        await emails.hear(LOW)
    await emails.hear(ACTIVATED)
    await emails.hear(LOW)
    assert await kinds(emails) == ["welcome", "balance-low"]
