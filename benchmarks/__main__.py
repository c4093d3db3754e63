"""`make bench`: every figure beside a floor of the same run, written to docs/benchmarks.md.

`python -m benchmarks calls` measures one part, and only prints it. The day of 50,000 renewals
takes twenty minutes, so it is measured by itself: `make bench-renewal-day`.
"""

import asyncio
import sys
import tempfile
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import uvloop

from benchmarks import accounts, calls, imports, month, renewal_day
from benchmarks.report import REPORT, REPORT_OF_THE_DAY, Results, tables, write
from local.servers import Servers, choose
from local.system import System

Part = Callable[[System], Coroutine[None, None, Results]]

PARTS: Final[Mapping[str, Part]] = {
    "calls": calls.measure,
    "accounts": accounts.measure,
    "imports": imports.measure,
    "month": month.measure,
}
BY_ITSELF: Final = "renewal-day"


def main(wanted: list[str]) -> int:
    """Start servers of its own, measure the parts one after the other, write the report."""
    parts = {BY_ITSELF: renewal_day.measure} if wanted == [BY_ITSELF] else PARTS
    if unknown := set(wanted) - set(parts):
        sys.stderr.write(f"{', '.join(unknown)}: there is only {', '.join(PARTS)}, {BY_ITSELF}.\n")
        return 2
    results = Results()
    with tempfile.TemporaryDirectory(prefix="accounts-manager-bench-") as folder:
        servers = choose(Path(folder))
        servers.start()
        try:
            servers.wait_until_ready()
            for name in wanted or parts:
                results += _measure(name, parts[name], servers, Path(folder))
        finally:
            servers.discard()
    if not wanted:
        write(results, datetime.now(UTC).date(), REPORT, "make bench")
    if parts is not PARTS:
        write(results, datetime.now(UTC).date(), REPORT_OF_THE_DAY, "make bench-renewal-day")
    print(tables(results))
    return 0


def _measure(name: str, part: Part, servers: Servers, folder: Path) -> Results:
    """Give a part a system of its own, which it starts as far as it needs it."""
    addresses = replace(servers.addresses, database_prefix=f"{name}_")
    system = System(folder / name, addresses, settings={"AM_LOG_LEVEL": "WARNING"})
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(part(system))
    finally:
        system.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
