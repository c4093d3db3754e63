"""What the agent makes of files that a switch writes: cut, gathered, followed through rotation."""

import asyncio
import gzip
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from contracts.call_files import Naming
from contracts.calls import CallEnded
from integrations.switch.agent import Agent
from integrations.switch.cdr import following
from integrations.switch.cdr.adapter import NoControl
from integrations.switch.cdr.detail import leg_of_detail
from integrations.switch.cdr.following import Follower, Start
from integrations.switch.cdr.formats import FORMATS, Record, cut, legs_of_post, legs_reader
from integrations.switch.cdr.gathering import Gathering
from integrations.switch.model import utc_now
from integrations.switch.settings import Settings
from integrations.switch.spool import Spool, SpoolFull
from tests.call_files.test_json_records import A_LEG, freeswitch

UTC_ZONE = ZoneInfo("UTC")
LONG_AGO_SECONDS = 3_600
GAPS = "accounts_manager_switch_cdr_gaps_total"
DETAIL = """\
Sun Nov 22 15:34:24 2026
\tAcct-Status-Type = Stop
\tAcct-Session-Id = "5f3a"
\tNAS-Identifier = "sbc1"
\tUser-Name = "104@acme.voice.example"
\tCalling-Station-Id = "104"
\tCalled-Station-Id = "sip:+442079460321@sbc.example"
\tAcct-Session-Time = 61
\tAcct-Delay-Time = 2
\tTimestamp = 1795361666

"""


def row(number: int, seconds: int = 17, unique: str = "", disposition: str = "ANSWERED") -> str:
    """Return a line of Asterisk's Master.csv."""
    unique = unique or f"17953{number:05}.6"
    return (
        f'"acc_7h2","104","+4420794{number:05}","internal","","SIP/104-3","SIP/trunk-4","Dial",'
        f'"SIP/trunk","2026-11-22 15:33:20","2026-11-22 15:33:23","2026-11-22 15:34:24",'
        f'64,{seconds},"{disposition}","DOCUMENTATION","{unique}","","","{unique}",{number}\n'
    )


