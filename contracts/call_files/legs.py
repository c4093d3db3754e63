"""Legs of one call: rows with one unique id, of which the answered outbound leg is charged."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from contracts.call_files.rows import Leg

Outcome = Literal["answered", "not-answered", "not-outbound", "unclear"]


class FileCall(NamedTuple):
    """A call of a file: the leg that counts, and what it comes to."""

    leg: Leg
    lines: tuple[int, ...]
    """Of all rows that are legs of this call."""

    outcome: Outcome
    detail: str = ""
    """Why it's not charged, in a sentence, where that isn't plain; or what was left out."""


def calls_of(legs: Iterable[Leg]) -> list[FileCall]:
    """Return the calls that legs make up, in the order of their first rows.

    A call has several results only where it can't be said which of its legs to charge.
    """
    grouped: dict[str, list[Leg]] = {}
    for leg in legs:
        # rows without an id are no legs of each other
        grouped.setdefault(leg.call_id or f"\0{leg.line}", []).append(leg)
    return [call for group in grouped.values() for call in _calls_of_one(group)]


def _calls_of_one(legs: Sequence[Leg]) -> Iterator[FileCall]:
    lines = tuple(leg.line for leg in legs)
    broken = [leg for leg in legs if leg.fault]
    if broken:
        yield FileCall(broken[0], lines, "unclear", _at(broken[0], broken[0].fault, legs))
        return
    answered = [leg for leg in legs if leg.is_answered]
    candidates = [leg for leg in answered if leg.outbound] or [
        leg for leg in answered if leg.outbound is None
    ]
    if not candidates:
        yield _not_charged(legs, answered, lines)
        return
    if len({(leg.account, leg.destination) for leg in candidates}) > 1:
        # a call that was passed on: which of its numbers is to be charged is not ours to guess
        for leg in _distinct(candidates):
            yield FileCall(leg, lines, "unclear", _several(candidates))
        return
    longest = max(candidates, key=lambda leg: leg.seconds)
    others = {(leg.line, leg.seconds) for leg in answered if leg.seconds != longest.seconds}
    left_out = ", ".join(f"line {line} ({seconds} s)" for line, seconds in sorted(others))
    detail = f"Other legs of the call aren't charged: {left_out}." if others else ""
    yield FileCall(longest, lines, "answered", detail)


def _not_charged(legs: Sequence[Leg], answered: Sequence[Leg], lines: tuple[int, ...]) -> FileCall:
    if answered:
        detail = "No answered leg called anyone, so there’s no outbound call to charge."
        return FileCall(answered[0], lines, "not-outbound", detail)
    noted = next((leg for leg in legs if leg.note), None)
    detail = _at(noted, noted.note, legs) if noted else ""
    return FileCall(noted or legs[0], lines, "not-answered", detail)


def _distinct(legs: Sequence[Leg]) -> Iterator[Leg]:
    """Yield the longest leg to each number."""
    longest: dict[tuple[str, str], Leg] = {}
    for leg in legs:
        key = (leg.account, leg.destination)
        if key not in longest or longest[key].seconds < leg.seconds:
            longest[key] = leg
    yield from longest.values()


def _several(legs: Sequence[Leg]) -> str:
    what = "accounts" if len({leg.account for leg in legs}) > 1 else "numbers"
    lines = " and ".join(str(leg.line) for leg in _distinct(legs))
    return (
        f"The call has answered legs of several {what} (lines {lines}). Retry those that should be "
        "charged, each with a call ID of its own."
    )


def _at(leg: Leg, sentence: str, legs: Sequence[Leg]) -> str:
    """Return a sentence with its line, where the call has several."""
    return f"Line {leg.line}: {sentence}" if len(legs) > 1 else sentence
