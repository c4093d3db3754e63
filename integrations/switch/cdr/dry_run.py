"""Says what would be charged of files, and what rejected; sends and notes nothing."""

import csv
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, TextIO

from contracts.call_files import Leg, calls_of
from integrations.switch.cdr.calls import Outcome, Status, outcome_of
from integrations.switch.cdr.files import GZIP_ERRORS, opened
from integrations.switch.cdr.formats import cut, legs_of_file, legs_reader
from integrations.switch.cdr.gathering import CALLS_MAX
from integrations.switch.cdr.options import Options

CHUNK_BYTES: Final = 2_000_000
HEADER: Final = (
    "lines",
    "call_id",
    "status",
    "account",
    "caller",
    "destination",
    "answered_at",
    "seconds",
    "detail",
)


def dry_run(options: Options, paths: Iterable[Path], output: TextIO) -> Counter[Status]:
    """Write a line for each call, as CSV; return how many there are of each kind.

    Raises OSError, and ValueError with a sentence for a file that can't be read.
    """
    writer = csv.writer(output)
    writer.writerow(HEADER)
    counts: Counter[Status] = Counter()
    for path in paths:
        try:
            for one in _outcomes(options, _legs(options, path)):
                counts[one.status] += 1
                writer.writerow(_cells(one))
        except GZIP_ERRORS as error:
            raise ValueError(f"{path} can't be unpacked. Compress it again.") from error
    return counts


def _legs(options: Options, path: Path) -> Iterator[Leg]:
    whole = legs_of_file(options.format, path)
    if whole is not None:
        yield from whole
        return
    read = legs_reader(options.format, options.zone)
    by_paragraph = options.format == "radius-detail"
    with opened(path) as file:
        line, data = 1, b""
        while True:
            more = file.read(CHUNK_BYTES)
            data += more
            found = cut(data, line, by_paragraph=by_paragraph, is_whole=not more)
            for record in found.records:
                yield from read(record)
            line, data = line + found.lines, data[found.used :]
            if not more:
                return


def _outcomes(options: Options, legs: Iterable[Leg]) -> Iterator[Outcome]:
    """Yield what becomes of each call; as for the agent, its legs lie near each other."""
    waiting: OrderedDict[str, list[Leg]] = OrderedDict()

    def settled(call_id: str) -> Iterator[Outcome]:
        for call in calls_of(waiting.pop(call_id)):
            yield outcome_of(call, options.naming, options.dial_format)

    for leg in legs:
        waiting.setdefault(leg.call_id or f"\0{leg.line}", []).append(leg)
        if len(waiting) > CALLS_MAX:
            yield from settled(next(iter(waiting)))
    while waiting:
        yield from settled(next(iter(waiting)))


def _cells(one: Outcome) -> tuple[str, ...]:
    leg = one.call.leg
    return (
        " ".join(map(str, one.call.lines)),
        leg.call_id,
        one.status,
        one.account or leg.account,
        leg.caller,
        leg.destination,
        leg.answered_at.isoformat() if leg.answered_at else leg.answered_text,
        str(leg.seconds),
        one.detail,
    )
