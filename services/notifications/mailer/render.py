"""Writes e-mails: subject, text and HTML, from the templates."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from pathlib import Path
from typing import Final

from email_validator import EmailNotValidError, validate_email
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from contracts.accounts import LINK_LIFETIMES
from contracts.notifications import EmailKind
from services.notifications.mailer.transport import SendError
from services.notifications.model import LINK_PURPOSES, Email, one_line

TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent.parent / "templates"),
    autoescape=select_autoescape(("html",)),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

SUBJECTS: Final[dict[EmailKind, str]] = {
    "welcome": "Welcome to {reseller_name}: set your password",
    "operator-welcome": "You’re now an operator of {reseller_name}: set your password",
    "reset-password": "Set a new password for {reseller_name}",
    "password-changed": "Your password for {reseller_name} was changed",
    "balance-low": "Your credit at {reseller_name} is running low",
    "invoice-issued": "Your bill {number} from {reseller_name}",
    "final-invoice": "Your final bill {number} from {reseller_name}",
    "credit-note-issued": "Your credit note {number} from {reseller_name}",
    "invoice-reminder": "Your bill {number} from {reseller_name} is unpaid",
    "account-suspended": "Your account at {reseller_name} is suspended",
    "suspension-lifted": "Your account at {reseller_name} is active again",
    "account-disabled": "Your account at {reseller_name} was disabled",
    "account-enabled": "Your account at {reseller_name} is active again",
    "account-closed": "Your account at {reseller_name} is closed",
}


def render(email: Email, link: str, *, portal_url: str, sender: str, now: datetime) -> EmailMessage:
    """Return the e-mail; `link` is its one-time link, `sender` the platform's address.

    The Message-ID is the same at each try, so that mail systems see a repeat for what it is.
    SendError is raised when no e-mail can go to the address.
    """
    texts = {
        name: one_line(value)
        for name, value in email.model_dump().items()
        if isinstance(value, str)
    }
    reseller_name = texts["reseller_name"]
    _, sender_address = parseaddr(sender)
    local_part, _, domain = sender_address.partition("@")
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(reseller_name, local_part, domain)
    message["To"] = _recipient(email)
    message["Subject"] = SUBJECTS[email.kind].format_map(texts)
    message["Date"] = now
    message["Message-ID"] = f"<{email.id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    values = {
        **texts,
        "link": link,
        "link_lifetime": _lifetime(email.kind),
        "portal_url": portal_url,
        "written_at": f"{email.created_at:%d %B %Y at %H:%M} UTC",
        "subject": message["Subject"],
    }
    message.set_content(TEMPLATES.get_template(f"{email.kind}.txt").render(values))
    html = TEMPLATES.get_template(f"{email.kind}.html").render(values)
    message.add_alternative(html, subtype="html")
    return message


def _lifetime(kind: EmailKind) -> str:
    """Say how long the link of such an e-mail works; empty for one without a link."""
    purpose = LINK_PURPOSES.get(kind)
    if purpose is None:
        return ""
    lifetime = LINK_LIFETIMES[purpose]
    return f"{lifetime.days} days" if lifetime.days else f"{lifetime.seconds // 60} minutes"


def _recipient(email: Email) -> Address:
    """Return whom it goes to, with the domain in the form that every mail server understands."""
    try:
        valid = validate_email(email.email, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise SendError("the e-mail address is not valid", for_good=True) from error
    return Address(one_line(email.first_name), valid.local_part, valid.ascii_domain)
