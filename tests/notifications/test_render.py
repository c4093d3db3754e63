"""What the e-mails say, to whom, and that no name breaks them."""

import email
from datetime import timedelta
from email import policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parseaddr
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.notifications import EmailKind
from services.notifications.mailer.render import render
from services.notifications.mailer.transport import SendError
from services.notifications.model import LINK_PURPOSES, one_line
from tests.notifications.conftest import PORTAL, html_of, text_of
from tests.notifications.test_model import EMAIL, NOW

TOKEN = "q" * 43
LINK = f"{PORTAL}/reset/{TOKEN}"
KINDS: tuple[EmailKind, ...] = get_args(EmailKind)
BILL = {
    "number": "ACME-000007",
    "period": "1 December 2026 to 31 December 2026",
    "total": "$42.00",
    "due_on": "1 December 2026",
}
HEADERS = {
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
}


def rendered(kind: EmailKind = "welcome", link: str = LINK, **fields: str) -> EmailMessage:
    """Return an e-mail as its reader's program reads it."""
    email = EMAIL.model_copy(update={"kind": kind, "account_name": "Acme", **fields})
    message = render(
        email, link, portal_url=PORTAL, sender="Platform <no-reply@mail.example>", now=NOW
    )
    read = BytesParser(policy=policy.default).parsebytes(message.as_bytes())
    assert isinstance(read, EmailMessage)
    return read


@pytest.mark.parametrize("kind", sorted(LINK_PURPOSES))
def test_an_email_with_a_link_says_how_long_and_how_often_it_works(kind: EmailKind) -> None:
    message = rendered(kind)
    for body in (text_of(message), html_of(message)):
        assert LINK in body
        assert "works once" in body
        assert ("30 minutes" if kind == "reset-password" else "7 days") in body
        assert "Forgot password" in body
        assert f"{PORTAL}/forgot" in body


def test_the_email_about_a_changed_password_has_no_link_to_set_one() -> None:
    message = rendered("password-changed", link="")
    for body in (text_of(message), html_of(message)):
        assert "/reset/" not in body
        assert "22 November 2026 at 09:00 UTC" in body
        assert f"{PORTAL}/forgot" in body


def test_the_email_about_a_low_balance_says_how_low_it_is_and_what_follows() -> None:
    message = rendered("balance-low", link="", balance="$4.21", threshold="$5.00")
    for body in (text_of(message), html_of(message)):
        for told in ("Acme", "$4.21", "$5.00", "Ask Nimbus to add credit", "are refused"):
            assert told in " ".join(body.split())
        assert f"{PORTAL}/my/transactions" in body
        assert "/reset/" not in body


@pytest.mark.parametrize("kind", ["invoice-issued", "invoice-reminder", "account-suspended"])
def test_an_email_about_an_unpaid_bill_says_how_much_and_where_to_pay(kind: EmailKind) -> None:
    message = rendered(kind, link="", **BILL, due="$17.50", unpaid="$35.00")
    assert ("suspended" in message["Subject"]) == (kind == "account-suspended")
    for body in (text_of(message), html_of(message)):
        words = " ".join(body.split())
        for told in ("Acme", "ACME-000007", "$17.50", "1 December 2026", "$35.00 is unpaid"):
            assert told in words
        assert f"{PORTAL}/my/bills" in body
        assert ("are refused" in words) == (kind != "invoice-issued")
    alone = text_of(rendered(kind, link="", **BILL, due="$17.50"))
    assert "Including" not in alone


def test_a_bill_that_is_paid_asks_for_nothing() -> None:
    message = rendered("invoice-issued", link="", **BILL)
    for body in (text_of(message), html_of(message)):
        words = " ".join(body.split())
        for told in ("ACME-000007", BILL["period"], "$42.00", "nothing left to pay"):
            assert told in words
        assert "unpaid" not in words
        assert "still due" not in words
    earlier = text_of(rendered("invoice-issued", link="", **BILL, unpaid="$9.00"))
    assert "$9.00 of earlier bills is unpaid" in " ".join(earlier.split())


def test_the_last_bill_of_a_closed_account_leads_to_no_page_that_nobody_can_open() -> None:
    message = rendered("final-invoice", link="", **BILL)
    for body in (text_of(message), html_of(message)):
        assert "nothing left to pay" in " ".join(body.split())
        assert PORTAL not in body


def test_a_credit_note_says_how_much_comes_back() -> None:
    message = rendered("credit-note-issued", link="", **BILL)
    assert "credit note ACME-000007" in message["Subject"]
    for body in (text_of(message), html_of(message)):
        assert "$42.00" in body
        assert "unpaid" not in body


def test_the_email_about_a_disabled_account_gives_the_reason_if_there_is_one() -> None:
    message = rendered("account-disabled", link="", disabled_reason="Fraud <suspected>")
    assert "Reason: Fraud <suspected>" in text_of(message)
    assert "Reason: Fraud &lt;suspected&gt;" in html_of(message)
    assert "Reason" not in text_of(rendered("account-disabled", link=""))


