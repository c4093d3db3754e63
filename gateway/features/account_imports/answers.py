"""What is said about a file of accounts before any of them is opened."""

from collections.abc import Iterable

from contracts.base import Answer, Value
from contracts.billing import Quote
from contracts.tables import ColumnMeaning
from contracts.values import Currency, Sum


class RowFault(Value):
    """What is wrong with a row, or worth a look."""

    line: int
    column: str = ""
    """As the file calls it; empty for what no column of the file says."""

    pointer: str = ""
    """Of the field, as `POST /v1/accounts` calls it, such as `/plan/users`."""

    type: str
    detail: str


class CheckedRow(Value):
    """An account of the file, as it would be opened."""

    line: int
    name: str
    email: str
    first_name: str
    last_name: str
    users: int
    rate_sheet: str = ""
    """Its name."""

    numbers: tuple[str, ...] = ()
    credit: Sum = 0
    quote: Quote | None = None
    """None while something is wrong with the row."""


class FileTotals(Value):
    """What all accounts of the file come to."""

    currency: Currency
    total: Sum
    """The charges: what is sent as `expected_total` to open the accounts."""

    credit: Sum
    balance_after: Sum
    monthly_charge: Sum
    missing: Sum
    """Credit that is missing in accounts whose charges it doesn't cover."""


class AccountFileCheck(Answer):
    """What opening the accounts of a file would do; nothing is stored."""

    accounts: int
    can_open: bool
    """Whether there are no errors."""

    detail: str = ""
    """What is wrong with the file as a whole, where one sentence says more than all its errors."""

    columns: tuple[ColumnMeaning, ...]
    mapping_remembered: bool = False
    """Whether the columns were read as those of an earlier file."""

    errors: tuple[RowFault, ...]
    """All errors of all rows, by line."""

    warnings: tuple[RowFault, ...]
    """What is allowed, but may be a mistake."""

    totals: FileTotals
    rows: tuple[CheckedRow, ...]


def wrong_as_a_whole(accounts: int, errors: Iterable[RowFault]) -> str:
    """Return what is wrong with a file as a whole; empty when its errors say it best.

    A list of accounts that was exported has an error in each row, and only one cause.
    """
    existing = {error.line for error in errors if error.type == "account-name-taken"}
    if accounts > 1 and len(existing) == accounts:
        return f"All {accounts:,} accounts of the file exist already. Nothing was changed."
    return ""
