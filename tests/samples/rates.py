"""The Rates Manager: sheets, their rates, imports and versions."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from contracts import billing
from gateway.features.rates import views as rates
from gateway.portal.presenters import country_choices
from gateway.portal.views.parts import KeptTable, ListQuery, Pager, ReadColumn, Step
from tests.samples.factories import made, meanings, question, seen_by, segments, table, wrong
from tests.samples.names import LONG_NAME, NOW

EXACT: Final = 1_234_567
"""A rate of 8 decimals, in hundredths of micro-units."""

TAKEN: Final = "You have a rate sheet named “Gold” already. Choose another name."


def _list(*, archived: bool) -> rates.SheetsPage:
    query = ListQuery(path="/rates", parameters={"show": "archived"} if archived else {})
    return made(
        rates.SheetsPage,
        query=query,
        segments=segments(query, "show", {"": "For plans", "archived": "Archived"}),
        rows=table(
            rates.SheetRow,
            "id name",
            ("s0", "Standard A–Z"),
            ("s1", "Gold"),
            ("s2", LONG_NAME),
            rates=214,
            lowest=12_345,
            lowest_exact=EXACT,
            highest=231_000,
            accounts=12,
            changed_at=NOW,
            archived=archived,
        ),
        pager=Pager(text="3 rate sheets"),
    )


HEAD: Final = made(rates.SheetHead, id="s1", name="Standard A–Z", accounts=12, rates=214)
SHEET: Final = made(
    rates.SheetPage,
    sheet=HEAD,
    query=ListQuery(path="/rates/s1"),
    rows=table(
        billing.Rate,
        "prefix country name rate rate_exact effective_from blocked",
        ("1", "US", "", 8_500, None, None, False),
        ("44", "GB", "", 12_345, EXACT, NOW, False),
        ("91", "IN", "", 21_000, None, NOW, True),
        ("971", "AE", "Mobile", 164_000, None, NOW, False),
        connect_fee=0,
        min_duration=60,
        increment=60,
    ),
    pager=Pager(text="1–4 of 214 rates", next_url="/rates/s1?after=x"),
    countries=country_choices(),
    request="0193-key",
)

# --- imports ----------------------------------------------------------------------------------

REFUSED: Final = table(
    billing.RefusedRow,
    "line column value detail",
    (7, "prefix", "44x", "Write the prefix as 1 to 15 digits."),
    (
        19,
        "rate",
        "zero point one six, as agreed with the carrier in the letter of last month",
        "Write the amount with at most 8 decimals and no sign, such as 0.0321.",
    ),
)
DIFFERENCES: Final = (
    billing.RateDifference(
        prefix="44",
        rate_before=12_345,
        rate_before_exact=EXACT,
        rate_after=12_345,
        rate_after_exact=EXACT + 1,
        changes=table(
            billing.RateFieldChange,
            "field before after",
            ("rate", "0.01234567", "0.01234568"),
            ("name", "United Kingdom, all networks", ""),
            ("increment", "60", "1"),
            ("blocked", "yes", "no"),
        ),
    ),
    billing.RateDifference(prefix="883120", rate_before=2_000_000),
    billing.RateDifference(prefix="971501", effective_from=NOW, rate_after=164_000),
)
READ_AS: Final = table(
    ReadColumn,
    "name meaning",
    ("Dial code", "Prefix"),
    ("Sell Rate", "Rate per minute"),
    ("Buy Rate agreed with the carrier", "Ignore this column"),
)


def _done(outcome: str, revision: int | None = None, **counts: object) -> rates.ChangeDone:
    counted = {"dry_run": outcome == "checked", "added": 0, "changed": 0, "unchanged": 0}
    report = made(billing.ImportReport, **{**counted, "removed": 0, **counts})
    return made(
        rates.ChangeDone,
        import_id="job_1",
        kind="import",
        outcome=outcome,
        report=report,
        revision=revision,
    )


CHECKED: Final = _done(
    "checked",
    added=1,
    changed=94,
    unchanged=120,
    removed=1,
    differences=DIFFERENCES,
    cheaper=3,
    dearer=1,
    unblocked=1,
)
UNDER_WAY: Final = rates.ChangeUnderWay(
    import_id="job_1",
    heading="Importing rates",
    steps=(
        Step(label="Read and compare", state="done"),
        Step(label="Write what changes", state="now", note="42,000 of 100,000 rows"),
        Step(label="Put all of it into use at once", state="next"),
    ),
    done=42_000,
    of=100_000,
)
COLUMNS: Final = (
    ("Sell Rate", "0,0300, 0,0200", ""),
    ("Buy Rate agreed with us", "0,02", "ignore"),
)
PRICE: Final = made(
    billing.CallPrice, prefix="971", country="AE", rate=164_000, billed_seconds=180, cost=492_000
)

# --- one rate, and versions -------------------------------------------------------------------

MOBILE: Final = rates.RateForm(
    prefix="971",
    effective_from=NOW.isoformat(),
    begins_at=NOW,
    country="AE",
    name="Mobile",
    rate="0.1640",
    blocked=True,
    is_new=False,
)
VERSIONS: Final = rates.VersionsPage(
    sheet=HEAD,
    actor="usr_1",
    rows=table(
        billing.RateRevision,
        "number active_from rates kind actor",
        (14, NOW, 100_214, "edit", "usr_1"),
        (13, NOW - timedelta(days=9), 100_213, "restore", "key_1"),
        (12, NOW - timedelta(days=18), 100_212, "import", "usr_2"),
        (11, NOW - timedelta(days=27), 100_211, "copy", "usr_1"),
    ),
)


PAGES: Final = seen_by(
    reseller={
        "rates": _list(archived=False),
        "rates-archived": _list(archived=True),
        "rates-none-archived": replace(_list(archived=True), rows=()),
        "rates-new": wrong(
            replace(_list(archived=False), rows=(), name="Gold", dialog="new"), name=TAKEN
        ),
        "sheet": SHEET,
        "sheet-importing": replace(SHEET, under_way=UNDER_WAY),
        "sheet-checked": replace(SHEET, done=CHECKED),
        "sheet-check-refused": replace(
            SHEET,
            done=_done("checked", added=120, changed=94, refused=REFUSED, refused_count=212),
        ),
        "sheet-refused": wrong(
            replace(SHEET, done=_done("refused", refused=REFUSED, refused_count=2)),
            file="Choose a file that has rows.",
        ),
        "sheet-imported": replace(
            SHEET, done=_done("changed", revision=7, added=1_200, changed=94, removed=3)
        ),
        "sheet-imported-as-before": replace(SHEET, done=replace(CHECKED, read_as_before=READ_AS)),
        "sheet-mapping": wrong(
            replace(
                SHEET,
                question=question(
                    meanings("rates"), ("Dial code", "39, 33, 4420", "prefix"), *COLUMNS
                ),
                kept=KeptTable(text="Dial code\n39\n"),
            ),
            file="Say what these columns mean, or ignore: “Sell Rate”, “Buy Rate agreed with us”.",
        ),
        "sheet-priced": replace(
            SHEET,
            price=rates.PriceBox(destination="+971 50 123 4567", minutes="3", price=PRICE),
            pager=Pager(text="4 rates", first_url="/rates/s1"),
        ),
        "sheet-rename": wrong(replace(SHEET, dialog="rename", new_name="Gold"), name=TAKEN),
        "sheet-copy": wrong(
            replace(SHEET, dialog="copy", new_name="Gold", margin="-100"),
            copy_name=TAKEN,
            margin="Enter the margin in per cent, above -100 and up to 1,000, such as 12.5.",
        ),
        "sheet-archived": replace(
            SHEET, sheet=replace(HEAD, archived=True, name=LONG_NAME), dialog="archive"
        ),
        "sheet-delete": replace(
            SHEET, dialog="delete", errors={"": "12 plans use this rate sheet."}
        ),
        "sheet-first": replace(SHEET, sheet=replace(HEAD, rates=0, accounts=0), rows=()),
        "rate-new": wrong(
            replace(
                SHEET, dialog="rate", rate=rates.RateForm(prefix="0044", rate="ten", increment="0")
            ),
            prefix="Write the prefix as 1 to 15 digits, country code first, such as 4420.",
            rate="Enter the rate as an amount such as 12.50.",
            increment="Write whole seconds from 1 to 3,600.",
        ),
        "rate-change": replace(SHEET, dialog="rate", rate=MOBILE),
        "rate-remove": replace(
            SHEET,
            dialog="remove",
            rate=rates.RateForm(prefix="971", is_new=False),
            errors={
                "": "Someone else changed this rate sheet. Load it again and repeat your change."
            },
        ),
        "versions": VERSIONS,
        "versions-back": replace(
            VERSIONS,
            restore=12,
            errors={"": "The rates of this sheet are being changed. Try again when that is done."},
        ),
        "versions-first": replace(VERSIONS, rows=()),
    },
)
