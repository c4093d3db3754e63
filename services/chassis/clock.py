"""The clock of a real process; that of a demonstration can be put back, to let it have a past."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.chassis.database import Clock
from services.chassis.settings import Settings


def utc_now() -> datetime:
    """Return the time; the only clock of a real process. Milliseconds, as MongoDB keeps them."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def clock_of(settings: Settings) -> Clock:
    """Return the clock of a process: the real one, unless it is a demonstration's."""
    if not (settings.demo and settings.clock_file):
        return utc_now
    file = Path(settings.clock_file)

    def demo_now() -> datetime:
        behind_seconds = int(file.read_text()) if file.exists() else 0
        return utc_now() - timedelta(seconds=behind_seconds)

    return demo_now
