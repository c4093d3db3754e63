"""Where e-mails go: to a mail server, or (in a demonstration) to a folder."""

import asyncio
import os
import secrets
from email.message import EmailMessage
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib
import structlog

from services.chassis.settings import Settings

SEND_SECONDS_MAX: Final = 10.0
GOODBYE_SECONDS_MAX: Final = 2.0
SMTP_PORT: Final = 587
SMTPS_PORT: Final = 465
PERMANENT_CODES: Final = range(500, 600)

log = structlog.get_logger()


class SendError(Exception):
    """The e-mail was not taken; the reason names codes, never what a server wrote."""

    def __init__(self, reason: str, *, for_good: bool) -> None:
        super().__init__(reason)
        self.for_good = for_good


class Transport(Protocol):
    """Takes an e-mail or raises SendError."""

    async def send(self, message: EmailMessage) -> None:
        """Hand the e-mail over."""
        ...


class MailServer:
    """A mail server, by its URL: `smtps` = TLS from the start, `smtp` = STARTTLS if offered.

    With a password, STARTTLS is required: a password never travels in clear text.
    """

    def __init__(self, url: str, *, seconds_max: float = SEND_SECONDS_MAX) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            message = "AM_SMTP_URL must look like smtp[s]://user:password@host:port"
            raise ValueError(message)
        self._secure = parts.scheme == "smtps"
        self._host = parts.hostname
        self._port = parts.port or (SMTPS_PORT if self._secure else SMTP_PORT)
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._seconds_max = seconds_max

    async def send(self, message: EmailMessage) -> None:
        """Hand the e-mail to the server within ten seconds; raises SendError.

        It is refused for good when the server refuses sender, recipient or content with a code of
        500 or more. All else may be better later: no connection, no answer, a refused log-in.
        """
        client = self._client(message)
        try:
            async with asyncio.timeout(self._seconds_max):
                await client.connect()
                await client.send_message(message)
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = sorted({refused.code for refused in error.recipients})
            for_good = all(code in PERMANENT_CODES for code in codes)
            raise SendError(f"the recipient was refused: {codes}", for_good=for_good) from error
        except (aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPDataError) as error:
            for_good = error.code in PERMANENT_CODES
            raise SendError(f"the e-mail was refused: {error.code}", for_good=for_good) from error
        except aiosmtplib.SMTPNotSupported as error:
            reason = "the mail server takes no addresses with letters beyond ASCII"
            raise SendError(reason, for_good=True) from error
        except aiosmtplib.SMTPResponseException as error:
            reason = f"the mail server refused to talk: {error.code}"
            raise SendError(reason, for_good=False) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            reason = f"the mail server could not be used: {type(error).__name__}"
            raise SendError(reason, for_good=False) from error
        else:
            await _say_goodbye(client)
        finally:
            client.close()

    def _client(self, message: EmailMessage) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            username=self._user,
            password=self._password,
            use_tls=self._secure,
            start_tls=True if self._password and not self._secure else None,
            timeout=self._seconds_max,
            # Without it the name server is asked for the name of this machine.
            local_hostname=message["From"].addresses[0].domain,
        )


async def _say_goodbye(client: aiosmtplib.SMTP) -> None:
    """End the talk; the e-mail is taken already, whether the server answers or not."""
    try:
        await client.quit(timeout=GOODBYE_SECONDS_MAX)
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        log.info("mail server left without goodbye", reason=type(error).__name__)


class Folder:
    """A folder that keeps each e-mail as a file, named after its id."""

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
        email_id = str(message["Message-ID"]).strip("<>").split("@", 1)[0]
        hidden = self._path / f".{email_id}-{secrets.token_hex(4)}.tmp"
        with os.fdopen(os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(message.as_bytes())
        hidden.rename(self._path / f"{email_id}.eml")


def transport_of(settings: Settings) -> Transport:
    """Return where this process sends its e-mails."""
    if url := settings.smtp_url.get_secret_value():
        return MailServer(url)
    if settings.mailbox_folder:
        return Folder(Path(settings.mailbox_folder))
    message = (
        "set AM_SMTP_URL, or AM_MAILBOX_FOLDER for a demonstration: e-mails have nowhere to go"
    )
    raise RuntimeError(message)
