"""A rate sheet: which revisions it had and when, and what its rates come to."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict

from contracts.billing import RevisionKind
from contracts.exact_rates import FRACTIONS_PER_MICRO
from contracts.values import Moment

REVISIONS_KEPT: Final = 50
ENDED_ROWS_KEPT: Final = 1_000_000
"""Rows of earlier revisions; beyond these the oldest revisions lapse, whatever their number."""

CALLS_LAST: Final = timedelta(days=1)
"""A revision stays at least so long after its end: calls that began in it are priced by it."""

REVISIONS_MAX: Final = 300
"""Within a day; then the sheet takes no more changes before some have lapsed."""


StoredKind = Annotated[
    RevisionKind, BeforeValidator(lambda kind: "restore" if kind == "rollback" else kind)
]
"""How a revision was made; `rollback` is what the first release stored for `restore`."""


class Span(BaseModel):
    """The lowest and the highest of some rates, in micro-units per 60 seconds.

    Their fractions are hundredths of a micro-unit.
    """

    model_config = ConfigDict(frozen=True)

    lowest: int
    highest: int
    lowest_fraction: int = 0
    highest_fraction: int = 0

    @classmethod
    def of_exact(cls, lowest: int, highest: int) -> "Span":
        """Return the span of rates in hundredths of micro-units."""
        first, first_fraction = divmod(lowest, FRACTIONS_PER_MICRO)
        last, last_fraction = divmod(highest, FRACTIONS_PER_MICRO)
        return cls(
            lowest=first,
            highest=last,
            lowest_fraction=first_fraction,
            highest_fraction=last_fraction,
        )


class Summary(BaseModel):
    """How many rates a sheet has, and what calls cost in all and by country."""

    model_config = ConfigDict(frozen=True)

    rates: int = 0
    span: Span | None = None
    countries: Mapping[str, Span] = {}


class Revision(BaseModel):
    """What a sheet contained from a moment on, until the next revision's; it never changes."""

    model_config = ConfigDict(frozen=True)

    number: int
    active_from: Moment
    rates: int
    ended: int = 0
    """How many rows of the revision before are not in it."""

    kind: StoredKind
    actor: str


class Sheet(BaseModel):
    """A reseller's price list; its rates are kept beside it.

    Revisions are numbered from 1 on; 0 is the empty one that every sheet begins with.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    reseller_id: str
    name: str
    currency: str
    country: str = ""
    """Of the reseller, whose alphabet sorts the names of its sheets; empty for the platform's."""

    summary: Summary = Summary()
    revisions: tuple[Revision, ...] = ()
    """Those that are kept, the oldest first."""

    job_id: str | None = None
    """The change of its rates that is under way; there is one at a time."""

    created_at: Moment
    changed_at: Moment
    archived_at: Moment | None = None
    deleted_at: Moment | None = None
    version: int = 1

    @property
    def revision(self) -> int:
        """The revision in use."""
        return self.revisions[-1].number if self.revisions else 0

    @property
    def first_revision(self) -> int:
        """The oldest revision that is kept."""
        return self.revisions[0].number if self.revisions else 0

    def revision_at(self, moment: datetime) -> int:
        """Return the revision that was in use at a moment, or the oldest that is kept."""
        for revision in reversed(self.revisions):
            if revision.active_from <= moment:
                return revision.number
        return self.first_revision

    def find_revision(self, number: int) -> Revision | None:
        """Return a revision that is kept."""
        return next((one for one in self.revisions if one.number == number), None)

    def takes_change(self, now: datetime) -> bool:
        """Tell whether there is room for another revision."""
        return len(_kept(self.revisions, now)) < REVISIONS_MAX

    def changed(self, now: datetime, **changes: object) -> "Sheet":
        """Return the sheet with changes; each is a new version."""
        return self.model_copy(update={"changed_at": now, "version": self.version + 1, **changes})

    def under_change(self, job_id: str | None) -> "Sheet":
        """Return the sheet while a change of its rates is under way, or (None) after that."""
        return self.model_copy(update={"job_id": job_id})

    def with_revision(self, revision: Revision, summary: Summary) -> "Sheet":
        """Return the sheet with its next revision in use, and without the revisions that lapse."""
        assert revision.number == self.revision + 1, "revisions are numbered without a gap"
        begin = revision.active_from
        if self.revisions:
            # the clocks of two processes may differ, but revisions follow one another
            begin = max(begin, self.revisions[-1].active_from)
        revisions = (*self.revisions, revision.model_copy(update={"active_from": begin}))
        return self.changed(begin, summary=summary, revisions=_kept(revisions, begin))


def _kept(revisions: tuple[Revision, ...], now: datetime) -> tuple[Revision, ...]:
    """Return the revisions that do not lapse yet."""
    ended = sum(revision.ended for revision in revisions[1:])
    while len(revisions) > 1 and revisions[1].active_from <= now - CALLS_LAST:
        if len(revisions) <= REVISIONS_KEPT and ended <= ENDED_ROWS_KEPT:
            break
        ended -= revisions[1].ended
        revisions = revisions[1:]
    return revisions
