"""Files of accounts: which orders they have, once each column has a meaning."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from contracts.base import FieldError, Refused
from contracts.tables import decimal_comma_of, guesses_of
from gateway.features.account_imports.answers import RowFault
from gateway.features.account_imports.cells import MONEY, POINTERS, READERS, Context, SpareWish
from gateway.features.opening.schemas import AccountBody
from gateway.files.tables import MappedTable
from gateway.http.problems import sentence_of
from services.chassis.tables import Row

PLAN_NAME_DERIVED: Final = (
    "Each plan is called like its account, unless the file has a column of plan names."
)


class FileRow(NamedTuple):
    """A row of a file: the order that it is, and what is wrong with it so far."""

    line: int
    name: str
    email: str
    body: AccountBody | None
    """None when it can't be understood."""

    spare: tuple[SpareWish, ...] = ()
    faults: tuple[RowFault, ...] = ()

    def with_faults(self, *faults: RowFault) -> "FileRow":
        """Return the row with more that is wrong with it."""
        return self._replace(faults=(*self.faults, *faults))


class Columns(NamedTuple):
    """What is known about the columns of a file."""

    found: MappedTable
    stated: Mapping[str, str]
    """Texts of what the file has no column for, by meaning."""

    contexts: Mapping[str, Context]
    """With what amounts are read, by meaning."""

    context: Context

    @property
    def derives_plan_names(self) -> bool:
        """Whether plans are called like their accounts."""
        return "plan_name" not in self.found.meanings

    def name_of(self, pointer: str) -> str:
        """Return what the file calls the column that a field comes from; "" when none does."""
        for meaning, name in zip(self.found.meanings, self.found.names, strict=True):
            about = POINTERS.get(meaning, ())
            if any(pointer == one or pointer.startswith(f"{one}/") for one in about):
                return name
        return self.name_of("/name") if pointer == "/plan/name" else ""

    def column_of(self, meaning: str) -> str:
        """Return what the file calls the column with a meaning; "" when it has none."""
        meanings = self.found.meanings
        return self.found.names[meanings.index(meaning)] if meaning in meanings else ""

    def fault(self, line: int, error: FieldError, meaning: str = "") -> RowFault:
        """Return what is wrong with a field as what is wrong with a cell.

        `meaning` is that of its column, where several may be about the field.
        """
        detail = error.detail
        if error.pointer == "/plan/name" and self.derives_plan_names:
            detail = f"{detail} {PLAN_NAME_DERIVED}"
        return RowFault(
            line=line,
            column=self.column_of(meaning) if meaning else self.name_of(error.pointer),
            pointer=error.pointer,
            type=error.type,
            detail=detail,
        )


def columns_of(
    found: MappedTable,
    stated: Mapping[str, str],
    currency: str,
    rate_sheets: Mapping[str, str],
) -> Columns:
    """Return what is known about the columns; refused when amounts are in another currency."""
    guesses = guesses_of("accounts", found.names)
    for name, guess, meaning in zip(found.names, guesses, found.meanings, strict=True):
        if meaning in MONEY and guess.currency not in (None, currency):
            detail = f"The column “{name}” is not in {currency}, the currency of your accounts."
            raise Refused("malformed-request", detail)
    missing = {meaning: text for meaning, text in stated.items() if meaning not in found.meanings}
    context = Context(currency, rate_sheets)
    contexts = {
        meaning: context._replace(decimal_comma=_decimal_comma(found, meaning)) for meaning in MONEY
    }
    return Columns(found, missing, contexts, context)


def _decimal_comma(found: MappedTable, meaning: str) -> bool | None:
    if meaning not in found.meanings:
        return None
    place = found.meanings.index(meaning)
    separated = found.table.detected.separator == "semicolon"
    cells = (_cell(row, place) for row in found.table.rows)
    return decimal_comma_of(cells, otherwise=True if separated else None)


def rows_of(columns: Columns) -> Iterator[FileRow]:
    """Yield each row as the order that it is."""
    for row in columns.found.table.rows:
        yield _row(row, columns)


def _row(row: Row, columns: Columns) -> FileRow:
    found = columns.found
    texts = {
        meaning: text
        for place, meaning in enumerate(found.meanings)
        if meaning in READERS and (text := _cell(row, place))
    }
    values: dict[str, Any] = {}
    faults = [*_read_texts(row.line, {**columns.stated, **texts}, columns, values)]
    if len(row.cells) > found.table.width:
        detail = (
            f"The row has {len(row.cells)} values, but the table has {found.table.width} columns. "
            "Put a value that has the separator in it in quotation marks."
        )
        faults.append(RowFault(line=row.line, type="too-many-values", detail=detail))
    spare = tuple(values.pop("/spare_numbers", ()))
    name, email = texts.get("name", ""), texts.get("email", "")
    try:
        body = AccountBody.model_validate(_nested(values, name))
    except ValidationError as error:
        faults += [columns.fault(row.line, one) for one in _field_errors(error)]
        return FileRow(row.line, name[:200], email[:200], None, spare, tuple(faults))
    return FileRow(row.line, name, email, body, spare, tuple(faults))


def _read_texts(
    line: int, texts: Mapping[str, str], columns: Columns, values: dict[str, Any]
) -> Iterator[RowFault]:
    """Put what the texts mean into the values; yield what is wrong with the others."""
    for meaning, text in texts.items():
        context = columns.contexts.get(meaning, columns.context)
        try:
            values.update(READERS[meaning](text, context))
        except ValueError as error:
            pointer = POINTERS[meaning][0]
            wrong = FieldError(pointer=pointer, type="invalid-value", detail=str(error))
            yield columns.fault(line, wrong, meaning)
    if "cost_per_user" not in texts:
        detail = "Enter the cost per user. Write 0 if users are free."
        missing = FieldError(pointer="/plan/cost_per_user", type="required", detail=detail)
        yield columns.fault(line, missing)


def _nested(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the values as the body of a request; what is required and missing is empty."""
    body: dict[str, Any] = {
        "name": "",
        "administrator": {"email": "", "first_name": "", "last_name": "", "phone": ""},
        "plan": {"name": name, "cost_per_user": "0"},
    }
    for pointer, value in values.items():
        *path, last = pointer.strip("/").split("/")
        place = body
        for step in path:
            place = place.setdefault(step, {})
        place[last] = value
    return body


def _field_errors(error: ValidationError) -> Iterator[FieldError]:
    for fault in error.errors(include_url=False, include_input=False, include_context=False):
        pointer = "".join(f"/{part}" for part in fault["loc"])
        kind = fault["type"].replace("_", "-")
        yield FieldError(pointer=pointer, type=kind, detail=sentence_of(fault))


def _cell(row: Row, place: int) -> str:
    return row.cells[place] if place < len(row.cells) else ""
