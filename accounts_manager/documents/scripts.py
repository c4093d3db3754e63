"""Names and texts from right to left, in documents that read from left to right.

Each stands in a `bdi` element, so that digits and punctuation beside it keep their places. The
direction is written out: what draws the PDF does not know `dir="auto"`.
"""

import re
import unicodedata
from typing import Final

from markupsafe import Markup, escape

_FROM_RIGHT: Final = ("R", "AL")
_STRONG: Final = ("L", *_FROM_RIGHT)
_WORD: Final = re.compile(r"\S+")


def written(text: str) -> Markup:
    """Return what somebody wrote as HTML, each line in the direction of its first letter."""
    if not _has_right_to_left(text):
        return escape(text)
    return Markup("\n").join(_line(line) for line in text.split("\n"))


def phrase(text: str) -> Markup:
    """Return a phrase of ours as HTML; names from right to left in it stay apart from the rest.

    The phrase itself reads from left to right, also when it begins with such a name.
    """
    if not _has_right_to_left(text):
        return escape(text)
    parts: list[Markup] = []
    end = 0
    for begin, stop in _runs(text):
        parts += [escape(text[end:begin]), _isolated(text[begin:stop])]
        end = stop
    return Markup("").join((*parts, escape(text[end:])))


def _line(line: str) -> Markup:
    first = next((c for c in line if unicodedata.bidirectional(c) in _STRONG), "")
    return _isolated(line) if _is_from_right(first) else Markup("<bdi>{}</bdi>").format(line)


def _isolated(text: str) -> Markup:
    return Markup('<bdi dir="rtl">{}</bdi>').format(text)


def _runs(text: str) -> list[tuple[int, int]]:
    """Return where words from right to left begin and end, with what stands between two of them."""
    runs: list[tuple[int, int]] = []
    open_run = False
    for word in _WORD.finditer(text):
        letters = [i for i in range(*word.span()) if _is_from_right(text[i])]
        if not letters:
            open_run = open_run and not _has_left_to_right(word.group())
            continue
        stop = letters[-1] + 1
        while stop < word.end() and unicodedata.category(text[stop])[0] == "M":
            stop += 1
        begin = runs.pop()[0] if open_run else letters[0]
        runs.append((begin, stop))
        open_run = not _has_left_to_right(text[stop : word.end()])
    return runs


def _is_from_right(character: str) -> bool:
    return bool(character) and unicodedata.bidirectional(character) in _FROM_RIGHT


def _has_right_to_left(text: str) -> bool:
    return not text.isascii() and any(map(_is_from_right, text))


def _has_left_to_right(text: str) -> bool:
    return any(unicodedata.bidirectional(c) == "L" for c in text)
