"""Fields that got another name: sent under both, read under either, until version 1.0."""

import json
from datetime import UTC, date, datetime

import pytest

from contracts.base import Value
from contracts.billing import Plan, QuarantinedNumber
from contracts.numbers import AssignPlanNumbers

NUMBER = QuarantinedNumber(
    number="+442079460321",
    monthly_fee=2_200_000,
    until=datetime(2026, 12, 22, tzinfo=UTC),
    charge=0,
)
PLAN = Plan(
    account_id="acc_1",
    name="Office 12",
    users=12,
    cost_per_user=14_000_000,
    currency="USD",
    rate_sheet_id="",
    rate_sheet_name="",
    numbers=(),
    countries=(),
    monthly_charge=168_000_000,
    next_renewal=date(2026, 12, 22),
    version=3,
    quarantined_numbers=(NUMBER,),
)
ASSIGN = AssignPlanNumbers(
    account_id="acc_1",
    reseller_id="acc_2",
    order_id="ord_1",
    reservation_id="",
    numbers=("+442079460321",),
    from_quarantine=True,
)


@pytest.mark.parametrize(
    ("message", "new", "old"),
    [(PLAN, "quarantined_numbers", "resting"), (ASSIGN, "from_quarantine", "back_from_rest")],
)
def test_a_field_is_sent_under_both_of_its_names_and_read_under_either(
    message: Value, new: str, old: str
) -> None:
    sent = json.loads(message.model_dump_json())
    assert sent[new] == sent[old]
    assert sent[new]
    for missing in (new, old):
        told = json.dumps({name: value for name, value in sent.items() if name != missing})
        assert type(message).model_validate_json(told) == message
