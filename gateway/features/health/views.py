"""Pages for operators: how the parts of the system are, and the demo's mailbox."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from gateway.portal.views.parts import (
    Kpi,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRow:
    """One part of the system and how it is."""

    name: str
    status: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthPage:
    """`/parts`: how the parts of the system are."""

    template: ClassVar[str] = "health/parts.html"
    title: str = "Health"
    section: str = "health"
    figures: tuple[Kpi, ...]
    parts: tuple[PartRow, ...]
    zone: str
    looked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailRow:
    """One e-mail kept as a file."""

    id: str
    to: str
    subject: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    """An e-mail's text; its lines that are links are shown as links."""

    row: EmailRow
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxPage:
    """`/dev/mailbox` and `/dev/mailbox/{id}`: the demo's e-mails, newest first."""

    template: ClassVar[str] = "health/mailbox.html"
    title: str = "Mailbox"
    section: str = "mailbox"
    zone: str
    rows: tuple[EmailRow, ...]
    email: Email | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemRow:
    """One problem of the API."""

    code: str
    status: int
    title: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemsPage:
    """`/docs/problems`: what each code of a problem means, for anyone."""

    template: ClassVar[str] = "health/problems.html"
    title: str = "API problems"
    section: str = "help"
    problems: tuple[ProblemRow, ...]
