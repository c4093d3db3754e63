"""Changing what a rate sheet contains: by file, copy, hand or going back; each change is a job."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, TypeAdapter

from contracts.base import Answer, Command, Event, Query, Value
from contracts.billing.rates import (
    IMPORT_BYTES_MAX,
    PREFIX_CHARACTERS_MAX,
    ImportReport,
    Rate,
    RefusedRow,
)
from contracts.tables import ColumnMeaning
from contracts.values import Moment

_MOMENT = TypeAdapter[Moment](Moment)
REFUSED_ROWS_KEPT_MAX = 10_000
REFUSED_ROWS_PER_PAGE_MAX = 1_000

ImportMode = Literal["upsert", "replace"]
RevisionKind = Literal["import", "copy", "restore", "edit"]
"""How a revision was made: from a file, from another sheet, from an earlier one, by hand."""

ImportState = Literal["waiting", "running", "done", "refused", "failed"]
"""`refused`: rows were wrong, so nothing was changed. `failed`: it could not be finished."""


class RateImport(Answer):
    """A change of a sheet's rates. Nobody sees any of it until the job is done."""

    id: str
    rate_sheet_id: str
    kind: RevisionKind
    state: ImportState
    mode: ImportMode = "upsert"
    dry_run: bool = False
    done: int = 0
    """Rows written so far, of `of`; both are 0 while the rows are read and compared."""

    of: int = 0
    created_at: Moment
    finished_at: Moment | None = None
    revision: int | None = None
    """The content that it made; None when nothing was to be changed."""

    report: ImportReport | None = None
    """Once it is done or refused."""

    detail: str = ""
    """Why it failed."""


class StartImport(Command[RateImport], topic="billing.start-import.v1"):
    """Begin to import rates from CSV text, all rows or none, or only to look what that would do.

    Columns are ours (prefix and rate required) or those of Kazoo, ASTPP, A2Billing, ivozprovider.
    With `upsert`, a column that the file doesn't have changes nothing; an empty cell means the
    column's default. With `replace`, the file is the whole sheet.
    """

    rate_sheet_id: str
    csv: str = Field(default="", max_length=IMPORT_BYTES_MAX)
    checked_import_id: str | None = Field(default=None, max_length=64)
    """Instead of `csv`: the file that this dry run has looked at, for a day after it."""

    mode: ImportMode = "upsert"
    dry_run: bool = False
    columns: tuple[ColumnMeaning, ...] = Field(default=(), max_length=256)
    """What the columns of `csv` mean, in order; its rows then have no header and are separated by
    commas. Without them the first row has the names of ours or of one of those systems."""

    decimal_comma: bool = False
    """With `columns`: whether a comma in an amount like 1,234 means decimals if nothing else in
    its column tells. Otherwise such an amount is refused."""

    mapping_remembered: bool = False
    """Whether `columns` are those of an earlier table with the same column names."""


class CopyRateSheet(Command[RateImport], topic="billing.copy-rate-sheet.v1"):
    """Make a new rate sheet with the rates of another one, all dearer or cheaper by a margin."""

    rate_sheet_id: str
    name: str = Field(max_length=200)
    margin_percent: str = Field(default="0", max_length=16)
    """Added to rates and connect fees, such as `12.5` or `-10`: above -100, up to 1000."""


class RestoreRateRevision(Command[RateImport], topic="billing.restore-rate-revision.v1"):
    """Make the rates of a sheet what they were in an earlier revision that is still kept."""

    rate_sheet_id: str
    revision: int


def _begins_within_bounds(rate: Rate) -> Rate:
    if rate.effective_from is not None:
        _MOMENT.validate_python(rate.effective_from)
    return rate


class ChangeRate(Command[RateImport], topic="billing.change-rate.v1"):
    """Put one rate in place of the one with its prefix and beginning, or add it."""

    rate_sheet_id: str
    version: int
    rate: Annotated[Rate, AfterValidator(_begins_within_bounds)]


class RemoveRate(Command[RateImport], topic="billing.remove-rate.v1"):
    """Take one rate out of a sheet."""

    rate_sheet_id: str
    version: int
    prefix: str = Field(max_length=PREFIX_CHARACTERS_MAX)
    effective_from: Moment | None = None


class FindRateImport(Query[RateImport], topic="billing.find-rate-import.v1"):
    """How far a change of rates is; it is remembered for 30 days after its end."""

    rate_sheet_id: str
    import_id: str


class RefusedRows(Answer):
    """Refused rows of a file, by line."""

    data: tuple[RefusedRow, ...]
    next: str | None = None


class ListRefusedRows(Query[RefusedRows], topic="billing.list-refused-rows.v1"):
    """The rows that an import refused, the first 10,000 of them."""

    rate_sheet_id: str
    import_id: str
    limit: int = Field(default=REFUSED_ROWS_PER_PAGE_MAX, ge=1, le=REFUSED_ROWS_PER_PAGE_MAX)
    cursor: str | None = None


class RateRevision(Value):
    """What a sheet contains or contained: rates that were in use from one moment to the next's."""

    number: int
    active_from: Moment
    rates: int
    kind: RevisionKind
    actor: str
    """User or key id."""


class RateRevisions(Answer):
    """The contents of a sheet that are kept, the newest first."""

    data: tuple[RateRevision, ...]


class ListRateRevisions(Query[RateRevisions], topic="billing.list-rate-revisions.v1"):
    """The contents of a sheet that can be looked at and gone back to."""

    rate_sheet_id: str


class RateImportChanged(Event, topic="billing.rate-import-changed.v1"):
    """A change of rates was begun, has come further or has ended."""

    import_id: str
    rate_sheet_id: str
    reseller_id: str
    state: ImportState
    done: int
    of: int
