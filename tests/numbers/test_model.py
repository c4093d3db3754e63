"""Which rows of a stock list are good, what a number is found by, and what is to be had when."""

from datetime import UTC, datetime, timedelta
from typing import Any

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.accounts import AccountStatus
from contracts.numbers import NewNumber
from services.numbers.model.numbers import (
    Number,
    check_wanted,
    not_to_be_had,
    ownership_fault,
)
from services.numbers.model.stock import folded, label_of, read_number, read_stock

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LONDON = "+442079460018"


def number(e164: str = LONDON, **fields: Any) -> Number:  # noqa: ANN401 - whatever a number has
    return Number.model_validate(
        {
            "number": e164,
            "reseller_id": "acc_r1",
            "country": "GB",
            "setup_fee": 1_000_000,
            "monthly_fee": 2_500_000,
            "changed_at": NOW,
            **fields,
        }
    )


def row(line: int, text: str, setup_fee: str = "1", monthly_fee: str = "2.50") -> NewNumber:
    return NewNumber(line=line, number=text, setup_fee=setup_fee, monthly_fee=monthly_fee)


# --- reading a stock list --------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "country", "e164", "of_country", "locality"),
    [
        ("+44 20 7946 0018", "US", LONDON, "GB", "London"),
        ("020 7946 0018", "GB", LONDON, "GB", "London"),
        ("(212) 555-0123", "US", "+12125550123", "US", "New York, NY"),
        ("+1 800 555 0199", "GB", "+18005550199", "US", "Toll-free"),
        ("+971 50 123 4567", "GB", "+971501234567", "AE", "Mobile"),
        ("+852 2123 4567", "GB", "+85221234567", "HK", ""),
        ("+7 701 234 5678", "GB", "+77012345678", "KZ", "Mobile"),
        ("+44 1534 123456", "GB", "+441534123456", "JE", ""),
        ("+800 1234 5678", "GB", "+80012345678", None, "Toll-free"),
    ],
)
def test_a_number_is_read_as_e164_with_its_country_and_place(
    typed: str, country: str, e164: str, of_country: str | None, locality: str
) -> None:
    (item,) = read_stock((row(1, typed),), country, "national").items
    assert (item.number, item.country, item.locality) == (e164, of_country, locality)
    assert (item.setup_fee, item.monthly_fee) == (1_000_000, 2_500_000)


@pytest.mark.parametrize(
    "typed",
    ["", "abc", "12", "+44", "+999 123 456 789", "020 7946 0018", "+44 20 7946 0018 ext. 5"],
)
def test_what_is_no_valid_number_of_the_country_is_refused(typed: str) -> None:
    read = read_stock((row(7, typed),), "US")
    assert read.items == ()
    assert [(bad.line, bad.number, bad.type) for bad in read.refused] == [
        (7, typed, "invalid-number")
    ]


@pytest.mark.parametrize(
    ("typed", "cause"),
    [
        ("", "has no number"),
        ("441282777714", "has no +"),
        ("(212) 555-0142", "has no +"),
        ("01282777716", "country code is missing"),
        ("00441282777717", "begins with 00. Write + instead: +441282777717"),
        ("4.41283E+11", "A spreadsheet has shortened this number to 4.41283E+11"),
        ("12125550144.0", "A spreadsheet has given this number decimals"),
        ("441282777719-441282777721", "range"),
        ("+441282777719 - +441282777721", "range"),
        ("+441282777719, +441282777721", "several numbers"),
        ("+44 20 7946 0018 ext. 5", "extension"),
        ("+441282", "+441282 is not a valid phone number"),
        ("abc", "not a phone number"),
    ],
)
def test_a_refused_number_has_one_sentence_that_names_the_cause(typed: str, cause: str) -> None:
    (refused,) = read_stock((row(1, typed),), "US").refused
    assert cause in refused.detail


@pytest.mark.parametrize("typed", ["441282777711", "44 1282 777711", "+441282777711"])
def test_numbers_without_a_plus_are_read_where_that_is_stated(typed: str) -> None:
    (item,) = read_stock((row(1, typed),), "US", "without-plus").items
    assert item.number == "+441282777711"
    assert read_stock((row(1, "01282777711"),), "GB", "without-plus").items == ()


