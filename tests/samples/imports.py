"""Accounts and calls that come from files."""

from dataclasses import replace
from typing import Final

from contracts.accounts import AccountImport, Failure, ImportedRow
from contracts.billing import Quote, QuoteLine
from contracts.tables import ColumnMeaning
from gateway.features.account_imports import answers
from gateway.features.account_imports.views import ForAllRows, ImportPage, OpenManyPage
from gateway.features.calls.import_schemas import CallImport, ImportedCall, ImportedSum
from gateway.features.calls.import_views import CallImportFields, ImportCallsPage
from gateway.portal.dialling import DIAL_FORMAT_CHOICES
from gateway.portal.time_zones import time_zone_choices
from gateway.portal.views.parts import KeptTable, ReadColumn
from tests.samples.factories import choices, made, meanings, question, seen_by, table, wrong
from tests.samples.names import LONG_NAME, LONG_WORD, NOW, UNIT

# --- accounts ---------------------------------------------------------------------------------

NAMES: Final = ("Harbour Dental", "Kestrel Logistics", LONG_NAME, "Ōmori Trading")
FIRST_LINE: Final = 2
COST: Final = 12_500_000
NEW_YORK: Final = "America/New_York"


def _quote(users: int) -> Quote:
    amount = users * COST
    line = QuoteLine(type="users", text="Users", quantity=users, unit_price=COST, amount=amount)
    return made(
        Quote,
        lines=(line,),
        total=amount,
        credit=500 * UNIT,
        balance_after=500 * UNIT - amount,
        monthly_charge=amount,
        sufficient_credit=True,
    )


def _email(line: int) -> str:
    return f"admin{line}@company.example"


def _sum(name: str) -> int:
    return sum(getattr(row.quote, name) for row in CHECKED_ROWS)


CHECKED_ROWS: Final = table(
    answers.CheckedRow,
    "line name email users quote",
    *(
        (line, name, _email(line), line * 5, _quote(line * 5))
        for line, name in enumerate(NAMES, FIRST_LINE)
    ),
    first_name="Mia",
    last_name="Tan",
    rate_sheet="Retail 2026",
    numbers=("+14155550173",),
    credit=500 * UNIT,
)
FAULTS: Final = table(
    answers.RowFault,
    "line column type detail",
    (
        *(4, "E-mail", "same-email"),
        "Line 2 has the same e-mail address. One person can have both.",
    ),
    (2, "E-mail", "invalid-email", "Enter an e-mail address such as name@company.com."),
    (
        *(5, LONG_NAME, "account-name-taken"),
        "Another account has this name. Choose a different one.",
    ),
)
CHECK: Final = answers.AccountFileCheck(
    accounts=len(NAMES),
    can_open=True,
    columns=(ColumnMeaning(name="Company", meaning="name"),),
    errors=(),
    warnings=FAULTS[:1],
    totals=answers.FileTotals(
        currency="USD",
        total=_sum("total"),
        credit=_sum("credit"),
        balance_after=_sum("balance_after"),
        monthly_charge=_sum("monthly_charge"),
        missing=0,
    ),
    rows=CHECKED_ROWS,
)


def _import(state: str, *states: str) -> ImportPage:
    rows = tuple(
        made(
            ImportedRow,
            line=line,
            name=name,
            email=_email(line),
            state=one,
            total=line * 5 * COST,
            account_id=None if one == "waiting" else f"acc_{line}",
            realm="" if one == "waiting" else f"company-{line}x.voice.example",
            failure=TAKEN if one == "failed" else None,
        )
        for line, (name, one) in enumerate(zip(NAMES, states, strict=True), FIRST_LINE)
    )
    found = made(
        AccountImport,
        id="imp_1",
        state=state,
        accounts=len(NAMES),
        opened=states.count("opened"),
        failed=states.count("failed"),
        total=875 * UNIT,
        created_at=NOW,
        rows=rows,
    )
    return ImportPage(zone=NEW_YORK, found=found)


