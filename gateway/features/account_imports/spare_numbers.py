"""Numbers from the stock for the rows of a file that only say how many of which country."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from contracts.base import FieldError
from contracts.billing import NUMBERS_PER_PLAN_MAX
from contracts.numbers import ListNumbers
from contracts.values import PAGE_ITEMS_MAX
from gateway.features.account_imports.cells import SpareWish
from gateway.features.account_imports.files import Columns, FileRow
from gateway.identity.caller import Caller

POINTER: Final = "/plan/numbers"
MEANING: Final = "spare_numbers"


async def with_spare_numbers(
    caller: Caller, rows: tuple[FileRow, ...], columns: Columns
) -> tuple[FileRow, ...]:
    """Return the rows with the numbers that they get, the lowest first, in the order of the file.

    A number that a row names is no other row's. A row for which too few are left has an error.
    """
    wanted: Counter[str] = Counter()
    for row in rows:
        wanted.update({wish.country: wish.quantity for wish in row.spare})
    named = {
        "".join(filter(str.isdigit, number))
        for row in rows
        if row.body
        for number in row.body.plan.numbers
    }
    stock = {
        country: await _spare(caller, country, count, named) for country, count in wanted.items()
    }
    left = {country: iter(numbers) for country, numbers in stock.items()}
    return tuple(_with_numbers(row, stock, left, columns) for row in rows)


async def _spare(caller: Caller, country: str, count: int, named: set[str]) -> list[str]:
    """Return so many spare numbers of a country, or all that there are."""
    found: list[str] = []
    cursor: str | None = None
    while len(found) < count:
        page = await caller.ask(
            ListNumbers(state="available", country=country, limit=PAGE_ITEMS_MAX, cursor=cursor)
        )
        found += (one.number for one in page.data if one.number.removeprefix("+") not in named)
        cursor = page.next
        if cursor is None:
            break
    return found[:count]


def _with_numbers(
    row: FileRow, stock: dict[str, list[str]], left: dict[str, Iterator[str]], columns: Columns
) -> FileRow:
    if not row.spare or row.body is None:
        return row
    taken: list[str] = []
    for wish in row.spare:
        numbers = [
            number for _, number in zip(range(wish.quantity), left[wish.country], strict=False)
        ]
        if len(numbers) < wish.quantity:
            return row.with_faults(columns.fault(row.line, _too_few(wish, stock), MEANING))
        taken += numbers
    numbers = (*row.body.plan.numbers, *taken)
    if len(numbers) > NUMBERS_PER_PLAN_MAX:
        detail = f"An account can be opened with up to {NUMBERS_PER_PLAN_MAX} numbers."
        error = FieldError(pointer=POINTER, type="too-long", detail=detail)
        return row.with_faults(columns.fault(row.line, error, MEANING))
    plan = row.body.plan.model_copy(update={"numbers": numbers})
    return row._replace(body=row.body.model_copy(update={"plan": plan}))


def _too_few(wish: SpareWish, stock: dict[str, list[str]]) -> FieldError:
    there = len(stock[wish.country])
    detail = (
        f"Your stock has {there} spare numbers of {wish.country}, which is not enough for all rows "
        "of the file."
    )
    return FieldError(pointer=POINTER, type="number-taken", detail=detail)
