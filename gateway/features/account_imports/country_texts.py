"""Countries as people write them in files: ISO codes and English names."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from babel import Locale

_OTHER: Final = re.compile(r"[^a-z]+")
_MORE_NAMES: Final[Mapping[str, str]] = {
    "uk": "GB",
    "great britain": "GB",
    "usa": "US",
    "united states of america": "US",
    "uae": "AE",
    "czech republic": "CZ",
    "turkey": "TR",
    "hong kong": "HK",
}


def country_of(text: str) -> str | None:
    """Return the ISO 3166-1 alpha-2 code that a text means; None if we don't know it."""
    code = text.strip().upper()
    if code in _territories():
        return code
    words = _words(text)
    return _MORE_NAMES.get(words) or _codes().get(words)


@cache
def _territories() -> Mapping[str, str]:
    names: dict[str, str] = dict(Locale("en").territories)
    return {code: name for code, name in names.items() if code.isalpha() and code not in _REGIONS}


_REGIONS: Final = frozenset(("EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"))
"""Codes of what is no country."""


@cache
def _codes() -> Mapping[str, str]:
    return {_words(name): code for code, name in _territories().items()}


def _words(text: str) -> str:
    return _OTHER.sub(" ", text.casefold()).strip().removeprefix("the ")
