"""Coalesce frequent events: streams get the newest of each in rounds."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from contracts.accounts import PLATFORM_ID
from contracts.billing import CALLS_PER_EVENT_MAX, CallRejected, CallsCharged, ChargedCall

GATHERED_TOPICS: Final = (CallsCharged.topic, CallRejected.topic)


@dataclass(slots=True)
class Crowd:
    """What one account may see of one topic since the last round."""

    topic: str
    recipient_id: str
    account_ids: set[str] = field(default_factory=set[str])
    """The accounts that something happened to, of those that the viewer may see."""

    calls: deque[ChargedCall] = field(
        default_factory=lambda: deque[ChargedCall](maxlen=CALLS_PER_EVENT_MAX)
    )
    rejected: CallRejected | None = None
    """The last of them."""

    def body(self) -> str:
        """Return an event of the topic with the newest of it, as JSON."""
        fact = self.rejected or CallsCharged(calls=tuple(self.calls))
        return fact.model_dump_json()


class Gathering:
    """Charged calls and rejected calls, by who may see them."""

    def __init__(self) -> None:
        self._crowds: dict[tuple[str, str], Crowd] = {}

    def add(self, topic: str, body: bytes) -> None:
        """Take an event apart; each account, and its reseller, sees what is its own of it.

        ValidationError is raised for a body that is none.
        """
        if topic == CallsCharged.topic:
            for call in CallsCharged.model_validate_json(body).calls:
                for crowd in self._seen_by(topic, call.account_id, call.reseller_id):
                    crowd.calls.append(call)
        else:
            rejected = CallRejected.model_validate_json(body)
            viewers = (rejected.reseller_id, PLATFORM_ID)
            for crowd in self._seen_by(topic, rejected.account_id, *viewers):
                crowd.rejected = rejected

    def _seen_by(self, topic: str, account_id: str, *recipient_ids: str) -> Iterable[Crowd]:
        for recipient_id in {account_id, *recipient_ids} - {""}:
            crowd = self._crowds.setdefault((topic, recipient_id), Crowd(topic, recipient_id))
            crowd.account_ids.add(account_id)
            yield crowd

    def take(self) -> Iterable[Crowd]:
        """Return what was gathered, and begin anew."""
        crowds, self._crowds = self._crowds, {}
        return crowds.values()
