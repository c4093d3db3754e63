"""When a letter is tried again and when it is given up."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifications.model import RETRY_SECONDS, TRIES_MAX, Letter, one_line

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LETTER = Letter(
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


def test_the_pauses_grow_until_the_letter_is_given_up() -> None:
    pauses: list[float] = []
    for tries in range(1, TRIES_MAX):
        again = LETTER.model_copy(update={"tries": tries}).failed(NOW, "down", for_good=False)
        assert again.state == "waiting"
        assert again.reason == "down"
        pauses.append((again.next_try_at - NOW).total_seconds())
    assert pauses == [10, 60, 300, 1_800, 7_200, 21_600] == list(RETRY_SECONDS)
    last = LETTER.model_copy(update={"tries": TRIES_MAX})
    assert last.failed(NOW, "down", for_good=False).state == "failed"
    assert not last.worn_out
    assert last.model_copy(update={"tries": TRIES_MAX + 1}).worn_out


def test_a_refusal_for_good_ends_a_letter_at_its_first_try() -> None:
    ended = LETTER.model_copy(update={"tries": 1}).failed(NOW, "550", for_good=True)
    assert (ended.state, ended.reason) == ("failed", "550")


def test_a_letter_that_was_sent_keeps_no_reason_of_earlier_tries() -> None:
    failed = LETTER.model_copy(update={"tries": 1}).failed(NOW, "down", for_good=False)
    assert failed.next_try_at == NOW + timedelta(seconds=10)
    assert (failed.sent().state, failed.sent().reason) == ("sent", "")


@settings(deadline=None)  # the machine may be busy
@given(st.text())
def test_one_line_is_one_line(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert not {"\r", "\n", "\0"} & set(line)
    assert one_line(line) == line


def test_one_line_keeps_every_letter_of_a_name() -> None:
    assert one_line("Zoë\r\nBcc: all@x.example") == "Zoë Bcc: all@x.example"
    assert one_line("李 小龍") == "李 小龍"
