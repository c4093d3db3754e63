"""Bundle seconds of two periods: those of the current one, and what was left of the last."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict

from contracts.values import KeptMoment

KEPT_FOR: Final = timedelta(hours=24)
"""So long after a renewal a record may still use what was left before it (SPEC section 3)."""


class LastBundles(BaseModel):
    """What was left of the bundles of the last period, for records that come late."""

    model_config = ConfigDict(frozen=True)

    seconds: Mapping[str, int]
    """By country; empty once they are not kept any more."""

    began_at: KeptMoment | None = None
    """When that period began; None: it was the first."""

    ended_at: KeptMoment
    """When the current period began."""

    kept_until: KeptMoment

    def at(self, now: datetime) -> "LastBundles":
        """Return it as it is carried on at a time: without seconds that are not kept any more."""
        if now < self.kept_until or not self.seconds:
            return self
        return self.model_copy(update={"seconds": {}})

    def has(self, answered_at: datetime) -> bool:
        """Tell whether a call was answered before the current period."""
        return answered_at < self.ended_at

    def seconds_for(self, answered_at: datetime, now: datetime) -> Mapping[str, int]:
        """Return the seconds that a call may use which was answered before the current period."""
        if now >= self.kept_until or (self.began_at is not None and answered_at < self.began_at):
            return {}
        return self.seconds

    def less(self, country: str, seconds: int) -> "LastBundles":
        """Return it with so many seconds to a country used."""
        left = {**self.seconds, country: self.seconds[country] - seconds}
        return self.model_copy(update={"seconds": left})
