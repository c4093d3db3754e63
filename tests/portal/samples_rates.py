"""Sample content: the Rates Manager."""

from dataclasses import replace
from datetime import timedelta

from contracts.billing import (
    CallPrice,
    ImportReport,
    Rate,
    RateDifference,
    RateFieldChange,
    RateRevision,
    RefusedRow,
)
from contracts.exact_rates import FRACTIONS_PER_MICRO
from contracts.tables import MEANINGS, TableKind
from gateway.features.rates.views import (
    ChangeDone,
    ChangeUnderWay,
    PriceBox,
    RateForm,
    SheetHead,
    SheetPage,
    SheetRow,
    SheetsPage,
    VersionsPage,
)
from gateway.portal.presenters import country_choices
from gateway.portal.views.parts import (
    Choice,
    KeptTable,
    ListQuery,
    MappingColumn,
    MappingQuestion,
    Pager,
    ReadColumn,
    Step,
)
from tests.portal.samples import LONG_NAME, NOW, ZONE

EXACT = 1_234_567
"""A rate of 8 decimals, in hundredths of micro-units."""

TAKEN = "You have a rate sheet named “Gold” already. Choose another name."


def sheets() -> SheetsPage:
    """Return some rate sheets."""
    query = ListQuery(path="/rates")
    names = ("Standard A–Z", "Gold", LONG_NAME)
    return SheetsPage(
        currency="USD",
        zone=ZONE,
        query=query,
        segments=(
            query.segment("show", "", "For plans"),
            query.segment("show", "archived", "Archived"),
        ),
        rows=tuple(
            SheetRow(
                id=f"s{index}",
                name=name,
                rates=214,
                lowest=12_345,
                lowest_exact=EXACT,
                highest=231_000,
                accounts=12,
                changed_at=NOW,
            )
            for index, name in enumerate(names)
        ),
        pager=Pager(text="3 rate sheets"),
        request="0193-key",
    )


def archived_sheets() -> SheetsPage:
    """Return the archived rate sheets."""
    query = ListQuery(path="/rates", parameters={"show": "archived"})
    rows = tuple(replace(row, archived=True) for row in sheets().rows)
    segments = (
        query.segment("show", "", "For plans"),
        query.segment("show", "archived", "Archived"),
    )
    return replace(sheets(), query=query, segments=segments, rows=rows)


def no_archived_sheets() -> SheetsPage:
    """Return the archive when there is nothing in it."""
    return replace(archived_sheets(), rows=())


def new_sheet() -> SheetsPage:
    """Return the list without sheets and the dialog with its error."""
    return replace(sheets(), rows=(), name="Gold", dialog="new", errors={"name": TAKEN})


def _head() -> SheetHead:
    return SheetHead(
        id="s1",
        name="Standard A–Z",
        currency="USD",
        zone=ZONE,
        version="3",
        accounts=12,
        rates=214,
    )


def sheet() -> SheetPage:
    """Return a sheet with rates."""
    query = ListQuery(path="/rates/s1")
    rates = (("1", "US", 8_500), ("44", "GB", 12_345), ("91", "IN", 21_000), ("971", "AE", 164_000))
    return SheetPage(
        sheet=_head(),
        query=query,
        rows=tuple(
            Rate(
                prefix=prefix,
                country=country,
                name="Mobile" if prefix == "971" else "",
                rate=rate,
                rate_exact=EXACT if rate == EXACT // FRACTIONS_PER_MICRO else None,
                connect_fee=0,
                min_duration=60,
                increment=60,
                effective_from=NOW if prefix != "1" else None,
                blocked=prefix == "91",
            )
            for prefix, country, rate in rates
        ),
        pager=Pager(text="1–4 of 214 rates", next_url=query.url(after="x")),
        countries=country_choices(),
        request="0193-key",
    )


def archived_sheet() -> SheetPage:
    """Return a sheet that new plans cannot choose, and the dialog that takes it back."""
    archived = replace(_head(), archived=True, name=LONG_NAME)
    return replace(sheet(), sheet=archived, dialog="archive")


