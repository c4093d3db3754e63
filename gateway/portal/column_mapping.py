"""Tables in forms: what their columns mean, and how a file that stays in its form was read."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from contracts.base import Refused
from contracts.tables import MEANINGS, ColumnMeaning, TableKind, column_names, meaning_of
from gateway.files.tables import (
    MappedTable,
    MappingNeeded,
    Recall,
    TableOptions,
    as_csv,
    read_rows,
)
from gateway.portal.forms import Form
from gateway.portal.views.parts import (
    Choice,
    KeptTable,
    MappingColumn,
    MappingQuestion,
    ReadColumn,
)
from services.chassis.tables import ENCODINGS, SEPARATORS, Limits, Stated, Table

COLUMNS_MAX: Final = 256
NAME_CHARACTERS_MAX: Final = 100_000
KEPT_BYTES_MAX: Final = 5_000_000
"""Of a file that stays in its form."""

CHOOSE_COLUMNS: Final = "columns"
"""The action of the button that asks about every column, also of those that are understood."""

NOT_KEPT: Final = "Then choose the file again."

_CHOOSE: Final = "column-"


@dataclass(frozen=True, slots=True)
class SentTable:
    """A table that a form carries: a file, or the text of one that stayed in the form."""

    content: bytes
    options: TableOptions
    is_file: bool


# --- what a form sends ------------------------------------------------------------------------


async def sent_table(form: Form, kept_field: str = "table") -> SentTable:
    """Return the table that a form carries, and how it is read; a chosen file comes first."""
    file, kept = await form.upload("file"), await form.upload(kept_field)
    digest = form.text("kept")
    is_another = bool(file) or bool(digest and digest != digest_of(kept.decode(errors="replace")))
    options = sent_options(form, is_file=is_another, keeps_another=bool(kept))
    if file and form.text("is_read"):
        options = TableOptions(recall=options.recall)  # nobody was asked: what is remembered counts
    return SentTable(file or kept, options, bool(file))


def sent_options(form: Form, *, is_file: bool, keeps_another: bool = False) -> TableOptions:
    """Return what a form says about its table; nothing when no question was shown yet.

    The form speaks of the text that stays in it. What it says about columns holds for a file that
    is sent instead (`is_file`) if that has the same columns; without names, only if none stayed.
    """
    recall: Recall = "ask" if form.text("action") == CHOOSE_COLUMNS else "use"
    answers, names = _answers(form)
    header, encoding = form.text("has_header"), form.text("table_encoding")
    encoding = encoding if encoding in ENCODINGS else ""
    if not header:
        return TableOptions(answers, recall=recall)
    if is_file:
        if keeps_another and header != "yes":
            return TableOptions(recall=recall)
        return TableOptions(answers, recall=recall, confirmed_encoding=encoding, about=names)
    separator = form.text("separator")
    return TableOptions(
        answers,
        Stated(separator=separator if separator in SEPARATORS else "comma", header=header == "yes"),
        recall="leave" if recall == "use" else recall,
        confirmed_encoding=encoding,
    )


def _answers(form: Form) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return what columns were said to mean, and the names of all columns of that table."""
    answers: dict[str, str] = {}
    names: list[str] = []
    for place in form.names(_CHOOSE, COLUMNS_MAX):
        name = form.text(f"name-{place}", NAME_CHARACTERS_MAX)
        names.append(name)
        if name and (answer := form.text(f"{_CHOOSE}{place}")):
            answers[name] = answer
    return answers, tuple(names)


# --- what stays in a form ---------------------------------------------------------------------


def kept_table(
    table: Table, meanings: Mapping[str, str] | None = None, encoding: str = ""
) -> KeptTable | None:
    """Return a table as it stays in its form; None when it is too large for a page.

    It keeps the separator that it came with, for semicolons say that commas are decimal. Without
    `meanings`, its question is beside it and sends what the columns mean.
    """
    separator = table.detected.separator or "comma"
    text = as_csv(table, separator=separator)
    if not fits(text):
        return None
    fields = [("separator", separator)]
    if meanings is not None:
        fields += _read_fields(table, meanings, encoding or table.detected.encoding)
    return KeptTable(text=text, fields=tuple(fields))


def fits(text: str) -> bool:
    """Tell whether a text is small enough to stay in a page."""
    return len(text) <= KEPT_BYTES_MAX and len(text.encode()) <= KEPT_BYTES_MAX


def _read_fields(table: Table, meanings: Mapping[str, str], encoding: str) -> list[tuple[str, str]]:
    fields = [("is_read", "yes"), ("has_header", "yes" if table.header is not None else "no")]
    if encoding and not encoding.startswith("utf"):
        fields.append(("table_encoding", encoding))
    names = column_names(table.header, table.width)
    for place, name in enumerate(names, start=1):
        fields += [(f"name-{place}", name), (f"{_CHOOSE}{place}", meanings.get(name, ""))]
    return fields


def kept_as_read(found: MappedTable, encoding: str = "") -> KeptTable | None:
    """Return a table as it stays in its form, to be read once more as it was."""
    meanings = dict(zip(found.names, found.meanings, strict=True))
    return kept_table(found.table, meanings, encoding)


async def kept_when_refused(sent: SentTable, limits: Limits) -> KeptTable | None:
    """Return a refused table as it stays in its form; None when it can't be read at all."""
    try:
        table = await read_rows(sent.content, sent.options.stated, limits)
    except Refused:
        return None
    return kept_table(table, sent.options.mapping, sent.options.confirmed_encoding)


def digest_of(text: str) -> str:
    """Return what tells a text from another; browsers end lines in their own way."""
    return hashlib.sha256("\n".join(text.splitlines()).encode()).hexdigest()


# --- what is asked and told ---------------------------------------------------------------------


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
