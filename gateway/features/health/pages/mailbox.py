"""The demo's mailbox: e-mails that were kept as files instead of being sent."""

import asyncio
import re
from datetime import UTC, datetime
from email import policy
from email.parser import BytesParser
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from contracts.base import Refused
from gateway.features.health.views import Email, EmailRow, MailboxPage
from gateway.identity.authentication import gateway_of
from gateway.portal.browser import MaybeCaller, browser_of_caller
from gateway.portal.frame import shell_of
from gateway.portal.pages import render

EMAILS_SHOWN_MAX: Final = 100
_ID: Final = re.compile(r"[\w-][\w.-]{0,199}", re.ASCII)

router = APIRouter(include_in_schema=False)


@router.get("/dev/mailbox")
async def list_emails(request: Request, caller: MaybeCaller) -> Response:
    """List the newest e-mails; where e-mails are really sent there is no such page."""
    folder = _folder(request)
    zone = caller.user.time_zone if caller else "UTC"
    rows = await asyncio.to_thread(_rows, folder)
    return await _show(request, caller, MailboxPage(zone=zone, rows=rows))


@router.get("/dev/mailbox/{email_id}")
async def read_email(email_id: str, request: Request, caller: MaybeCaller) -> Response:
    """Show one e-mail beside the others."""
    folder = _folder(request)
    zone = caller.user.time_zone if caller else "UTC"
    path = folder / f"{email_id}.eml"
    if _ID.fullmatch(email_id) is None or not path.is_file():
        raise Refused("not-found", "There is no such e-mail.")
    rows, email = await asyncio.gather(
        asyncio.to_thread(_rows, folder), asyncio.to_thread(_email, path)
    )
    return await _show(request, caller, MailboxPage(zone=zone, rows=rows, email=email))


def _folder(request: Request) -> Path:
    settings = gateway_of(request).settings
    if not (settings.demo and settings.mailbox_folder):
        raise Refused("not-found", "There’s nothing at this address.")
    return Path(settings.mailbox_folder)


async def _show(request: Request, caller: MaybeCaller, page: MailboxPage) -> Response:
    if caller is not None and caller.session is not None:
        return await browser_of_caller(request, caller).show(page)
    return HTMLResponse(render(page, shell_of(request, None)))


def _rows(folder: Path) -> tuple[EmailRow, ...]:
    paths = sorted(folder.glob("*.eml"), key=lambda path: path.stat().st_mtime, reverse=True)
    return tuple(_email(path).row for path in paths[:EMAILS_SHOWN_MAX])


def _email(path: Path) -> Email:
    message = BytesParser(policy=policy.default).parsebytes(path.read_bytes())
    text = message.get_body(("plain",))
    return Email(
        row=EmailRow(
            id=path.stem,
            to=str(message["To"]),
            subject=str(message["Subject"]),
            at=datetime.fromtimestamp(path.stat().st_mtime, UTC),
        ),
        text=text.get_content() if text else "",
    )
