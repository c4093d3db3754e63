"""The question what the columns of a table mean, and the answers that a form sends."""

from typing import Final

from contracts.tables import MEANINGS, TableKind
from gateway.portal.forms import Form
from gateway.portal.views.parts import Choice, MappingColumn, MappingQuestion
from gateway.tables import MappingNeeded, TableOptions
from services.chassis.tables import Stated

COLUMNS_MAX: Final = 256
NAME_CHARACTERS_MAX: Final = 100_000
_CHOOSE: Final = "column-"


def question_of(kind: TableKind, needed: MappingNeeded) -> MappingQuestion:
    """Return the question that a refused table asks, with what is suggested chosen."""
    table = needed.table
    return MappingQuestion(
        columns=tuple(
            MappingColumn(
                name=column.name,
                samples=", ".join(column.samples),
                value=column.suggestion or "",
            )
            for column in needed.columns
        ),
        meanings=tuple(Choice(value=one.name, label=one.label) for one in MEANINGS[kind]),
        has_header=table is not None and table.header is not None,
    )


def sent_options(form: Form, *, is_file: bool) -> TableOptions:
    """Return what a form says about its table; nothing when no question was shown yet.

    What was asked about stands in the form as text; a file that is sent instead has a form of
    its own.
    """
    answers: dict[str, str] = {}
    for place in form.names(_CHOOSE, COLUMNS_MAX):
        name = form.text(f"name-{place}", NAME_CHARACTERS_MAX)
        if name and (answer := form.text(f"{_CHOOSE}{place}")):
            answers[name] = answer
    header = form.text("has_header")
    if not header or is_file:
        return TableOptions(answers)
    return TableOptions(answers, Stated(separator="comma", header=header == "yes"))