def test_a_number_without_a_plus_is_never_read_by_the_country_alone() -> None:
    assert read_stock((row(1, "4723456789"),), "US").items == ()
    assert read_stock((row(1, "020 7946 0018"),), "GB").items == ()


def test_a_number_longer_than_e164_allows_is_refused() -> None:
    long = phonenumbers.parse("+49 1521 1234567890123", None)
    assert len(str(long.national_number)) > 15
    (refused,) = read_stock((row(1, "+49152112345678901"),), "DE").refused
    assert refused.type == "invalid-number"


@pytest.mark.parametrize(
    ("typed", "fee"),
    [("0", 0), ("", 0), (" 4.5 ", 4_500_000), ("0.0001", 100), ("999999999", 999_999_999_000_000)],
)
def test_a_fee_is_a_decimal_text_and_an_empty_cell_is_no_fee(typed: str, fee: int) -> None:
    (item,) = read_stock((row(1, LONDON, typed, "3"),), "GB").items
    assert (item.setup_fee, item.monthly_fee) == (fee, 3_000_000)


@pytest.mark.parametrize(
    "typed", ["-1", "1,50", "1.23456", "1e3", "NaN", "inf", "$4", "1234567890", ".5", "٣"]
)
def test_what_is_no_fee_is_refused_with_the_name_of_the_fee(typed: str) -> None:
    (refused,) = read_stock((row(3, LONDON, "1", typed),), "GB").refused
    assert (refused.line, refused.type) == (3, "invalid-fee")
    assert "monthly fee" in refused.detail
    assert "set-up fee" not in refused.detail


def test_a_row_with_several_faults_is_told_all_of_them_at_once() -> None:
    (refused,) = read_stock((row(1, "nonsense", "x", "y"),), "GB").refused
    assert refused.type == "invalid-number"
    assert all(word in refused.detail for word in ("phone number", "set-up fee", "monthly fee"))


def test_the_second_row_of_a_number_is_refused_with_the_line_of_the_first() -> None:
    read = read_stock((row(1, LONDON, "bad"), row(2, LONDON), row(3, "+44 20 7946 0018")), "GB")
    assert [item.line for item in read.items] == [2]
    assert [(bad.line, bad.type) for bad in read.refused] == [
        (1, "invalid-fee"),
        (3, "duplicate-row"),
    ]
    assert "line 2" in read.refused[1].detail


@given(
    st.lists(
        st.builds(
            NewNumber,
            line=st.integers(1, 10_000),
            number=st.one_of(
                st.text(max_size=64), st.from_regex(r"\+4420794600[0-9]{2}", fullmatch=True)
            ),
            setup_fee=st.one_of(st.text(max_size=32), st.just("1.25")),
            monthly_fee=st.just("2"),
        ),
        max_size=20,
    )
)
def test_every_row_is_either_taken_or_refused_and_only_once(rows: list[NewNumber]) -> None:
    read = read_stock(tuple(rows), "GB")
    lines = [item.line for item in read.items] + [bad.line for bad in read.refused]
    assert sorted(lines) == sorted(row.line for row in rows)
    taken = [item.number for item in read.items]
    assert len(set(taken)) == len(taken)
    for item in read.items:
        assert phonenumbers.is_valid_number(phonenumbers.parse(item.number))
        assert item.setup_fee is not None
        assert item.setup_fee >= 0
        assert item.setup_fee % 100 == 0, "a fee has at most four decimals"


# --- what a number is found by ------------------------------------------------------------


def test_a_label_begins_with_the_digits_and_holds_the_words_of_place_and_country() -> None:
    assert label_of("+12125550123", "New York, NY", "US") == "12125550123 new york ny united states"
    assert label_of("+80012345678", "Toll-free", None) == "80012345678 toll free "


