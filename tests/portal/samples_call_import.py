"""Sample view models of the page that imports calls."""

from contracts.tables import MEANINGS
from gateway.features.calls.import_schemas import CallImport, ImportedCall, ImportedSum
from gateway.features.calls.import_views import CallImportFields, ImportCallsPage
from gateway.portal.dialling import DIAL_FORMAT_CHOICES
from gateway.portal.time_zones import time_zone_choices
from gateway.portal.views.parts import Choice, KeptTable, MappingColumn, MappingQuestion
from tests.portal.samples import LONG_WORD, NOW


def page(
    fields: CallImportFields | None = None,
    *,
    report: CallImport | None = None,
    question: MappingQuestion | None = None,
    kept: KeptTable | None = None,
    **errors: str,
) -> ImportCallsPage:
    """Return the page as a reseller sees it."""
    return ImportCallsPage(
        fields=fields or CallImportFields(),
        time_zones=time_zone_choices(),
        dial_formats=DIAL_FORMAT_CHOICES,
        report=report,
        question=question,
        kept=kept,
        errors=errors,
    )


def first() -> ImportCallsPage:
    """Return the page before a file was chosen."""
    return page()


def local_times() -> ImportCallsPage:
    """Return the page after a file with local times was refused."""
    fields = CallImportFields(call_format="asterisk-master", codes="1004 = archer.voice.example")
    return page(
        fields, time_zone="“2026-11-22 15:33:23” is a local time. Give the time zone of the file."
    )


def asking() -> ImportCallsPage:
    """Return the page that asks what columns mean."""
    question = MappingQuestion(
        columns=(
            MappingColumn(name="Start", samples="22/11/2026 15:33", value="answered_at_day_first"),
            MappingColumn(name="Duration (min)", samples="1.5, 0.25", value="minutes"),
            MappingColumn(name=LONG_WORD, samples="0.50, 0.10", value=""),
        ),
        meanings=tuple(Choice(value=one.name, label=one.label) for one in MEANINGS["calls"]),
        has_header=True,
    )
    kept = KeptTable(text="Start;Duration (min)\n22/11/2026 15:33;1.5\n")
    error = "Say what these columns mean, or ignore: “Start”, “Duration (min)”."
    return page(question=question, kept=kept, file=error)


def _call(line: int, **fields: object) -> ImportedCall:
    call = ImportedCall(
        lines=(line,),
        call_id=f"1795361600.{line}",
        status="accepted",
        account="acc_7h2",
        caller="+12125550100",
        destination="+442079460321",
        country="GB",
        answered_at=NOW,
        seconds=61,
        rated_seconds=120,
        rate=50_000,
        cost=100_000,
        currency="USD",
    )
    return call.model_copy(update=fields)


def _report(*, dry_run: bool) -> CallImport:
    nothing = {"cost": 0, "currency": None}
    unknown = "No account of yours has this id."
    left_out = "Other legs of the call aren't charged: line 2 (6 s)."
    return CallImport(
        dry_run=dry_run,
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
            _call(2, lines=(2, 3, 4), seconds=3_675, detail=left_out),
            _call(5, status="already-charged"),
            _call(6, status="rejected", reason="unknown-account", detail=unknown, **nothing),
            _call(7, status="rejected", reason="malformed", call_id="", account="", **nothing),
            _call(8, status="not-answered", call_id=LONG_WORD, seconds=0, **nothing),
        ),
    )


def checked() -> ImportCallsPage:
    """Return the report of a file that was only checked."""
    fields = CallImportFields(call_format="asterisk-master", time_zone="America/New_York")
    kept = KeptTable(text="1004,104,+44\n", fields=(("has_header", "no"),))
    return page(fields, report=_report(dry_run=True), kept=kept)


def imported() -> ImportCallsPage:
    """Return the report of a file that was imported."""
    return page(report=_report(dry_run=False))
