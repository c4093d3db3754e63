"""Lists as CSV, page by page: however long a list is, only one page of it is in memory."""

import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol, TypeVar

Item = TypeVar("Item")
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


async def csv_export(
    columns: tuple[str, ...],
    cells: Callable[[Item], tuple[str, ...]],
    page: ListPage[Item],
    following: Callable[[str], Awaitable[ListPage[Item]]],
) -> AsyncIterator[str]:
    """Yield a list as CSV text in pieces, beginning with its first page."""
    yield csv_lines([columns])
    while True:
        yield csv_lines([cells(item) for item in page.data])
        if page.next is None:
            return
        page = await following(page.next)


def harmless(text: str) -> str:
    """Keep a spreadsheet from taking a text for a formula (OWASP, CSV Injection)."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def csv_lines(rows: list[tuple[str, ...]]) -> str:
    """Return rows as CSV text."""
    lines = io.StringIO()
    csv.writer(lines).writerows(rows)
    return lines.getvalue()