@pytest.mark.parametrize(
    ("text", "expected"),
    [("São Paulo", "sao paulo"), ("  ZÜRICH ", "zurich"), ("a.b*c", "a b c"), ("!?", "")],
)
def test_texts_are_compared_without_case_accents_and_signs(text: str, expected: str) -> None:
    assert folded(text) == expected


@pytest.mark.parametrize(
    ("typed", "locality"),
    [
        ("+81 3 1234 5678", "Tokyo"),
        ("+44 808 157 0192", "Toll-free"),
        ("+44 7400 123456", "Mobile"),
        ("+55 11 96123 4567", "São Paulo"),
    ],
)
def test_a_place_is_a_city_or_else_the_kind_of_number(typed: str, locality: str) -> None:
    assert read_number(typed, "GB").locality == locality


# --- states and choosing --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "reservation_id", "expected"),
    [
        ({"state": "available"}, None, "available"),
        (
            {"state": "reserved", "reservation_id": "h", "until": NOW + timedelta(seconds=1)},
            None,
            "reserved",
        ),
        (
            {"state": "reserved", "reservation_id": "h", "until": NOW + timedelta(seconds=1)},
            "x",
            "reserved",
        ),
        (
            {"state": "reserved", "reservation_id": "h", "until": NOW + timedelta(seconds=1)},
            "h",
            "available",
        ),
        ({"state": "reserved", "reservation_id": "h", "until": NOW}, None, "available"),
        ({"state": "reserved", "account_id": "acc_1"}, None, "reserved"),
        ({"state": "assigned", "account_id": "acc_1"}, None, "assigned"),
        ({"state": "quarantine", "until": NOW + timedelta(days=1)}, None, "quarantine"),
        ({"state": "quarantine", "until": NOW}, None, "available"),
    ],
)
def test_a_hold_and_a_quarantine_are_over_at_their_moment(
    fields: dict[str, Any], reservation_id: str | None, expected: str
) -> None:
    assert number(**fields).state_at(NOW, reservation_id) == expected


def test_a_number_held_for_an_account_is_to_be_had_by_that_account_alone() -> None:
    found = {LONDON: number(state="reserved", account_id="acc_1")}
    assert not_to_be_had([LONDON], found, NOW, account_id="acc_1") == ()
    assert not_to_be_had([LONDON], found, NOW, account_id="acc_2") == (LONDON,)
    assert not_to_be_had([LONDON], found, NOW) == (LONDON,)


def test_a_number_outside_the_stock_is_not_to_be_had() -> None:
    assert not_to_be_had([LONDON], {}, NOW, reservation_id="h", account_id="acc_1") == (LONDON,)


def test_a_list_of_wanted_numbers_tells_all_its_faults_with_their_places() -> None:
    errors = check_wanted([LONDON, "020 7946", LONDON, "020 7946"], "/numbers")
    assert [(error.pointer, error.type) for error in errors] == [
        ("/numbers/1", "invalid-number"),
        ("/numbers/2", "duplicate-number"),
        ("/numbers/3", "invalid-number"),
        ("/numbers/3", "duplicate-number"),
    ]


@pytest.mark.parametrize(
    ("fields", "status", "fault"),
    [
        ({"state": "assigned"}, "active", None),
        ({"state": "assigned"}, "disabled", None),
        ({"state": "assigned"}, None, "does not exist"),
        ({"state": "assigned"}, "closed", "closed"),
        ({"state": "reserved"}, "failed", "failed"),
        ({"state": "reserved"}, "opening", None),
        ({"state": "reserved", "changed_at": NOW - timedelta(minutes=60)}, "opening", None),
        ({"state": "reserved", "changed_at": NOW - timedelta(minutes=61)}, "opening", "too long"),
        ({"state": "assigned", "changed_at": NOW - timedelta(days=90)}, "active", None),
    ],
)
def test_a_number_without_a_living_owner_is_a_fault(
    fields: dict[str, Any], status: AccountStatus | None, fault: str | None
) -> None:
    found = ownership_fault(number(account_id="acc_1", **fields), status, NOW)
    assert found is None if fault is None else found is not None and fault in found
