"""Sample view models of the pages about calls and of the settings tabs beside them."""

import json
from dataclasses import replace
from datetime import date, timedelta

from contracts.billing import UsageDay
from gateway.features.accounts.ledger_rows import FREE, kind_segments
from gateway.features.accounts.views import Bundle, FreeCallsRow, PlanSummary, TransactionsPage
from gateway.features.calls.chart import charges_by_day
from gateway.features.calls.views import PerMinutePage
from gateway.features.plans.views import PlanTab, ServiceLine
from gateway.features.rejected_calls.views import (
    RejectedCallFields,
    RejectedCallPage,
    RejectedCallRow,
    RejectedCallsPage,
)
from gateway.portal.views.parts import ListQuery, Pager, SettingsHead
from tests.portal.samples import CALLS, LONG_NAME, LONG_WORD, NOW, TRANSACTIONS, UNIT, ZONE

HEAD = SettingsHead(
    account_name="Harbour & Vale Legal",
    account_id="a4",
    realm="harbour-and-vale-legal-k4x7.voice.example",
    currency="USD",
    available=327_300_000,
)
_CENTS = (0, 210, 280, 190, 320, 240, 0, 0, 170, 360, 290, 220, 492, 0, 0, 180, 260, 310, 140, 190)
_DAYS = (*_CENTS, 430, 61)


def _days(count: int) -> list[UsageDay]:
    last = date(2026, 11, 22)
    return [
        UsageDay(
            day=last - timedelta(days=count - 1 - at),
            minutes_used=round(_DAYS[at % len(_DAYS)] * 0.146, 2),
            call_charges=_DAYS[at % len(_DAYS)] * 10_000,
        )
        for at in range(count)
    ]


def per_minute() -> PerMinutePage:
    """Return a month of calls as the customer sees it."""
    this_month = {"from": "2026-11-01", "to": "2026-11-22"}
    query = ListQuery(path="/my/per-minute", parameters=this_month)
    return PerMinutePage(
        id="a4",
        name="Harbour & Vale Legal",
        head=HEAD,
        query=query,
        currency="USD",
        zone=ZONE,
        first_day="1 Nov 2026",
        last_day="22 Nov 2026",
        presets=(
            query.segment("from", "2026-11-16", "7 days"),
            query.segment("from", "2026-11-01", "This month"),
            query.segment("from", "2026-10-01", "Last month"),
            query.segment("from", "2026-01-01", "This year"),
        ),
        export_url="/v1/accounts/a4/calls.csv",
        call_charges=41_860_000,
        minutes_used=612.4,
        available=327_300_000,
        chart=charges_by_day(_days(22), "USD", "Charges by day"),
        rows=CALLS,
        pager=Pager(text="6 calls", next_url=query.url(after="eyJuIjoxMH0")),
    )


def calls_of_customer() -> PerMinutePage:
    """Return the longest chart, of a customer with a long name and a debt."""
    return replace(
        per_minute(),
        head=None,
        name=LONG_NAME,
        available=-1_830_000,
        chart=charges_by_day(_days(92), "USD", "Charges by day, last 92 days"),
    )


def no_calls() -> PerMinutePage:
    """Return days without any billed call."""
    pager = Pager(text="0 calls")
    return replace(per_minute(), call_charges=0, minutes_used=0.0, chart=None, rows=(), pager=pager)


def transactions() -> TransactionsPage:
    """Return a ledger."""
    query = ListQuery(path="/accounts/a4/transactions", parameters={"from": "2026-11-01"})
    return TransactionsPage(
        id="a4",
        name="Harbour & Vale Legal",
        query=query,
        export_url="/v1/accounts/a4/transactions.csv",
        currency="USD",
        zone=ZONE,
        first_day="1 Nov 2026",
        last_day="30 Nov 2026",
        presets=(
            query.segment("from", "2026-11-01", "This month"),
            query.segment("from", "2026-10-01", "Last month"),
            query.segment("from", "", "All"),
        ),
        kinds=kind_segments(query),
        opening_balance=0,
        closing_balance=327_300_000,
        rows=(
            *TRANSACTIONS,
            FreeCallsRow(day=date(2026, 11, 21), count=12, url=query.url(type=FREE), last_seq=0),
        ),
        correct_url="/accounts/a4?dialog=adjust&entry=",
        pager=Pager(text="1–5 of 5 entries"),
    )


