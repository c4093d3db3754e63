"""The same thing done to several: what is refused for one keeps none of the others from it."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from contracts.base import Refused

NAMES_MAX: Final = 10


@dataclass(frozen=True, slots=True)
class Several:
    """What came of it: for which ids it was done, and why not for the others."""

    done: tuple[str, ...]
    refused: Mapping[str, str]

    def why_not(self, names: Mapping[str, str]) -> str:
        """Say for which it was not done and why, a sentence or two for each reason."""
        by_reason: defaultdict[str, list[str]] = defaultdict(list)
        for one, reason in self.refused.items():
            by_reason[reason].append(names.get(one, one))
        return " ".join(f"Not {_listed(some)}: {reason}" for reason, some in by_reason.items())


def _listed(names: list[str]) -> str:
    more = len(names) - NAMES_MAX
    return ", ".join(names[:NAMES_MAX]) + (f" and {more} more" if more > 0 else "")


async def each(ids: Iterable[str], act: Callable[[str], Awaitable[object]]) -> Several:
    """Do it to one after the other; once a service does not answer, the rest are not tried."""
    done: list[str] = []
    refused: dict[str, str] = {}
    unavailable = ""
    for one in ids:
        if unavailable:
            refused[one] = unavailable
            continue
        try:
            await act(one)
        except Refused as refusal:
            refused[one] = refusal.problem.detail
            if refusal.problem.code == "unavailable":
                unavailable = refusal.problem.detail
        else:
            done.append(one)
    return Several(tuple(done), refused)
