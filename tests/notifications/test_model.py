"""When an e-mail is tried again and when it is given up."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.accounts import AccountActivated, AccountChanged
from services.notifications.model import (
    RETRY_SECONDS,
    TRIES_MAX,
    Contact,
    Email,
    contact_after_activation,
    contact_after_change,
    contact_after_closing,
    money_text,
    one_line,
    period_text,
)

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
EMAIL = Email(
    id="let_1",
    key="welcome:acc_1",
    trail="trail",
    kind="welcome",
    account_id="acc_1",
    reseller_id="acc_r1",
    reseller_name="Nimbus",
    user_id="usr_1",
    email="jane@acme.example",
    first_name="Jane",
    next_try_at=NOW,
    created_at=NOW,
)


def test_the_pauses_grow_until_the_email_is_given_up() -> None:
    pauses: list[float] = []
    for tries in range(1, TRIES_MAX):
        again = EMAIL.model_copy(update={"tries": tries}).failed(NOW, "down", for_good=False)
        assert again.state == "waiting"
        assert again.reason == "down"
        pauses.append((again.next_try_at - NOW).total_seconds())
    assert pauses == [10, 60, 300, 1_800, 7_200, 21_600] == list(RETRY_SECONDS)
    last = EMAIL.model_copy(update={"tries": TRIES_MAX})
    assert last.failed(NOW, "down", for_good=False).state == "failed"
    assert not last.worn_out
    assert last.model_copy(update={"tries": TRIES_MAX + 1}).worn_out


def test_a_refusal_for_good_ends_an_email_at_its_first_try() -> None:
    ended = EMAIL.model_copy(update={"tries": 1}).failed(NOW, "550", for_good=True)
    assert (ended.state, ended.reason) == ("failed", "550")


def test_an_email_that_was_sent_keeps_no_reason_of_earlier_tries() -> None:
    failed = EMAIL.model_copy(update={"tries": 1}).failed(NOW, "down", for_good=False)
    assert failed.next_try_at == NOW + timedelta(seconds=10)
    assert (failed.sent().state, failed.sent().reason) == ("sent", "")


@given(st.text())
def test_one_line_is_one_line(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert not {"\r", "\n", "\0"} & set(line)
    assert one_line(line) == line


def test_one_line_keeps_every_letter_of_a_name() -> None:
    assert one_line("Zoë\r\nBcc: all@x.example") == "Zoë Bcc: all@x.example"
    assert one_line("李 小龍") == "李 小龍"


# --- whom e-mails go to ----------------------------------------------------------------------

OPENED = AccountActivated(
    account_id="acc_1",
    reseller_id="acc_r1",
    version=2,
    name="Acme",
    realm="acme-x1.nimbus.example",
    currency="USD",
    country="US",
    time_zone="America/New_York",
    administrator={
        "email": "jane@acme.example",
        "first_name": "Jane",
        "last_name": "Doe",
        "phone": "+12125550123",
    },  # pyright: ignore[reportArgumentType] - pydantic makes the administrator of it
    administrator_user_id="usr_1",
    reseller_name="Nimbus",
    send_welcome=True,
)


def changed(version: int) -> AccountChanged:
    administrator = OPENED.administrator.model_copy(update={"email": f"v{version}@acme.example"})
    return AccountChanged(
        account_id="acc_1",
        reseller_id="acc_r1",
        version=version,
        name=f"Acme {version}",
        administrator=administrator,
    )


def contact_after(events: list[AccountActivated | AccountChanged]) -> Contact | None:
    contact: Contact | None = None
    for event in events:
        match event:
            case AccountActivated():
                contact = contact_after_activation(event, contact)
            case AccountChanged():
                contact = contact_after_change(event, contact)
    return contact


@given(st.permutations([OPENED, changed(3), changed(4)]))
def test_a_contact_is_the_newest_in_whatever_order_events_come(
    events: list[AccountActivated | AccountChanged],
) -> None:
    contact = contact_after(events)
    assert contact is not None
    assert (contact.email, contact.account_name, contact.version) == (
        "v4@acme.example",
        "Acme 4",
        4,
    )
    assert (contact.user_id, contact.reseller_name) == ("usr_1", "Nimbus")
    assert contact.complete
    assert not contact.closed


def test_a_closed_account_is_known_for_its_last_bills_and_then_by_nothing_that_comes_late() -> None:
    opened = contact_after([OPENED])
    assert opened is not None
    closed = contact_after_closing(opened, NOW)
    assert (closed.closed, closed.closed_at, closed.forgotten) == (True, NOW, False)
    newest = contact_after_change(changed(3), contact_after_activation(OPENED, closed))
    assert (newest.email, newest.closed) == ("v3@acme.example", True)
    gone = newest.model_copy(update={"email": "", "first_name": "", "account_name": ""})
    assert gone.forgotten
    assert contact_after_change(changed(4), gone) == gone
    assert contact_after_activation(OPENED, gone) == gone


@pytest.mark.parametrize(
    ("start", "end", "written"),
    [
        (date(2026, 12, 1), date(2027, 1, 1), "1 December 2026 to 31 December 2026"),
        (date(2026, 12, 1), date(2026, 12, 2), "1 December 2026"),
        (date(2026, 12, 1), date(2026, 12, 1), "1 December 2026"),
    ],
)
def test_a_period_is_written_with_its_last_day(start: date, end: date, written: str) -> None:
    assert period_text(start, end) == written


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        (4_206_800, "USD", "$4.21"),
        (-1_835_000, "USD", "-$1.84"),
        (5_000_000, "EUR", "€5.00"),
        (1_500_000, "JPY", "¥2"),
    ],
)
def test_money_in_emails_is_rounded_half_up_to_its_currency(
    amount: int, currency: str, written: str
) -> None:
    assert money_text(amount, currency) == written
