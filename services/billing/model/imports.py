"""Reading rates from CSV text: every row becomes a rate, or a sentence that says why not."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from contracts.billing import IMPORT_ROWS_MAX, Rate, RefusedRow
from contracts.values import MICROS_PER_UNIT, micros
from services.billing.model.country import countries_of_prefix, country_named

RATE_UNITS_MAX: Final = 500_000
"""Dear enough for any currency; a day's call still fits the limit of an amount."""

INTERVAL_SECONDS_MAX: Final = 3_600
NAME_CHARACTERS_MAX: Final = 128
VALUE_CHARACTERS_MAX: Final = 100
YEARS: Final = range(2000, 2100)
REQUIRED: Final = ("prefix", "rate")

_PREFIX = re.compile(r"[1-9][0-9]{0,14}")
_SCIENTIFIC = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+")
_MONEY = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")
_DECIMAL_COMMA = re.compile(r"[0-9]+,[0-9]+")
_SECONDS = re.compile(r"[0-9]{1,4}")
_YES_OR_NO: Final = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


class ReadRates(BaseModel):
    """What a file holds: the rates of its good rows, and the refused ones."""

    model_config = ConfigDict(frozen=True)

    rates: tuple[Rate, ...]
    refused: tuple[RefusedRow, ...]


class _Form(NamedTuple):
    """How a file writes its values."""

    delimiter: str
    zone: ZoneInfo


def read_rates(text: str, time_zone: str) -> ReadRates:
    """Read CSV text with a header, delimited by commas or semicolons, quoted or not.

    Days without a time begin at midnight in `time_zone`; with semicolons a comma may stand for
    the decimal point, as spreadsheets of many countries write it. A country that is not given is
    that of the prefix.
    """
    text = text.removeprefix("\ufeff")
    first_line = text.lstrip().partition("\n")[0]
    delimiter = ";" if first_line.count(";") > first_line.count(",") else ","
    refused: list[RefusedRow] = []
    rows = _rows(text, delimiter, refused)
    line, cells = next(rows, (1, list[str]()))
    header = tuple(cell.strip().casefold() for cell in cells)
    if refused or not _check_header(line, header, refused):
        return ReadRates(rates=(), refused=tuple(refused))
    reader = _Reader(header, _Form(delimiter, ZoneInfo(time_zone)), refused)
    for count, (line, cells) in enumerate(rows):
        if count == IMPORT_ROWS_MAX:
            detail = f"The file has more than {IMPORT_ROWS_MAX:,} rows; split it into several."
            refused.append(RefusedRow(line=line, column="", value="", detail=detail))
            break
        reader.read(line, cells)
    if not reader.rates and not refused:
        detail = "The file has a header but no rates; add a row for each prefix."
        refused.append(RefusedRow(line=line, column="", value="", detail=detail))
    return ReadRates(rates=tuple(reader.rates.values()), refused=tuple(refused))


def _rows(text: str, delimiter: str, refused: list[RefusedRow]) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not blank with the line it begins on; stop where quotes are wrong."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error:
            detail = "From here on the quotes do not match, so the rows cannot be told apart."
            refused.append(RefusedRow(line=line, column="", value="", detail=detail))
            return
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield line, cells


def _check_header(line: int, header: tuple[str, ...], refused: list[RefusedRow]) -> bool:
    known = ", ".join(_COLUMNS)
    for name in REQUIRED:
        if name not in header:
            detail = f"The header needs the column {name}. Columns are: {known}."
            refused.append(RefusedRow(line=line, column=name, value="", detail=detail))
    for position, name in enumerate(header):
        if name not in _COLUMNS:
            detail = f"This column is not known. Columns are: {known}."
        elif name in header[:position]:
            detail = "This column stands twice in the header."
        else:
            continue
        shown = name[:VALUE_CHARACTERS_MAX]
        refused.append(RefusedRow(line=line, column=shown, value=shown, detail=detail))
    return not refused


