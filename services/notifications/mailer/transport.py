"""Where e-mails go: to a mail server, or (in a demonstration) to a folder."""

import asyncio
import os
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib

from services.chassis.settings import Settings

SEND_SECONDS_MAX: Final = 10.0
SMTP_PORT: Final = 587
SMTPS_PORT: Final = 465
PERMANENT_CODES: Final = range(500, 600)


class SendError(Exception):
    """The e-mail was not taken."""

    def __init__(self, reason: str, *, for_good: bool) -> None:
        super().__init__(reason)
        self.for_good = for_good


class Transport(Protocol):
    """Takes an e-mail or raises SendError."""

    async def send(self, message: EmailMessage) -> None:
        """Hand the e-mail over."""
        ...


class MailServer:
    """A mail server, by its URL: smtp (STARTTLS where it is offered) or smtps."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._secure = parts.scheme == "smtps"
        self._host = parts.hostname or "127.0.0.1"
        self._port = parts.port or (SMTPS_PORT if self._secure else SMTP_PORT)
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None

    async def send(self, message: EmailMessage) -> None:
        """Hand the e-mail to the server within ten seconds; raises SendError."""
        try:
            async with asyncio.timeout(SEND_SECONDS_MAX):
                await aiosmtplib.send(
                    message,
                    hostname=self._host,
                    port=self._port,
                    username=self._user,
                    password=self._password,
                    use_tls=self._secure,
                    timeout=SEND_SECONDS_MAX,
                )
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [refused.code for refused in error.recipients]
            for_good = all(code in PERMANENT_CODES for code in codes)
            raise SendError(f"recipient refused: {codes}", for_good=for_good) from error
        except aiosmtplib.SMTPAuthenticationError as error:
            # The server's settings are wrong, not the letter: it waits until they are right.
            raise SendError(f"log-in refused: {error.code}", for_good=False) from error
        except aiosmtplib.SMTPResponseException as error:
            for_good = error.code in PERMANENT_CODES
            raise SendError(f"refused: {error.code}", for_good=for_good) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise SendError(type(error).__name__, for_good=False) from error


class Folder:
    """A folder that keeps each e-mail as a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def send(self, message: EmailMessage) -> None:
        """Write the e-mail, all of it or nothing; raises SendError."""
        try:
            await asyncio.to_thread(self._write, message)
        except OSError as error:
            raise SendError(f"not written: {error.strerror}", for_good=False) from error

    def _write(self, message: EmailMessage) -> None:
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        mark = str(message["Message-ID"]).strip("<>").split("@", 1)[0]
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{mark}"
        hidden = self._path / f".{name}.tmp"
        with os.fdopen(os.open(hidden, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(message.as_bytes())
        hidden.rename(self._path / f"{name}.eml")


def transport_of(settings: Settings) -> Transport:
    """Return where this process sends its e-mails."""
    if url := settings.smtp_url.get_secret_value():
        return MailServer(url)
    if settings.mailbox_folder:
        return Folder(Path(settings.mailbox_folder))
    message = "set SMTP_URL, or MAILBOX_FOLDER for a demonstration: letters have nowhere to go"
    raise RuntimeError(message)
