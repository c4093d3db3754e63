"""One row of a file of call records: a leg of a call, or why the row can't be read."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from contracts.call_files.talking import (
    SecondsUnit,
    is_answered,
    is_outbound,
    rules_out_answer,
    seconds_of,
)
from contracts.call_files.times import TimeUnclearError, moment_of
from contracts.calls import CALL_ID_CHARACTERS_MAX
from contracts.tables.days import DateOrder

NUMBER_CHARACTERS_MAX: Final = 64
ACCOUNT_CHARACTERS_MAX: Final = 255
_TIMES: Final[Mapping[str, DateOrder]] = {
    "answered_at": "",
    "answered_at_day_first": "day-first",
    "answered_at_month_first": "month-first",
}
_UNITS: Final[Mapping[str, SecondsUnit]] = {
    "seconds": "seconds",
    "minutes": "minutes",
    "milliseconds": "milliseconds",
}


class Leg(NamedTuple):
    """A row of a file: a part of a call, or the whole of it."""

    line: int
    call_id: str
    account: str = ""
    """As the file names it: an id, a realm, or a code that must be explained."""

    caller: str = ""
    destination: str = ""
    answered_at: datetime | None = None
    """In UTC."""

    seconds: int = 0
    """Talk time; 0 when the call was not answered."""

    outbound: bool | None = None
    """None: the file doesn't say."""

    note: str = ""
    """What a person should know about a leg that wasn't answered."""

    fault: str = ""
    """Why the row can't be read; empty when it can."""

    row: tuple[str, ...] = ()
    """The cells of a row that doesn't fit its format."""

    answered_text: str = ""
    seconds_text: str = ""
    """As the file has them, for a person who corrects the record."""

    @property
    def is_answered(self) -> bool:
        """Whether people talked on this leg."""
        return self.seconds > 0


def leg_of(line: int, cells: Sequence[str], meanings: Sequence[str], zone: ZoneInfo | None) -> Leg:
    """Return the leg that a row is; `meanings` are those of its columns, in their order.

    Raises TimeUnclearError when the file as a whole needs a time zone or an order of dates.
    """
    told = {
        meaning: cell.strip()
        for meaning, cell in zip(meanings, cells, strict=False)
        if cell.strip()
    }
    leg = Leg(
        line=line,
        call_id=told.get("call_id", ""),
        account=told.get("account", ""),
        caller=told.get("caller", ""),
        destination=told.get("destination", ""),
        answered_text=next((told[name] for name in _TIMES if name in told), ""),
        seconds_text=next((told[name] for name in _UNITS if name in told), ""),
    )
    try:
        _check(leg, cells, len(meanings))
        return _read(leg, told, "called_channel" in meanings, zone)
    except TimeUnclearError:
        raise
    except ValueError as error:
        return _short(leg)._replace(fault=str(error))


def _check(leg: Leg, cells: Sequence[str], width: int) -> None:
    if any(cell.strip() for cell in cells[width:]):
        message = f"The row has {len(cells)} values, but the file has {width} columns."
        raise ValueError(message)
    if not leg.call_id:
        message = "The row has no call ID, so we can't tell it from others."
        raise ValueError(message)
    for text, name, most in (
        (leg.call_id, "call ID", CALL_ID_CHARACTERS_MAX),
        (leg.account, "account", ACCOUNT_CHARACTERS_MAX),
        (leg.caller, "caller", NUMBER_CHARACTERS_MAX),
        (leg.destination, "destination", NUMBER_CHARACTERS_MAX),
    ):
        if len(text) > most:
            message = f"The {name} has {len(text):,} characters. It may have {most}."
            raise ValueError(message)


def _read(leg: Leg, told: Mapping[str, str], has_channels: bool, zone: ZoneInfo | None) -> Leg:  # noqa: FBT001 - a fact about the file
    outbound = is_outbound(told["direction"]) if "direction" in told else None
    if has_channels and outbound is None:
        outbound = "called_channel" in told
    leg = leg._replace(outbound=outbound)
    # an unanswered call comes before a talk time, which counts announcements as well
    unanswered = _says_unanswered(told)
    unit: SecondsUnit | None = next((unit for name, unit in _UNITS.items() if name in told), None)
    seconds = seconds_of(leg.seconds_text, unit or "seconds")
    # a time is read even if the call was not answered: a file either needs a time zone or doesn't
    answered_at = _answered_at(leg, told, zone, is_needed=seconds > 0 and not unanswered)
    if unanswered or not seconds:
        note = f"{seconds} seconds, but “{unanswered}” says that the call was not answered."
        return leg._replace(note=note if unanswered and seconds else "")
    if not leg.destination:
        message = "The row doesn't say which number was called."
        raise ValueError(message)
    return leg._replace(seconds=seconds, answered_at=answered_at)


def _says_unanswered(told: Mapping[str, str]) -> str:
    """Return the text that says the call was not answered; empty when there is none."""
    if (disposition := told.get("disposition")) and not is_answered(disposition):
        return disposition
    cause = told.get("hangup_cause", "")
    return cause if cause and rules_out_answer(cause) else ""


def _answered_at(
    leg: Leg, told: Mapping[str, str], zone: ZoneInfo | None, *, is_needed: bool
) -> datetime | None:
    order: DateOrder | None = next((order for name, order in _TIMES.items() if name in told), None)
    if not leg.answered_text:
        if is_needed:
            message = "The row has a talk time, but no time of the answer."
            raise ValueError(message)
        return None
    try:
        return moment_of(leg.answered_text, zone, order or "")
    except TimeUnclearError:
        raise
    except ValueError:
        if is_needed:
            raise
        return None


def _short(leg: Leg) -> Leg:
    """Return a leg whose texts fit a record, so that a person can correct it."""
    return leg._replace(
        call_id=leg.call_id[:CALL_ID_CHARACTERS_MAX],
        account=leg.account[:ACCOUNT_CHARACTERS_MAX],
        caller=leg.caller[:NUMBER_CHARACTERS_MAX],
        destination=leg.destination[:NUMBER_CHARACTERS_MAX],
        answered_text=leg.answered_text[:NUMBER_CHARACTERS_MAX],
        seconds_text=leg.seconds_text[:NUMBER_CHARACTERS_MAX],
    )