class _Reader:
    """Reads rows one by one, and remembers what it has read."""

    def __init__(self, header: tuple[str, ...], form: _Form, refused: list[RefusedRow]) -> None:
        self._header = header
        self._form = form
        self._refused = refused
        self._lines: dict[tuple[str, datetime | None], int] = {}
        self.rates: dict[tuple[str, datetime | None], Rate] = {}

    def read(self, line: int, cells: list[str]) -> None:
        """Read one row into a rate, or note all that is wrong with it."""
        before = len(self._refused)
        texts = [cell.strip() for cell in cells]
        if any(texts[len(self._header) :]):
            self._refuse(line, "", "", "The row has more values than the header has columns.")
        fields = self._fields(line, dict(zip(self._header, texts, strict=False)))
        if len(self._refused) > before:
            return
        if fields.get("country") is None:
            fields["country"] = next(iter(countries_of_prefix(str(fields["prefix"]))), None)
        rate = Rate.model_validate(fields)
        key = (rate.prefix, rate.effective_from)
        if key in self._lines:
            detail = f"Line {self._lines[key]} has the same prefix and effective_from."
            self._refuse(line, "prefix", rate.prefix, detail)
            return
        self._lines[key] = line
        self.rates[key] = rate

    def _fields(self, line: int, texts: Mapping[str, str]) -> dict[str, object]:
        fields: dict[str, object] = {}
        for column, value_of in _COLUMNS.items():
            text = texts.get(column, "")
            if not text:
                if column in REQUIRED:
                    self._refuse(line, column, "", f"Every row needs a {column}.")
                continue
            try:
                fields[column] = value_of(text, self._form)
            except ValueError as error:
                self._refuse(line, column, text, str(error))
        return fields

    def _refuse(self, line: int, column: str, value: str, detail: str) -> None:
        value = value[:VALUE_CHARACTERS_MAX]
        self._refused.append(RefusedRow(line=line, column=column, value=value, detail=detail))


# --- one column each; what is wrong is a ValueError with the sentence for the person --------------


def _prefix(text: str, _: _Form) -> str:
    if _SCIENTIFIC.fullmatch(text):
        raise ValueError(
            "The prefix is in scientific notation, so its last digits are lost. Format the column "
            "as text in the spreadsheet and export it again."
        )
    digits = text.removeprefix("+")
    if digits.startswith("0"):
        raise ValueError("A prefix begins with the country code, without zeros before it.")
    if _PREFIX.fullmatch(digits) is None:
        raise ValueError("Write the prefix as 1 to 15 digits, country code first, such as 4420.")
    return digits


def _country(text: str, _: _Form) -> str:
    country = country_named(text)
    if country is None:
        raise ValueError("Write the country as its ISO code or English name, such as IN or India.")
    return country


def _name(text: str, _: _Form) -> str:
    if len(text) > NAME_CHARACTERS_MAX:
        raise ValueError(f"Shorten the name to {NAME_CHARACTERS_MAX} characters.")
    if not text.isprintable():
        raise ValueError("Retype the name; it has characters that cannot be shown.")
    return text


def _money(text: str, form: _Form) -> int:
    if form.delimiter == ";" and _DECIMAL_COMMA.fullmatch(text):
        text = text.replace(",", ".")
    if _MONEY.fullmatch(text) is None:
        raise ValueError("Write the amount with at most 6 decimals and no sign, such as 0.0321.")
    amount = micros(text)
    if amount > RATE_UNITS_MAX * MICROS_PER_UNIT:
        raise ValueError(f"The amount must not be above {RATE_UNITS_MAX:,}.")
    return amount


def _seconds_from(least: int) -> Callable[[str, _Form], int]:
    def seconds(text: str, _: _Form) -> int:
        if _SECONDS.fullmatch(text) is None or not least <= int(text) <= INTERVAL_SECONDS_MAX:
            limits = f"{least} to {INTERVAL_SECONDS_MAX:,}"
            raise ValueError(f"Write whole seconds from {limits}.")
        return int(text)

    return seconds


def _effective_from(text: str, form: _Form) -> datetime:
    try:
        moment = (
            datetime.fromisoformat(text)
            if re.search(r"[T ]", text)
            else datetime.combine(date.fromisoformat(text), time())
        )
    except ValueError:
        moment = None
    if moment is None or moment.year not in YEARS:
        raise ValueError("Write the date as 2026-11-22, or with a time as 2026-11-22T08:00.")
    moment = moment.replace(microsecond=0)
    return moment if moment.tzinfo else moment.replace(tzinfo=form.zone)


def _blocked(text: str, _: _Form) -> bool:
    if text.casefold() not in _YES_OR_NO:
        raise ValueError("Write yes or no.")
    return _YES_OR_NO[text.casefold()]


_COLUMNS: Final[Mapping[str, Callable[[str, _Form], object]]] = {
    "prefix": _prefix,
    "rate": _money,
    "country": _country,
    "name": _name,
    "connect_fee": _money,
    "min_duration": _seconds_from(0),
    "increment": _seconds_from(1),
    "grace": _seconds_from(0),
    "effective_from": _effective_from,
    "blocked": _blocked,
}
