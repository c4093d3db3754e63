"""What was measured, as ratios to its floors: printed, and kept in docs/benchmarks.md."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from benchmarks.load import Measured

DOCS: Final = Path(__file__).parent.parent / "docs"
REPORT: Final = DOCS / "benchmarks.md"
REPORT_OF_THE_DAY: Final = DOCS / "benchmarks-renewal-day.md"


@dataclass(frozen=True, slots=True)
class Row:
    """Something that is waited for: how long it took, and the floor of the same run."""

    what: str
    measured: Measured
    floor_name: str
    floor: Measured
    reach: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure that goes on by itself: work per second unless the unit says otherwise."""

    what: str
    value: float
    reach: str
    floor_name: str = ""
    floor: float | None = None
    unit: str = "/s"


@dataclass(frozen=True, slots=True)
class Results:
    """What a part of the benchmarks found; its notes are the points of a Markdown list."""

    rows: tuple[Row, ...] = ()
    figures: tuple[Figure, ...] = ()
    notes: str = ""

    def __add__(self, other: "Results") -> "Results":
        return Results(
            self.rows + other.rows, self.figures + other.figures, self.notes + other.notes
        )


def tables(results: Results) -> str:
    """Return the comparisons as Markdown; only ratios travel between machines."""
    waits = [
        "| what | p50 | p99 | per second | floor | p50 to floor | p99 to floor | throughput to floor | reach |",  # noqa: E501 - a table's line
        "|---|---|---|---|---|---|---|---|---|",
        *map(_wait, results.rows),
    ]
    figures = [
        "| what | measured | floor | ratio | reach |",
        "|---|---|---|---|---|",
        *map(_figure, results.figures),
    ]
    shown = [lines for lines in (waits, figures) if len(lines) > 2]  # noqa: PLR2004 - a table with no row is none
    return "\n\n".join("\n".join(lines) for lines in shown)


def _wait(row: Row) -> str:
    ours, floor = row.measured, row.floor
    return (
        f"| {row.what} | {ours.p50_milliseconds:.1f} ms | {ours.p99_milliseconds:.1f} ms"
        f" | {ours.per_second:.0f} | {row.floor_name}: {floor.p50_milliseconds:.1f} ms,"
        f" p99 {floor.p99_milliseconds:.1f} ms, {floor.per_second:.0f}/s"
        f" | {ours.p50_milliseconds / floor.p50_milliseconds:.1f}×"
        f" | {ours.p99_milliseconds / floor.p99_milliseconds:.1f}×"
        f" | {ours.per_second / floor.per_second:.3f} | {row.reach} |"
    )


def _figure(figure: Figure) -> str:
    floor = ratio = "–"
    if figure.floor is not None:
        floor = f"{figure.floor_name}: {figure.floor:,.0f}{figure.unit}"
        ratio = f"{figure.value / figure.floor:.2f}"
    measured = f"{figure.value:,.0f}{figure.unit}"
    return f"| {figure.what} | {measured} | {floor} | {ratio} | {figure.reach} |"


def write(results: Results, today: date, report: Path, command: str) -> None:
    """Write a report, and by what command it was made."""
    report.write_text(
        "# Benchmarks\n\n"
        f"`{command}` wrote this on {today}. Everything was measured beside its floor in the same"
        " run, on the same two cores as the servers, the services and the load itself: the ratios"
        " travel, the absolute figures do not.\n\n"
        f"{tables(results)}\n\n{results.notes}"
    )
