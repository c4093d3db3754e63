"""Reads call records as switches write them into files: rows of text become calls to charge.

It needs nothing but this package, so that what tails files beside a switch reads them as the API
does. The caller splits a file into rows; nothing here opens one.
"""

from contracts.call_files.accounts import ACCOUNT_IGNORED, Naming
from contracts.call_files.formats import (
    FORMATS,
    CallFileFormat,
    Layout,
    Row,
    fault_of_row,
    fitting_formats,
)
from contracts.call_files.json_records import (
    JsonFormat,
    fitting_json,
    json_records,
    leg_of_json,
)
from contracts.call_files.legs import FileCall, Outcome, calls_of
from contracts.call_files.rows import Leg, leg_of
from contracts.call_files.times import TimeUnclearError, zone_of
from contracts.call_files.xml_records import looks_like_xml_records, xml_records

__all__ = [
    "ACCOUNT_IGNORED",
    "FORMATS",
    "CallFileFormat",
    "FileCall",
    "JsonFormat",
    "Layout",
    "Leg",
    "Naming",
    "Outcome",
    "Row",
    "TimeUnclearError",
    "calls_of",
    "fault_of_row",
    "fitting_formats",
    "fitting_json",
    "json_records",
    "leg_of",
    "leg_of_json",
    "looks_like_xml_records",
    "xml_records",
    "zone_of",
]
