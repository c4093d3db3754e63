"""Opening many accounts from one file: each row is checked and quoted like a single order."""

import hashlib
import json
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final

from accounts_manager.formatting import money
from contracts.accounts import (
    ACCOUNTS_PER_FILE_MAX,
    AcceptedQuote,
    AcceptedRow,
    AccountImport,
    AccountImports,
    FindAccountImport,
    ImportAccounts,
    ListAccountImports,
)
from contracts.base import FieldError, Refused
from contracts.billing import ListRateSheets
from contracts.emails import email_key
from contracts.names import name_key
from contracts.values import decimal_text
from gateway.features.account_imports.answers import (
    AccountFileCheck,
    CheckedRow,
    FileTotals,
    RowFault,
    wrong_as_a_whole,
)
from gateway.features.account_imports.cells import STATABLE
from gateway.features.account_imports.files import Columns, FileRow, columns_of, rows_of
from gateway.features.account_imports.spare_numbers import with_spare_numbers
from gateway.features.opening.actions import Checked, account_order, check_orders, uncovered
from gateway.files.tables import MappedTable, TableOptions, read_upload
from gateway.http.exports import BYTE_ORDER_MARK, csv_lines
from gateway.http.problems import RefusedWith
from gateway.identity.caller import Caller, RequestKey, action
from services.chassis.tables import Limits, guarded

LIMITS: Final = Limits(rows_max=ACCOUNTS_PER_FILE_MAX + 100)
"""Of a file of accounts; title rows and the header count as rows."""

IMPORT_SECONDS: Final = 30.0  # how long the accepted rows may take to the service
ID_CHARACTERS_MAX: Final = 64
LINES_NAMED_MAX: Final = 5
REPORT_COLUMNS: Final = (
    *("line", "name", "email", "state", "account_id", "realm", "total", "currency"),
    "reason",
)


@dataclass(frozen=True, slots=True)
class AccountFile:
    """A file of accounts, and what its sender says about it."""

    content: bytes
    options: TableOptions
    stated: Mapping[str, str]
    """Texts for all rows of what the file has no column for, by meaning."""

    def sha256(self) -> str:
        """Return what two files share that are the same in every respect."""
        said = {
            "mapping": dict(self.options.mapping),
            "stated": dict(self.stated),
            "form": asdict(self.options.stated),
        }
        digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode())
        digest.update(self.content)
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class _Row:
    """A row after its check: what it was quoted, or what is wrong with it."""

    row: FileRow
    checked: Checked | None
    faults: tuple[RowFault, ...]


@action("reseller", changes=True)
async def check_accounts(caller: Caller, file: AccountFile) -> AccountFileCheck:
    """Tell what opening the accounts of a file would do and charge; nothing is stored."""
    return (await read_and_check(caller, file))[1]


@action("reseller", changes=True)
async def read_and_check(caller: Caller, file: AccountFile) -> tuple[MappedTable, AccountFileCheck]:
    """Return the table of a file, and what opening its accounts would do."""
    rows, columns, names = await _checked(caller, file)
    return columns.found, _report(caller, rows, columns, names)


@action("reseller", changes=True)
async def import_accounts(
    caller: Caller, file: AccountFile, expected_total: int, request_key: RequestKey
) -> AccountImport:
    """Begin to open all accounts of a file, or refuse it with every row that is wrong.

    The same file with the same key is answered with the import that it began.
    """
    command = ImportAccounts(content_sha256=file.sha256(), expected_total=expected_total)
    begun = await caller.answered_before(command, request_key)
    if begun is not None:
        return begun
    try:
        accepted = await _accepted(caller, file, expected_total)
    except Refused:
        # The names are taken by this very file when it came twice at the same time.
        if (begun := await caller.answered_before(command, request_key)) is not None:
            return begun
        raise
    command = command.model_copy(update={"accepted": accepted})
    return await caller.ask(command, request_key=request_key, timeout_seconds=IMPORT_SECONDS)


@action("reseller")
async def find_import(caller: Caller, import_id: str) -> AccountImport:
    """Tell how far an import is, row by row."""
    return await _found(caller, import_id)


async def _found(caller: Caller, import_id: str) -> AccountImport:
    if len(import_id) > ID_CHARACTERS_MAX:
        raise Refused("not-found", "There is no such import.")
    return await caller.ask(FindAccountImport(import_id=import_id))


@action("reseller")
async def list_imports(caller: Caller) -> AccountImports:
    """List the newest imports, without their rows."""
    return await caller.ask(ListAccountImports())


@action("reseller")
async def export_import(caller: Caller, import_id: str) -> AsyncIterator[str]:
    """Return what became of each row of a file as CSV text."""
    found = await _found(caller, import_id)
    rows = [
        (
            str(row.line),
            guarded(row.name),
            guarded(row.email),
            row.state,
            row.account_id or "",
            guarded(row.realm),
            decimal_text(row.total),
            found.currency,
            guarded(row.failure.detail) if row.failure else "",
        )
        for row in found.rows
    ]

    async def pieces() -> AsyncIterator[str]:
        yield BYTE_ORDER_MARK + csv_lines([REPORT_COLUMNS, *rows])

    return pieces()


