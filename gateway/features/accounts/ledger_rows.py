"""Rows of a ledger as pages show them: its entries, and the free calls of a day in one row."""

from typing import Final, NamedTuple

from contracts.billing import EntryType, FreeCallsShown, LedgerEntry, TransactionPage
from gateway.features.accounts.views import FreeCallsRow
from gateway.portal.days import iso
from gateway.portal.presenters import first_pager
from gateway.portal.views.parts import ListQuery, Pager, Segment

FREE: Final = "free-calls"


class Kind(NamedTuple):
    """A filter of a ledger."""

    label: str
    types: tuple[EntryType, ...] = ()
    free_calls: FreeCallsShown = "folded"


KINDS: Final[dict[str, Kind]] = {
    "": Kind("All"),
    "calls": Kind("Calls", ("call",)),
    FREE: Kind("Free calls", ("call",), "only"),
    "credits": Kind("Credits", ("credit", "refund")),
    "fees": Kind("Fees", ("users", "number-setup", "number-rent")),
    "invoices": Kind("Invoices", ("payment", "write-off")),
    "adjustments": Kind("Adjustments", ("adjustment",)),
}


def kind_of(query: ListQuery) -> Kind:
    """Return which entries an address asks for: all of them unless it names a kind."""
    return KINDS.get(query.value("type"), KINDS[""])


def kind_segments(query: ListQuery) -> tuple[Segment, ...]:
    """Return the kinds as filters of a list; free calls only while they are looked at."""
    return tuple(
        query.segment("type", name, kind.label)
        for name, kind in KINDS.items()
        if name != FREE or query.value("type") == FREE
    )


def ledger_rows(page: TransactionPage, query: ListQuery) -> tuple[LedgerEntry | FreeCallsRow, ...]:
    """Return entries and folded free calls, newest first; `query` is the list that shows both."""
    folded = [
        FreeCallsRow(
            day=one.day,
            count=one.count,
            url=query.url(**{"type": FREE, "from": iso(one.day), "to": iso(one.day), "after": ""}),
            last_seq=one.last_seq,
        )
        for one in page.free_calls
    ]
    return tuple(sorted((*page.data, *folded), key=_seq, reverse=True))


def _seq(row: LedgerEntry | FreeCallsRow) -> int:
    return row.seq if isinstance(row, LedgerEntry) else row.last_seq


def ledger_pager(page: TransactionPage, query: ListQuery) -> Pager:
    """Return the way through a ledger; what is folded counts like what is listed."""
    shown = len(page.data) + sum(one.count for one in page.free_calls)
    return first_pager(query, shown, "entry", after=page.next, total=page.count, many="entries")
