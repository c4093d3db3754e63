"""What was measured, as ratios to its floors: printed, and kept in docs/benchmarks.md."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from benchmarks.load import Measured

REPORT: Final = Path(__file__).parent.parent / "docs" / "benchmarks.md"


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison: what was done, and the floor of the same run."""

    what: str
    measured: Measured
    floor_name: str
    floor: Measured


def table(rows: list[Row]) -> str:
    """Return the comparisons as a Markdown table; only ratios travel between machines."""
    lines = [
        "| what | p50 | p99 | per second | floor | p50 to floor | p99 to floor | throughput to floor |",  # noqa: E501 - a table's line
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        ours, floor = row.measured, row.floor
        lines.append(
            f"| {row.what} | {ours.p50_milliseconds:.1f} ms | {ours.p99_milliseconds:.1f} ms"
            f" | {ours.per_second:.0f} | {row.floor_name}: {floor.p50_milliseconds:.1f} ms,"
            f" {floor.per_second:.0f}/s"
            f" | {ours.p50_milliseconds / floor.p50_milliseconds:.1f}×"
            f" | {ours.p99_milliseconds / floor.p99_milliseconds:.1f}×"
            f" | {ours.per_second / floor.per_second:.3f} |"
        )
    return "\n".join(lines)


def write(rows: list[Row], notes: str, today: date) -> str:
    """Write the report and return its table."""
    text = table(rows)
    REPORT.write_text(
        "# Benchmarks\n\n"
        f"`make bench` wrote this on {today}. Every row was measured beside its floor in the same"
        " run, on the same two cores as the servers, the services and the load itself: the ratios"
        " travel, the absolute figures do not.\n\n"
        f"{text}\n{notes}"
    )
    return text
