"""`python -m services billing` runs one service."""

import asyncio
import importlib
import sys
from pathlib import Path

import uvloop

from services.chassis.process import run_until_told
from services.chassis.service import Service
from services.chassis.settings import Settings


def main() -> int:
    """Run the service that the command line names."""
    folder = Path(__file__).parent
    names = sorted(found.parent.name for found in folder.glob("*/app.py"))
    if len(sys.argv) != 2 or sys.argv[1] not in names:  # noqa: PLR2004 - the program and the service
        print(f"usage: python -m services {{{'|'.join(names)}}}", file=sys.stderr)  # noqa: T201 - a command line answers on the terminal
        return 2
    service = importlib.import_module(f"services.{sys.argv[1]}.app").service
    assert isinstance(service, Service)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run_until_told(service, Settings()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