TAKEN: Final = Failure(type="number-taken", detail="+1 415-555-0173 is taken.")
DONE: Final = _import("done", "opened", "opened", "failed", "opened")
MANY: Final = made(
    OpenManyPage,
    zone=NEW_YORK,
    rate_sheets=choices({"rs1": "Retail 2026"}),
    for_all=ForAllRows(users="5"),
    recent=(DONE.found.model_copy(update={"rows": ()}),),
)
CHECKED: Final = replace(
    MANY,
    read_as_before=(ReadColumn(name="Company", meaning="Account name"),),
    check=CHECK,
    kept=KeptTable(
        text="Company\n",
        fields=(
            *(("separator", "comma"), ("has_header", "yes")),
            *(("name-1", "Company"), ("column-1", "name")),
        ),
    ),
)
ASKED: Final = replace(
    MANY,
    kept=KeptTable(text="Company;Deposit\n", fields=(("separator", "semicolon"),)),
    question=question(
        choices(
            {"name": "Account name", "credit": "Credit to add", "ignore": "Ignore this column"}
        ),
        ("Company", "Harbour Dental, Kestrel", "name"),
        ("Deposit", "500.00, 250.00", "credit"),
        (LONG_NAME, "x", ""),
    ),
)

# --- calls ------------------------------------------------------------------------------------

NO_FILE: Final = ImportCallsPage(
    fields=CallImportFields(), time_zones=time_zone_choices(), dial_formats=DIAL_FORMAT_CHOICES
)
ASTERISK: Final = CallImportFields(call_format="asterisk-master")


def _call(line: int, **changes: object) -> ImportedCall:
    usual = {
        "lines": (line,),
        "call_id": f"1795361600.{line}",
        "status": "accepted",
        "account": "acc_7h2",
        "seconds": 61,
        "cost": 100_000,
    }
    return made(
        ImportedCall,
        caller="+12125550100",
        destination="+442079460321",
        country="GB",
        answered_at=NOW,
        rated_seconds=120,
        rate=50_000,
        **{**usual, "currency": "USD", **changes},
    )


def _free(line: int, status: str, **changes: object) -> ImportedCall:
    return _call(line, status=status, cost=0, currency=None, **changes)


REPORT: Final = CallImport(
    dry_run=True,
    format="asterisk-master",
    rows=218,
    calls=206,
    accepted=180,
    already_charged=12,
    rejected=2,
    not_answered=11,
    not_outbound=1,
    ignored=0,
    sums=(ImportedSum(currency="USD", calls=180, cost=18_720_000),),
    data=(
        _call(1),
        _call(
            2,
            lines=(2, 3, 4),
            seconds=3_675,
            detail="Other legs of the call aren't charged: line 2 (6 s).",
        ),
        _call(5, status="already-charged"),
        _free(6, "rejected", reason="unknown-account", detail="No account of yours has this id."),
        _free(7, "rejected", reason="malformed", call_id="", account=""),
        _free(8, "not-answered", call_id=LONG_WORD, seconds=0),
    ),
)
TIMES: Final = question(
    meanings("calls"),
    ("Start", "22/11/2026 15:33", "answered_at_day_first"),
    ("Duration (min)", "1.5, 0.25", "minutes"),
    (LONG_WORD, "0.50, 0.10", ""),
)

PAGES: Final = seen_by(
    reseller={
        "open-many": MANY,
        "open-many-asked": wrong(
            ASKED, file="Say what these columns mean, or ignore: “Deposit”, “Hat size”."
        ),
        "open-many-checked": CHECKED,
        "open-many-wrong": replace(
            CHECKED, check=CHECK.model_copy(update={"can_open": False, "errors": FAULTS[1:]})
        ),
        "open-many-running": _import("running", "opened", "failed", "opening", "waiting"),
        "open-many-done": DONE,
        "call-import": NO_FILE,
        "call-import-times": wrong(
            replace(NO_FILE, fields=replace(ASTERISK, codes="1004 = archer.voice.example")),
            time_zone=("“2026-11-22 15:33:23” is a local time. Give the time zone of the file."),
        ),
        "call-import-checked": replace(
            NO_FILE,
            fields=replace(ASTERISK, time_zone=NEW_YORK),
            report=REPORT,
            kept=KeptTable(text="1004,104,+44\n", fields=(("has_header", "no"),)),
        ),
        "call-import-done": replace(NO_FILE, report=REPORT.model_copy(update={"dry_run": False})),
    },
    operator={
        "call-import-question": wrong(
            replace(
                NO_FILE,
                question=TIMES,
                kept=KeptTable(text="Start;Duration (min)\n22/11/2026 15:33;1.5\n"),
            ),
            file="Say what these columns mean, or ignore: “Start”, “Duration (min)”.",
        )
    },
)
