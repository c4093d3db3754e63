"""From a letter to an e-mail: subject, text and HTML, from the templates."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from contracts.notifications import LetterKind
from services.notifications.model import Letter

TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent.parent / "templates"),
    autoescape=select_autoescape(("html",)),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

SUBJECTS: Final[dict[LetterKind, str]] = {
    "welcome": "Welcome to {reseller_name}: set your password",
    "operator-welcome": "You are an operator of {reseller_name}: set your password",
    "reset-password": "Set a new password for {reseller_name}",
    "password-changed": "Your password for {reseller_name} was changed",
}


def render(letter: Letter, link: str, sender: str) -> EmailMessage:
    """Return the e-mail; `link` is its one-time link, `sender` the platform's address.

    The Message-ID is the same at each try, so that mail systems see a repeat for what it is.
    """
    _, sender_address = parseaddr(sender)
    local_part, _, domain = sender_address.partition("@")
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(letter.reseller_name, local_part, domain)
    message["To"] = Address(letter.first_name, addr_spec=letter.email)
    message["Subject"] = SUBJECTS[letter.kind].format(reseller_name=letter.reseller_name)
    message["Date"] = letter.created_at
    message["Message-ID"] = f"<{letter.id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    values = {**letter.model_dump(), "link": link, "subject": message["Subject"]}
    message.set_content(TEMPLATES.get_template(f"{letter.kind}.txt").render(values))
    html = TEMPLATES.get_template(f"{letter.kind}.html").render(values)
    message.add_alternative(html, subtype="html")
    return message
