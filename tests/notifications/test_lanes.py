"""Who waits for a link gets it at once, however many e-mails wait for a slow mail server."""

import asyncio
from contextlib import suppress

import pytest

from services.notifications import mailer as mailer_module
from services.notifications.mailer import EMAILS_AT_ONCE, send_emails, send_links
from tests.notifications.conftest import ACTIVATED, CHANGED, RESET, Mailer
from tests.waiting import eventually

BULK = 4 * EMAILS_AT_ONCE
SLOW_SECONDS = 1.0


async def waiting(mailer: Mailer) -> int:
    """Return how many e-mails without a link are still to be sent."""
    emails = mailer.service.database.documents("letters")
    return await emails.count({"state": "waiting", "kind": "password-changed"})


async def test_links_go_out_while_bulk_mail_waits_for_a_slow_mail_server(
    mailer: Mailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailer_module, "POLL_SECONDS", 0.02)
    mailer.server.slow_seconds = SLOW_SECONDS
    bulk = CHANGED.model_copy(update={"email": "many@acme.example"})
    for version in range(BULK):
        await mailer.service.hear(bulk.model_copy(update={"password_version": version}))
    work = [asyncio.create_task(lane(mailer.running)) for lane in (send_emails, send_links)]
    await eventually(lambda: mailer.server.talked_to >= EMAILS_AT_ONCE)
    waits = RESET.model_copy(update={"email": "locked.out@acme.example"})
    await mailer.service.ask(waits)
    await mailer.service.hear(ACTIVATED)
    await eventually(
        lambda: {"locked.out@acme.example", "jane@acme.example"} <= set(mailer.server.recipients)
    )
    assert await waiting(mailer) >= EMAILS_AT_ONCE, "bulk mail still waits for its turn"
    for one in work:
        one.cancel()
    for one in work:
        with suppress(asyncio.CancelledError):
            await one
    assert {link.purpose for link in mailer.accounts.links} == {"reset-password", "first-password"}


async def test_each_email_is_sent_by_one_lane_only(mailer: Mailer) -> None:
    await mailer.service.hear(ACTIVATED)
    await mailer.service.hear(CHANGED)
    await mailer.service.ask(RESET)
    assert await mailer.work() == 3
    assert len(mailer.server.taken) == 3
