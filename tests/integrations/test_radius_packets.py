"""What a NAS may send, and what is remembered of it: whatever it is, nothing fails."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pyrad.packet import AcctPacket, AuthPacket, Packet

from integrations.switch.agent import Agent
from integrations.switch.model import utc_now
from integrations.switch.radius.control import RadiusControl
from integrations.switch.radius.door import RadiusDoor
from integrations.switch.radius.nas import Nas, Nases, NasFileError, read_nases
from integrations.switch.radius.packets import Attribute, Dropped, Request, Source, read_request
from integrations.switch.radius.sessions import (
    Current,
    Session,
    Told,
    account_of,
    number_of,
)
from integrations.switch.settings import Settings
from integrations.switch.spool import Spool

SECRET = "violet-tractor-97-moss"
NAS = Nas.model_validate({"name": "sbc1", "address": "192.0.2.10", "secret": SECRET})
SOURCE = Source("192.0.2.10", 40_000)
MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)
KNOWN = [int(one) for one in Attribute if one != Attribute.MESSAGE_AUTHENTICATOR]

attributes = st.lists(
    st.tuples(
        st.sampled_from(KNOWN) | st.integers(1, 255).filter(lambda number: number not in {26, 80}),
        st.binary(max_size=40)
        | st.integers(0, 20).map(lambda number: number.to_bytes(4))
        | st.sampled_from([b"911", b"+971501234567", b"104@a.example", b"sip:1@b.example"]),
    ),
    max_size=20,
)


def signed(code: int, values: Sequence[tuple[int, bytes]]) -> bytes:
    """Return a packet that a NAS has signed, whatever it says."""
    kind = AuthPacket if code == 1 else AcctPacket
    packet: Packet = kind(code, 7, SECRET.encode())
    packet.add_message_authenticator()
    for number, value in values:
        packet.setdefault(number, []).append(value)
    return packet.RequestPacket()


def read(data: bytes) -> Request | str:
    """Return the request that bytes are, or why they are dropped."""
    try:
        return read_request(data, NAS, SOURCE)
    except Dropped as dropped:
        return str(dropped)


# --- packets ----------------------------------------------------------------------------------


@settings(max_examples=500)
@given(st.binary(max_size=5_000))
@example(b"\x04\x01\x00\x14" + bytes(16))
@example(b"\x01\x01\x00\x15" + bytes(17))
@example(b"\x01\x01\x00\x16" + bytes(16) + b"\x01\x01")
def test_bytes_that_nobody_signed_are_dropped(data: bytes) -> None:
    assert isinstance(read(data), str)


@settings(max_examples=300)
@given(st.sampled_from([1, 4]), attributes, st.integers(0, 10_000), st.integers(1, 255))
def test_a_packet_that_was_changed_on_its_way_is_dropped(
    code: int, values: list[tuple[int, bytes]], place: int, change: int
) -> None:
    packet = bytearray(signed(code, values))
    packet[place % len(packet)] ^= change
    assert isinstance(read(bytes(packet)), str)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([1, 4]), attributes)
def test_what_was_added_behind_a_packet_is_passed_over(
    code: int, values: list[tuple[int, bytes]]
) -> None:
    request = read(signed(code, values) + b"\x01\x02\x03")
    assert isinstance(request, Request)
    assert "80" not in request.told()


def test_what_a_nas_says_reaches_its_session_whatever_it_is(tmp_path: Path) -> None:
    environment = Settings(switch_country="US", switch_folder=tmp_path, switch_answer_seconds=0.001)
    spool = Spool(tmp_path, records_max=1_000_000)
    agent = Agent(environment, spool, RadiusControl(Nases([NAS]), 60, utc_now), utc_now)
    door = RadiusDoor(environment, agent, spool, utc_now)

    with asyncio.Runner() as runner:

        @settings(
            max_examples=300,
            deadline=None,
            suppress_health_check=[HealthCheck.function_scoped_fixture],
        )
        @given(st.sampled_from([1, 4]), attributes, st.sampled_from([1, 2, 3, 7, 8, 15, 99]))
        def answered(code: int, values: list[tuple[int, bytes]], status: int) -> None:
            known = [(int(Attribute.ACCT_STATUS_TYPE), status.to_bytes(4))]
            request = read(signed(code, known + values))
            assert isinstance(request, Request)
            assert runner.run(door.answer(request))

        answered()
    spool.close()


# --- sessions ---------------------------------------------------------------------------------


def at(seconds: float) -> datetime:
    return MIDNIGHT + timedelta(seconds=seconds)


def stop(seconds: float, lasted: int | None, *, timed: bool = True) -> Told:
    return Told(2, at(seconds), lasted, timed)


def test_a_past_call_is_known_again_by_when_it_was() -> None:
    call = Current(call_id="c1", caller="104", destination="+971501234567", answered_at=at(0))
    session = Session(current=call).ending(call, stop(60, 60), at(0), 60)
    assert session.current is None
    for told in (stop(60, 60), stop(62, 60), stop(61, None), stop(600, 60, timed=False)):
        was = session.was(told)
        assert was is not None
        assert was.call_id == "c1"
    for told in (stop(70, 60), stop(600, 60), stop(600, None), stop(600, 50, timed=False)):
        assert session.was(told) is None


def test_a_session_remembers_the_call_that_it_was_and_never_many() -> None:
    session = Session()
    for number in range(20):
        call = Current(call_id=str(number), caller="", destination="1", answered_at=at(number * 60))
        session = session.beginning(call)
    assert session.current is not None
    assert session.current.call_id == "19"
    assert [one.call_id for one in session.ended] == ["15", "16", "17", "18"]
    assert all(one.seconds is None for one in session.ended)


@pytest.mark.parametrize(
    ("user_name", "account"),
    [
        ("104@acme.voice.example", ("", "acme.voice.example")),
        ("sip:104@Acme.Voice.Example:5060;transport=udp", ("", "acme.voice.example")),
        ("acme.voice.example", ("", "acme.voice.example")),
        ("acc_7h2", ("acc_7h2", "")),
        ("", ("", "")),
    ],
)
def test_a_user_name_says_whose_call_it_is(user_name: str, account: tuple[str, str]) -> None:
    assert account_of(user_name) == account


@pytest.mark.parametrize(
    ("station", "number"),
    [
        ("+442079460321", "+442079460321"),
        ("sip:+442079460321@sbc.example", "+442079460321"),
        ("tel:+442079460321;phone-context=x", "+442079460321"),
        ("104", "104"),
    ],
)
def test_a_station_is_a_number_or_an_address_with_one(station: str, number: str) -> None:
    assert number_of(station) == number


# --- who may ask ------------------------------------------------------------------------------


def test_a_nas_is_known_by_its_address_and_the_narrowest_range_counts() -> None:
    wide = NAS.model_validate({"name": "wide", "address": "192.0.2.0/24", "secret": SECRET})
    half = NAS.model_validate({"name": "half", "address": "192.0.2.0/25", "secret": SECRET})
    other = NAS.model_validate({"name": "other", "address": "2001:db8::/32", "secret": SECRET})
    nases = Nases([wide, half, other, NAS])
    found = {
        host: getattr(nases.find(host), "name", None)
        for host in ("192.0.2.10", "192.0.2.11", "192.0.2.200", "192.0.3.1", "2001:db8::1")
    }
    assert [*found.values()] == ["sbc1", "half", "wide", None, "other"]
    mapped = nases.find("::ffff:192.0.2.10")
    assert mapped is not None
    assert mapped.name == "sbc1"
    assert nases.named("half") == half


@pytest.mark.parametrize(
    "text",
    [
        '[a]\naddress = "nowhere"\nsecret = "violet-tractor-97-moss"',
        '[a]\naddress = "192.0.2.1"\nsecret = "violet"',
        '[a]\naddress = "192.0.2.1"\nsecret = ["violet-tractor-97-moss"]',
        '[a]\naddress = "192.0.2.1"\nsecret = "violet-tractor-97-moss"\nport = 1',
        'secret = "violet-tractor-97-moss"',
        '[a\nsecret = "violet-tractor-97-moss"',
        "\n".join(
            f'[{name}]\naddress = "192.0.2.1"\nsecret = "violet-tractor-97-moss"' for name in "ab"
        ),
        "",
    ],
)
def test_a_file_of_nas_that_is_wrong_is_refused_and_its_secrets_are_not_shown(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "nas.toml"
    path.write_text(text)
    with pytest.raises(NasFileError) as refused:
        read_nases(path)
    assert "violet" not in str(refused.value)
    assert "violet" not in repr(refused.value.__cause__)


def test_a_file_of_nas_is_needed(tmp_path: Path) -> None:
    for path in (None, tmp_path / "missing.toml"):
        with pytest.raises(NasFileError):
            read_nases(path)


def test_a_secret_is_in_no_text_of_a_nas() -> None:
    assert SECRET not in f"{NAS} {NAS!r} {NAS.model_dump()}"
