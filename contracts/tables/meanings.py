"""What a column may mean, by kind of table."""

from collections.abc import Mapping
from typing import Final, Literal

from contracts.tables.accounts import ACCOUNT_MEANINGS, ACCOUNT_OVERLAPS
from contracts.tables.meaning import IGNORE, Meaning

TableKind = Literal["rates", "numbers", "calls", "accounts"]
_RATES: Final = (
    Meaning("prefix", "Prefix", "prefix", is_required=True),
    Meaning("rate", "Rate per minute", "rate", is_required=True),
    Meaning("rate_per_second", "Rate per second", "rate", is_required=True),
    Meaning("country", "Country", "country"),
    Meaning("name", "Name of the destination", "name"),
    Meaning("connect_fee", "Connect fee", "connect_fee"),
    Meaning("min_duration", "Minimum duration (seconds)", "min_duration"),
    Meaning("increment", "Increment (seconds)", "increment"),
    Meaning("interval", "Minimum duration and increment (60 or 60/1)", "interval"),
    Meaning("grace", "Free seconds (grace)", "grace"),
    Meaning("charged_from", "First second that is charged", "grace"),
    Meaning("effective_from", "Effective from", "effective_from"),
    Meaning("effective_from_day_first", "Effective from, day first", "effective_from"),
    Meaning("effective_from_month_first", "Effective from, month first", "effective_from"),
    Meaning("blocked", "Blocked (yes or no)", "blocked"),
    Meaning("outbound", "Direction; refuse rows that aren't outbound"),
    Meaning("zero", "A charge we don't have; refuse rows where it isn't 0"),
    Meaning("one", "A factor; refuse rows where it isn't 1"),
    Meaning("week_start", "Start in the week; refuse rows where it isn't 0"),
    Meaning("week_end", "End in the week; refuse rows where it isn't 10079"),
    Meaning(IGNORE, "Ignore this column"),
)
_NUMBERS: Final = (
    Meaning("number", "Number with + and country code", "number", is_required=True),
    Meaning(
        "number_without_plus", "Number with country code, without +", "number", is_required=True
    ),
    Meaning(
        "number_national",
        "Number as it is dialled in the reseller's country",
        "number",
        is_required=True,
    ),
    Meaning("setup_fee", "Set-up fee", "setup_fee"),
    Meaning("monthly_fee", "Monthly fee", "monthly_fee"),
    Meaning(IGNORE, "Ignore this column"),
)
_CALLS: Final = (
    Meaning("call_id", "Call ID", "call_id", is_required=True),
    Meaning("account", "Account: its ID or realm, or a code that you explain", "account"),
    Meaning("caller", "Caller", "caller"),
    Meaning("destination", "Number that was called", "destination", is_required=True),
    Meaning("answered_at", "Answered at", "answered_at", is_required=True),
    Meaning("answered_at_day_first", "Answered at, day first", "answered_at", is_required=True),
    Meaning("answered_at_month_first", "Answered at, month first", "answered_at", is_required=True),
    Meaning("seconds", "Talk time: seconds, mm:ss or hh:mm:ss", "seconds", is_required=True),
    Meaning("minutes", "Talk time in minutes", "seconds", is_required=True),
    Meaning("milliseconds", "Talk time in milliseconds", "seconds", is_required=True),
    Meaning("disposition", "Whether it was answered", "disposition"),
    Meaning("hangup_cause", "Hangup cause", "hangup_cause"),
    Meaning("direction", "Direction; only outbound calls are charged", "direction"),
    Meaning("called_channel", "Called channel; empty when no call was placed", "called_channel"),
    Meaning(IGNORE, "Ignore this column"),
)
MEANINGS: Final[Mapping[TableKind, tuple[Meaning, ...]]] = {
    "rates": _RATES,
    "numbers": _NUMBERS,
    "calls": _CALLS,
    "accounts": ACCOUNT_MEANINGS,
}

OVERLAPS: Final[Mapping[str, tuple[str, ...]]] = {
    "interval": ("min_duration", "increment"),
    **ACCOUNT_OVERLAPS,
}
"""Groups that say what those of other groups say, too."""


def meaning_of(kind: TableKind, name: str) -> Meaning | None:
    """Return the meaning with this name; None when a table of this kind has no such meaning."""
    return next((one for one in MEANINGS[kind] if one.name == name), None)
