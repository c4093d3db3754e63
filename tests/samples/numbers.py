"""A reseller's stock of numbers, and lists that change it."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from contracts.numbers import NumberDifference
from gateway.features.numbers.imports import RESELLERS_MODES, empty_import
from gateway.features.numbers.views import FeesForm, NumbersPage, StockRow, number_columns
from gateway.portal.views.parts import ImportReport, Link, ListQuery, Pager, RowRefusal
from tests.samples.factories import made, seen_by, segments, table, wrong
from tests.samples.names import LONG_NAME, NAME, NOW, UNIT

QUERY: Final = ListQuery(path="/numbers", parameters={"state": "", "sort": "number"})
STATES: Final = {
    "": "All",
    "available": "Spare",
    "reserved": "Reserved",
    "assigned": "Assigned",
    "quarantine": "Quarantine",
}
STOCK: Final = made(
    NumbersPage,
    query=QUERY,
    segments=segments(QUERY, "state", STATES, 52, 46, 1, 4, 1),
    columns=number_columns(),
    rows=table(
        StockRow,
        "e164 state account until",
        ("+14155550142", "assigned", Link(label=NAME, url="/accounts/a4"), None),
        ("+442079460321", "assigned", Link(label=LONG_NAME, url="/accounts/a5"), None),
        ("+18885550199", "available", None, None),
        ("+4930555010", "reserved", None, NOW + timedelta(minutes=15)),
        ("+97145550100", "quarantine", None, NOW + timedelta(days=30)),
    ),
    pager=Pager(text="1–5 of 52 numbers", next_url="/numbers?after=x"),
    any_number=True,
    sending=empty_import(RESELLERS_MODES),
)
REFUSED: Final = RowRefusal(
    line=4,
    content="+14155550142",
    reason="+14155550142 belongs to an account. Remove it from the account first.",
)
CHECKED: Final = replace(
    STOCK.sending,
    csv="DID,MRC\n+18885550199,2.50\n",
    answers=(("has_header", "yes"),),
    report=ImportReport(
        outcome="checked",
        added=0,
        changed=2,
        unchanged=3,
        file="spare-numbers.xlsx",
        refusals=1,
        refused=(REFUSED,),
    ),
    differences=table(
        NumberDifference,
        "number setup_fee_before setup_fee_after monthly_fee_before monthly_fee_after",
        ("+18885550199", UNIT, UNIT, 2_200_000, 2_500_000),
        ("+442079460321", 0, None, 2_200_000, None),
    ),
)
HELD: Final = "+18885550199 is held for an account that is being opened. Try again later."
SPARE: Final = FeesForm(number="+18885550199")

PAGES: Final = seen_by(
    reseller={
        "numbers": STOCK,
        "numbers-checked": replace(STOCK, sending=CHECKED),
        "number-fees": wrong(
            replace(
                STOCK,
                dialog="fees",
                fees=replace(SPARE, setup_fee="1.00", monthly_fee="ten"),
            ),
            monthly_fee="Enter the monthly fee as an amount such as 12.50.",
        ),
        "number-remove": replace(STOCK, dialog="remove", fees=SPARE, errors={"": HELD}),
        "numbers-first-day": replace(STOCK, rows=(), any_number=False),
    },
)
