"""The mailer: every e-mail is sent once, or given up after its last try; no token is kept."""

import asyncio
import json
from contextlib import suppress
from email.message import EmailMessage
from typing import Any
from unittest.mock import Mock

import pytest
from pymongo.errors import AutoReconnect
from structlog.testing import capture_logs

from contracts.base import Refused
from contracts.notifications import EmailFailed, EmailSent
from services.notifications import mailer as mailer_module
from services.notifications import store
from services.notifications.mailer import send_email, send_links
from services.notifications.mailer.transport import SendError
from services.notifications.model import EMAIL_LEASE, RETRY_SECONDS, TRIES_MAX, Email
from tests.notifications.conftest import (
    ACTIVATED,
    CHANGED,
    RESET,
    Mailer,
    hash_of,
    text_of,
    token_in,
)
from tests.waiting import eventually


class Recorder:
    """A transport that keeps what it is given, and may be told what to do with it."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.sent: list[EmailMessage] = []
        self.begun = asyncio.Event()
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    async def send(self, message: EmailMessage) -> None:
        """Take the e-mail, or not."""
        self.begun.set()
        await self.may_go_on.wait()
        if self.error is not None:
            raise self.error
        self.sent.append(message)


async def stored(mailer: Mailer) -> dict[str, Any]:
    (email,) = await mailer.service.database.documents("letters").find({}, limit=2)
    return email


async def take(mailer: Mailer) -> Email:
    """Begin a try, as a mailer does."""
    emails = mailer.service.database.documents("letters")
    email = await store.claim_email(emails, mailer.service.clock(), "links")
    assert email is not None
    return email


# --- sending ------------------------------------------------------------------------------


async def test_a_welcome_is_sent_with_a_link_that_accounts_knows_by_its_hash(
    mailer: Mailer,
) -> None:
    await mailer.service.hear(ACTIVATED)
    assert await mailer.work() == 1
    (email,) = mailer.server.emails()
    assert mailer.server.recipients == ["jane@acme.example"]
    assert email["To"].addresses[0].addr_spec == "jane@acme.example"
    (link,) = mailer.accounts.links
    assert (link.user_id, link.purpose) == ("usr_1", "first-password")
    assert link.token_sha256 == hash_of(token_in(email))
    (notice,) = await mailer.service.sent(EmailSent)
    assert (notice.account_id, notice.reseller_id, notice.kind) == ("acc_1", "acc_r1", "welcome")
    assert (await stored(mailer))["state"] == "sent"
    mailer.service.clock.forward(days=2)
    assert await mailer.work() == 0


async def test_a_changed_password_is_told_without_a_link(mailer: Mailer) -> None:
    await mailer.service.hear(CHANGED)
    await mailer.work()
    (email,) = mailer.server.emails()
    assert "/reset/" not in text_of(email)
    assert mailer.accounts.links == []


async def test_an_event_delivered_again_and_again_is_one_mail(mailer: Mailer) -> None:
    for message_id in ("one", "one", "two"):
        await mailer.service.hear(ACTIVATED, message_id=message_id)
        await mailer.work()
    assert len(mailer.server.taken) == 1
    assert len(await mailer.service.sent(EmailSent)) == 1


async def test_many_mailers_send_each_email_once(mailer: Mailer) -> None:
    for number in range(12):
        await mailer.service.ask(RESET.model_copy(update={"user_id": f"usr_{number}"}))
    tries = await asyncio.gather(*(mailer.work() for _ in range(4)))
    assert sum(tries) == 12
    assert len({email["Message-ID"] for email in mailer.server.emails()}) == 12
    assert len(mailer.server.taken) == 12


async def test_two_emails_never_have_the_same_token(mailer: Mailer) -> None:
    for _ in range(5):
        await mailer.service.ask(RESET)
    await mailer.work()
    tokens = {token_in(email) for email in mailer.server.emails()}
    assert len(tokens) == 5
    assert all(len(token) == 43 for token in tokens), "256 bits, url-safe"
    assert {hash_of(token) for token in tokens} == set(mailer.accounts.hashes)


# --- trying again -------------------------------------------------------------------------


async def test_an_email_waits_for_a_mail_server_that_is_down(mailer: Mailer) -> None:
    await mailer.server.stop()
    await mailer.service.ask(RESET)
    assert await mailer.work() == 1
    assert (await stored(mailer))["state"] == "waiting"
    await mailer.server.start()
    mailer.service.clock.forward(seconds=RETRY_SECONDS[0] - 1)
    assert await mailer.work() == 0
    mailer.service.clock.forward(seconds=1)
    assert await mailer.work() == 1
    (email,) = mailer.server.emails()
    assert mailer.accounts.hashes[-1] == hash_of(token_in(email)), "each try has its own link"
    assert len(set(mailer.accounts.hashes)) == 2
    assert len(await mailer.service.sent(EmailSent)) == 1
    assert await mailer.service.sent(EmailFailed) == []


@pytest.mark.parametrize("answer", ["550 5.1.1 no such user", "553 not here"])
async def test_an_address_refused_for_good_fails_at_once(mailer: Mailer, answer: str) -> None:
    mailer.server.answers["RCPT"] = answer
    await mailer.service.ask(RESET)
    await mailer.work()
    (notice,) = await mailer.service.sent(EmailFailed)
    assert notice.reason == f"the recipient was refused: [{answer[:3]}]"
    assert (await stored(mailer))["state"] == "failed"
    mailer.service.clock.forward(days=2)
    assert await mailer.work() == 0


async def test_an_email_that_is_put_off_is_tried_until_it_is_given_up(mailer: Mailer) -> None:
    mailer.server.answers["RCPT"] = "451 later"
    await mailer.service.ask(RESET)
    for pause in (0, *RETRY_SECONDS):
        assert await mailer.service.sent(EmailFailed) == []
        mailer.service.clock.forward(seconds=pause)
        assert await mailer.work() == 1
    (notice,) = await mailer.service.sent(EmailFailed)
    assert "451" in notice.reason
    mailer.service.clock.forward(days=2)
    assert await mailer.work() == 0
    assert mailer.server.talked_to == TRIES_MAX


@pytest.mark.parametrize("fault", ["hangs", "drops"])
async def test_an_email_of_unknown_fate_is_sent_again_as_the_same_email(
    mailer: Mailer, fault: str
) -> None:
    setattr(mailer.server, fault, True)
    await mailer.service.ask(RESET)
    await mailer.work()
    assert (await stored(mailer))["state"] == "waiting"
    setattr(mailer.server, fault, False)
    mailer.service.clock.forward(seconds=RETRY_SECONDS[0])
    await mailer.work()
    first, second = mailer.server.emails()
    assert first["Message-ID"] == second["Message-ID"]
    assert len(await mailer.service.sent(EmailSent)) == 1


async def test_a_server_that_leaves_without_goodbye_gets_no_second_email(mailer: Mailer) -> None:
    mailer.server.drops_at_goodbye = True
    await mailer.service.ask(RESET)
    await mailer.work()
    mailer.service.clock.forward(days=1)
    assert await mailer.work() == 0
    assert len(mailer.server.taken) == 1
    assert len(await mailer.service.sent(EmailSent)) == 1


async def test_an_email_waits_for_accounts(mailer: Mailer) -> None:
    for problem in ("unavailable", "internal-error"):
        mailer.accounts.refusal = Refused(problem, "accounts does not answer.")
        await mailer.service.ask(RESET)
        await mailer.work()
    assert mailer.server.talked_to == 0
    mailer.accounts.refusal = None
    mailer.service.clock.forward(seconds=RETRY_SECONDS[0])
    await mailer.work()
    assert len(mailer.server.taken) == 2


async def test_an_email_to_a_user_that_is_gone_fails_at_once(mailer: Mailer) -> None:
    mailer.accounts.refusal = Refused("not-found", "There is no such user.")
    await mailer.service.ask(RESET)
    await mailer.work()
    (notice,) = await mailer.service.sent(EmailFailed)
    assert notice.reason == "what it brings was refused: not-found"
    assert mailer.server.talked_to == 0


async def test_an_email_that_cannot_be_written_stops_no_other(mailer: Mailer) -> None:
    await mailer.service.ask(RESET.model_copy(update={"email": "no address"}))
    await mailer.service.ask(RESET)
    assert await mailer.work() == 2
    assert len(mailer.server.taken) == 1
    (notice,) = await mailer.service.sent(EmailFailed)
    assert notice.reason == "the e-mail address is not valid"


async def test_an_error_nobody_thought_of_is_a_failed_try(mailer: Mailer) -> None:
    await mailer.service.ask(RESET)
    with capture_logs() as logs:
        await mailer.work(Recorder(ZeroDivisionError("oops")))
    email = await stored(mailer)
    assert (email["state"], email["tries"]) == ("waiting", 1)
    assert email["reason"] == "the e-mail could not be written: ZeroDivisionError"
    assert any(line["log_level"] == "error" for line in logs)


# --- mailers that vanish, and others that take over --------------------------------------------


async def test_an_email_whose_mailer_vanished_is_tried_after_its_lease(mailer: Mailer) -> None:
    await mailer.service.ask(RESET)
    await take(mailer)
    mailer.service.clock.forward(seconds=EMAIL_LEASE.total_seconds() - 1)
    assert await mailer.work() == 0
    mailer.service.clock.forward(seconds=1)
    assert await mailer.work() == 1
    assert len(mailer.server.taken) == 1


async def test_an_email_taken_while_a_clock_had_jumped_does_not_wait_for_that_time(
    mailer: Mailer,
) -> None:
    right = mailer.service.clock()
    await mailer.service.ask(RESET)
    mailer.service.clock.forward(days=1)
    await take(mailer)
    mailer.service.clock.now = right
    assert await mailer.work() == 1
    assert len(mailer.server.taken) == 1


async def test_an_email_that_ends_every_mailer_is_given_up(mailer: Mailer) -> None:
    await mailer.service.ask(RESET)
    for _ in range(TRIES_MAX):
        await take(mailer)
        mailer.service.clock.forward(seconds=EMAIL_LEASE.total_seconds())
    await mailer.work()
    (notice,) = await mailer.service.sent(EmailFailed)
    assert notice.reason == "every try was cut short"
    assert mailer.server.talked_to == 0


async def test_a_mailer_that_comes_too_late_changes_nothing(mailer: Mailer) -> None:
    await mailer.service.ask(RESET)
    slow = await take(mailer)
    mailer.service.clock.forward(seconds=EMAIL_LEASE.total_seconds())
    await mailer.work()
    for transport in (Recorder(SendError("550", for_good=True)), Recorder()):
        await send_email(mailer.running, transport, mailer.printer, slow)
    assert (await stored(mailer))["state"] == "sent"
    assert len(await mailer.service.sent(EmailSent)) == 1
    assert await mailer.service.sent(EmailFailed) == []


async def test_a_failure_that_comes_too_late_does_not_end_the_next_try(mailer: Mailer) -> None:
    await mailer.service.ask(RESET)
    slow = await take(mailer)
    mailer.service.clock.forward(seconds=EMAIL_LEASE.total_seconds())
    current = await take(mailer)
    await send_email(
        mailer.running, Recorder(SendError("550", for_good=True)), mailer.printer, slow
    )
    assert (await stored(mailer))["state"] == "waiting"
    await send_email(mailer.running, Recorder(), mailer.printer, current)
    assert len(await mailer.service.sent(EmailSent)) == 1
    assert await mailer.service.sent(EmailFailed) == []


async def test_an_email_is_not_sent_again_because_the_database_was_away(
    mailer: Mailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await mailer.service.ask(RESET)
    email = await take(mailer)
    keep, away = store.keep_outcome, iter([True, True, False])

    async def keep_when_back(*arguments: Any) -> bool:  # noqa: ANN401 - those of the real one
        if next(away):
            raise AutoReconnect("no primary")
        return await keep(*arguments)

    monkeypatch.setattr(store, "keep_outcome", keep_when_back)
    monkeypatch.setattr(mailer_module, "KEEP_PAUSE_SECONDS", 0.01)
    await send_email(mailer.running, Recorder(), mailer.printer, email)
    assert (await stored(mailer))["state"] == "sent"
    assert len(await mailer.service.sent(EmailSent)) == 1


# --- the loop -----------------------------------------------------------------------------


async def test_the_mailer_finds_new_emails_by_itself_until_it_is_stopped(
    mailer: Mailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailer_module, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(mailer_module, "LINKS_AT_ONCE", 2)
    running = asyncio.create_task(send_links(mailer.running))
    for wanted in (1, 6):
        for _ in range(wanted - len(mailer.server.taken)):
            await mailer.service.ask(RESET)
        await eventually(lambda wanted=wanted: len(mailer.server.taken) == wanted)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert len(await mailer.service.sent(EmailSent)) == 6


async def test_a_mailer_that_is_stopped_finishes_the_email_in_hand(
    mailer: Mailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Recorder()
    slow.may_go_on.clear()
    monkeypatch.setattr(mailer_module, "transport_of", Mock(return_value=slow))
    await mailer.service.ask(RESET)
    running = asyncio.create_task(send_links(mailer.running))
    await slow.begun.wait()
    running.cancel()
    done, _ = await asyncio.wait({running}, timeout=0.05)
    assert not done, "it waits for the e-mail in hand"
    slow.may_go_on.set()
    with suppress(asyncio.CancelledError):
        await running
    assert len(slow.sent) == 1
    assert len(await mailer.service.sent(EmailSent)) == 1


# --- secrets ------------------------------------------------------------------------------


async def everything_kept(mailer: Mailer) -> str:
    raw = mailer.service.database.raw
    names = await raw.list_collection_names()
    assert {"letters", "inbox", "outbox"} <= set(names)
    kept = [await raw[name].find({}).to_list(1_000) for name in names]
    return json.dumps(kept, default=repr)


async def test_no_token_is_in_the_database_or_the_logs(
    mailer: Mailer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    recorder = Recorder()
    with capture_logs() as logs:
        await mailer.service.hear(ACTIVATED)
        await mailer.work(recorder)
        await mailer.service.ask(RESET)
        await mailer.work(Recorder(ValueError("broken")))
        mailer.service.clock.forward(seconds=RETRY_SECONDS[0])
        await mailer.work()
    tokens = [token_in(email) for email in (*recorder.sent, *mailer.server.emails())]
    assert len(tokens) == 2
    # Our mail server is no part of the system; it logs what it reads.
    logged = [record.getMessage() for record in caplog.records if record.name != "mail.log"]
    seen = await everything_kept(mailer) + json.dumps(logs, default=repr) + "".join(logged)
    assert "jane@acme.example" in seen, "what is looked through holds the e-mails"
    assert logs, "and what was logged"
    for token in tokens:
        assert token not in seen
        assert hash_of(token) not in seen


async def test_what_a_mail_server_answers_is_not_kept(mailer: Mailer) -> None:
    mailer.server.answers["DATA"] = "554 5.7.1 spam: https://portal.example/reset/abc"
    await mailer.service.ask(RESET)
    with capture_logs() as logs:
        await mailer.work()
    (notice,) = await mailer.service.sent(EmailFailed)
    assert notice.reason == "the e-mail was refused: 554"
    assert "/reset/" not in await everything_kept(mailer) + json.dumps(logs)
