"""The stock of numbers: filling it, looking at it, keeping numbers for an order."""

from collections.abc import Iterable, Iterator
from typing import Final

from contracts.accounts import Account, FindAccount
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
from gateway.stock_files import StockFile, stock_of
from gateway.tables import TableOptions, read_upload
from services.chassis.tables import Limits

ADD_SECONDS: Final = 30.0
LIMITS: Final = Limits(rows_max=STOCK_ROWS_MAX + 100)
"""Of a file of numbers; title rows and the header count as rows."""


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
    reseller = await _reseller(caller, reseller_id)
    return await _add(caller, reseller, StockFile(tuple(numbers)), request_key)


@action("operator")
async def add_numbers_of_file(
    caller: Caller,
    reseller_id: str,
    content: bytes,
    options: TableOptions,
    request_key: RequestKey,
) -> StockReport:
    """Give a reseller the numbers of a table; refused when a column of it is not understood."""
    reseller = await _reseller(caller, reseller_id)
    currency = reseller.reseller.currency if reseller.reseller else ""
    memory = caller.mappings(reseller.id)
    found = await read_upload(content, "numbers", options, LIMITS, memory)
    report = await _add(caller, reseller, stock_of(found, currency), request_key)
    read = {"columns": found.columns, "mapping_remembered": found.is_remembered}
    return report.model_copy(update=read)


async def _reseller(caller: Caller, reseller_id: str) -> Account:
    account = await caller.ask(FindAccount(account_id=reseller_id))
    if account.reseller is None:
        raise Refused("not-found", "There is no such reseller.")
    return account


async def _add(
    caller: Caller, reseller: Account, stock: StockFile, request_key: RequestKey
) -> StockReport:
    if len(stock.rows) > STOCK_ROWS_MAX:
        raise Refused("body-too-large", f"Send at most {STOCK_ROWS_MAX:,} numbers at once.")
    command = AddNumbers(
        reseller_id=reseller.id,
        country=reseller.country,
        number_format=stock.number_format,
        numbers=stock.rows,
    )
    report = await caller.ask(command, request_key=request_key, timeout_seconds=ADD_SECONDS)
    refused = sorted((*report.refused, *stock.refused), key=lambda row: row.line)
    return StockReport(added=report.added, refused=tuple(refused))


def rows_of_list(bodies: Iterable[NewNumberBody]) -> Iterator[NewNumber]:
    """Yield the rows of a JSON list; the first is line 1."""
    for line, body in enumerate(bodies, start=1):
        yield NewNumber(
            line=line, number=body.number, setup_fee=body.setup_fee, monthly_fee=body.monthly_fee
        )
