"""What the agent needs of a switch, whichever it is."""

from datetime import datetime
from typing import Protocol

from integrations.switch.model import RunningCall


class Control(Protocol):
    """What a switch does with a running call; raises OSError or TimeoutError when it can't."""

    async def end(self, call: RunningCall, reason: str) -> None:
        """End it; a call that has ended is no error."""
        ...

    async def limit(self, call: RunningCall) -> None:
        """Let it last as long as `call.seconds` says."""
        ...

    async def seen_at(self, call: RunningCall) -> datetime | None:
        """Tell when it was last known to run; None: it doesn't any longer."""
        ...

    @property
    def cuts(self) -> bool:
        """Whether the switch cuts a call by itself when what `limit` said is over."""
        ...
