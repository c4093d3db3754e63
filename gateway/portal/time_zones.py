"""The time zones that forms offer."""

from functools import cache
from typing import Final
from zoneinfo import available_timezones

from gateway.portal.views.parts import Choice

AREAS: Final = ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


@cache
def time_zone_choices() -> tuple[Choice, ...]:
    """Return the time zones of places, by name, and UTC."""
    names = sorted(name for name in available_timezones() if name.partition("/")[0] in AREAS)
    return tuple(Choice(value=name, label=name.replace("_", " ")) for name in (*names, "UTC"))
