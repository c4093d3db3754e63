"""Small typed pieces that several pages show: badges, links, columns, pages of a list."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlencode

Tone = Literal["ok", "warning", "bad", "neutral", "busy"]

STATUS_TONES: Mapping[str, Tone] = {
    "active": "ok",
    "opening": "busy",
    "disabled": "neutral",
    "suspended": "warning",
    "closed": "neutral",
    "failed": "bad",
    "available": "ok",
    "reserved": "busy",
    "assigned": "neutral",
    "quarantine": "warning",
    "waiting": "warning",
    "retrying": "busy",
    "dismissed": "neutral",
    "charged": "ok",
    "issued": "warning",
    "paid": "ok",
    "overdue": "bad",
    "void": "neutral",
    "ready": "ok",
    "attention": "warning",
    "failing": "bad",
}
STATUS_LABELS: Mapping[str, str] = {
    "available": "Spare",
    "quarantine": "Quarantine",
    "retrying": "Retrying",
    "issued": "Unpaid",
    "void": "Written off",
    "attention": "Look at it",
    "failing": "Not ready",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Where something leads and what it is called."""

    label: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One entry of a select."""

    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingColumn:
    """A column of an uploaded table: some values of it, and the meaning that is chosen so far."""

    name: str
    samples: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingQuestion:
    """What the columns of an uploaded table mean, to be answered by a person."""

    columns: tuple[MappingColumn, ...]
    meanings: tuple[Choice, ...]
    has_header: bool
    encoding: str = ""
    """That is confirmed by answering; empty where the file leaves no doubt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTable:
    """A file that stays in its form while it is explained or looked at: nobody chooses it again."""

    text: str
    fields: tuple[tuple[str, str], ...] = ()
    """How it was read, so that it is read the same way again: hidden fields with their values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadColumn:
    """A column of a table that was read, and in words what it was read as."""

    name: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One entry of a segmented filter; `count` is how many the list would then hold."""

    label: str
    url: str
    current: bool
    count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpi:
    """One figure of the strip: a whole number, or micro-units when it has a currency.

    `trend` says how it grew, such as `6 this month`.
    """

    label: str
    value: int
    currency: str = ""
    trend: str = ""
    link: Link | None = None
    warns: bool = False
    """Whether it stands out because it needs attention."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A table's column: `url` sorts by it, `direction` says that it is the one sorted by."""

    label: str
    url: str = ""
    direction: Literal["ascending", "descending", ""] = ""
    numeric: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pager:
    """What part of a list is shown; an empty URL means that there is no such page."""

    text: str
    first_url: str = ""
    """For lists that know no way back but to their beginning."""

    previous_url: str = ""
    next_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """What a list's URL says: its path and its parameters, from which each link is made."""

    path: str
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])

    def url(self, **changes: str) -> str:
        """Return the URL with some parameters changed; an empty value takes one away."""
        wanted = {name: value for name, value in {**self.parameters, **changes}.items() if value}
        return f"{self.path}?{urlencode(wanted)}" if wanted else self.path

    def file(self, path: str, *names: str, **more: str) -> str:
        """Return the address of the list as a file, with these of its parameters and more."""
        kept = {name: self.value(name) for name in names}
        return ListQuery(path=path, parameters={**kept, **more}).url()

    def value(self, name: str) -> str:
        """Return a parameter, or nothing."""
        return self.parameters.get(name, "")

    def segment(self, parameter: str, value: str, label: str, count: int | None = None) -> Segment:
        """Return one filter of the list; choosing it starts at the first page again."""
        current = self.value(parameter) == value
        url = self.url(**{parameter: value, "after": ""})
        return Segment(label=label, url=url, current=current, count=count)

    def column(self, name: str, label: str, *, numeric: bool = False) -> Column:
        """Return a sortable column; `sort=name` is upwards, `sort=-name` downwards."""
        sort = self.value("sort")
        upwards = sort == name
        url = self.url(sort=f"-{name}" if upwards else name, after="")
        direction = "ascending" if upwards else "descending" if sort == f"-{name}" else ""
        return Column(label=label, url=url, direction=direction, numeric=numeric, name=name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a process that a person watches."""

    label: str
    state: Literal["done", "now", "next", "failed"]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRefusal:
    """One line of an imported file that was refused: its number, what it holds, and why."""

    line: int
    content: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did, or would do when the file was only checked.

    `refusals` counts all refused rows; `refused` shows the first of them.
    """

    outcome: Literal["checked", "imported", "refused"]
    added: int
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    file: str = ""
    """What the file was called."""

    refusals: int = 0
    refused: tuple[RowRefusal, ...] = ()
    read_as_before: tuple[ReadColumn, ...] = ()
    """How the columns were read, where that's known from an earlier file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsHead:
    """What stands above the tabs: whose account it is, and the credit that is left for calls.

    An operator has no account (no id), and so few tabs. `available` is None when it cannot be
    known at the moment; in micro-units.
    """

    account_name: str
    account_id: str = ""
    realm: str = ""
    currency: str = ""
    available: int | None = None
    unpaid_bills: int = 0
    suspended: bool = False
    """Its bills are unpaid for so long that calls are refused."""
    seller: bool = False
    """Whether invoices are sent in its name, which a tab more is about."""


def no_errors() -> Mapping[str, str]:
    """Return a form's errors when there are none.

    Field name → sentence that says how to fix it; the empty name is the form as a whole.
    """
    return {}
