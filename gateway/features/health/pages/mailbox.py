"""The demo's mailbox: letters that were kept as files instead of being sent."""

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
from gateway.features.health.views import Letter, LetterRow, MailboxPage
from gateway.identity.authentication import gateway_of
from gateway.portal.browser import MaybeCaller, browser_of_caller
from gateway.portal.frame import shell_of
from gateway.portal.pages import render

LETTERS_SHOWN_MAX: Final = 100
_ID: Final = re.compile(r"[\w-][\w.-]{0,199}", re.ASCII)

router = APIRouter(include_in_schema=False)


@router.get("/dev/mailbox")
async def list_letters(request: Request, caller: MaybeCaller) -> Response:
    """List the newest letters; where letters are really sent there is no such page."""
    folder = _folder(request)
    zone = caller.user.time_zone if caller else "UTC"
    rows = await asyncio.to_thread(_rows, folder)
    return await _show(request, caller, MailboxPage(zone=zone, rows=rows))


@router.get("/dev/mailbox/{letter_id}")
async def read_letter(letter_id: str, request: Request, caller: MaybeCaller) -> Response:
    """Show one letter beside the others."""
    folder = _folder(request)
    zone = caller.user.time_zone if caller else "UTC"
    path = folder / f"{letter_id}.eml"
    if _ID.fullmatch(letter_id) is None or not path.is_file():
        raise Refused("not-found", "There is no such letter.")
    rows, letter = await asyncio.gather(
        asyncio.to_thread(_rows, folder), asyncio.to_thread(_letter, path)
    )
    return await _show(request, caller, MailboxPage(zone=zone, rows=rows, letter=letter))


def _folder(request: Request) -> Path:
    settings = gateway_of(request).settings
    if not (settings.demo and settings.mailbox_folder):
        raise Refused("not-found", "There’s nothing at this address.")
    return Path(settings.mailbox_folder)


async def _show(request: Request, caller: MaybeCaller, page: MailboxPage) -> Response:
    if caller is not None and caller.session is not None:
        return await browser_of_caller(request, caller).show(page)
    return HTMLResponse(render(page, shell_of(request, None)))


def _rows(folder: Path) -> tuple[LetterRow, ...]:
    paths = sorted(folder.glob("*.eml"), key=lambda path: path.stat().st_mtime, reverse=True)
    return tuple(_letter(path).row for path in paths[:LETTERS_SHOWN_MAX])


def _letter(path: Path) -> Letter:
    message = BytesParser(policy=policy.default).parsebytes(path.read_bytes())
    text = message.get_body(("plain",))
    return Letter(
        row=LetterRow(
            id=path.stem,
            to=str(message["To"]),
            subject=str(message["Subject"]),
            at=datetime.fromtimestamp(path.stat().st_mtime, UTC),
        ),
        text=text.get_content() if text else "",
    )