class Beside:
    """What reads a file, as an agent has it."""

    def __init__(
        self, folder: Path, path: Path, *, settle_seconds: float = 0, records_max: int = 1_000_000
    ) -> None:
        self.path = path
        environment = Settings(switch_country="US", switch_folder=folder)
        self.spool = Spool(folder, records_max)
        agent = Agent(environment, self.spool, NoControl(), utc_now)
        self.gathering = Gathering(agent, self.spool, Naming(), None, settle_seconds)
        legs = legs_reader("asterisk-master", UTC_ZONE)
        self.follower = Follower(path, legs, self.gathering, self.spool, by_paragraph=False)

    async def reads(self, start: Start = "start") -> None:
        """Read until there's nothing more, and settle what was read."""
        await self.follower.begin(start)
        while await self.follower.read():
            pass
        await self.gathering.settle_due()

    async def records(self) -> list[CallEnded]:
        """Return the records that wait to be sent."""
        kept = await self.spool.oldest(100_000)
        return [CallEnded.model_validate_json(one.body) for one in kept]

    async def called(self) -> list[int]:
        """Return the last digits of the numbers that were called."""
        return [int(one.destination[-5:]) for one in await self.records()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the path of a file in a folder of its own."""
    folder = tmp_path / "cdr-csv"
    folder.mkdir()
    return folder / "Master.csv"


@pytest.fixture
def beside(tmp_path: Path, path: Path) -> Iterator[Beside]:
    """Give what reads it."""
    beside = Beside(tmp_path / "agent", path)
    yield beside
    beside.spool.close()


def written(path: Path, *lines: str, ago: int = LONG_AGO_SECONDS) -> None:
    """Add lines to a file, as if some time ago."""
    with path.open("a") as file:
        file.writelines(lines)
    at = time.time() - ago
    os.utime(path, (at, at))


def emptied(path: Path) -> None:
    """Empty a file that stays."""
    path.write_bytes(b"")


def compressed(path: Path, name: str, lacking: int = 0) -> None:
    """Compress a file under a name, without so many bytes at its end."""
    content = gzip.compress(path.read_bytes())
    packed = path.with_name(name)
    packed.write_bytes(content[: len(content) - lacking])
    shutil.copystat(path, packed)
    path.unlink()


def renamed(path: Path, name: str) -> Path:
    """Rotate a file as logrotate does it."""
    return path.rename(path.with_name(name))


# --- following --------------------------------------------------------------------------------


async def test_what_is_added_is_read_once_and_a_line_only_when_it_is_whole(
    beside: Beside, path: Path
) -> None:
    written(path, row(1), row(2)[:50])
    await beside.reads()
    assert await beside.called() == [1]
    written(path, row(2)[50:], row(3))
    await beside.reads()
    await beside.reads()
    assert await beside.called() == [1, 2, 3]


async def test_what_was_there_before_the_first_start_is_left_alone(
    beside: Beside, path: Path
) -> None:
    written(path, row(1), row(2)[:50])
    await beside.reads("end")
    written(path, row(2)[50:], row(3))
    await beside.reads("end")
    assert await beside.called() == [2, 3]


async def test_a_file_that_comes_later_is_read_whole(beside: Beside, path: Path) -> None:
    await beside.reads("end")
    written(path, row(1), ago=-1)
    await beside.reads("end")
    assert await beside.called() == [1]


async def test_a_file_is_read_through_its_rotation(beside: Beside, path: Path) -> None:
    written(path, row(1))
    await beside.reads()
    written(path, row(2), ago=LONG_AGO_SECONDS - 60)
    renamed(path, "Master.csv.1")
    written(path, row(3))
    await beside.reads()
    assert await beside.called() == [1, 2, 3]


async def test_a_file_that_its_switch_still_writes_to_is_not_left(
    beside: Beside, path: Path
) -> None:
    written(path, row(1), ago=0)
    await beside.reads()
    old = renamed(path, "Master.csv.1")
    written(path, row(3), ago=0)
    await beside.reads()
    written(old, row(2))
    await beside.reads()
    assert await beside.called() == [1, 2, 3]


@pytest.mark.parametrize("is_compressed", [False, True])
async def test_files_that_were_rotated_twice_meanwhile_are_read_in_their_order(
    tmp_path: Path, path: Path, *, is_compressed: bool
) -> None:
    beside = Beside(tmp_path / "agent", path)
    written(path, row(1), ago=900)
    await beside.reads()
    beside.spool.close()
    written(path, row(2), ago=800)
    first = renamed(path, "Master.csv-20261121")
    written(path, row(3), row(4), ago=700)
    second = renamed(path, "Master.csv-20261122")
    written(path, row(5), ago=600)
    if is_compressed:
        for old in (first, second):
            compressed(old, f"{old.name}.gz")
    beside = Beside(tmp_path / "agent", path)
    await beside.reads()
    assert await beside.called() == [1, 2, 3, 4, 5]
    beside.spool.close()


async def test_a_file_that_is_copied_and_emptied_is_read_once(beside: Beside, path: Path) -> None:
    written(path, row(1), ago=900)
    await beside.reads()
    written(path, row(2), ago=800)
    shutil.copy2(path, path.with_name("Master.csv.1"))
    emptied(path)
    written(path, row(3), ago=700)
    await beside.reads()
    assert await beside.called() == [1, 2, 3]


async def test_a_file_that_is_emptied_is_read_from_its_start(beside: Beside, path: Path) -> None:
    written(path, row(1), row(2))
    await beside.reads()
    emptied(path)
    written(path, row(3))
    await beside.reads()
    assert await beside.called() == [1, 2, 3]


async def test_the_end_of_a_rotated_file_may_be_missing(
    beside: Beside, path: Path, tmp_path: Path
) -> None:
    written(path, row(1), ago=900)
    await beside.reads()
    written(path, row(2)[:60], ago=850)
    renamed(path, "Master.csv.1")
    written(path, row(3), ago=800)
    await beside.reads()
    assert await beside.called() == [1, 3]
    with closing(sqlite3.connect(tmp_path / "agent" / "calls.sqlite")) as database:
        assert database.execute("SELECT count(*) FROM unreadable").fetchone() == (1,)


async def test_lines_in_no_encoding_or_of_no_length_keep_no_other_from_being_read(
    beside: Beside, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "CHUNK_BYTES", 1_100_000)
    named = row(2).replace('"104"', '"Zoë"').encode("latin-1")
    long = b'"' + b"x" * 2_500_000 + b"\n"
    content = row(1).encode() + named + b"\0\xff\xfe\n" + long + b"\r\n" + row(3).encode()
    await asyncio.to_thread(path.write_bytes, content)
    await beside.reads()
    assert await beside.called() == [1, 2, 3]


async def test_what_is_read_in_small_pieces_is_the_same(
    beside: Beside, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "CHUNK_BYTES", 1_000)
    written(path, *(row(number) for number in range(500)))
    await beside.reads()
    assert await beside.called() == [*range(500)]


async def test_a_rotated_file_that_cannot_be_unpacked_is_counted_and_left(
    beside: Beside, path: Path
) -> None:
    written(path, row(1), ago=900)
    await beside.reads()
    written(path, row(2), ago=800)
    compressed(path, "Master.csv.1.gz", lacking=20)
    written(path, row(3), ago=700)
    gaps = REGISTRY.get_sample_value(GAPS) or 0
    await beside.reads()
    assert (REGISTRY.get_sample_value(GAPS) or 0) > gaps
    assert await beside.called() == [1, 3]


# --- legs -------------------------------------------------------------------------------------


async def test_legs_that_come_apart_are_one_call_also_through_a_restart(
    tmp_path: Path, path: Path
) -> None:
    beside = Beside(tmp_path / "agent", path, settle_seconds=60)
    written(path, row(1, 6, "1795361600.6", "NO ANSWER"))
    await beside.reads()
    assert await beside.records() == []
    beside.spool.close()
    written(path, row(1, 17, "1795361600.6"))
    beside = Beside(tmp_path / "agent", path)
    await beside.reads()
    assert [one.seconds for one in await beside.records()] == [17]
    assert await beside.spool.notes("cdr-call:") == []
    beside.spool.close()


async def test_a_full_store_lets_calls_wait_and_loses_none(tmp_path: Path, path: Path) -> None:
    beside = Beside(tmp_path / "agent", path, records_max=2)
    written(path, row(1), row(2))
    await beside.reads()
    written(path, row(3))
    with pytest.raises(SpoolFull):
        await beside.reads()
    beside.spool.close()
    beside = Beside(tmp_path / "agent", path, records_max=2)
    await beside.spool.remove(await beside.spool.oldest(2))
    await beside.reads()
    assert await beside.called() == [3]
    beside.spool.close()


async def test_legs_to_several_numbers_are_for_a_person(beside: Beside, path: Path) -> None:
    written(path, row(1, 6, "1795361600.6"), row(2, 17, "1795361600.6"))
    await beside.reads()
    assert await beside.records() == []


@settings(max_examples=200)
@given(st.lists(st.binary(max_size=30), max_size=20), st.integers(1, 60), st.booleans())
def test_bytes_are_cut_the_same_however_they_come(
    lines: list[bytes],
    size: int,
    by_paragraph: bool,  # noqa: FBT001 - hypothesis gives it
) -> None:
    data = b"\n".join(lines)
    whole = cut(data, 1, by_paragraph=by_paragraph, is_whole=True)
    assert whole.used == len(data)
    found: list[Record] = []
    line, left = 1, b""
    for start in range(0, len(data), size):
        left += data[start : start + size]
        one = cut(left, line, by_paragraph=by_paragraph, is_whole=start + size >= len(data))
        found += one.records
        line, left = line + one.lines, left[one.used :]
    assert [record.text.strip() for record in found] == [
        record.text.strip() for record in whole.records
    ]


@settings(max_examples=300)
@given(st.sampled_from(FORMATS), st.text(max_size=200))
def test_a_record_of_anything_is_read_or_says_why_not(name: str, text: str) -> None:
    for one in FORMATS:
        if one == name:
            for leg in legs_reader(one, UTC_ZONE)(Record(7, text)):
                assert leg.fault
                assert leg.line == 7


# --- other formats ----------------------------------------------------------------------------


def test_an_entry_of_a_detail_file_is_a_call_when_it_is_a_stop() -> None:
    leg = leg_of_detail(1, DETAIL, None)
    assert leg is not None
    assert (leg.call_id, leg.account, leg.caller) == ("5f3a@sbc1", "acme.voice.example", "104")
    assert (leg.destination, leg.seconds) == ("+442079460321", 61)
    assert leg.answered_at == datetime.fromtimestamp(1795361666 - 2 - 61, UTC_ZONE)
    for status in ("Start", "Interim-Update", "Accounting-On"):
        assert leg_of_detail(1, DETAIL.replace("= Stop", f"= {status}"), None) is None
    untimed = leg_of_detail(1, DETAIL.replace("Timestamp = ", "Nothing = "), None)
    assert untimed is not None
    assert "no time of the answer" in untimed.fault


def test_entries_of_a_detail_file_are_divided_by_blank_lines() -> None:
    data = DETAIL * 2 + DETAIL[:100]
    found = cut(data.encode(), 1, by_paragraph=True, is_whole=False)
    assert [one.line for one in found.records] == [1, 12]
    assert found.used == len(DETAIL) * 2


@pytest.mark.parametrize("is_form", [False, True])
def test_a_post_is_a_form_or_the_record_itself(*, is_form: bool) -> None:
    text = json.dumps(freeswitch())
    body = f"cdr={quote(text, safe='')}" if is_form else text
    legs = legs_of_post("freeswitch-json", body.encode())
    assert [(leg.call_id, leg.destination, leg.fault) for leg in legs] == [
        (A_LEG, "+442079460321", "")
    ]
