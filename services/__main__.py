"""`python -m services billing` runs one service."""

import asyncio
import gc
import sys
from typing import Final

import uvloop

from services.chassis.discover import load_service, service_names
from services.chassis.process import run_until_told
from services.chassis.settings import Settings

ALLOCATIONS_PER_COLLECTION: Final = 50_000


def main() -> int:
    """Run the service that the command line names."""
    names = service_names()
    if len(sys.argv) != 2 or sys.argv[1] not in names:  # noqa: PLR2004 - the program and the service
        print(f"usage: python -m services {{{'|'.join(names)}}}", file=sys.stderr)  # noqa: T201 - a command line answers on the terminal
        return 2
    service = load_service(sys.argv[1])
    # What is loaded by now stays: looking through it again and again for garbage is what takes
    # most of the collector's time, and a third of a billing process's while it charges calls.
    gc.collect()
    gc.freeze()
    gc.set_threshold(ALLOCATIONS_PER_COLLECTION)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run_until_told(service, Settings()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
