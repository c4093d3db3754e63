"""What the settings say of the records that are read."""

from pathlib import Path
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter, ValidationError

from contracts.call_files import Naming, zone_of
from contracts.calls import DialFormat
from integrations.switch.cdr.formats import LOCAL_TIMES, CdrFormat
from integrations.switch.settings import Settings, SettingsError

_CODES: Final = TypeAdapter(dict[str, str])


class Options(NamedTuple):
    """How records are read."""

    format: CdrFormat
    zone: ZoneInfo | None
    naming: Naming
    dial_format: DialFormat | None


def options_of(settings: Settings) -> Options:
    """Return what the settings say; raises SettingsError."""
    if settings.switch_cdr_format is None:
        raise SettingsError("Set AM_SWITCH_CDR_FORMAT to what writes the records.")
    naming = Naming(
        by=settings.switch_cdr_account_from,
        account=settings.switch_cdr_account,
        codes=_codes(settings.switch_cdr_accounts_file),
    )
    return Options(
        settings.switch_cdr_format,
        _zone(settings.switch_cdr_time_zone, settings.switch_cdr_format),
        naming,
        settings.switch_dial_format,
    )


def _zone(name: str, kind: CdrFormat) -> ZoneInfo | None:
    if not name and kind in LOCAL_TIMES:
        raise SettingsError(
            "Set AM_SWITCH_CDR_TIME_ZONE to the time zone of the records, such as Europe/London, or"
            " UTC."
        )
    try:
        return zone_of(name) if name else None
    except ValueError as error:
        raise SettingsError(f"AM_SWITCH_CDR_TIME_ZONE: {error}") from None


def _codes(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    try:
        return _CODES.validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        why = error if isinstance(error, OSError) else "it's no JSON object of texts"
        raise SettingsError(
            f'{path} can\'t be read: {why}. Write it as {{"1004": "acc_7h2", "test": "ignore"}}.'
        ) from None
