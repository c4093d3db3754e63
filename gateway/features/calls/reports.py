"""What the report of a file of calls says: each call that isn't charged, with its cause."""

from collections.abc import Iterable
from typing import Final

from gateway.features.calls.import_schemas import ImportedCall
from services.chassis.tables import guarded

_CHARGED: Final = ("accepted", "already-charged")


def rows_of(calls: Iterable[ImportedCall]) -> list[tuple[str, ...]]:
    """Return a row for each call that isn't charged, in the columns of a report."""
    return [_row(call) for call in calls if call.status not in _CHARGED]


def _row(call: ImportedCall) -> tuple[str, ...]:
    return (
        " ".join(map(str, call.lines)),
        guarded(call.call_id),
        guarded(call.account),
        guarded(call.caller),
        guarded(call.destination),
        call.answered_at.isoformat() if call.answered_at else "",
        str(call.seconds),
        call.status,
        call.reason or "",
        guarded(call.detail),
    )
