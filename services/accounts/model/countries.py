"""What countries are called."""

from collections.abc import Mapping
from functools import cache
from typing import Final, cast

from babel import Locale

LANGUAGE: Final = "en"


def country_name(code: str) -> str:
    """Return the English name of an ISO code; the code itself when it has none."""
    return _territories().get(code, code)


@cache
def _territories() -> Mapping[str, str]:
    return cast("Mapping[str, str]", Locale(LANGUAGE).territories)
