"""Files of numbers: which rows they have, once each column has a meaning."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from contracts.base import Refused
from contracts.numbers import NewNumber, NumberFormat, RefusedNumber
from contracts.tables import decimal_comma_of, guesses_of, read_amount
from gateway.files.tables import MappedTable
from services.chassis.tables import Row

NUMBER_CHARACTERS_MAX: Final = 64
FEE_CHARACTERS_MAX: Final = 32
FEES: Final = ("setup_fee", "monthly_fee")
_FORMATS: Final[Mapping[str, NumberFormat]] = {
    "number": "plus",
    "number_without_plus": "without-plus",
    "number_national": "national",
}


class StockFile(NamedTuple):
    """The rows of a file of numbers, and those that are refused already."""

    rows: tuple[NewNumber, ...]
    number_format: NumberFormat = "plus"
    refused: tuple[RefusedNumber, ...] = ()


class _Fee(NamedTuple):
    place: int
    decimal_comma: bool | None


def stock_of(found: MappedTable, currency: str) -> StockFile:
    """Return the numbers of a table; refused when its prices are in another currency."""
    _refuse_other_currency(found, currency)
    place = next(n for n, meaning in enumerate(found.meanings) if meaning in _FORMATS)
    fees = {name: _fee(found, name) for name in FEES if name in found.meanings}
    rows: list[NewNumber] = []
    refused: list[RefusedNumber] = []
    for row in found.table.rows:
        number = _cell(row, place)[:NUMBER_CHARACTERS_MAX]
        try:
            amounts = {name: _amount(row, fee, currency) for name, fee in fees.items()}
            _refuse_surplus(row, found.table.width)
        except ValueError as error:
            refused.append(
                RefusedNumber(line=row.line, number=number, type="invalid-fee", detail=str(error))
            )
        else:
            rows.append(NewNumber(line=row.line, number=number, **amounts))
    return StockFile(tuple(rows), _FORMATS[found.meanings[place]], tuple(refused))


def _refuse_other_currency(found: MappedTable, currency: str) -> None:
    guesses = guesses_of("numbers", found.names)
    for name, guess, meaning in zip(found.names, guesses, found.meanings, strict=True):
        if meaning in FEES and guess.currency not in (None, currency):
            detail = f"The column “{name}” is not in {currency}, the currency of the reseller."
            raise Refused("malformed-request", detail)


def _fee(found: MappedTable, name: str) -> _Fee:
    place = found.meanings.index(name)
    separated = found.table.detected.separator == "semicolon"
    cells = (_cell(row, place) for row in found.table.rows)
    return _Fee(place, decimal_comma_of(cells, otherwise=True if separated else None))


def _amount(row: Row, fee: _Fee, currency: str) -> str:
    """Return a fee as a decimal text; an empty cell is no fee."""
    text = _cell(row, fee.place)
    amount = read_amount(text, currency, decimal_comma=fee.decimal_comma) if text else "0"
    if len(amount) > FEE_CHARACTERS_MAX:
        message = "The amount is too long. Write up to 4 decimals, such as 4.50."
        raise ValueError(message)
    return amount


def _refuse_surplus(row: Row, width: int) -> None:
    if len(row.cells) > width:
        message = (
            f"The row has {len(row.cells)} values, but the table has {width} columns. Put an "
            "amount with a comma in quotation marks."
        )
        raise ValueError(message)


def _cell(row: Row, place: int) -> str:
    return row.cells[place] if place < len(row.cells) else ""
