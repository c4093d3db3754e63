"""The mailer: takes letters that are due, sends each once, and says what became of it."""

import asyncio
import hashlib
import secrets
from datetime import timedelta
from typing import Final

import structlog

from contracts.accounts import RegisterLink
from contracts.base import Refused
from contracts.notifications import NoticeFailed, NoticeSent
from services.chassis.database import Cause, Transaction
from services.chassis.service import Running
from services.notifications import store
from services.notifications.mailer.render import render
from services.notifications.mailer.transport import SendError, Transport, transport_of
from services.notifications.model import LINK_PURPOSES, Letter

POLL_SECONDS: Final = 0.5
LETTERS_AT_ONCE: Final = 10
LEASE: Final = timedelta(seconds=90)
"""Longer than making the link and every time-out of sending together."""

TOKEN_BYTES: Final = 32

log = structlog.get_logger()


async def send_letters(running: Running) -> None:
    """Send what is due, ten letters at a time, for as long as the service runs."""
    transport = transport_of(running.settings)
    while True:
        sent = await asyncio.gather(
            *(send_next(running, transport) for _ in range(LETTERS_AT_ONCE))
        )
        if not any(sent):
            await asyncio.sleep(POLL_SECONDS)


async def send_next(running: Running, transport: Transport) -> bool:
    """Try the next letter that is due; tell whether there was one."""
    letters = running.database.documents("letters")
    letter = await store.claim_letter(letters, running.clock(), LEASE)
    if letter is None:
        return False
    try:
        link = await _make_link(running, letter)
        await transport.send(render(letter, link, running.settings.mail_sender))
    except SendError as error:
        await _settle(running, letter, str(error), for_good=error.for_good)
    except Refused as refusal:
        unavailable = refusal.problem.type == "unavailable"
        await _settle(running, letter, refusal.problem.type, for_good=not unavailable)
    else:
        await _settle(running, letter, "", for_good=False)
    return True


async def _make_link(running: Running, letter: Letter) -> str:
    """Make the letter's one-time link; the token is known to this process and its reader only."""
    purpose = LINK_PURPOSES.get(letter.kind)
    if purpose is None:
        return ""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    hashed = hashlib.sha256(token.encode()).hexdigest()
    await running.bus.ask(
        RegisterLink(user_id=letter.user_id, token_sha256=hashed, purpose=purpose)
    )
    return f"{running.settings.portal_url}/reset/{token}"


async def _settle(running: Running, letter: Letter, reason: str, *, for_good: bool) -> None:
    """Keep and announce what became of a try."""
    now = running.clock()
    after = letter.failed_once(now, reason, for_good=for_good) if reason else letter.sent()
    if reason:
        log.warning("letter not sent", letter=letter.id, reason=reason, state=after.state)

    async def keep(tx: Transaction) -> None:
        await store.save_letter(tx, after)
        notice = {
            "notice_id": letter.id,
            "account_id": letter.account_id,
            "reseller_id": letter.reseller_id,
            "kind": letter.kind,
        }
        if after.state == "sent":
            tx.announce(NoticeSent.model_validate(notice))
        elif after.state == "failed":
            tx.announce(NoticeFailed.model_validate({**notice, "reason": reason}))

    cause = Cause(message_id=f"{letter.id}:{after.tries}", correlation_id=letter.id)
    await running.database.once(f"{running.name}.mailer", cause, keep)