_REFUSED = (
    RefusedRow(line=7, column="prefix", value="44x", detail="Write the prefix as 1 to 15 digits."),
    RefusedRow(
        line=19,
        column="rate",
        value="zero point one six, as agreed with the carrier in the letter of last month",
        detail="Write the amount with at most 8 decimals and no sign, such as 0.0321.",
    ),
)
_DIFFERENCES = (
    RateDifference(
        prefix="44",
        rate_before=12_345,
        rate_before_exact=EXACT,
        rate_after=12_345,
        rate_after_exact=EXACT + 1,
        changes=(
            RateFieldChange(field="rate", before="0.01234567", after="0.01234568"),
            RateFieldChange(field="name", before="United Kingdom, all networks", after=""),
            RateFieldChange(field="increment", before="60", after="1"),
            RateFieldChange(field="blocked", before="yes", after="no"),
        ),
    ),
    RateDifference(prefix="883120", rate_before=2_000_000),
    RateDifference(prefix="971501", effective_from=NOW, rate_after=164_000),
)


def sheet_checked() -> SheetPage:
    """Return a sheet after a file was checked in which everything is well."""
    report = ImportReport(
        dry_run=True,
        added=1,
        changed=94,
        unchanged=120,
        removed=1,
        differences=_DIFFERENCES,
        cheaper=3,
        dearer=1,
        unblocked=1,
    )
    done = ChangeDone(import_id="job_1", kind="import", outcome="checked", report=report)
    return replace(sheet(), done=done)


def sheet_check_refused() -> SheetPage:
    """Return a sheet after a file was checked in which rows are wrong."""
    report = ImportReport(
        dry_run=True,
        added=120,
        changed=94,
        unchanged=0,
        removed=0,
        refused=_REFUSED,
        refused_count=212,
    )
    done = ChangeDone(import_id="job_1", kind="import", outcome="checked", report=report)
    return replace(sheet(), done=done)


def sheet_refused() -> SheetPage:
    """Return a sheet after an import that was refused, and a file that could not be read."""
    report = ImportReport(
        dry_run=False,
        added=0,
        changed=0,
        unchanged=0,
        removed=0,
        refused=_REFUSED,
        refused_count=2,
    )
    done = ChangeDone(import_id="job_1", kind="import", outcome="refused", report=report)
    errors = {"file": "Choose a file that has rows."}
    return replace(sheet(), done=done, errors=errors)


def sheet_imported() -> SheetPage:
    """Return a sheet after an import."""
    report = ImportReport(dry_run=False, added=1_200, changed=94, unchanged=0, removed=3)
    done = ChangeDone(
        import_id="job_1", kind="import", outcome="changed", report=report, revision=7
    )
    return replace(sheet(), done=done)


READ_AS = (
    ReadColumn(name="Dial code", meaning="Prefix"),
    ReadColumn(name="Sell Rate", meaning="Rate per minute"),
    ReadColumn(name="Buy Rate agreed with the carrier", meaning="Ignore this column"),
)


def sheet_imported_as_before() -> SheetPage:
    """Return a sheet after a file whose columns are known from an earlier one."""
    page = sheet_checked()
    assert page.done is not None
    return replace(page, done=replace(page.done, read_as_before=READ_AS))


def sheet_mapping() -> SheetPage:
    """Return a sheet with a file whose columns must be explained."""
    error = "Say what these columns mean, or ignore: “Sell Rate”, “Buy Rate agreed with us”."
    return replace(
        sheet(),
        question=question("rates"),
        kept=KeptTable(text="Dial code\n39\n"),
        errors={"file": error},
    )


def question(kind: TableKind) -> MappingQuestion:
    """Return a question about three columns, one of which nobody knows."""
    return MappingQuestion(
        columns=(
            MappingColumn(name="Dial code", samples="39, 33, 4420", value=MEANINGS[kind][0].name),
            MappingColumn(name="Sell Rate", samples="0,0300, 0,0200", value=""),
            MappingColumn(name="Buy Rate agreed with us", samples="0,02", value="ignore"),
        ),
        meanings=tuple(Choice(value=one.name, label=one.label) for one in MEANINGS[kind]),
        has_header=True,
    )