def own_transactions() -> TransactionsPage:
    """Return the customer's own ledger."""
    return replace(transactions(), head=HEAD)


def plan_tab() -> PlanTab:
    """Return a plan with numbers and bundles, one of them nearly used up."""
    return PlanTab(
        head=HEAD,
        parent="Northwind Voice",
        plan=PlanSummary(
            name="Office 12",
            users=12,
            cost_per_user=14 * UNIT,
            rate_sheet="Standard A–Z",
            home_calls="Free",
            premium_calls="Charged by the rate sheet",
            monthly_charge=171_700_000,
            renews_at=NOW + timedelta(days=30),
        ),
        lines=(
            ServiceLine(text="Users", quantity=12, unit_cost=14 * UNIT),
            ServiceLine(text="+1 415-555-0142", quantity=1, unit_cost=1_500_000),
            ServiceLine(text="+44 20 7946 0321", quantity=1, unit_cost=2_200_000),
        ),
        bundles=(
            Bundle(country="IN", minutes=300, minutes_left=14),
            Bundle(country="GB", minutes=500, minutes_left=500),
            Bundle(country="AE", minutes=0, minutes_left=0),
        ),
    )


def no_plan_tab() -> PlanTab:
    """Return an account that is charged nothing, while its credit cannot be told."""
    return PlanTab(head=replace(HEAD, available=None), parent="Northwind Voice", plan=None)


def rejected_calls() -> RejectedCallsPage:
    """Return calls rejected for several reasons, one of them being retried."""
    query = ListQuery(path="/rejected-calls", parameters={"status": "all"})
    first = _rejected_row()
    return RejectedCallsPage(
        query=query,
        zone=ZONE,
        segments=(
            query.segment("status", "", "Waiting"),
            query.segment("status", "retrying", "Retrying"),
            query.segment("status", "charged", "Charged"),
            query.segment("status", "dismissed", "Dismissed"),
            query.segment("status", "all", "All"),
        ),
        rows=(
            first,
            replace(first, id="r2", reason="unknown-account", account_id="", call_id="c2"),
            replace(first, id="r3", reason="conflict", status="retrying", call_id="c3"),
            replace(first, id="r5", reason="too-late", status="dismissed", call_id="c5"),
            replace(
                first,
                id="r4",
                reason="malformed",
                status="charged",
                call_id=LONG_WORD,
                caller="",
                seconds=None,
            ),
        ),
        pager=Pager(text="5 calls", next_url=query.url(after="eyJuIjoxMH0")),
    )


def _rejected_row() -> RejectedCallRow:
    record = {"call_id": "c-20261122-000042", "caller": "104", "destination": "+8610655", "x": "y"}
    return RejectedCallRow(
        id="r1",
        reason="no-rate",
        detail="The account's rate sheet has no rate for +8610655.",
        call_id="c-20261122-000042",
        account_id="acc_6742b1f0c9e77b0012a4d301",
        caller="104",
        destination="+8610655",
        seconds=221,
        record=json.dumps(record, indent=2),
        status="waiting",
        received_at=NOW,
    )


def no_rejected_calls() -> RejectedCallsPage:
    """Return a list in which nothing waits."""
    return replace(rejected_calls(), query=ListQuery(path="/rejected-calls"), rows=())


def rejected_call() -> RejectedCallPage:
    """Return one that waits, with a field that can't be read."""
    return RejectedCallPage(
        row=_rejected_row(),
        version=3,
        zone=ZONE,
        fields=RejectedCallFields(
            call_id="c-20261122-000042",
            account="acc_6742b1f0c9e77b0012a4d301",
            caller="104",
            destination="+8610655",
            answered_at="2026-11-22T09:14:05",
            seconds="two minutes",
        ),
        corrections=json.dumps({"destination": "+8610655"}, indent=2),
        retried_at=NOW,
        closed_at=None,
        dismissed_because="",
        errors={"seconds": "Enter whole seconds, from 1 to 86,400."},
    )


def dismissed_call() -> RejectedCallPage:
    """Return one that was dismissed."""
    page = rejected_call()
    return replace(
        page,
        row=replace(page.row, status="dismissed"),
        closed_at=NOW,
        dismissed_because="A test call of the switch.",
        errors={},
    )
