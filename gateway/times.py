"""Times as people and programs send them: RFC 3339, with a zone, within reason."""

import re
from datetime import date
from typing import Annotated, Final, TypeVar

from pydantic import AfterValidator, AwareDatetime, BeforeValidator

DateType = TypeVar("DateType", bound=date)

YEAR_MIN: Final = 1970
YEAR_MAX: Final = 9000

_MOMENT: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


def _moment(value: object) -> object:
    if not isinstance(value, str) or _MOMENT.fullmatch(value) is None:
        message = "a time is written like 2026-11-22T09:30:00Z"
        raise ValueError(message)
    return value


def _within_reason(value: DateType) -> DateType:
    if not YEAR_MIN <= value.year <= YEAR_MAX:
        message = f"a time is between the years {YEAR_MIN} and {YEAR_MAX}"
        raise ValueError(message)
    return value


Time = Annotated[AwareDatetime, BeforeValidator(_moment), AfterValidator(_within_reason)]
Day = Annotated[date, AfterValidator(_within_reason)]