# --- checking ---------------------------------------------------------------------------


async def _accepted(
    caller: Caller, file: AccountFile, expected_total: int
) -> tuple[AcceptedRow, ...]:
    """Return the rows at the quotes that they were accepted with; refused if any is wrong."""
    rows, columns, names = await _checked(caller, file)
    report = _report(caller, rows, columns, names)
    _refuse_wrong(report)
    _refuse_changed(report, expected_total)
    return tuple(_accepted_row(caller, one) for one in rows)


def _accepted_row(caller: Caller, one: _Row) -> AcceptedRow:
    assert one.checked is not None, "a row without errors was quoted"
    assert one.row.body is not None, "a row without errors was understood"
    accepted = AcceptedQuote(total=one.checked.quote.total, numbers=one.checked.numbers)
    order = account_order(caller, one.row.body).command
    return AcceptedRow(line=one.row.line, order=order.model_copy(update={"accepted": accepted}))


async def _checked(
    caller: Caller, file: AccountFile
) -> tuple[tuple[_Row, ...], Columns, Mapping[str, str]]:
    """Return every row with its quote or its faults, and the names of rate sheets by id."""
    _refuse_unknown(file.stated)
    options = replace(file.options, said_for_all=tuple(file.stated))
    found = await read_upload(file.content, "accounts", options, LIMITS, caller.mappings())
    if len(found.table.rows) > ACCOUNTS_PER_FILE_MAX:
        detail = f"Open at most {ACCOUNTS_PER_FILE_MAX} accounts with one file. Split it."
        raise Refused("body-too-large", detail)
    names: dict[str, str] = {}
    if "rate_sheet" in {*found.meanings, *file.stated}:
        names = await _rate_sheets(caller)
    known = {**{name_key(name): one for one, name in names.items()}, **{one: one for one in names}}
    columns = columns_of(found, file.stated, caller.user.currency, known)
    rows = await with_spare_numbers(caller, tuple(rows_of(columns)), columns)
    checked = await _check(caller, rows, columns)
    return tuple(_with_repeats(checked, columns)), columns, names


def _refuse_unknown(stated: Mapping[str, str]) -> None:
    for name in stated:
        if name not in STATABLE:
            known = ", ".join(STATABLE)
            detail = f"“{name[:100]}” can't be said for all rows. Choose one of: {known}."
            raise Refused("malformed-request", detail)


async def _rate_sheets(caller: Caller) -> dict[str, str]:
    """Return the name of each rate sheet that new plans can choose, by id."""
    names: dict[str, str] = {}
    cursor: str | None = None
    while True:
        page = await caller.ask(ListRateSheets(archived=False, cursor=cursor))
        names.update((sheet.id, sheet.name) for sheet in page.data)
        cursor = page.next
        if cursor is None:
            return names


async def _check(caller: Caller, rows: Sequence[FileRow], columns: Columns) -> list[_Row]:
    """Check each row as if it were ordered alone."""
    orders = [account_order(caller, row.body) for row in rows if row.body is not None]
    found = iter(await check_orders(caller, orders))
    return [
        _Row(row, None, row.faults) if row.body is None else _told(row, next(found), columns)
        for row in rows
    ]


def _told(row: FileRow, checked: Checked | Refused, columns: Columns) -> _Row:
    """Return a row with what the services find wrong beside what is wrong already."""
    if isinstance(checked, Refused):
        return _Row(row, None, (*row.faults, *_more(row, checked.problem.errors, columns)))
    if row.faults:
        return _Row(row, None, row.faults)
    error = uncovered(checked.quote)
    faults = (columns.fault(row.line, error),) if error else ()
    return _Row(row, checked, faults)


def _more(row: FileRow, errors: Iterable[FieldError], columns: Columns) -> Iterator[RowFault]:
    """Yield what services find wrong, unless the cell is known to be wrong already."""
    known = {fault.pointer for fault in row.faults}
    found = [columns.fault(row.line, error) for error in errors if error.pointer not in known]
    wrong_name = any(fault.pointer == "/name" for fault in found)
    for fault in found:
        if fault.pointer == "/plan/name" and columns.derives_plan_names and wrong_name:
            continue
        yield fault


# --- rows that do not go together -----------------------------------------------------------


def _with_repeats(rows: Iterable[_Row], columns: Columns) -> Iterator[_Row]:
    """Yield the rows, those with what an earlier row of the file has already with an error."""
    seen: dict[tuple[str, str], int] = {}
    for one in rows:
        faults: list[RowFault] = []
        for field, key, kind, detail in _unique(one, columns):
            earlier = seen.setdefault((field, key), one.row.line)
            if earlier != one.row.line:
                error = FieldError(pointer=field, type=kind, detail=detail.format(line=earlier))
                faults.append(columns.fault(one.row.line, error))
        yield replace(one, faults=(*one.faults, *faults)) if faults else one


