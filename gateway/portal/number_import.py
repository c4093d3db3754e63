"""Lists of numbers that a page sends: checked first, imported, and what came of it."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from contracts.base import Refused
from contracts.numbers import StockMode
from gateway.actions.numbers import StockOrder, Taken
from gateway.portal.column_mapping import question_of, read_as_before, sent_options
from gateway.portal.forms import Form, form_errors, one_of, status_of
from gateway.portal.views.numbers import StockImport
from gateway.portal.views.parts import Choice, ImportReport, RowRefusal
from gateway.tables import MappedTable, MappingNeeded, TableOptions, as_csv
from services.chassis.tables import Row

REFUSED_ROWS_SHOWN: Final = 100
KEPT_CHARACTERS_MAX: Final = 900_000
"""Of a list that waits in the page until it is imported."""

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

Import = Callable[[bytes, TableOptions, StockOrder], Awaitable[Taken]]


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
    file, pasted = await form.upload("file"), await form.upload("csv")
    content = file or pasted
    kept = replace(shown, csv=pasted.decode(errors="replace"))
    if not content:
        return Sent(kept, {"csv": "Choose a file or paste rows, one number a line."}, 422)
    order = StockOrder(shown.mode, form.text("action") == CHECK)
    try:
        taken = await act(content, _options(form, file, pasted), order)
    except MappingNeeded as needed:
        asked = replace(kept, question=question_of("numbers", needed))
        if needed.table:
            asked = replace(asked, csv=as_csv(needed.table))
        return Sent(asked, {"csv": needed.problem.detail}, status_of(needed))
    except Refused as refusal:
        errors = {"csv" if pasted else "file": " ".join(form_errors(refusal).values())}
        return Sent(kept, errors, status_of(refusal))
    report = taken.report
    done = report.added + report.changed + report.removed + report.unchanged
    status = 422 if report.refused and not done else 200
    return Sent(_answered(shown, taken, order, form.filename("file")), {}, status)


def _options(form: Form, file: bytes, pasted: bytes) -> TableOptions:
    """Return what the form says about its table; what it says of kept rows isn't about others."""
    options = sent_options(form, is_file=bool(file))
    kept = form.text("kept")
    if file or (kept and kept != _digest(pasted.decode(errors="replace"))):
        return TableOptions(recall=options.recall if options.recall == "ask" else "use")
    return options


def _digest(text: str) -> str:
    """Return what tells rows from others; browsers end lines in their own way."""
    return hashlib.sha256("\n".join(text.splitlines()).encode()).hexdigest()


def _answered(shown: StockImport, taken: Taken, order: StockOrder, file: str) -> StockImport:
    """Return the form with the report, and with the rows that can still be sent."""
    report, found = taken
    rows = found.table.rows
    if not order.dry_run:
        lines = {row.line for row in report.refused}
        rows = tuple(row for row in rows if row.line in lines)
    csv, answers = _waiting(found, rows)
    changes = report.added + report.changed + report.removed
    outcome = "checked" if order.dry_run else "imported" if changes else "refused"
    if outcome == "refused" and not report.refused:
        outcome = "imported"
    return replace(
        shown,
        csv=csv,
        answers=answers,
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


def _waiting(found: MappedTable, rows: tuple[Row, ...]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return rows as text without gaps, and the fields that say what their columns mean."""
    if not rows:
        return "", ()
    together = tuple(row._replace(line=line) for line, row in enumerate(rows, start=2))
    detected = replace(found.table.detected, header_line=None)
    text = as_csv(replace(found.table, rows=together, detected=detected))
    if len(text) > KEPT_CHARACTERS_MAX:
        return "", ()
    answers = [("kept", _digest(text)), ("has_header", "yes" if found.table.header else "no")]
    for place, (name, meaning) in enumerate(zip(found.names, found.meanings, strict=True), start=1):
        answers += [(f"name-{place}", name), (f"column-{place}", meaning)]
    return text, tuple(answers)
