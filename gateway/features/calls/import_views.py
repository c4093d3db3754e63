"""The page that imports calls from a file of a switch: its form, a question, a report."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

from contracts.call_files import CallFileFormat
from gateway.features.calls.import_schemas import CallImport, ImportedCall, ImportedCallStatus
from gateway.features.rejected_calls.views import REASONS
from gateway.portal.views.parts import Choice, KeptTable, Kpi, MappingQuestion, ReadColumn

CALLS_SHOWN: Final = 100

STATUSES: Final[Mapping[ImportedCallStatus, str]] = {
    "accepted": "To be charged",
    "already-charged": "Already charged",
    "rejected": "Rejected",
    "not-answered": "Not answered",
    "not-outbound": "Not outbound",
    "ignored": "Ignored",
}


FORMATS: Final[Mapping[CallFileFormat, str]] = {
    "table": "A table with column names",
    "asterisk-master": "Asterisk: Master.csv",
    "freeswitch-csv": "FreeSWITCH: Master.csv",
    "freeswitch-json": "FreeSWITCH: JSON (mod_json_cdr)",
    "freeswitch-xml": "FreeSWITCH: XML (mod_xml_cdr)",
    "kazoo-json": "Kazoo: JSON",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CallImportFields:
    """The form, as it was sent."""

    call_format: str = ""
    time_zone: str = ""
    dial_format: str = ""
    account_from: str = "account"
    account: str = ""
    codes: str = ""
    """One a line: `1004 = acc_7h2`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCallsPage:
    """`/calls/import`: calls of a file are checked and charged."""

    template: ClassVar[str] = "calls/import.html"
    title: str = "Import calls"
    section: str = "rejected-calls"
    fields: CallImportFields
    time_zones: tuple[Choice, ...]
    dial_formats: tuple[Choice, ...]
    question: MappingQuestion | None = None
    report: CallImport | None = None
    read_as_before: tuple[ReadColumn, ...] = ()
    kept: KeptTable | None = None
    """The file, while its columns are explained or its report is looked at."""

    errors: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def formats(self) -> tuple[Choice, ...]:
        """What may have written a file."""
        return tuple(Choice(value=value, label=label) for value, label in FORMATS.items())

    @property
    def account_sources(self) -> tuple[Choice, ...]:
        """By which column rows may name their account."""
        return (
            Choice(value="account", label="Account column"),
            Choice(value="caller", label="Caller"),
        )

    @property
    def heading(self) -> str:
        """What became of the file."""
        assert self.report is not None, "it is shown with a report"
        if self.report.dry_run:
            return "File checked. Nothing charged yet."
        return "Calls imported"

    @property
    def figures(self) -> tuple[Kpi, ...]:
        """How many calls there are of each kind."""
        report = self.report
        assert report is not None, "it is shown with a report"
        accepted = "To be charged" if report.dry_run else "Accepted"
        counts = (
            ("Calls", report.calls),
            (accepted, report.accepted),
            ("Already charged", report.already_charged),
            ("Rejected", report.rejected),
            ("Not answered", report.not_answered),
            ("Not outbound", report.not_outbound),
            ("Ignored", report.ignored),
        )
        return tuple(
            Kpi(label=label, value=count) for label, count in counts if count or label == "Calls"
        )

    @property
    def rows(self) -> tuple[ImportedCall, ...]:
        """The first calls, those first that a person should look at."""
        assert self.report is not None, "it is shown with a report"
        ordered = sorted(self.report.data, key=lambda call: call.status != "rejected")
        return tuple(ordered[:CALLS_SHOWN])

    def status(self, call: ImportedCall) -> str:
        """Return what became of a call, in words."""
        if call.reason:
            return REASONS.get(call.reason, call.reason)
        if call.status == "accepted" and self.report and not self.report.dry_run:
            return "Accepted"
        return STATUSES.get(call.status, call.status)