def _unique(one: _Row, columns: Columns) -> Iterator[tuple[str, str, str, str]]:
    """Yield the fields of a row that no other may have: pointer, key, type and sentence."""
    body = one.row.body
    if body is None:
        return
    if key := name_key(body.name):
        detail = "Line {line} has the same account name. Choose another one."
        yield "/name", key, "account-name-taken", detail
    if not columns.derives_plan_names and (key := name_key(body.plan.name)):
        detail = "Line {line} has the same plan name. Choose another one."
        yield "/plan/name", key, "plan-name-taken", detail
    priced = [number.number for number in one.checked.numbers] if one.checked else []
    for number in dict.fromkeys(priced or body.plan.numbers):
        compact = "".join(filter(str.isdigit, number))
        detail = f"Line {{line}} takes the number {number}, too. Choose another one."
        yield "/plan/numbers", compact, "number-taken", detail.replace("{number}", number)


def _warnings(rows: Iterable[_Row], columns: Columns) -> Iterator[RowFault]:
    """Yield what is allowed but may be a mistake: one address for several accounts."""
    seen: dict[str, int] = {}
    for one in rows:
        key = email_key(one.row.email)
        earlier = seen.setdefault(key, one.row.line) if key else one.row.line
        if earlier != one.row.line:
            detail = f"Line {earlier} has the same e-mail address. One person can have both."
            error = FieldError(pointer="/administrator/email", type="same-email", detail=detail)
            yield columns.fault(one.row.line, error)


# --- the report -----------------------------------------------------------------------------


def _report(
    caller: Caller, rows: tuple[_Row, ...], columns: Columns, names: Mapping[str, str]
) -> AccountFileCheck:
    errors = tuple(fault for one in rows for fault in one.faults)
    found = columns.found
    return AccountFileCheck(
        accounts=len(rows),
        can_open=not errors,
        detail=wrong_as_a_whole(len(rows), errors),
        columns=found.columns,
        mapping_remembered=found.is_remembered,
        errors=errors,
        warnings=tuple(_warnings(rows, columns)),
        totals=_totals(rows, caller.user.currency),
        rows=tuple(_checked_row(one, names) for one in rows),
    )


def _checked_row(one: _Row, names: Mapping[str, str]) -> CheckedRow:
    row, body = one.row, one.row.body
    if body is None:
        return CheckedRow(
            line=row.line, name=row.name, email=row.email, first_name="", last_name="", users=0
        )
    return CheckedRow(
        line=row.line,
        name=row.name,
        email=row.email,
        first_name=body.administrator.first_name,
        last_name=body.administrator.last_name,
        users=body.plan.users,
        rate_sheet=names.get(body.plan.rate_sheet_id, ""),
        numbers=tuple(body.plan.numbers),
        credit=body.credit.amount if body.credit else 0,
        quote=one.checked.quote if one.checked else None,
    )


def _totals(rows: Iterable[_Row], currency: str) -> FileTotals:
    quotes = [one.checked.quote for one in rows if one.checked]
    return FileTotals(
        currency=currency,
        total=sum(quote.total for quote in quotes),
        credit=sum(quote.credit for quote in quotes),
        balance_after=sum(quote.balance_after for quote in quotes),
        monthly_charge=sum(quote.monthly_charge for quote in quotes),
        missing=sum(-quote.balance_after for quote in quotes if not quote.sufficient_credit),
    )


def _refuse_wrong(report: AccountFileCheck) -> None:
    if not report.errors:
        return
    shown = report.model_dump(mode="json")
    lines = [*dict.fromkeys(error.line for error in report.errors)]
    if report.detail:
        raise RefusedWith("import-refused", report.detail, report=shown)
    if any(error.type != "insufficient-credit" for error in report.errors):
        rows = f"{len(lines)} row needs" if len(lines) == 1 else f"{len(lines)} rows need"
        detail = f"{rows} correcting ({_lines(lines)}), so no account was opened."
        raise RefusedWith("import-refused", detail, report=shown)
    missing = money(report.totals.missing, report.totals.currency)
    accounts = "1 account" if len(lines) == 1 else f"{len(lines)} accounts"
    detail = (
        f"The credit of {accounts} ({_lines(lines)}) doesn't cover the charges, so no account was "
        f"opened. Add {missing} of credit."
    )
    raise RefusedWith("insufficient-credit", detail, report=shown)


def _lines(lines: list[int]) -> str:
    named = ", ".join(map(str, lines[:LINES_NAMED_MAX]))
    more = len(lines) - LINES_NAMED_MAX
    return f"line{'s' if len(lines) > 1 else ''} {named}{f' and {more} more' if more > 0 else ''}"


def _refuse_changed(report: AccountFileCheck, expected_total: int) -> None:
    """Refuse a file whose charges are not those that were shown."""
    totals = report.totals
    if expected_total == totals.total:
        return
    detail = (
        f"The charges are now {money(totals.total, totals.currency)}, so no account was "
        "opened. Check them and send the file again."
    )
    raise RefusedWith("quote-changed", detail, report=report.model_dump(mode="json"))
