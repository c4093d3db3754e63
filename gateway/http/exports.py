"""Lists as CSV, page by page: however long a list is, only one page of it is in memory."""

import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, Protocol, TypeVar

from pydantic import BaseModel

BYTE_ORDER_MARK: Final = "\ufeff"

Item = TypeVar("Item")
Question = TypeVar("Question", bound=BaseModel)
Item_co = TypeVar("Item_co", covariant=True)


class ListPage(Protocol[Item_co]):
    """A page of a list, with the cursor of the one that follows."""

    @property
    def data(self) -> tuple[Item_co, ...]:
        """Its items."""
        ...

    @property
    def next(self) -> str | None:
        """None on the last page."""
        ...


async def csv_of(
    ask: Callable[[Question], Awaitable[ListPage[Item]]],
    query: Question,
    columns: tuple[str, ...],
    cells: Callable[[Item], tuple[str, ...]],
) -> AsyncIterator[str]:
    """Return what a query with a cursor lists as CSV text in pieces, one per page.

    Refused, if it is, before the first.
    """

    async def following(cursor: str) -> ListPage[Item]:
        return await ask(query.model_copy(update={"cursor": cursor}))

    return csv_export(columns, cells, await ask(query), following)


async def csv_export(
    columns: tuple[str, ...],
    cells: Callable[[Item], tuple[str, ...]],
    page: ListPage[Item],
    following: Callable[[str], Awaitable[ListPage[Item]]],
) -> AsyncIterator[str]:
    """Yield a list as CSV text in pieces, beginning with its first page.

    The byte order mark tells spreadsheets that it is UTF-8.
    """
    yield BYTE_ORDER_MARK + csv_lines([columns])
    while True:
        yield csv_lines([cells(item) for item in page.data])
        if page.next is None:
            return
        page = await following(page.next)


def csv_lines(rows: list[tuple[str, ...]]) -> str:
    """Return rows as CSV text."""
    lines = io.StringIO()
    csv.writer(lines).writerows(rows)
    return lines.getvalue()
