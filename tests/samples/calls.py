"""Calls and the ledger of an account, and calls that were rejected."""

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from contracts.billing import UsageDay
from gateway.features.accounts.ledger_rows import FREE, kind_segments
from gateway.features.accounts.views import FreeCallsRow, TransactionsPage
from gateway.features.calls.chart import BarChart, charges_by_day
from gateway.features.calls.views import PerMinutePage
from gateway.features.rejected_calls import views as rejected_calls
from gateway.portal.views.parts import ListQuery, Pager
from tests.samples.accounts import CALLS, LEDGER
from tests.samples.factories import made, seen_by, segments, table, wrong
from tests.samples.names import HEAD, LONG_NAME, LONG_WORD, NOW, ZONE

MORE: Final = "eyJuIjoxMH0"
CENTS: Final = (
    *(0, 210, 280, 190, 320, 240, 0, 0, 170, 360, 290),
    *(220, 492, 0, 0, 180, 260, 310, 140, 190, 430, 61),
)


def _chart(days: int, title: str) -> BarChart | None:
    first = date(2026, 11, 23) - timedelta(days=days)
    usage = [
        UsageDay(
            day=first + timedelta(days=at),
            minutes_used=round(CENTS[at % len(CENTS)] * 0.146, 2),
            call_charges=CENTS[at % len(CENTS)] * 10_000,
        )
        for at in range(days)
    ]
    return charges_by_day(usage, "USD", title)


MONTH: Final = ListQuery(
    path="/my/per-minute", parameters={"from": "2026-11-01", "to": "2026-11-22"}
)
PER_MINUTE: Final = made(
    PerMinutePage,
    query=MONTH,
    presets=segments(
        MONTH,
        "from",
        {
            "2026-11-16": "7 days",
            "2026-11-01": "This month",
            "2026-10-01": "Last month",
            "2026-01-01": "This year",
        },
    ),
    export_url="/v1/accounts/a4/calls.csv",
    call_charges=41_860_000,
    minutes_used=612.4,
    chart=_chart(22, "Charges by day"),
    rows=CALLS,
    pager=Pager(text="6 calls", next_url=MONTH.url(after=MORE)),
)
ENTRIES: Final = ListQuery(path="/accounts/a4/transactions", parameters={"from": "2026-11-01"})
TRANSACTIONS: Final = made(
    TransactionsPage,
    query=ENTRIES,
    export_url="/v1/accounts/a4/transactions.csv",
    last_day="30 Nov 2026",
    presets=segments(
        ENTRIES, "from", {"2026-11-01": "This month", "2026-10-01": "Last month", "": "All"}
    ),
    kinds=kind_segments(ENTRIES),
    opening_balance=0,
    closing_balance=327_300_000,
    rows=(
        *LEDGER,
        FreeCallsRow(day=date(2026, 11, 21), count=12, url=ENTRIES.url(type=FREE), last_seq=0),
    ),
    correct_url="/accounts/a4?dialog=adjust&entry=",
    pager=Pager(text="1–5 of 5 entries"),
)

# --- rejected calls ---------------------------------------------------------------------------

RECORD: Final = {
    "call_id": "c-20261122-000042",
    "caller": "104",
    "destination": "+8610655",
    "x": "y",
}
REJECTED: Final = table(
    rejected_calls.RejectedCallRow,
    "id reason status account_id call_id caller seconds",
    ("r1", "no-rate", "waiting", "acc_6742b1f0c9e77b0012a4d301", RECORD["call_id"], "104", 221),
    ("r2", "unknown-account", "waiting", "", "c2", "104", 221),
    ("r3", "conflict", "retrying", "acc_6742b1f0c9e77b0012a4d301", "c3", "104", 221),
    ("r5", "too-late", "dismissed", "acc_6742b1f0c9e77b0012a4d301", "c5", "104", 221),
    ("r4", "malformed", "charged", "acc_6742b1f0c9e77b0012a4d301", LONG_WORD, "", None),
    detail="The account's rate sheet has no rate for +8610655.",
    destination="+8610655",
    record=json.dumps(RECORD, indent=2),
    received_at=NOW,
)
ALL: Final = ListQuery(path="/rejected-calls", parameters={"status": "all"})
STATUSES: Final = {
    "": "Waiting",
    "retrying": "Retrying",
    "charged": "Charged",
    "dismissed": "Dismissed",
    "all": "All",
}
LIST: Final = rejected_calls.RejectedCallsPage(
    query=ALL,
    zone=ZONE,
    segments=segments(ALL, "status", STATUSES),
    rows=REJECTED,
    pager=Pager(text="5 calls", next_url=ALL.url(after=MORE)),
)
ONE: Final = rejected_calls.RejectedCallPage(
    row=REJECTED[0],
    version=3,
    zone=ZONE,
    fields=rejected_calls.RejectedCallFields(
        call_id=RECORD["call_id"],
        account=REJECTED[0].account_id,
        caller="104",
        destination="+8610655",
        answered_at="2026-11-22T09:14:05",
        seconds="two minutes",
    ),
    corrections=json.dumps({"destination": "+8610655"}, indent=2),
    retried_at=NOW,
    closed_at=None,
    dismissed_because="",
)

PAGES: Final = seen_by(
    customer={"per-minute": PER_MINUTE, "my-transactions": replace(TRANSACTIONS, head=HEAD)},
    reseller={
        "calls": replace(
            PER_MINUTE,
            head=None,
            name=LONG_NAME,
            available=-1_830_000,
            chart=_chart(92, "Charges by day, last 92 days"),
        ),
        "per-minute-none": replace(
            PER_MINUTE,
            call_charges=0,
            minutes_used=0.0,
            chart=None,
            rows=(),
            pager=Pager(text="0 calls"),
        ),
        "transactions": TRANSACTIONS,
        "rejected-calls-none": replace(LIST, query=ListQuery(path="/rejected-calls"), rows=()),
        "rejected-call": wrong(ONE, seconds="Enter whole seconds, from 1 to 86,400."),
    },
    operator={
        "reseller-transactions": TRANSACTIONS,
        "rejected-calls": LIST,
        "rejected-call-dismissed": replace(
            ONE,
            row=replace(ONE.row, status="dismissed"),
            closed_at=NOW,
            dismissed_because="A test call of the switch.",
        ),
    },
)
