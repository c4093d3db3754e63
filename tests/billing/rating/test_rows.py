"""Rates by the table: what changes, what a margin makes of them, what they come to, and when."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contracts.billing import Rate
from contracts.exact_rates import read_exact
from contracts.values import micros
from services.billing.base.model.country import countries_of_prefix
from services.billing.rating.model.cells import RATE_UNITS_MAX
from services.billing.rating.model.import_job import check_rate, read_margin
from services.billing.rating.model.rate_effects import DIFFERENCES_SHOWN
from services.billing.rating.model.rows import (
    Change,
    change_of,
    first_too_dear,
    summary_of,
    table_of,
    with_countries,
    with_margin,
)
from services.billing.rating.model.sheet import (
    CALLS_LAST,
    ENDED_ROWS_KEPT,
    REVISIONS_KEPT,
    REVISIONS_MAX,
    Revision,
    Sheet,
    Span,
    Summary,
)

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
YESTERDAY, TOMORROW = NOW - timedelta(days=1), NOW + timedelta(days=1)


# --- what changes ---------------------------------------------------------------------------------

OLD = (
    Rate(prefix="44", rate=1),
    Rate(prefix="91", rate=2),
    Rate(prefix="91", rate=3, effective_from=NOW),
    Rate(prefix="33", rate=4, country="FR", name="France"),
)
NEW = (
    Rate(prefix="44", rate=1),  # the same
    Rate(prefix="91", rate=9),  # another rate
    Rate(prefix="33", rate=4, country=None, name="France"),  # another country
    Rate(prefix="91", rate=2, effective_from=TOMORROW),  # new
)


def change(mode: str, *wanted: Rate) -> Change:
    current = table_of(*OLD).with_columns(since=7)
    return change_of(current, table_of(*wanted), mode)  # pyright: ignore[reportArgumentType] - one of the modes


def keys(found: Change) -> list[tuple[str, datetime | None, int]]:
    return sorted(found.ended.select("prefix", "effective_from", "since").rows(), key=str)


def after(found: Change) -> set[tuple[str, int, datetime | None]]:
    return set(found.after.select("prefix", "rate", "effective_from").rows())


def test_an_upsert_keeps_what_is_not_named() -> None:
    found = change("upsert", *NEW)
    assert (found.added, found.changed, found.unchanged, found.removed) == (1, 2, 1, 0)
    assert sorted(found.written["prefix"]) == ["33", "91", "91"]
    assert keys(found) == [("33", None, 7), ("91", None, 7)]
    assert after(found) == {
        ("44", 1, None),
        ("91", 9, None),
        ("91", 3, NOW),
        ("91", 2, TOMORROW),
        ("33", 4, None),
    }


def test_a_replacement_ends_what_is_not_named() -> None:
    found = change("replace", *NEW)
    assert (found.added, found.changed, found.unchanged, found.removed) == (1, 2, 1, 1)
    assert ("91", NOW, 7) in keys(found)
    assert ("91", 3, NOW) not in after(found)
    assert found.after.height == len(NEW)


def test_some_of_the_differences_are_told_with_both_rates() -> None:
    new = [Rate(prefix=str(1000 + n), rate=1) for n in range(99)]
    found = change("replace", *NEW, *reversed(new))
    told = [
        (one.prefix, one.effective_from, one.rate_before, one.rate_after)
        for one in found.differences
    ]
    assert told[:2] == [("1000", None, None, 1), ("1001", None, None, 1)]
    assert told[DIFFERENCES_SHOWN:] == [
        ("33", None, 4, 4),
        ("91", None, 2, 9),
        ("91", NOW, 3, None),
    ]


def test_a_removal_ends_exactly_what_is_named() -> None:
    found = change("remove", Rate(prefix="91", rate=0))
    assert (found.added, found.changed, found.removed) == (0, 0, 1)
    assert keys(found) == [("91", None, 7)]
    assert after(found) == {("44", 1, None), ("91", 3, NOW), ("33", 4, None)}


def test_the_same_again_changes_nothing() -> None:
    for mode in ("upsert", "replace"):
        found = change(mode, *OLD)
        assert (found.unchanged, found.written.height, found.ended.height) == (len(OLD), 0, 0)


# --- margins --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "percent", "fee", "rate"),
    [
        ("0.10", "0", "0.10", "0.10"),
        ("0.10", "12.5", "0.1125", "0.1125"),
        ("0.0321", "7.5", "0.034508", "0.0345075"),
        ("0.000001", "50", "0.000002", "0.0000015"),  # half up
        ("0.000001", "49.9999", "0.000001", "0.0000015"),
        ("0.000001", "49", "0.000001", "0.00000149"),
        ("0.20", "-10", "0.18", "0.18"),
        # what cost something is not free
        ("0.000001", "-99.9999", "0.000001", "0.00000001"),
        ("0", "900", "0", "0"),
        ("500000", "-50", "250000", "250000"),
        ("45454.545454", "1000", "499999.999994", "499999.999994"),
    ],
)
def test_a_margin_is_exact_and_rounded_half_up(
    before: str, percent: str, fee: str, rate: str
) -> None:
    margin = read_margin(percent)
    assert margin is not None
    table = table_of(Rate(prefix="1", rate=micros(before), connect_fee=micros(before)))
    found = with_margin(table, margin).row(0, named=True)
    assert found["connect_fee"] == micros(fee)
    assert found["rate"] * 100 + found["rate_fraction"] == read_exact(rate)


@given(
    amount=st.integers(0, micros(str(RATE_UNITS_MAX))),
    margin=st.integers(-999_999, 10_000_000),
)
@example(amount=micros(str(RATE_UNITS_MAX)), margin=10_000_000)
def test_every_margin_is_that_of_exact_fractions(amount: int, margin: int) -> None:
    table = with_margin(table_of(Rate(prefix="1", rate=amount)), margin)
    exact = Fraction(amount * 100) * (1_000_000 + margin) / 1_000_000
    rounded = int(exact + Fraction(1, 2))
    (found,) = table.select(pl.col("rate") * 100 + pl.col("rate_fraction")).to_series()
    assert found == (max(rounded, 1) if amount else 0)
    beyond = "1" if rounded > micros(str(RATE_UNITS_MAX)) * 100 else None
    assert first_too_dear(table) == beyond


@pytest.mark.parametrize(
    "percent", ["", "-100", "-100.0", "1000.0001", "10001", "1e2", "ten", "1,5", "0.00001", "--1"]
)
def test_a_margin_that_is_none_or_beyond_limits_is_refused(percent: str) -> None:
    assert read_margin(percent) is None


def test_margins_are_read_as_typed() -> None:
    texts = ("1000", " +12.5 ", "-99.9999", "0")
    assert [read_margin(text) for text in texts] == [10_000_000, 125_000, -999_999, 0]


# --- rates by hand --------------------------------------------------------------------------------


def test_a_rate_that_was_typed_becomes_what_a_file_would_give() -> None:
    typed = Rate(prefix=" +4420 ", rate=1, name="  London   fixed ", country="GB")
    assert check_rate(typed) == (Rate(prefix="4420", rate=1, name="London fixed", country="GB"), [])


def test_every_fault_of_a_typed_rate_is_told_at_once() -> None:
    faulty = Rate(
        prefix="0044",
        country="XX",
        name="x" * 129,
        rate=-1,
        connect_fee=micros("500000.000001"),
        min_duration=3601,
        increment=0,
        grace=-1,
        effective_from=datetime(1999, 1, 1, tzinfo=UTC),
    )
    _, errors = check_rate(faulty)
    assert {error.pointer for error in errors} == {
        f"/{name}" for name in Rate.model_fields if name not in {"blocked", "rate_exact"}
    }


# --- what rates come to ---------------------------------------------------------------------------


def test_a_summary_counts_what_is_in_force_or_to_come() -> None:
    rates = (
        Rate(prefix="44", rate=900_000),
        Rate(prefix="44", rate=20_000, effective_from=YESTERDAY),
        Rate(prefix="44", rate=30_000, effective_from=TOMORROW),
        Rate(prefix="4420", rate=10_000),
        Rate(prefix="4479", rate=500_000, blocked=True),
        Rate(prefix="91", rate=40_000),
    )
    summary = summary_of(table_of(*rates), NOW)
    assert (summary.rates, summary.span) == (6, Span(lowest=10_000, highest=40_000))
    assert summary.countries["GB"] == Span(lowest=10_000, highest=30_000)
    assert summary.countries["JE"] == Span(lowest=20_000, highest=30_000)
    assert summary.countries["IN"] == Span(lowest=40_000, highest=40_000)
    assert set(summary.countries) == {"GB", "GG", "IM", "JE", "IN"}
    assert summary_of(table_of(), NOW) == Summary()


prefixes = st.from_regex(r"[1-9][0-9]{0,9}", fullmatch=True)


@given(st.lists(prefixes, min_size=1, unique=True))
def test_countries_told_by_area_are_those_of_each_prefix(prefixes: list[str]) -> None:
    table = with_countries(table_of(*(Rate(prefix=prefix, rate=5) for prefix in prefixes)))
    countries = {prefix: countries_of_prefix(prefix) for prefix in prefixes}
    told = dict(zip(table["prefix"], table["country"], strict=True))
    assert told == {prefix: next(iter(found), None) for prefix, found in countries.items()}
    assert set(summary_of(table, NOW).countries) == {
        country for found in countries.values() for country in found
    }


# --- revisions ------------------------------------------------------------------------------------


def revision(number: int, at: datetime, ended: int = 0) -> Revision:
    return Revision(
        number=number, active_from=at, rates=1, ended=ended, kind="import", actor="usr_1"
    )


def sheet(**fields: object) -> Sheet:
    return Sheet.model_validate(
        {
            "id": "sheet_1",
            "reseller_id": "acc_r1",
            "name": "Standard",
            "currency": "USD",
            "created_at": NOW,
            "changed_at": NOW,
            **fields,
        }
    )


def changed_often(times: int, *, every: timedelta, ended: int = 0) -> Sheet:
    found = sheet()
    for number in range(1, times + 1):
        made = revision(number, NOW + number * every, ended if number > 1 else 0)
        found = found.with_revision(made, Summary(rates=number))
    return found


def test_the_content_at_a_moment_is_the_last_that_had_begun() -> None:
    found = sheet(revisions=(revision(4, YESTERDAY), revision(5, NOW), revision(6, TOMORROW)))
    assert [
        found.revision_at(moment)
        for moment in (
            YESTERDAY - timedelta(days=9),  # older than all that is kept
            YESTERDAY,
            NOW - timedelta(milliseconds=1),
            NOW,
            TOMORROW + timedelta(days=9),
        )
    ] == [4, 4, 4, 5, 6]
    assert (sheet().revision, sheet().revision_at(NOW)) == (0, 0)


def test_contents_follow_one_another_whatever_the_clocks_say() -> None:
    found = sheet(revisions=(revision(1, NOW),), summary=Summary(rates=1))
    found = found.with_revision(revision(2, YESTERDAY), Summary(rates=2))
    assert (found.revision_at(NOW), found.revision_at(YESTERDAY)) == (2, 1)
    assert (found.version, found.changed_at, found.summary.rates) == (2, NOW, 2)


def test_old_contents_lapse_when_there_are_many() -> None:
    found = changed_often(REVISIONS_KEPT + 30, every=timedelta(days=2))
    assert (found.first_revision, found.revision) == (31, REVISIONS_KEPT + 30)


def test_old_contents_lapse_when_they_are_large() -> None:
    found = changed_often(8, every=timedelta(days=2), ended=ENDED_ROWS_KEPT // 4)
    assert [one.number for one in found.revisions] == [4, 5, 6, 7, 8]


def test_a_content_stays_as_long_as_calls_that_began_in_it_may_last() -> None:
    found = changed_often(REVISIONS_MAX - 1, every=CALLS_LAST / REVISIONS_MAX)
    assert found.first_revision == 1
    now = found.revisions[-1].active_from
    assert found.takes_change(now)
    full = found.with_revision(revision(REVISIONS_MAX, now), Summary())
    assert not full.takes_change(now)
    assert full.takes_change(now + CALLS_LAST)
