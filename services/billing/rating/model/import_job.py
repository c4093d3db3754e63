"""A change of a sheet's rates, from the order to its end."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Final, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from contracts.base import FieldError
from contracts.billing import (
    ColumnMeaning,
    ImportMode,
    ImportReport,
    ImportState,
    Rate,
    RateDifference,
    RefusedRow,
)
from contracts.exact_rates import rate_text, split_exact
from contracts.values import Moment, decimal_text
from services.billing.rating.model.cells import CELLS, Form
from services.billing.rating.model.rows import MARGIN_DECIMALS, WHOLE, Change, Mode
from services.billing.rating.model.sheet import Sheet, StoredKind

MARGIN_PERCENT_MAX: Final = 1_000
REFUSED_ROWS_SHOWN: Final = 100
RATES_TOLD: Final = 20

Side = Literal["before", "after"]

_PERCENT = re.compile(
    rf"(?P<sign>[+-]?)(?P<whole>[0-9]{{1,4}})(\.(?P<part>[0-9]{{1,{MARGIN_DECIMALS}}}))?"
)
_PLAIN: Final = Form(",", ZoneInfo("UTC"))


class ImportJob(BaseModel):
    """What is to become of a sheet, and how far that is.

    Its rates come from a kept file, from a revision of a sheet, or are these few.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    sheet_id: str
    reseller_id: str
    kind: StoredKind
    actor: str
    mode: ImportMode = "upsert"
    removes: bool = False
    """The rates are to be taken out."""

    dry_run: bool = False
    upload_id: str = ""
    time_zone: str = "UTC"
    """In which a file's days begin."""

    columns: tuple[ColumnMeaning, ...] = ()
    """What the columns of the file mean; without them its first row names them."""

    decimal_comma: bool = False
    mapping_remembered: bool = False
    from_sheet_id: str = ""
    from_revision: int = 0
    margin: int = 0
    """In ten-thousandths of a per cent."""

    rates: tuple[Rate, ...] = ()
    state: ImportState = "waiting"
    done: int = 0
    of: int = 0
    attempts: int = 0
    """How often it was begun; whoever began it last is the one who may go on."""

    created_at: Moment
    finished_at: Moment | None = None
    revision: int | None = None
    report: ImportReport | None = None
    detail: str = ""

    @property
    def change_mode(self) -> Mode:
        """How its rates meet those of the sheet."""
        return "remove" if self.removes else self.mode

    def finished(self, now: datetime, state: ImportState, **result: object) -> "ImportJob":
        """Return the job at its end."""
        return self.model_copy(update={"state": state, "finished_at": now, **result})


def report_of(
    change: Change, *, dry_run: bool, refused: tuple[RefusedRow, ...], refused_count: int
) -> ImportReport:
    """Return the report. What was refused changed nothing, so only a dry run has figures then."""
    nothing_done = refused_count > 0 and not dry_run
    return ImportReport(
        dry_run=dry_run,
        added=0 if nothing_done else change.added,
        changed=0 if nothing_done else change.changed,
        unchanged=0 if nothing_done else change.unchanged,
        removed=0 if nothing_done else change.removed,
        refused=refused[:REFUSED_ROWS_SHOWN],
        refused_count=refused_count,
        differences=() if nothing_done else change.differences,
        cheaper=0 if nothing_done else change.cheaper,
        dearer=0 if nothing_done else change.dearer,
        unblocked=0 if nothing_done else change.unblocked,
    )


def described_rates(
    sheet: Sheet, differences: Iterable[RateDifference], side: Side
) -> dict[str, str]:
    """Return a sheet's revision and some of its rates, as the audit trail tells them.

    Of each rate it tells what it costs, and the other fields that change.
    """
    told = {"revision": str(sheet.revision), "rates": f"{sheet.summary.rates:,}"}
    for one in islice(differences, RATES_TOLD):
        rate, exact = (
            (one.rate_before, one.rate_before_exact)
            if side == "before"
            else (one.rate_after, one.rate_after_exact)
        )
        text = "" if rate is None else ", ".join((rate_text(rate, exact), *_others(one, side)))
        told[_rate_name(one.prefix, one.effective_from)] = text
    return told


def _others(difference: RateDifference, side: Side) -> Iterator[str]:
    for change in difference.changes:
        if change.field != "rate":
            text = change.before if side == "before" else change.after
            yield f"{_words(change.field)} {text or 'none'}"


def _rate_name(prefix: str, since: datetime | None) -> str:
    return f"+{prefix}" + (f" from {since:%Y-%m-%d %H:%M} UTC" if since else "")


def _words(field: str) -> str:
    return field.replace("_", " ")


def described_rate(rate: Rate) -> dict[str, str]:
    """Return all fields of a rate that was added or removed by hand."""
    fields = _texts(rate) | {"blocked": "yes" if rate.blocked else "no"}
    others = (
        f"{_words(name)} {text}"
        for name, text in fields.items()
        if name not in {"prefix", "rate", "effective_from"}
    )
    name = _rate_name(rate.prefix, rate.effective_from)
    return {name: ", ".join((fields["rate"], *others))}


def read_margin(percent: str) -> int | None:
    """Return a margin in ten-thousandths of a per cent; None when it is none or beyond limits.

    A margin of -100 would make everything free.
    """
    found = _PERCENT.fullmatch(percent.strip())
    if found is None:
        return None
    size = int(found["whole"] + (found["part"] or "").ljust(MARGIN_DECIMALS, "0"))
    margin = -size if found["sign"] == "-" else size
    return margin if -WHOLE < margin <= MARGIN_PERCENT_MAX * WHOLE // 100 else None


def check_rate(rate: Rate) -> tuple[Rate, list[FieldError]]:
    """Return a typed rate as a file would give it, and what is wrong with it."""
    errors: list[FieldError] = []
    read: dict[str, object] = {}
    for name, text in _texts(rate).items():
        try:
            read[name] = CELLS[name].read(text, _PLAIN)
        except ValueError as error:
            errors.append(FieldError(pointer=f"/{name}", type="invalid", detail=str(error)))
    if isinstance(exact := read.get("rate"), int):
        read["rate"], read["rate_exact"] = split_exact(exact)
    return rate.model_copy(update=read), errors


def _texts(rate: Rate) -> dict[str, str]:
    texts = {
        "prefix": rate.prefix.strip(),
        "rate": rate_text(rate.rate, rate.rate_exact),
        "connect_fee": decimal_text(rate.connect_fee),
        "min_duration": str(rate.min_duration),
        "increment": str(rate.increment),
        "grace": str(rate.grace),
    }
    if rate.country:
        texts["country"] = rate.country
    if name := " ".join(rate.name.split()):
        texts["name"] = name
    if rate.effective_from:
        texts["effective_from"] = rate.effective_from.isoformat()
    return texts
