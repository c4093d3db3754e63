"""What the cells of a workbook show: exact text for numbers, ISO 8601 for dates."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from services.chassis.tables.values import Limits, TooLargeError, UnreadableTableError

_EXACT_DIGITS: Final = 15
"""Excel keeps and shows so many significant digits of a number."""

_DATE_FORMATS: Final = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
"""The built-in number formats that show a date or a time."""

_NO_CODE: Final = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)
_DATE_CODE: Final = re.compile(r"[dmyhs]", re.IGNORECASE)
_DAY_MAX: Final = 2_958_465
"""The number of the day 9999-12-31."""

_LEAP_DAY_1900: Final = 60
"""Excel counts a day that 1900 did not have, so numbers below it are one day behind."""

_BROKEN: Final = "The Excel file has a cell that can't be read. Open it, save it again, upload it."


class SharedTexts:
    """Handlers of the XML part that holds the texts which cells refer to."""

    def __init__(self, limits: Limits) -> None:
        self.texts: list[str] = []
        self._left = limits.text_characters_max
        self._parts: list[str] = []
        self._collects = False
        self._is_phonetic = False

    def start(self, name: str, _: Mapping[str, str]) -> None:
        """Begin an element."""
        local = name.rpartition(":")[2]
        if local == "si":
            self._parts = []
        elif local == "t":
            self._collects = not self._is_phonetic
        elif local == "rPh":
            self._is_phonetic = True

    def text(self, text: str) -> None:
        """Take a piece of text."""
        if self._collects:
            self._parts.append(text)

    def end(self, name: str) -> None:
        """End an element."""
        local = name.rpartition(":")[2]
        if local == "si":
            text = "".join(self._parts)
            self._left -= len(text)
            if self._left < 0:
                raise TooLargeError("The table has too much text. Split it into several files.")
            self.texts.append(text)
        elif local == "t":
            self._collects = False
        elif local == "rPh":
            self._is_phonetic = False


class Styles:
    """Handlers of the XML part that says which styles show a number as a date."""

    def __init__(self) -> None:
        self.kinds: list[bool] = []
        """Of each style, whether it is a date's."""

        self._codes: dict[str, bool] = {}
        self._is_in_cells = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Begin an element."""
        local = name.rpartition(":")[2]
        if local == "numFmt":
            code = _NO_CODE.sub("", attributes.get("formatCode", ""))
            self._codes[attributes.get("numFmtId", "")] = (
                code.lower() != "general" and _DATE_CODE.search(code) is not None
            )
        elif local in ("cellXfs", "cellStyleXfs", "cellStyles", "dxfs"):
            self._is_in_cells = local == "cellXfs"
        elif local == "xf" and self._is_in_cells:
            number = attributes.get("numFmtId", "0")
            builtin = number.isdecimal() and int(number) in _DATE_FORMATS
            self.kinds.append(self._codes.get(number, builtin))


class Reading:
    """Turns what a cell stores into the text that it means."""

    def __init__(self, texts: Sequence[str], date_styles: Sequence[bool], *, is_1904: bool) -> None:
        self._texts = texts
        self._date_styles = frozenset(str(n) for n, is_date in enumerate(date_styles) if is_date)
        self._first_day = datetime(1904, 1, 1) if is_1904 else datetime(1899, 12, 30)  # noqa: DTZ001 - a day on paper has no zone
        self._is_1904 = is_1904

    def text(self, raw: str, kind: str, style: str) -> str:
        """Return the text of a cell, from its type `t` and its style `s`."""
        if kind == "s":
            if not raw.isdecimal() or int(raw[:9]) >= len(self._texts):
                raise UnreadableTableError(_BROKEN)
            return self._texts[int(raw)]
        if kind == "b":
            return "yes" if raw.strip() in ("1", "true") else "no"
        if kind != "n":
            return raw
        if style in self._date_styles:
            return self._moment(raw)
        return number_text(raw)

    def _moment(self, raw: str) -> str:
        number = _float(raw)
        if not 0 <= number <= _DAY_MAX:
            return number_text(raw)
        if not self._is_1904 and 1 <= number < _LEAP_DAY_1900:
            number += 1
        moment = self._first_day + timedelta(seconds=round(number * 86_400))
        if number < 1:
            return moment.time().isoformat()
        if number.is_integer():
            return moment.date().isoformat()
        return moment.isoformat()


def number_text(raw: str) -> str:
    """Return a stored number as plain digits, as exactly as Excel keeps it.

    Only beyond 15 digits the text has an exponent: there the last digits are lost already.
    """
    if raw.isdecimal() and len(raw) <= _EXACT_DIGITS:
        return raw
    number = Decimal(f"{_float(raw):.{_EXACT_DIGITS}g}")
    if abs(number) >= 10**_EXACT_DIGITS:
        return f"{number:E}"
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _float(raw: str) -> float:
    try:
        number = float(raw)
    except ValueError:
        raise UnreadableTableError(_BROKEN) from None
    if number - number != 0:
        raise UnreadableTableError(_BROKEN)
    return number
