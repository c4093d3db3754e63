"""How switches write destinations, in the words of the portal's forms."""

from collections.abc import Mapping
from typing import Final, get_args

from contracts.calls import DialFormat
from gateway.portal.views.parts import Choice

DIAL_FORMATS: Final[tuple[DialFormat, ...]] = get_args(DialFormat)
DIAL_FORMAT_LABELS: Final[Mapping[DialFormat, str]] = {
    "national": "As dialled in the account’s country",
    "e164": "Always international (E.164)",
}
DIAL_FORMAT_CHOICES: Final = tuple(
    Choice(value=one, label=DIAL_FORMAT_LABELS[one]) for one in DIAL_FORMATS
)
