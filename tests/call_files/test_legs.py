"""Rows with one unique id are legs of one call: the answered outbound one is charged."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.call_files import FileCall, Leg, Row, calls_of, fault_of_row, fitting_formats, leg_of
from contracts.call_files.formats import LAYOUTS
from contracts.call_files.times import zone_of

INPUTS = Path(__file__).parent.parent / "inputs" / "calls"
MEANINGS = ("call_id", "destination", "answered_at", "seconds", "disposition", "direction")
UTC = zone_of("UTC")


def asterisk(
    line: int,
    *,
    billsec: int,
    disposition: str = "ANSWERED",
    channel: str = "SIP/trunk-2",
    dst: str = "+442079460321",
    account: str = "1004",
    unique: str = "1706369600.6",
) -> Leg:
    """Return the leg that a row of Asterisk's Master.csv is."""
    cells = [
        *(account, "104", dst, "from-internal", "", "SIP/104-1", channel, "Dial", "SIP/trunk"),
        *("2026-11-22 09:30:00", "2026-11-22 09:30:03", "2026-11-22 09:31:00", "57", str(billsec)),
        *(disposition, "DOCUMENTATION", unique, "", "", unique, str(line)),
    ]
    layout = LAYOUTS["asterisk-master"]
    assert fault_of_row(layout, Row(line, cells)) == ""
    return leg_of(line, cells, layout.meanings, UTC)


def only(*legs: Leg) -> FileCall:
    """Return the one call that these legs are."""
    (call,) = calls_of(legs)
    return call


def test_the_ring_leg_before_the_talk_leg_does_not_win() -> None:
    call = only(asterisk(1, billsec=6), asterisk(2, billsec=17), asterisk(3, billsec=0, channel=""))
    assert (call.outcome, call.leg.seconds, call.leg.line) == ("answered", 17, 2)
    assert call.detail == "Other legs of the call aren't charged: line 1 (6 s)."
    rang = asterisk(1, billsec=6, disposition="NO ANSWER", dst="600")
    assert only(rang, asterisk(2, billsec=17)).leg.seconds == 17


def test_an_announcement_before_the_call_is_not_the_outbound_leg() -> None:
    call = only(asterisk(1, billsec=40, channel=""), asterisk(2, billsec=17))
    assert (call.outcome, call.leg.seconds) == ("answered", 17)


def test_a_call_that_only_voicemail_answered_is_not_outbound() -> None:
    assert only(asterisk(1, billsec=40, channel="")).outcome == "not-outbound"


def test_seconds_of_a_leg_that_nobody_answered_are_not_charged_but_named() -> None:
    call = only(asterisk(1, billsec=60, disposition="NO ANSWER"))
    assert call.outcome == "not-answered"
    assert call.detail == "60 seconds, but “NO ANSWER” says that the call was not answered."


def test_a_call_that_was_passed_on_is_for_a_person_to_decide() -> None:
    calls = calls_of([asterisk(1, billsec=60), asterisk(2, billsec=30, dst="+493012345678")])
    assert [(call.outcome, call.leg.line) for call in calls] == [("unclear", 1), ("unclear", 2)]
    assert "answered legs of several numbers (lines 1 and 2)" in calls[0].detail
    calls = calls_of([asterisk(1, billsec=60), asterisk(2, billsec=30, account="1005")])
    assert "several accounts" in calls[0].detail


def test_a_leg_that_cannot_be_read_leaves_its_call_to_a_person() -> None:
    good = asterisk(1, billsec=60)
    bad = leg_of(2, ["1706369600.6", "+44", "soon", "17", "ANSWERED", "out"], MEANINGS, UTC)
    assert bad.fault.startswith("Write the time of the answer")
    call = only(good, bad)
    assert (call.outcome, call.detail) == ("unclear", f"Line 2: {bad.fault}")


def test_the_same_row_twice_is_one_call() -> None:
    call = only(asterisk(1, billsec=60), asterisk(2, billsec=60))
    assert (call.outcome, call.lines, call.detail) == ("answered", (1, 2), "")


@pytest.mark.parametrize(
    ("cells", "cause"),
    [
        (["", "+44", "2026-11-22 09:30", "17", "ANSWERED", "out"], "no call ID"),
        (["1", "", "2026-11-22 09:30", "17", "ANSWERED", "out"], "which number was called"),
        (["1", "+44", "", "17", "ANSWERED", "out"], "no time of the answer"),
        (["1", "+44", "2026-11-22 09:30", "17", "HMM", "out"], "We don't know whether “HMM”"),
        (["1", "+44", "2026-11-22 09:30", "17", "ANSWERED", "up"], "direction “up”"),
        (["1", "+44", "2026-11-22 09:30", "17", "ANSWERED", "out", "x"], "has 7 values"),
        (["1" * 129, "+44", "2026-11-22 09:30", "17", "ANSWERED", "out"], "It may have 128"),
        (["1", "4" * 65, "2026-11-22 09:30", "17", "ANSWERED", "out"], "It may have 64"),
    ],
)
def test_a_row_that_cannot_be_read_names_the_cause(cells: list[str], cause: str) -> None:
    assert cause in leg_of(1, cells, MEANINGS, UTC).fault


def test_files_without_column_names_show_what_they_are_and_no_other_row_does() -> None:
    found: dict[str, tuple[str, ...]] = {}
    for name in ("c1_asterisk_master.csv", "c2_freeswitch_master.csv"):
        with (INPUTS / name).open(newline="") as file:
            rows = [Row(line, cells) for line, cells in enumerate(csv.reader(file), start=1)]
        found[name] = fitting_formats(rows)
    assert found == {
        "c1_asterisk_master.csv": ("asterisk-master",),
        "c2_freeswitch_master.csv": ("freeswitch-csv",),
    }
    assert fitting_formats([Row(1, ["a", "b"])]) == ()
    assert fitting_formats([]) == ()


LEGS = st.builds(
    asterisk,
    st.just(1),
    billsec=st.integers(0, 300),
    disposition=st.sampled_from(["ANSWERED", "NO ANSWER", "BUSY", "FAILED"]),
    channel=st.sampled_from(["", "SIP/trunk-2"]),
    unique=st.sampled_from(["1706369600.6", "1706369600.7"]),
)


@given(st.lists(LEGS, min_size=1, max_size=8))
def test_legs_in_any_order_make_the_same_calls(legs: list[Leg]) -> None:
    legs = [leg._replace(line=line) for line, leg in enumerate(legs, start=1)]
    calls = {call.leg.call_id: (call.outcome, call.leg.seconds) for call in calls_of(legs)}
    turned = {call.leg.call_id: (call.outcome, call.leg.seconds) for call in calls_of(legs[::-1])}
    answered = {key: found for key, found in calls.items() if found[0] == "answered"}
    assert answered == {key: found for key, found in turned.items() if found[0] == "answered"}
    for call in calls_of(legs):
        group = [leg for leg in legs if leg.call_id == call.leg.call_id]
        outbound = [leg.seconds for leg in group if leg.is_answered and leg.outbound]
        assert (call.outcome == "answered") == bool(outbound)
        if outbound:
            assert call.leg.seconds == max(outbound)
