"""How switches ask for calls, in the words of the portal's forms."""

from collections.abc import Mapping
from typing import Final, get_args

from contracts.billing import SLICE_SECONDS, SLICE_SECONDS_MAX, SLICE_SECONDS_MIN
from contracts.calls import DialFormat
from gateway.portal.reading import Reading
from gateway.portal.views.parts import Choice

DIAL_FORMATS: Final[tuple[DialFormat, ...]] = get_args(DialFormat)
DIAL_FORMAT_LABELS: Final[Mapping[DialFormat, str]] = {
    "national": "As dialled in the account’s country",
    "e164": "Always international (E.164)",
}
DIAL_FORMAT_CHOICES: Final = tuple(
    Choice(value=one, label=DIAL_FORMAT_LABELS[one]) for one in DIAL_FORMATS
)


def slice_seconds_of(text: str, reading: Reading) -> int:
    """Return how much of a call is to be held at a time, as it was typed."""
    pointer, words = "/slice_seconds", "the seconds to hold"
    seconds = reading.whole_number(text, pointer, words, otherwise=SLICE_SECONDS)
    if SLICE_SECONDS_MIN <= seconds <= SLICE_SECONDS_MAX:
        return seconds
    detail = f"Enter {SLICE_SECONDS_MIN} to {SLICE_SECONDS_MAX:,} seconds."
    reading.refuse(pointer, "out-of-range", detail)
    return SLICE_SECONDS
