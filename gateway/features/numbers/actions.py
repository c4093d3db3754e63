"""The stock of numbers: filling and pricing it, looking at it, keeping numbers for an order."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from contracts.accounts import Account, FindAccount
from contracts.base import Done, Refused
from contracts.numbers import (
    STOCK_ROWS_MAX,
    AddNumbers,
    CountNumbers,
    ListNumbers,
    NewNumber,
    PricedNumbers,
    PriceNumbers,
    RemoveNumber,
    RepriceNumber,
    Reservation,
    ReserveNumbers,
    StockCounts,
    StockMode,
    StockNumber,
    StockPage,
    StockReport,
)
from gateway.features.numbers.files import StockFile, stock_of
from gateway.features.numbers.schemas import NewNumberBody, NumberPatch, ReservationBody
from gateway.files.tables import MappedTable, TableOptions, read_upload
from gateway.identity.caller import Caller, RequestKey, action
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
async def reserve_numbers(
    caller: Caller, body: ReservationBody, request_key: RequestKey
) -> Reservation:
    """Keep spare numbers for an order that is being filled in, all of them or none."""
    command = ReserveNumbers(reservation_id=body.reservation_id, numbers=body.numbers)
    return await caller.ask(command, request_key=request_key)


@action("operator", "reseller")
async def price_numbers(
    caller: Caller, numbers: tuple[str, ...], reservation_id: str | None
) -> PricedNumbers:
    """Tell what spare numbers cost; refused with `number-taken` when one is not to be had."""
    return await caller.ask(PriceNumbers(numbers=numbers, reservation_id=reservation_id))


class Taken(NamedTuple):
    """What a file of numbers came to, and how it was read."""

    report: StockReport
    found: MappedTable


class StockChange(NamedTuple):
    """What a list of numbers is sent for."""

    mode: StockMode = "add"
    dry_run: bool = False


ADD: Final = StockChange()


@action("operator")
async def add_numbers(
    caller: Caller,
    reseller_id: str,
    numbers: Iterable[NewNumber],
    request_key: RequestKey,
    order: StockChange = ADD,
) -> StockReport:
    """Change a reseller's stock by a list; good rows are taken, refused ones are reported."""
    reseller = await _reseller(caller, reseller_id)
    stock = StockFile(tuple(numbers))
    return await _change(caller, reseller.id, reseller.country, stock, order, request_key)


@action("operator")
async def add_numbers_of_file(
    caller: Caller,
    reseller_id: str,
    content: bytes,
    options: TableOptions,
    *,
    request_key: RequestKey,
    order: StockChange = ADD,
) -> Taken:
    """Change a reseller's stock by a table; refused when a column of it is not understood."""
    reseller = await _reseller(caller, reseller_id)
    currency = reseller.reseller.currency if reseller.reseller else ""
    found = await read_upload(content, "numbers", options, LIMITS, caller.mappings(reseller.id))
    stock = stock_of(found, currency)
    report = await _change(caller, reseller.id, reseller.country, stock, order, request_key)
    return _taken(found, report)


@action("operator", "reseller", changes=True)
async def change_own_numbers(
    caller: Caller,
    content: bytes,
    options: TableOptions,
    request_key: RequestKey,
    order: StockChange,
) -> Taken:
    """Change the fees of the caller's own spare numbers by a table, or remove these numbers."""
    user = caller.user
    found = await read_upload(content, "numbers", options, LIMITS, caller.mappings())
    stock = stock_of(found, user.currency)
    report = await _change(caller, user.account_id, user.country, stock, order, request_key)
    return _taken(found, report)


@action("operator", "reseller", changes=True)
async def reprice_number(
    caller: Caller, number: str, body: NumberPatch, request_key: RequestKey | None = None
) -> StockNumber:
    """Change the fees of one of the caller's spare numbers."""
    command = RepriceNumber(number=number, setup_fee=body.setup_fee, monthly_fee=body.monthly_fee)
    return await caller.ask(command, request_key=request_key)


@action("operator", "reseller", changes=True)
async def remove_number(caller: Caller, number: str, request_key: RequestKey) -> Done:
    """Take one of the caller's spare numbers out of the system."""
    return await caller.ask(RemoveNumber(number=number), request_key=request_key)


async def find_number(caller: Caller, number: str) -> StockNumber | None:
    """Return one number of the caller's stock."""
    page = await list_numbers(caller, ListNumbers(search=number, limit=1))
    return next((one for one in page.data if one.number == number), None)


def _taken(found: MappedTable, report: StockReport) -> Taken:
    """Return a report that says how the columns were read."""
    read = {"columns": found.columns, "mapping_remembered": found.is_remembered}
    return Taken(report.model_copy(update=read), found)


async def _reseller(caller: Caller, reseller_id: str) -> Account:
    account = await caller.ask(FindAccount(account_id=reseller_id))
    if account.reseller is None:
        raise Refused("not-found", "There is no such reseller.")
    return account


async def _change(  # noqa: PLR0917 - whose stock, by what, and how
    caller: Caller,
    reseller_id: str,
    country: str,
    stock: StockFile,
    order: StockChange,
    request_key: RequestKey,
) -> StockReport:
    if len(stock.rows) > STOCK_ROWS_MAX:
        raise Refused("body-too-large", f"Send at most {STOCK_ROWS_MAX:,} numbers at once.")
    command = AddNumbers(
        reseller_id=reseller_id,
        country=country,
        number_format=stock.number_format,
        numbers=stock.rows,
        mode=order.mode,
        dry_run=order.dry_run,
    )
    report = await caller.ask(
        command,
        request_key=None if order.dry_run else request_key,
        timeout_seconds=ADD_SECONDS,
    )
    refused = sorted((*report.refused, *stock.refused), key=lambda row: row.line)
    return report.model_copy(update={"refused": tuple(refused)})


def rows_of_list(bodies: Iterable[NewNumberBody]) -> Iterator[NewNumber]:
    """Yield the rows of a JSON list; the first is line 1."""
    for line, body in enumerate(bodies, start=1):
        yield NewNumber(
            line=line, number=body.number, setup_fee=body.setup_fee, monthly_fee=body.monthly_fee
        )
