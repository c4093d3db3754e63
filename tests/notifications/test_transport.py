"""How an e-mail is handed over: to a mail server, safely, or to a folder, whole."""

import ssl
import stat
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesParser
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from services.chassis.settings import Settings
from services.notifications.mailer.transport import Folder, SendError, transport_of
from services.notifications.mailer.transport import MailServer as Transport
from tests.notifications.conftest import TIMEOUT_SECONDS
from tests.notifications.mail_server import MailServer

LOG_IN = "mailer:s3cret%20%40%2F@"


def message(to: str = "jane@acme.example") -> EmailMessage:
    local_part, _, domain = to.partition("@")
    made = EmailMessage(policy=policy.SMTP)
    made["From"] = Address("Nimbus", "no-reply", "mail.example")
    made["To"] = Address("Jane", local_part, domain)
    made["Message-ID"] = "<let_1@mail.example>"
    made.set_content("Hello")
    return made


def transport(server: MailServer, scheme: str = "smtp", log_in: str = "") -> Transport:
    return Transport(server.url(scheme, log_in), seconds_max=TIMEOUT_SECONDS)


async def refusal(transport: Transport | Folder, to: str = "jane@acme.example") -> SendError:
    with pytest.raises(SendError) as refused:
        await transport.send(message(to))
    return refused.value


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Give a server's certificate for 127.0.0.1 that this process trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, secret = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(chain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, secret)
    return context


@pytest.fixture
async def secure(certificate: ssl.SSLContext) -> AsyncIterator[MailServer]:
    """Give a mail server that wants STARTTLS and a log-in."""
    server = MailServer(tls=certificate, with_log_in=True)
    await server.start()
    yield server
    await server.stop()


# --- a mail server ------------------------------------------------------------------------


async def test_an_e_mail_is_handed_over_as_it_was_written(server: MailServer) -> None:
    await transport(server).send(message())
    (taken,) = server.emails()
    assert taken["Message-ID"] == "<let_1@mail.example>"
    assert taken.get_content().strip() == "Hello"
    assert server.recipients == ["jane@acme.example"]


async def test_a_log_in_goes_over_starttls(secure: MailServer) -> None:
    await transport(secure, log_in=LOG_IN).send(message())
    assert secure.passwords == [b"s3cret @/"]
    assert len(secure.taken) == 1


async def test_a_password_never_travels_in_clear_text(server: MailServer) -> None:
    server.with_log_in = True
    error = await refusal(transport(server, log_in=LOG_IN))
    assert not error.for_good
    assert server.talked_to == 1
    assert server.passwords == []


async def test_tls_from_the_start_is_smtps(certificate: ssl.SSLContext) -> None:
    server = MailServer(tls=certificate, tls_from_the_start=True, with_log_in=True)
    await server.start()
    try:
        await transport(server, "smtps", LOG_IN).send(message())
    finally:
        await server.stop()
    assert server.passwords == [b"s3cret @/"]
    assert len(server.taken) == 1


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    secure: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    error = await refusal(transport(secure, log_in=LOG_IN))
    assert not error.for_good
    assert secure.passwords == []


async def test_a_wrong_password_is_no_fault_of_the_email(secure: MailServer) -> None:
    error = await refusal(transport(secure, log_in="mailer:wrong@"))
    assert (error.for_good, str(error)) == (False, "the mail server refused to talk: 535")


@pytest.mark.parametrize(
    ("stage", "answer", "for_good"),
    [
        ("MAIL", "550 not you", True),
        ("MAIL", "451 later", False),
        ("RCPT", "550 not here", True),
        ("RCPT", "452 full", False),
        ("DATA", "554 spam", True),
        ("DATA", "421 later", False),
    ],
)
async def test_only_a_refusal_of_the_email_itself_with_500_or_more_is_for_good(
    server: MailServer, stage: str, answer: str, *, for_good: bool
) -> None:
    server.answers[stage] = answer
    error = await refusal(transport(server))
    assert error.for_good is for_good
    assert answer[:3] in str(error)
    assert answer[4:] not in str(error)


async def test_a_server_that_is_down_hangs_or_drops_may_be_better_later(
    server: MailServer,
) -> None:
    server.hangs = True
    error = await refusal(Transport(server.url(), seconds_max=0.2))
    assert not error.for_good
    server.hangs, server.drops = False, True
    assert not (await refusal(transport(server))).for_good
    await server.stop()
    assert not (await refusal(transport(server))).for_good


async def test_an_address_beyond_ascii_needs_a_server_that_takes_it(server: MailServer) -> None:
    await transport(server).send(message("jürgen@acme.example"))
    assert server.recipients == ["jürgen@acme.example"]
    server.utf8 = False
    assert (await refusal(transport(server), "jürgen@acme.example")).for_good


@pytest.mark.parametrize("url", ["http://mail.example", "mail.example:25", "smtp://", "smtp:///x"])
def test_an_address_that_is_no_mail_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="AM_SMTP_URL must look like"):
        Transport(url)


# --- a folder -----------------------------------------------------------------------------


async def test_a_folder_keeps_each_email_as_one_file_that_only_its_owner_reads(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "mail" / "box"
    for _ in range(2):
        await Folder(folder).send(message())
    (file,) = folder.iterdir()
    assert file.name == "let_1.eml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    kept = BytesParser(policy=policy.default).parsebytes(file.read_bytes())
    assert kept["To"].addresses[0].addr_spec == "jane@acme.example"


async def test_a_folder_that_cannot_be_written_may_be_better_later(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    assert not (await refusal(Folder(blocked / "mailbox"))).for_good


# --- the settings -------------------------------------------------------------------------


def test_emails_go_to_the_mail_server_if_there_is_one_and_else_to_the_folder() -> None:
    both = Settings(smtp_url=SecretStr("smtp://127.0.0.1:1"), mailbox_folder="/nowhere")
    assert isinstance(transport_of(both), Transport)
    assert isinstance(transport_of(Settings(mailbox_folder="/nowhere")), Folder)
    with pytest.raises(RuntimeError, match="AM_SMTP_URL"):
        transport_of(Settings())