def test_a_payment_that_lifts_a_suspension_is_thanked_for() -> None:
    assert "Thank you for your payment" in text_of(rendered("suspension-lifted", link=""))
    assert "Thank you" not in text_of(rendered("account-enabled", link=""))


def test_the_email_about_a_closed_account_says_what_becomes_of_its_credit() -> None:
    message = rendered("account-closed", link="")
    for body in (text_of(message), html_of(message)):
        words = " ".join(body.split())
        for told in (
            "Acme",
            "22 November 2026",
            "Nimbus refunds any remaining credit",
            "final bill",
        ):
            assert told in words
        assert PORTAL not in body


@pytest.mark.parametrize("kind", KINDS)
def test_no_email_has_a_word_that_is_missing_or_a_line_too_many(kind: EmailKind) -> None:
    text = text_of(rendered(kind, **BILL, due="$17.50"))
    assert "  ." not in text
    assert "\n\n\n\n" not in text
    assert len(max(text.splitlines(), key=len)) <= 90


@pytest.mark.parametrize("kind", KINDS)
def test_an_email_bears_the_resellers_name_and_the_platforms_address(kind: EmailKind) -> None:
    message = rendered(kind, reseller_name="Nimbus Telecom")
    sender, receiver = message["From"].addresses[0], message["To"].addresses[0]
    assert (sender.display_name, sender.addr_spec) == ("Nimbus Telecom", "no-reply@mail.example")
    assert (receiver.display_name, receiver.addr_spec) == ("Jane", "jane@acme.example")
    assert "Nimbus Telecom" in message["Subject"]
    assert "Nimbus Telecom" in text_of(message)
    assert "Nimbus Telecom" in html_of(message)
    assert message["Auto-Submitted"] == "auto-generated"


def test_the_welcome_says_where_and_as_whom_to_sign_in() -> None:
    message = rendered("welcome", realm="acme-x1.nimbus.example")
    for body in (text_of(message), html_of(message)):
        for told in ("Acme", "acme-x1.nimbus.example", "jane@acme.example", f"{PORTAL}/login"):
            assert told in body


def test_every_try_has_the_same_message_id_and_its_own_date() -> None:
    first = rendered()
    email = EMAIL.model_copy(update={"account_name": "Acme"})
    later = NOW + timedelta(hours=1)
    second = render(
        email, LINK, portal_url=PORTAL, sender="Platform <no-reply@mail.example>", now=later
    )
    assert first["Message-ID"] == second["Message-ID"] == "<let_1@mail.example>"
    assert second["Date"].datetime == later


@pytest.mark.parametrize("kind", KINDS)
def test_an_email_loads_nothing_from_anywhere(kind: EmailKind) -> None:
    html = html_of(rendered(kind))
    for loading in ("<img", "<script", "<link", "@import", "url(", "src="):
        assert loading not in html


def test_names_are_text_in_the_html() -> None:
    message = rendered(
        first_name="<b>Jo</b>", account_name='A & "B" <script>', reseller_name="N'<i>m"
    )
    html = html_of(message)
    assert "<b>Jo" not in html
    assert "<script" not in html
    assert "<i>m" not in html
    assert "A &amp; &#34;B&#34; &lt;script&gt;" in html
    assert 'A & "B" <script>' in text_of(message)


NAMES = st.one_of(
    st.text(max_size=130),
    st.text(alphabet='aé,"<>@;:\\() .=?\r\n\t\0', max_size=130),
    st.sampled_from(
        ["Общество «Телефонные системы Новосибирск», лучший оператор связи в городе", "李"]
    ),
)


@given(first_name=NAMES, reseller_name=NAMES)
def test_no_name_adds_a_header_or_changes_an_address(first_name: str, reseller_name: str) -> None:
    message = rendered(first_name=first_name, reseller_name=reseller_name)
    assert set(message.keys()) == HEADERS
    assert [found.addr_spec for found in message["To"].addresses] == ["jane@acme.example"]
    assert [found.addr_spec for found in message["From"].addresses] == ["no-reply@mail.example"]
    # Decoded by RFC 2047 as mail programs do; Python's newer parser puts blanks in long names.
    plain = email.message_from_bytes(message.as_bytes(policy=policy.SMTP))
    shown, _ = parseaddr(plain["To"].replace("\r\n", ""))
    assert str(make_header(decode_header(shown))).split() == one_line(first_name).split()


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("jane@acme.example", "jane@acme.example"),
        ("jane@straße.example", "jane@xn--strae-oqa.example"),
        ("o'hara+x@acme.example", "o'hara+x@acme.example"),
        ('"a b"@acme.example', None),
        ("jane@acme.example\r\nBcc: x@y.example", None),
        ("jane@acme.example, x@y.example", None),
        ("nobody", None),
        ("", None),
    ],
)
def test_an_address_is_written_exactly_or_refused_for_good(
    address: str, written: str | None
) -> None:
    if written is not None:
        assert rendered(email=address)["To"].addresses[0].addr_spec == written
        return
    with pytest.raises(SendError) as refused:
        rendered(email=address)
    assert refused.value.for_good
