"""A page that says a format is read is a test that reads it."""

import csv
import re
from pathlib import Path
from typing import get_args

import pytest

from contracts.call_files import CallFileFormat
from contracts.calls import CallEnded
from gateway.features.calls.files import CallFileOptions, read_call_file
from gateway.features.calls.imports import record_of

PAGE = (Path(__file__).parents[2] / "docs" / "call-files.md").read_text()
EXAMPLES = dict(re.findall(r"^```(\S+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))


def test_every_format_has_an_example() -> None:
    assert set(EXAMPLES) == set(get_args(CallFileFormat))
    assert all(f"`format={name}`" in PAGE for name in EXAMPLES)


@pytest.mark.parametrize("name", get_args(CallFileFormat))
async def test_the_example_of_a_format_is_read_as_the_same_call(name: CallFileFormat) -> None:
    options = CallFileOptions(format=name, time_zone="UTC")
    file = await read_call_file(EXAMPLES[name].encode(), options)
    (call,) = file.calls
    record = record_of(call, options)
    assert isinstance(record, CallEnded)
    assert record.model_dump(mode="json", include={"account_id", "caller", "destination"}) == {
        "account_id": "1004",
        "caller": "12125550100",
        "destination": "+442079460321",
    }
    assert (record.seconds, str(record.answered_at)) == (61, "2026-11-22 15:33:23+00:00")


@pytest.mark.parametrize("separator", ";\t|")
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("name", ["table", "asterisk-master", "freeswitch-csv"])
async def test_relatives_of_an_example_are_the_same_call(
    name: CallFileFormat, encoding: str, separator: str, tmp_path: Path
) -> None:
    delimiter = ";" if name == "table" else ","
    rows = list(csv.reader(EXAMPLES[name].splitlines(), delimiter=delimiter))
    path = tmp_path / "calls"
    with path.open("w", encoding=encoding, newline="") as written:
        csv.writer(written, delimiter=separator).writerows(rows)
    options = CallFileOptions(format=name, time_zone="UTC")
    plain = await read_call_file(EXAMPLES[name].encode(), options)
    found = await read_call_file(path.read_bytes(), options)
    assert (found.format, found.rows, found.calls) == (plain.format, plain.rows, plain.calls)
