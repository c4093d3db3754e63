# ruff: noqa: RUF001 - letters of other alphabets are what this is about
"""Names: which are the same, and how people look for them: by their alphabet, without accents."""

import unicodedata
from functools import cache
from typing import Final

_PLAIN: Final = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ł": "l", "þ": "th", "ı": "i"}
)
"""Letters that Unicode doesn't decompose into a plain one and a mark."""

_DOTTED: Final = str.maketrans({"I": "ı", "İ": "i"})
"""Capitals of Turkish, whose i has its dot in both cases."""

_AFTER_Z: Final = "{"
"""Sorts behind every letter of ASCII, and is in no name."""

_SPANISH: Final = "n<ñ"
_SWEDISH: Final = "z<å<ä=æ<ö=ø"
_NORDIC: Final = "z<æ=ä<ø=ö<å"
_CZECH: Final = "c<č r<ř s<š z<ž"
_CROATIAN: Final = "c<č<ć d<đ s<š z<ž"
_BALTIC: Final = "c<č s<š z<ž"
_ALPHABETS: Final = {
    **dict.fromkeys(("SE", "FI", "AX"), _SWEDISH),
    **dict.fromkeys(("DK", "NO", "FO", "GL", "SJ"), _NORDIC),
    **dict.fromkeys(("CZ", "SK"), _CZECH),
    **dict.fromkeys(("HR", "SI", "BA", "ME", "RS"), _CROATIAN),
    **dict.fromkeys(("LT", "LV"), _BALTIC),
    **dict.fromkeys(
        (
            *("ES", "MX", "AR", "CO", "CL", "PE", "VE", "EC", "GT", "CU", "BO", "DO"),
            *("HN", "PY", "SV", "NI", "CR", "PA", "UY", "PR", "GQ", "PH"),
        ),
        _SPANISH,
    ),
    "IS": "a<á d<ð e<é i<í o<ó u<ú y<ý z<þ<æ=ä<ö=ø<å",
    "EE": "s<š<z<ž w<õ<ä<ö<ü",
    "PL": "a<ą c<ć e<ę l<ł n<ń o<ó s<ś z<ź<ż",
    "HU": "o<ö=ő u<ü=ű",
    "RO": "a<ă<â i<î s<ș=ş t<ț=ţ",
    **dict.fromkeys(("TR", "AZ"), "c<ç g<ğ h<ı o<ö s<ş u<ü"),
}
"""Letters with a place of their own in the alphabet of a country, behind another one (CLDR).

Everywhere else a letter with a mark stands where the plain one does, as in German or French.
"""


def trimmed(text: str) -> str:
    """Return the text in normal form, without space around it and with single spaces inside."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def name_key(name: str) -> str:
    """Return what two names share that count as the same."""
    return trimmed(name).casefold()


def search_key(text: str) -> str:
    """Return what a text and a search for it share: neither case nor accents count."""
    return _without_marks(_folded(text))


def sort_key(text: str, country: str) -> str:
    """Return what sorts a text as readers in a country (ISO 3166-1 alpha-2) expect it.

    Case never counts; accents count only between names that are alike without them.
    """
    places = _places_in(country)
    folded = _folded(text.translate(_DOTTED) if "ı" in places else text)
    placed = "".join(places.get(letter) or _without_marks(letter) for letter in folded)
    return f"{placed}\t{folded}"


def _folded(text: str) -> str:
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.split())


def _without_marks(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.translate(_PLAIN))
    return "".join(letter for letter in letters if unicodedata.category(letter) != "Mn")


@cache
def _places_in(country: str) -> dict[str, str]:
    """Return how the letters that have a place of their own are written in keys."""
    places: dict[str, str] = {}
    for row in _ALPHABETS.get(country, "").split():
        first, *others = row.split("<")
        for step, alike in enumerate(others, start=1):
            places |= dict.fromkeys(alike.split("="), first + _AFTER_Z * step)
    return places
