"""A mail server of our own on 127.0.0.1, well behaved or as bad as a test wants it."""

import asyncio
import ssl
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from local.processes import free_port

TAKEN = "250 OK"


@dataclass(slots=True)
class MailServer:
    """Keeps what it takes; the answers and the behaviour can be set at any time."""

    port: int = field(default_factory=free_port)
    tls: ssl.SSLContext | None = None
    """With it, STARTTLS is offered."""

    tls_from_the_start: bool = False
    with_log_in: bool = False
    utf8: bool = True
    answers: dict[str, str] = field(default_factory=dict[str, str])
    """What is answered instead of 250 to MAIL, RCPT or DATA."""

    hangs: bool = False
    """It takes the content and never answers."""

    slow_seconds: float = 0.0
    """It thinks so long before it takes the content."""

    drops: bool = False
    """It takes the content and ends the connection without an answer."""

    drops_at_goodbye: bool = False
    taken: list[bytes] = field(default_factory=list[bytes])
    recipients: list[str] = field(default_factory=list[str])
    passwords: list[bytes] = field(default_factory=list[bytes])
    talked_to: int = 0
    _server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.get_running_loop().create_server(
            self._protocol,
            "127.0.0.1",
            self.port,
            ssl=self.tls if self.tls_from_the_start else None,
        )

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    def url(self, scheme: str = "smtp", log_in: str = "") -> str:
        """Return where it is; `log_in` is `user:password@`."""
        return f"{scheme}://{log_in}127.0.0.1:{self.port}"

    def emails(self) -> list[EmailMessage]:
        """Return what was taken, oldest first."""
        parser = BytesParser(policy=policy.default)
        return [parser.parsebytes(content) for content in self.taken]  # pyright: ignore[reportReturnType] - the policy makes EmailMessage

    def _protocol(self) -> SMTP:
        self.talked_to += 1
        return SMTP(
            self,
            hostname="mail.test",
            enable_SMTPUTF8=self.utf8,
            tls_context=None if self.tls_from_the_start else self.tls,
            authenticator=self._log_in if self.with_log_in else None,
            auth_require_tls=self.tls is not None and not self.tls_from_the_start,
            loop=asyncio.get_running_loop(),
        )

    def _log_in(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: object
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.passwords.append(data.password)
        return AuthResult(success=data.password == b"s3cret @/", handled=False)

    # --- what aiosmtpd calls ------------------------------------------------------------------

    async def handle_MAIL(  # noqa: D102, N802 - the name is aiosmtpd's
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self.answers.get("MAIL", TAKEN)

    async def handle_RCPT(  # noqa: D102, N802 - the name is aiosmtpd's
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: Any,  # noqa: ANN401 - unused
    ) -> str:
        if "RCPT" in self.answers:
            return self.answers["RCPT"]
        envelope.rcpt_tos.append(address)
        return TAKEN

    async def handle_DATA(  # noqa: D102, N802 - the name is aiosmtpd's
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        if "DATA" in self.answers:
            return self.answers["DATA"]
        assert isinstance(envelope.content, bytes)
        await asyncio.sleep(self.slow_seconds)
        self.taken.append(envelope.content)
        self.recipients += envelope.rcpt_tos
        if self.hangs:
            await asyncio.Event().wait()
        if self.drops:
            drop(server)
        return TAKEN

    async def handle_QUIT(  # noqa: D102, N802 - the name is aiosmtpd's
        self, server: SMTP, _session: Session, _envelope: Envelope
    ) -> str:
        if self.drops_at_goodbye:
            drop(server)
        return "221 Bye"


def drop(server: SMTP) -> None:
    """End the connection as a broken network does."""
    assert isinstance(server.transport, asyncio.Transport)
    server.transport.abort()
