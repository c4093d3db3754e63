"""What a switch's adapter gives the agent, whichever switch it is."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple

from integrations.switch.agent import Agent
from integrations.switch.control import Control
from integrations.switch.settings import Settings
from integrations.switch.spool import Spool


class Door(NamedTuple):
    """Where a switch asks and tells."""

    listening: Sequence[AbstractAsyncContextManager[None]]
    works: Sequence[Callable[[], Awaitable[None]]] = ()
    """What runs beside it until the agent stops."""


class Adapter(NamedTuple):
    """How to reach a switch, and how it reaches the agent."""

    control: Control
    door: Callable[[Agent], Door]


MakeAdapter = Callable[[Settings, Spool], Adapter]
