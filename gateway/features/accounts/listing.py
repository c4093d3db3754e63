"""What lists of accounts and resellers are filtered and sorted by."""

from typing import Final, get_args

from contracts.accounts import AccountCounts, AccountSort, AccountStatus
from gateway.portal.forms import one_of
from gateway.portal.views.parts import ListQuery, Segment

SORTS: Final[tuple[AccountSort, ...]] = get_args(AccountSort)


SEGMENTS: Final[tuple[tuple[AccountStatus, str], ...]] = (
    ("active", "Active"),
    ("opening", "Opening"),
    ("disabled", "Disabled"),
    ("suspended", "Suspended"),
    ("closed", "Closed"),
)


STATUSES: Final[tuple[AccountStatus, ...]] = tuple(status for status, _ in SEGMENTS)


def status_of_query(query: ListQuery) -> AccountStatus | None:
    """Return the state that a list is filtered by: one of those that it offers, or none."""
    return one_of(STATUSES, query.value("status"))


def sort_of_query(query: ListQuery) -> AccountSort:
    """Return what a list is sorted by: the name unless its address says otherwise."""
    return one_of(SORTS, query.value("sort")) or "name"


def segments_of(query: ListQuery, counts: AccountCounts) -> tuple[Segment, ...]:
    """Return the filters of a list by state; a state that no account is in is not offered."""
    numbers: dict[AccountStatus, int] = {
        "active": counts.active,
        "opening": counts.opening,
        "disabled": counts.disabled,
        "suspended": counts.suspended,
        "closed": counts.closed,
    }
    offered = (
        query.segment("status", status, label, numbers[status])
        for status, label in SEGMENTS
        if status == "active" or numbers[status] or query.value("status") == status
    )
    return (query.segment("status", "", "All", open_accounts(counts)), *offered)


def open_accounts(counts: AccountCounts) -> int:
    """Return how many accounts a list without a filter has."""
    return counts.opening + counts.active + counts.disabled + counts.suspended


def number_of_rows(query: ListQuery, counts: AccountCounts) -> int:
    """Return how many rows a list has on all its pages."""
    found = {segment.label.lower(): segment.count for segment in segments_of(query, counts)}
    return found[status_of_query(query) or "all"] or 0
