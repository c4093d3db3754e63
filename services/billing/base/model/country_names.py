"""Countries as rate files write them: codes of two or three letters, names in several languages."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Final

from babel import Locale
from babel.core import get_global

from services.billing.base.model.country import country_named, country_names

LANGUAGES: Final = ("en", "de", "fr", "es", "it", "pt", "nl")
NO_COUNTRY: Final = ""
TEXTS_REMEMBERED: Final = 4_096
_ALPHA_3: Final = re.compile(r"[A-Z]{3}")
_OTHER: Final = re.compile(r"[^a-z0-9]+")
_MORE_NAMES: Final[Mapping[str, str]] = {
    "uk": "GB",
    "great britain": "GB",
    "usa": "US",
    "united states of america": "US",
    "russian federation": "RU",
    "korea south": "KR",
    "republic of korea": "KR",
    "korea republic of": "KR",
    "korea north": "KP",
    "viet nam": "VN",
    "ivory coast": "CI",
    "cote divoire": "CI",
    "czech republic": "CZ",
    "swaziland": "SZ",
    "macedonia": "MK",
    "cape verde": "CV",
    "burma": "MM",
    "myanmar": "MM",
    "turkey": "TR",
    "hong kong": "HK",
    "macau": "MO",
    "macao": "MO",
    "holland": "NL",
    "uae": "AE",
    "palestine": "PS",
    "dr congo": "CD",
    "democratic republic of the congo": "CD",
    "congo democratic republic": "CD",
    "congo": "CG",
    "republic of the congo": "CG",
    "brunei darussalam": "BN",
    "lao pdr": "LA",
    "syrian arab republic": "SY",
    "iran islamic republic of": "IR",
    "moldova republic of": "MD",
    "east timor": "TL",
}
_NETWORKS: Final = frozenset(
    (
        *("satellite", "international networks", "global networks", "satellite networks"),
        *("inmarsat", "iridium", "thuraya", "globalstar", "emsat", "global mobile", "audiotext"),
        *("international freephone", "universal international freephone", "inmarsat snac"),
    )
)
"""What stands in the column of countries for numbers that are in none."""


@lru_cache(TEXTS_REMEMBERED)
def country_written(text: str) -> str | None:
    """Return the ISO code that a text means, "" for a network that is in no country, else None."""
    if (code := country_named(text)) is not None:
        return code
    words = _words(text)
    if words in _NETWORKS:
        return NO_COUNTRY
    code = _MORE_NAMES.get(words) or _alpha_3(text.strip().upper()) or _names().get(words)
    return code if code in country_names() else None


def _alpha_3(text: str) -> str | None:
    aliases: Mapping[str, list[str]] = get_global("territory_aliases")
    found = aliases.get(text, []) if _ALPHA_3.fullmatch(text) else []
    return found[0] if len(found) == 1 else None


@cache
def _names() -> Mapping[str, str]:
    """Return codes by name; a name that means another country in another language is left out."""
    found: dict[str, str] = {}
    doubtful: set[str] = set()
    for words, code in _all_names():
        if found.setdefault(words, code) != code:
            doubtful.add(words)
    return {words: code for words, code in found.items() if words not in doubtful}


def _all_names() -> Iterator[tuple[str, str]]:
    for language in LANGUAGES:
        territories: Mapping[str, str] = Locale(language).territories
        for code in country_names():
            if code in territories:
                yield _words(territories[code]), code


def _words(text: str) -> str:
    """Return the words of a name, without accents, signs and a leading "the"."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("&", " and "))
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return _OTHER.sub(" ", plain.replace("'", "").replace("’", "")).strip().removeprefix("the ")
