"""The notifications service on an empty database, a mail server, and accounts' part."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path
from typing import get_args

import pytest

from accounts_manager.documents.printing import Printer
from contracts.accounts import (
    AccountActivated,
    AccountClosed,
    Administrator,
    PasswordChanged,
    RegisterLink,
)
from contracts.base import Ask, Done, Refused
from contracts.billing import GetInvoiceForDelivery
from contracts.notifications import SendPasswordLink
from services.chassis.bus import AnswerType, Bus
from services.chassis.database import Database
from services.chassis.service import Running
from services.chassis.settings import Settings
from services.notifications import store
from services.notifications.app import service
from services.notifications.mailer import send_email
from services.notifications.mailer.transport import MailServer as MailTransport
from services.notifications.mailer.transport import Transport
from services.notifications.model import Lane
from tests.harness import Harness
from tests.notifications.mail_server import MailServer
from tests.samples.documents import invoice

PORTAL = "https://portal.example"
LINK = re.compile(rf"{re.escape(PORTAL)}/reset/([A-Za-z0-9_-]+)")
TIMEOUT_SECONDS = 10.0

ACTIVATED = AccountActivated(
    account_id="acc_1",
    reseller_id="acc_r1",
    version=2,
    name="Acme Pharm",
    realm="acme-pharm-x1.nimbus.example",
    currency="USD",
    country="US",
    time_zone="America/New_York",
    administrator=Administrator(
        email="jane@acme.example", first_name="Jane", last_name="Doe", phone="+12125550123"
    ),
    administrator_user_id="usr_1",
    reseller_name="Nimbus Telecom",
    send_welcome=True,
)
CLOSED = AccountClosed(account_id="acc_1", reseller_id="acc_r1", version=9, name="Acme Pharm")
CHANGED = PasswordChanged(
    account_id="acc_1",
    reseller_id="acc_r1",
    user_id="usr_1",
    email="jane@acme.example",
    first_name="Jane",
    reseller_name="Nimbus Telecom",
    password_version=2,
    first_password=False,
)
RESET = SendPasswordLink(
    kind="reset-password",
    user_id="usr_1",
    account_id="acc_1",
    reseller_id="acc_r1",
    reseller_name="Nimbus Telecom",
    email="jane@acme.example",
    first_name="Jane",
)


class Accounts(Bus):
    """A bus on which accounts registers links and billing gives out invoices, or both refuse."""

    def __init__(self) -> None:
        super().__init__("", "")
        self.links: list[RegisterLink] = []
        self.refusal: Refused | None = None
        self.invoices: list[GetInvoiceForDelivery] = []

    async def ask(  # pyright: ignore[reportIncompatibleMethodOverride] - the mailer gives no more
        self, question: Ask[AnswerType], *, correlation_id: str
    ) -> AnswerType:
        """Answer as accounts and billing do."""
        assert correlation_id
        if self.refusal is not None:
            raise self.refusal
        if isinstance(question, GetInvoiceForDelivery):
            self.invoices.append(question)
            return invoice()  # pyright: ignore[reportReturnType] - it is what this question gets
        assert isinstance(question, RegisterLink)
        self.links.append(question)
        return Done()  # pyright: ignore[reportReturnType] - it is what this question gets

    @property
    def hashes(self) -> list[str]:
        """The hashes of the tokens, oldest first."""
        return [link.token_sha256 for link in self.links]


@dataclass(slots=True)
class Mailer:
    """The service with its mailer, which works when it is told to."""

    service: Harness
    server: MailServer
    folder: Path
    accounts: Accounts = field(default_factory=Accounts)
    printer: Printer = field(default_factory=Printer)

    @property
    def running(self) -> Running:
        """What background work gets."""
        settings = Settings.model_validate(
            {
                "smtp_url": self.server.url(),
                "portal_url": f"{PORTAL}/",
                "mail_sender": "Platform <no-reply@mail.example>",
            }
        )
        database: Database = self.service.database
        return Running("notifications", database, self.accounts, settings, self.service.clock)

    async def work(self, transport: Transport | None = None) -> int:
        """Try every e-mail that is due; tell how many there were."""
        seconds = 0.3 if self.server.hangs else TIMEOUT_SECONDS
        transport = transport or MailTransport(self.server.url(), seconds_max=seconds)
        emails = self.service.database.documents("letters")
        tries = 0
        for lane in get_args(Lane):
            while (
                email := await store.claim_email(emails, self.service.clock(), lane)
            ) is not None:
                await send_email(self.running, transport, self.printer, email)
                tries += 1
        return tries


@pytest.fixture
async def emails(mongodb_url: str, database_prefix: str) -> AsyncIterator[Harness]:
    """Give the service without any e-mail."""
    harness = await Harness.start(service, mongodb_url, database_prefix)
    yield harness
    await harness.stop()


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    """Give a mail server that listens."""
    server = MailServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def mailer(emails: Harness, server: MailServer, tmp_path: Path) -> AsyncIterator[Mailer]:
    """Give the service with its mailer and its mail server."""
    mailer = Mailer(emails, server, tmp_path / "mailbox")
    yield mailer
    await mailer.printer.stop()


async def kinds(emails: Harness) -> list[str]:
    """Return the kinds of the e-mails that wait, oldest first."""
    found = await emails.database.documents("letters").find({}, sort=[("_id", 1)], limit=100)
    assert all(email["state"] == "waiting" for email in found)
    return [email["kind"] for email in found]


def text_of(email: EmailMessage) -> str:
    """Return the plain text of an e-mail."""
    body = email.get_body(("plain",))
    assert body is not None
    return body.get_content()


def html_of(email: EmailMessage) -> str:
    """Return the HTML of an e-mail."""
    body = email.get_body(("html",))
    assert body is not None
    return body.get_content()


def token_in(email: EmailMessage) -> str:
    """Return the token of the link, the same in text and HTML."""
    (token,) = set(LINK.findall(text_of(email)))
    assert set(LINK.findall(html_of(email))) == {token}
    return token


def hash_of(token: str) -> str:
    """Return what accounts gets of a token."""
    return sha256(token.encode()).hexdigest()