def sheet_importing() -> SheetPage:
    """Return a sheet while a large file is being imported."""
    change = ChangeUnderWay(
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
    return replace(sheet(), under_way=change)


def sheet_priced() -> SheetPage:
    """Return a sheet with what a call would cost, and a later page of its rates."""
    price = CallPrice(
        prefix="971",
        country="AE",
        rate=164_000,
        billed_seconds=180,
        cost=492_000,
        currency="USD",
    )
    return replace(
        sheet(),
        price=PriceBox(destination="+971 50 123 4567", minutes="3", price=price),
        pager=Pager(text="4 rates", first_url="/rates/s1"),
    )


def sheet_renamed() -> SheetPage:
    """Return the dialog that renames a sheet after a name that is taken."""
    return replace(sheet(), dialog="rename", new_name="Gold", errors={"name": TAKEN})


def sheet_copied() -> SheetPage:
    """Return the dialog that copies a sheet after what was typed was refused."""
    errors = {
        "copy_name": TAKEN,
        "margin": "Enter the margin in per cent, above -100 and up to 1,000, such as 12.5.",
    }
    return replace(sheet(), dialog="copy", new_name="Gold", margin="-100", errors=errors)


def sheet_deleted() -> SheetPage:
    """Return the dialog that deletes a sheet, which plans still use."""
    errors = {"": "12 plans use this rate sheet."}
    return replace(sheet(), dialog="delete", errors=errors)


def new_rate() -> SheetPage:
    """Return the dialog that adds a rate after what was typed was refused."""
    errors = {
        "prefix": "Write the prefix as 1 to 15 digits, country code first, such as 4420.",
        "rate": "Enter the rate as an amount such as 12.50.",
        "increment": "Write whole seconds from 1 to 3,600.",
    }
    typed = RateForm(prefix="0044", rate="ten", increment="0")
    return replace(sheet(), dialog="rate", rate=typed, errors=errors)


def rate_changed() -> SheetPage:
    """Return the dialog that changes a rate."""
    typed = RateForm(
        prefix="971",
        effective_from=NOW.isoformat(),
        begins_at=NOW,
        country="AE",
        name="Mobile",
        rate="0.1640",
        blocked=True,
        is_new=False,
    )
    return replace(sheet(), dialog="rate", rate=typed)


def rate_removed() -> SheetPage:
    """Return the dialog that removes a rate after somebody else changed the sheet."""
    typed = RateForm(prefix="971", is_new=False)
    errors = {"": "Someone else changed this rate sheet. Load it again and repeat your change."}
    return replace(sheet(), dialog="remove", rate=typed, errors=errors)


def new_sheet_page() -> SheetPage:
    """Return a sheet without rates."""
    return replace(sheet(), sheet=replace(_head(), rates=0, accounts=0), rows=())


def versions() -> VersionsPage:
    """Return what a sheet contained, and the dialog that goes back."""
    kinds = ("edit", "restore", "import", "copy")
    return VersionsPage(
        sheet=_head(),
        actor="usr_1",
        rows=tuple(
            RateRevision(
                number=14 - index,
                active_from=NOW - timedelta(days=9 * index),
                rates=100_214 - index,
                kind=kind,
                actor=("usr_1", "key_1", "usr_2", "usr_1")[index],
            )
            for index, kind in enumerate(kinds)
        ),
    )


def going_back() -> VersionsPage:
    """Return the dialog that goes back to a version, while an import is under way."""
    errors = {"": "The rates of this sheet are being changed. Try again when that is done."}
    return replace(versions(), restore=12, errors=errors)


def no_versions() -> VersionsPage:
    """Return a sheet that had no rates yet."""
    return replace(versions(), rows=())
