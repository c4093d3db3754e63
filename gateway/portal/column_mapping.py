"""The question what the columns of a table mean, and the answers that a form sends."""

from collections.abc import Sequence
from typing import Final

from contracts.tables import MEANINGS, ColumnMeaning, TableKind, meaning_of
from gateway.portal.forms import Form
from gateway.portal.views.parts import Choice, MappingColumn, MappingQuestion, ReadColumn
from gateway.tables import MappingNeeded, Recall, TableOptions
from services.chassis.tables import ENCODINGS, Stated

COLUMNS_MAX: Final = 256
NAME_CHARACTERS_MAX: Final = 100_000
CHOOSE_COLUMNS: Final = "columns"
"""The action of the button that asks about every column, also of those that are understood."""

_ENCODING_CHARACTERS_MAX: Final = 20
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
        encoding=str(needed.members.get("encoding", "")),
    )


def sent_options(form: Form, *, is_file: bool) -> TableOptions:
    """Return what a form says about its table; nothing when no question was shown yet.

    What was asked about stands in the form as text; a file that is sent instead has a form of
    its own.
    """
    recall: Recall = "ask" if form.text("action") == CHOOSE_COLUMNS else "use"
    answers: dict[str, str] = {}
    for place in form.names(_CHOOSE, COLUMNS_MAX):
        name = form.text(f"name-{place}", NAME_CHARACTERS_MAX)
        if name and (answer := form.text(f"{_CHOOSE}{place}")):
            answers[name] = answer
    header = form.text("has_header")
    if not header or is_file:
        return TableOptions(answers, recall=recall)
    encoding = form.text("table_encoding", _ENCODING_CHARACTERS_MAX)
    separator = "semicolon" if form.text("separator") == "semicolon" else "comma"
    return TableOptions(
        answers,
        Stated(separator=separator, header=header == "yes"),
        recall="leave" if recall == "use" else recall,
        confirmed_encoding=encoding if encoding in ENCODINGS else "",
    )


def read_as_before(
    kind: TableKind, columns: Sequence[ColumnMeaning], *, remembered: bool
) -> tuple[ReadColumn, ...]:
    """Return how columns were read, if that is known from an earlier table; else nothing."""
    if not remembered:
        return ()
    meant = ((one, meaning_of(kind, one.meaning)) for one in columns)
    return tuple(
        ReadColumn(name=one.name, meaning=meaning.label if meaning else one.meaning)
        for one, meaning in meant
    )
