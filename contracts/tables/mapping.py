"""Which column of a table means what: by answers, by names that leave no doubt, else by asking."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from contracts.tables.aliases import Guess, guesses_of
from contracts.tables.meaning import IGNORE
from contracts.tables.meanings import MEANINGS, OVERLAPS, TableKind, meaning_of

_NAMED_MAX: Final = 5
"""So many columns are named in one sentence."""


class Column(NamedTuple):
    """A column of a table as the person who must say what it means sees it."""

    name: str
    """What a mapping calls it: its name in the header, or its position from 1 on."""

    samples: tuple[str, ...]
    suggestion: str | None
    """A meaning to confirm or to replace; None when nothing is known."""

    needs_answer: bool = True


class MappingNeededError(Exception):
    """The person must say what some columns mean. `detail` says which, and why."""

    def __init__(self, detail: str, columns: tuple[Column, ...]) -> None:
        super().__init__(detail)
        self.detail = detail
        self.columns = columns


def resolve(
    kind: TableKind,
    header: Sequence[str] | None,
    samples: Sequence[tuple[str, ...]],
    answers: Mapping[str, str],
    stated: Collection[str] = (),
) -> tuple[str, ...]:
    """Return the meaning of each column, in the order of the table.

    `samples` has some values of each column; `stated` are meanings that hold for all rows, so that
    the table needs no column for them. Raises MappingNeededError unless each column has an
    answer or a name that leaves no doubt. A column's place never says what it means.
    """
    names = column_names(header, len(samples))
    guesses = guesses_of(kind, header, samples) if header else _without_names(kind, len(samples))
    answered, faults = _answered(kind, names, answers)
    meanings = _with_sure_guesses(kind, guesses, answered)
    open_columns = [names[n] for n, meaning in enumerate(meanings) if meaning is None]
    if not faults:
        faults = [*_missing(kind, header, [*meanings, *stated], open_columns)]
    if not faults:
        return tuple(meaning or IGNORE for meaning in meanings)
    columns = tuple(
        Column(name, samples[n], meanings[n] or guesses[n].meaning, meanings[n] is None)
        for n, name in enumerate(names)
    )
    raise MappingNeededError(" ".join(faults), columns)


def _without_names(kind: TableKind, width: int) -> tuple[Guess, ...]:
    """Return that nothing is known, unless one column can only be what is required."""
    required = [meaning.name for meaning in MEANINGS[kind] if meaning.is_required]
    only = required[0] if width == 1 and len({*_required(kind)}) == 1 else None
    return (Guess(only, is_sure=only is not None),) * width


def _required(kind: TableKind) -> Iterator[str]:
    return (one.group for one in MEANINGS[kind] if one.is_required)


def column_names(header: Sequence[str] | None, width: int) -> tuple[str, ...]:
    """Return what a mapping calls each column: names that are unique, else positions."""
    texts = [*(header or ()), *[""] * width][:width]
    known = [_key(text) for text in texts]
    return tuple(
        text if text and known.count(_key(text)) == 1 else str(position)
        for position, text in enumerate(texts, start=1)
    )


def _key(name: str) -> str:
    return " ".join(name.casefold().split())


def _answered(
    kind: TableKind, names: Sequence[str], answers: Mapping[str, str]
) -> tuple[list[str | None], list[str]]:
    """Return the meaning that was given to each column, and what is wrong with the answers."""
    meanings: list[str | None] = [None] * len(names)
    faults: list[str] = []
    positions = [str(position) for position in range(1, len(names) + 1)]
    places = {_key(name): position for position, name in enumerate(names)}
    for name, answer in answers.items():
        place = places.get(_key(name))
        if place is None and name in positions:
            place = positions.index(name)
        if place is None:
            faults.append(f"The table has no column “{name[:100]}”.")
        elif meaning_of(kind, answer) is None:
            known = ", ".join(meaning.name for meaning in MEANINGS[kind])
            faults.append(f"“{answer[:100]}” is not a meaning. Choose one of: {known}.")
        else:
            meanings[place] = answer
    return meanings, [*faults, *_doubles(kind, names, meanings)]


def _doubles(
    kind: TableKind, names: Sequence[str], meanings: Sequence[str | None]
) -> Iterator[str]:
    taken: dict[str, str] = {}
    for name, meaning in zip(names, meanings, strict=True):
        for group in _groups(kind, meaning):
            if group in taken:
                yield f"“{taken[group]}” and “{name}” both mean {group}. Keep one of them."
                break
        for group in _groups(kind, meaning):
            taken.setdefault(group, name)


def _groups(kind: TableKind, meaning: str | None) -> tuple[str, ...]:
    found = meaning_of(kind, meaning) if meaning else None
    if found is None or not found.group:
        return ()
    return found.group, *OVERLAPS.get(found.group, ())


def _with_sure_guesses(
    kind: TableKind, guesses: Sequence[Guess], answered: Sequence[str | None]
) -> list[str | None]:
    """Return the answers, and for the others what their names say if no other column says it."""
    sure = [
        guess.meaning if answer is None and guess.is_sure else None
        for guess, answer in zip(guesses, answered, strict=True)
    ]
    claimed = [group for one in (*sure, *answered) for group in _groups(kind, one)]
    return [
        answer or (one if all(claimed.count(group) == 1 for group in _groups(kind, one)) else None)
        for one, answer in zip(sure, answered, strict=True)
    ]


def _missing(
    kind: TableKind,
    header: Sequence[str] | None,
    meanings: Sequence[str | None],
    open_columns: Sequence[str],
) -> Iterator[str]:
    """Yield what must still be said."""
    if open_columns:
        if header is None:
            yield "The first row has no column names. Say what each column means."
        else:
            named = ", ".join(f"“{name}”" for name in open_columns[:_NAMED_MAX])
            more = len(open_columns) - _NAMED_MAX
            rest = f" and {more} more" if more > 0 else ""
            plural = "these columns mean" if len(open_columns) > 1 else "this column means"
            yield f"Say what {plural}, or ignore: {named}{rest}."
        return
    found = {group for meaning in meanings for group in _groups(kind, meaning)}
    for group in dict.fromkeys(_required(kind)):
        if group not in found:
            yield f"No column is the {group}. Choose the column that has it."
