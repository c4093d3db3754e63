"""Which letters are written: one for each thing to tell, however often it is announced."""

import asyncio

import pytest

from contracts.accounts import AccountChanged
from contracts.billing import BalanceLow
from tests.harness import Harness
from tests.notifications.conftest import ACTIVATED, CHANGED, CLOSED, RESET, kinds


async def test_a_new_account_gets_a_welcome(letters: Harness) -> None:
    await letters.hear(ACTIVATED)
    (letter,) = await letters.database.documents("letters").find({}, limit=10)
    assert letter["kind"] == "welcome"
    assert letter["email"] == "jane@acme.example"
    assert letter["user_id"] == "usr_1"
    assert letter["trail"] == "test"


async def test_no_welcome_is_written_when_none_is_wanted(letters: Harness) -> None:
    await letters.hear(ACTIVATED.model_copy(update={"send_welcome": False}))
    assert await kinds(letters) == []


async def test_an_activation_is_told_once_however_often_it_is_announced(letters: Harness) -> None:
    await letters.hear(ACTIVATED, message_id="one")
    await letters.hear(ACTIVATED, message_id="one")
    await letters.hear(ACTIVATED, message_id="two")
    await letters.hear(ACTIVATED.model_copy(update={"version": 9}))
    assert await kinds(letters) == ["welcome"]


async def test_an_activation_announced_many_times_at_once_is_told_once(letters: Harness) -> None:
    await asyncio.gather(*(letters.hear(ACTIVATED) for _ in range(8)))
    assert await kinds(letters) == ["welcome"]


async def test_each_change_of_a_password_is_told_once_but_not_the_first(letters: Harness) -> None:
    await letters.hear(CHANGED.model_copy(update={"first_password": True, "password_version": 1}))
    assert await kinds(letters) == []
    await letters.hear(CHANGED)
    await letters.hear(CHANGED)
    await letters.hear(CHANGED.model_copy(update={"password_version": 3}))
    assert await kinds(letters) == ["password-changed"] * 2


@pytest.mark.parametrize("kind", ["reset-password", "operator-welcome"])
async def test_each_order_for_a_link_is_one_letter(letters: Harness, kind: str) -> None:
    order = RESET.model_copy(update={"kind": kind})
    await letters.ask(order, message_id="one")
    await letters.ask(order, message_id="one")
    await letters.ask(order, message_id="two")
    assert await kinds(letters) == [kind] * 2


async def test_users_of_one_order_with_one_address_get_a_letter_each(letters: Harness) -> None:
    await letters.ask(RESET)
    await letters.ask(RESET.model_copy(update={"user_id": "usr_2", "account_id": "acc_2"}))
    assert await kinds(letters) == ["reset-password"] * 2


# --- low balances -----------------------------------------------------------------------------

LOW = BalanceLow(
    account_id="acc_1",
    reseller_id="acc_r1",
    seq=17,
    balance_after=4_206_800,
    threshold=5_000_000,
    currency="USD",
)


async def test_a_low_balance_is_told_to_the_administrator_once_each_time(letters: Harness) -> None:
    await letters.hear(ACTIVATED.model_copy(update={"send_welcome": False}))
    for message_id in ("one", "one", "two"):
        await letters.hear(LOW, message_id=message_id)
    await letters.hear(LOW.model_copy(update={"seq": 30, "balance_after": -1}))
    assert await kinds(letters) == ["balance-low"] * 2
    letter, _ = await letters.database.documents("letters").find({}, sort=[("_id", 1)], limit=10)
    assert (letter["email"], letter["first_name"]) == ("jane@acme.example", "Jane")
    assert (letter["balance"], letter["threshold"]) == ("$4.21", "$5.00")
    assert (letter["account_name"], letter["reseller_name"]) == ("Acme Pharm", "Nimbus Telecom")


async def test_a_low_balance_is_told_to_whoever_is_the_administrator_now(letters: Harness) -> None:
    await letters.hear(ACTIVATED)
    person = ACTIVATED.administrator.model_copy(
        update={"email": "joe@acme.example", "first_name": "Joe"}
    )
    change = AccountChanged(
        account_id="acc_1", reseller_id="acc_r1", version=3, name="Acme", administrator=person
    )
    await letters.hear(change)
    await letters.hear(LOW)
    letter = await letters.database.documents("letters").find_one({"kind": "balance-low"})
    assert letter is not None
    assert (letter["email"], letter["first_name"]) == ("joe@acme.example", "Joe")
    assert letter["account_name"] == "Acme"


async def test_nobody_is_told_of_the_balance_of_a_closed_account(letters: Harness) -> None:
    await letters.hear(ACTIVATED)
    await letters.hear(CLOSED)
    await letters.hear(LOW)
    assert await kinds(letters) == ["welcome", "account-closed"]


async def test_a_low_balance_of_nobody_known_is_not_passed_over_in_silence(
    letters: Harness,
) -> None:
    with pytest.raises(LookupError, match="acc_1"):
        await letters.hear(LOW)
    await letters.hear(ACTIVATED)
    await letters.hear(LOW)
    assert await kinds(letters) == ["welcome", "balance-low"]
