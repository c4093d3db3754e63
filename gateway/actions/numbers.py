"""The stock of numbers: filling it, looking at it, keeping numbers for an order."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Final

from contracts.accounts import FindAccount
from contracts.base import Refused
from contracts.numbers import (
    STOCK_ROWS_MAX,
    AddNumbers,
    CountNumbers,
    HoldSpareNumbers,
    ListNumbers,
    NewNumber,
    NumberHold,
    PricedNumbers,
    PriceNumbers,
    StockCounts,
    StockPage,
    StockReport,
)
from gateway.bodies import HoldBody, NewNumberBody
from gateway.caller import Caller, RequestKey, action

ADD_SECONDS: Final = 30.0
COLUMNS: Final = ("number", "setup_fee", "monthly_fee")
NUMBER_CHARACTERS_MAX: Final = 64
FEE_CHARACTERS_MAX: Final = 32
STOCK_BYTES_MAX: Final = 2_000_000


@action("operator", "reseller")
async def list_numbers(caller: Caller, query: ListNumbers) -> StockPage:
    """List the caller's stock."""
    return await caller.ask(query)


@action("operator", "reseller")
async def count_numbers(caller: Caller) -> StockCounts:
    """Count the caller's stock by state."""
    return await caller.ask(CountNumbers())


@action("operator")
async def count_numbers_of(caller: Caller, reseller_id: str) -> StockCounts:
    """Count a reseller's stock by state."""
    return await caller.ask(CountNumbers(reseller_id=reseller_id))


@action("operator", "reseller", changes=True)
async def hold_numbers(caller: Caller, body: HoldBody, request_key: RequestKey) -> NumberHold:
    """Keep spare numbers for an order that is being filled in, all of them or none."""
    command = HoldSpareNumbers(hold_id=body.hold_id, numbers=body.numbers)
    return await caller.ask(command, request_key=request_key)


@action("operator", "reseller")
async def price_numbers(
    caller: Caller, numbers: tuple[str, ...], hold_id: str | None
) -> PricedNumbers:
    """Tell what spare numbers cost; refused with `number-taken` when one is not to be had."""
    return await caller.ask(PriceNumbers(numbers=numbers, hold_id=hold_id))


@action("operator")
async def add_numbers(
    caller: Caller, reseller_id: str, numbers: Iterable[NewNumber], request_key: RequestKey
) -> StockReport:
    """Give a reseller spare numbers; good rows are taken, refused ones are reported."""
    rows = tuple(numbers)
    if len(rows) > STOCK_ROWS_MAX:
        raise Refused("body-too-large", f"Send at most {STOCK_ROWS_MAX:,} numbers at once.")
    reseller = await caller.ask(FindAccount(account_id=reseller_id))
    if reseller.reseller is None:
        raise Refused("not-found", "There is no such reseller.")
    command = AddNumbers(reseller_id=reseller_id, country=reseller.country, numbers=rows)
    return await caller.ask(command, request_key=request_key, timeout_seconds=ADD_SECONDS)


def rows_of_list(bodies: Iterable[NewNumberBody]) -> Iterator[NewNumber]:
    """Yield the rows of a JSON list; the first is line 1."""
    for line, body in enumerate(bodies, start=1):
        yield NewNumber(
            line=line, number=body.number, setup_fee=body.setup_fee, monthly_fee=body.monthly_fee
        )


def rows_of_csv(text: str) -> Iterator[NewNumber]:
    """Yield the rows of CSV text, whose first line may name the columns; Refused when unreadable.

    A cell that is too long to be right is cut, and so refused with the rest of its row.
    """
    columns: tuple[str, ...] = ()
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if not columns:
                columns = _columns(cells)
                if columns:
                    continue
                columns = COLUMNS
            row = dict(zip(columns, (cell.strip() for cell in cells), strict=False))
            yield NewNumber(
                line=reader.line_num,
                number=row.get("number", "")[:NUMBER_CHARACTERS_MAX],
                setup_fee=(row.get("setup_fee") or "0")[:FEE_CHARACTERS_MAX],
                monthly_fee=(row.get("monthly_fee") or "0")[:FEE_CHARACTERS_MAX],
            )
    except csv.Error as error:
        raise Refused("malformed-request", f"Line {reader.line_num} is not CSV: {error}.") from None


def _columns(cells: list[str]) -> tuple[str, ...]:
    """Return the columns that a header names; nothing when the line is a row already."""
    names = tuple(cell.strip().lower() for cell in cells)
    if not set(names) & set(COLUMNS):
        return ()
    unknown = [name for name in names if name not in COLUMNS]
    if unknown or "number" not in names:
        detail = f"The header names the columns {', '.join(COLUMNS)}; only number is required."
        raise Refused("malformed-request", detail)
    return names
