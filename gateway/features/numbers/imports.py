"""Lists of numbers that a page sends: checked first, imported, and what came of it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from contracts.base import Refused
from contracts.numbers import StockMode
from gateway.features.numbers import actions as numbers
from gateway.features.numbers.actions import StockChange, Taken
from gateway.features.numbers.views import StockImport
from gateway.files.tables import MappedTable, MappingNeeded, TableOptions
from gateway.portal.column_mapping import (
    NOT_KEPT,
    SentTable,
    digest_of,
    kept_as_read,
    kept_table,
    kept_when_refused,
    question_of,
    read_as_before,
    sent_table,
)
from gateway.portal.forms import Form, form_errors, one_of, status_of
from gateway.portal.views.parts import Choice, ImportReport, KeptTable, RowRefusal
from services.chassis.tables import Row

REFUSED_ROWS_SHOWN: Final = 100
CHECK: Final = "check"
REMOVE: Final = Choice(value="remove", label="Removes spare numbers")
OPERATORS_MODES: Final = (
    Choice(value="add", label="Adds numbers and changes fees"),
    Choice(value="reprice", label="Changes fees only"),
    REMOVE,
)
RESELLERS_MODES: Final = (
    Choice(value="reprice", label="Changes fees of spare numbers"),
    REMOVE,
)
_MODES: Final[tuple[StockMode, ...]] = ("add", "reprice", "remove")

Import = Callable[[bytes, TableOptions, StockChange], Awaitable[Taken]]


def empty_import(modes: tuple[Choice, ...]) -> StockImport:
    """Return the form before anything was sent."""
    return StockImport(modes=modes, mode=_mode(modes, ""))


def _mode(modes: tuple[Choice, ...], wanted: str) -> StockMode:
    known = one_of(_MODES, wanted)
    if known and any(choice.value == known for choice in modes):
        return known
    return one_of(_MODES, modes[0].value) or "reprice"


@dataclass(frozen=True, slots=True)
class Sent:
    """What to show after a list was sent."""

    form: StockImport
    errors: dict[str, str]
    status: int = 200

    @property
    def is_done(self) -> bool:
        """Whether the stock was changed, so that the next list needs a key of its own."""
        return self.form.report is not None and self.form.report.outcome != "checked"


async def send_list(form: Form, modes: tuple[Choice, ...], act: Import) -> Sent:
    """Check or import the list that a form carries, and return the form as it is shown then."""
    shown = replace(empty_import(modes), mode=_mode(modes, form.text("mode")))
    sent = await sent_table(form, "csv")
    if not sent.content:
        return Sent(shown, {"csv": "Choose a file or paste rows, one number per line."}, 422)
    order = StockChange(shown.mode, form.text("action") == CHECK)
    try:
        taken = await act(sent.content, sent.options, order)
    except MappingNeeded as needed:
        kept = kept_table(needed.table) if needed.table else None
        detail = needed.problem.detail if kept else f"{needed.problem.detail} {NOT_KEPT}"
        asked = replace(shown, question=question_of("numbers", needed))
        return Sent(_keeping(asked, kept), {"csv" if kept else "file": detail}, status_of(needed))
    except Refused as refusal:
        errors = form_errors(refusal, {"": "file" if sent.is_file else "csv"})
        kept = await _refused(form, sent)
        return Sent(_keeping(shown, kept), errors, status_of(refusal))
    report = taken.report
    done = report.added + report.changed + report.removed + report.unchanged
    status = 422 if report.refused and not done else 200
    return Sent(_answered(shown, taken, order, form.filename("file")), {}, status)


async def _refused(form: Form, sent: SentTable) -> KeptTable | None:
    """Return refused rows as they stay in the form; what a person has typed, exactly so."""
    if sent.is_file or form.text("has_header"):
        return await kept_when_refused(sent, numbers.LIMITS)
    return KeptTable(text=sent.content.decode(errors="replace"))


def _keeping(form: StockImport, kept: KeptTable | None) -> StockImport:
    """Return the form with rows that can be sent, and how they are read as long as they stay."""
    if kept is None:
        return form
    fields = kept.fields and (*kept.fields, ("kept", digest_of(kept.text)))
    return replace(form, csv=kept.text, answers=fields)


def _answered(shown: StockImport, taken: Taken, order: StockChange, file: str) -> StockImport:
    """Return the form with the report, and with the rows that can still be sent."""
    report, found = taken
    rows = found.table.rows
    if not order.dry_run:
        lines = {row.line for row in report.refused}
        rows = tuple(row for row in rows if row.line in lines)
    changes = report.added + report.changed + report.removed
    outcome = "checked" if order.dry_run else "imported" if changes else "refused"
    if outcome == "refused" and not report.refused:
        outcome = "imported"
    return replace(
        _keeping(shown, _waiting(found, rows)),
        differences=report.differences if order.dry_run else (),
        report=ImportReport(
            outcome=outcome,
            added=report.added,
            changed=report.changed,
            removed=report.removed,
            unchanged=report.unchanged,
            file=file,
            refusals=len(report.refused),
            refused=tuple(
                RowRefusal(line=row.line, content=row.number, reason=row.detail)
                for row in report.refused[:REFUSED_ROWS_SHOWN]
            ),
            read_as_before=read_as_before(
                "numbers", report.columns, remembered=report.mapping_remembered
            ),
        ),
    )


def _waiting(found: MappedTable, rows: Sequence[Row]) -> KeptTable | None:
    """Return rows as they stay in the form, without gaps; None when there are none."""
    if not rows:
        return None
    together = tuple(row._replace(line=line) for line, row in enumerate(rows, start=2))
    detected = replace(found.table.detected, header_line=None)
    return kept_as_read(
        found._replace(table=replace(found.table, rows=together, detected=detected))
    )
