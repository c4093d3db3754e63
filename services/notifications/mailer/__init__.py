"""The mailer: takes e-mails that are due, sends each once, and says what became of it."""

import asyncio
import hashlib
import secrets
from typing import Final

import structlog
from structlog.contextvars import bound_contextvars

from accounts_manager.documents.printing import Printer
from contracts.accounts import RegisterLink
from contracts.base import Refused
from contracts.notifications import EmailFailed, EmailSent
from contracts.problems import PROBLEMS
from services.chassis import mongo
from services.chassis.database import Transaction, Trigger
from services.chassis.service import Running
from services.notifications import store
from services.notifications.mailer.enclosing import enclose_invoice
from services.notifications.mailer.render import render
from services.notifications.mailer.transport import SendError, Transport, transport_of
from services.notifications.model import LINK_PURPOSES, Email, Lane

POLL_SECONDS: Final = 0.5
EMAILS_AT_ONCE: Final = 10
LINKS_AT_ONCE: Final = 5
KEEP_SECONDS_MAX: Final = 60.0
"""How long the outcome of a try waits for a database that is away."""

KEEP_PAUSE_SECONDS: Final = 1.0
TOKEN_BYTES: Final = 32
SERVER_ERROR: Final = 500

log = structlog.get_logger()


async def send_emails(running: Running) -> None:
    """Send all e-mails without a link, ten at a time; when stopped, first finish those in hand."""
    await _send_due(running, "bulk", EMAILS_AT_ONCE)


async def send_links(running: Running) -> None:
    """Send e-mails with one-time links beside all others; likewise."""
    await _send_due(running, "links", LINKS_AT_ONCE)


async def _send_due(running: Running, lane: Lane, at_once: int) -> None:
    transport = transport_of(running.settings)
    printer = Printer(running.settings.print_niceness)
    emails = running.database.documents("letters")
    in_hand: set[asyncio.Task[None]] = set()
    try:
        while True:
            if len(in_hand) == at_once:
                await asyncio.wait(in_hand, return_when=asyncio.FIRST_COMPLETED)
                continue
            email = await store.claim_email(emails, running.clock(), lane)
            if email is None:
                await asyncio.sleep(POLL_SECONDS)
                continue
            task = asyncio.create_task(send_email(running, transport, printer, email))
            in_hand.add(task)
            task.add_done_callback(in_hand.discard)
    finally:
        if in_hand:
            await asyncio.wait(in_hand)
        await printer.stop()


async def send_email(
    running: Running, transport: Transport, printer: Printer, email: Email
) -> None:
    """Try to send an e-mail that was just taken; keep and announce what became of it."""
    with bound_contextvars(trail=email.trail, email=email.id):
        try:
            after = await _try(running, transport, printer, email)
            await _keep(running, after)
        except Exception:
            # Whatever it was must not end the mailer; the try ends with its lease.
            log.exception("outcome of an e-mail not kept")


async def _try(running: Running, transport: Transport, printer: Printer, email: Email) -> Email:
    if email.worn_out:
        return email.failed(running.clock(), "every try was cut short", for_good=True)
    portal_url = running.settings.portal_url.rstrip("/")
    try:
        link = await _make_link(running, email, portal_url)
        message = render(
            email,
            link,
            portal_url=portal_url,
            sender=running.settings.mail_sender,
            now=running.clock(),
        )
        await enclose_invoice(running, printer, email, message)
        await transport.send(message)
    except SendError as error:
        after = email.failed(running.clock(), str(error), for_good=error.for_good)
    except Refused as refusal:
        status, _ = PROBLEMS[refusal.problem.code]
        after = email.failed(
            running.clock(),
            f"what it brings was refused: {refusal.problem.code}",
            for_good=status < SERVER_ERROR,
        )
    except Exception as error:
        log.exception("e-mail not written")
        reason = f"the e-mail could not be written: {type(error).__name__}"
        after = email.failed(running.clock(), reason, for_good=False)
    else:
        return email.sent()
    log.warning("e-mail not sent", reason=after.reason, state=after.state, tries=after.tries)
    return after


async def _make_link(running: Running, email: Email, portal_url: str) -> str:
    """Make the e-mail's one-time link; the token is known to this process and its reader only."""
    purpose = LINK_PURPOSES.get(email.kind)
    if purpose is None:
        return ""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    hashed = hashlib.sha256(token.encode()).hexdigest()
    await running.bus.ask(
        RegisterLink(
            user_id=email.user_id, token_sha256=hashed, purpose=purpose, email=email.email
        ),
        correlation_id=email.trail,
    )
    return f"{portal_url}/reset/{token}"


async def _keep(running: Running, after: Email) -> None:
    """Keep and announce the outcome; wait for a database that is away, lest it be sent again."""
    notice = {
        "email_id": after.id,
        "account_id": after.account_id,
        "reseller_id": after.reseller_id,
        "kind": after.kind,
    }

    async def keep(tx: Transaction) -> None:
        news = await store.keep_outcome(tx, after)
        if news and after.state == "sent":
            tx.announce(EmailSent.model_validate(notice))
        elif news and after.state == "failed":
            tx.announce(EmailFailed.model_validate({**notice, "reason": after.reason}))

    trigger = Trigger(message_id=f"{after.id}:{after.tries}", correlation_id=after.trail)
    async with asyncio.timeout(KEEP_SECONDS_MAX):
        while True:
            try:
                await running.database.once(f"{running.name}.mailer", trigger, keep)
            except mongo.PyMongoError as error:
                if not mongo.is_outage(error):
                    raise
                log.warning("waiting for MongoDB", reason=type(error).__name__)
                await asyncio.sleep(KEEP_PAUSE_SECONDS)
            else:
                return
