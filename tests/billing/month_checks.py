"""What holds for the money and the invoices of any account, whatever it lived through."""

import itertools
from typing import Any

from services.billing.invoicing.model.invoice import StoredInvoice
from services.billing.ledger.model.ledger import Entry


def check_periods(invoices: list[StoredInvoice], opened_on: Any, renews_on: Any) -> None:  # noqa: ANN401 - days
    """See that no period is billed twice or left out."""
    billed = [one for one in invoices if not one.corrects_id]
    assert billed[0].period_start == opened_on
    for one, following in itertools.pairwise(billed):
        assert one.period_end == following.period_start
        assert one.up_to_seq <= following.after_seq
    assert billed[-1].period_end == renews_on
    recurring = [
        # "Plan …: 2 users"; what was charged before says "2 users × …"
        [line.period_start for line in one.lines if line.kind == "users" and ": " in line.text]
        for one in billed
    ]
    assert recurring == [[]] + [[one.period_start] for one in billed[1:]]


def check_sums(invoices: list[StoredInvoice], entries: list[Entry], invoiced_seq: int) -> None:
    """Compare what was charged, or is due, with the invoices; each call is in one of them."""
    billed = [one for one in invoices if not one.corrects_id]
    ids = {one.id for one in billed}
    no_lines = {"credit", "payment", "refund", "write-off"}
    charged = sum(
        -entry.amount
        for entry in entries
        if entry.type not in no_lines
        and entry.billed
        and (entry.cause in ids or (entry.seq <= invoiced_seq and entry.cause[:4] != "inv_"))
    )
    later = sum(one.due + one.paid + one.credited + one.written_off for one in billed)
    assert sum(one.total + one.rounding for one in billed) == charged + later
    assert all(one.total % 10_000 == one.due % 10_000 == 0 for one in invoices)
    lines = [line for one in billed for line in one.lines]
    calls = [(entry, _covering(entry, billed)) for entry in entries if entry.call]
    # an invoice of nothing is left out, with the calls that cost nothing
    assert all(
        len(covering) == 1
        for entry, covering in calls
        if entry.amount and entry.seq <= invoiced_seq
    )
    assert all(len(covering) <= 1 for _, covering in calls)
    facts = [entry.call for entry, covering in calls if entry.call and covering]
    rated = sum(call.rated_seconds > 0 for call in facts)
    free = sum(call.free_seconds > 0 for call in facts)
    assert sum(line.quantity or 0 for line in lines if line.kind == "calls") == rated
    assert sum(line.quantity or 0 for line in lines if line.kind == "bundle") == free
    charges = -sum(entry.amount for entry, covering in calls if covering)
    assert sum(line.exact_amount or 0 for line in lines if line.kind == "calls") == charges
    assert all(one.due >= 0 for one in invoices)


def _covering(entry: Entry, billed: list[StoredInvoice]) -> list[str]:
    return [one.id for one in billed if one.after_seq < entry.seq <= one.up_to_seq]
