"""What the columns of a table mean: known names, answers, and everything else is asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.tables import (
    MEANINGS,
    MappingNeededError,
    TableKind,
    decimal_comma_of,
    guesses_of,
    read_amount,
    resolve,
)

OV500 = ["Prefix", "Destination", "ppm", "ppc", "minimal", "resolution", "grace", "multiplier"]


def meanings(kind: TableKind, *header: str, **answers: str) -> tuple[str, ...]:
    """Return what these columns mean."""
    return resolve(kind, header, [("1",)] * len(header), answers)


def question(kind: TableKind, *header: str, **answers: str) -> MappingNeededError:
    """Return the question that a header asks."""
    with pytest.raises(MappingNeededError) as needed:
        meanings(kind, *header, **answers)
    return needed.value


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("Cost / Min (USD)", "rate"),
        ("PPM", "rate"),
        ("price", "rate"),
        ("Rate USD", "rate"),
        ("Rate per minute (€)", None),
        ("dial code", "prefix"),
        ("CODES", "prefix"),
        ("Match Prefix", "prefix"),
        ("Destination", "name"),
        ("description", "name"),
        ("ppc", "connect_fee"),
        ("Set-up", "connect_fee"),
        ("Connection Cost (USD)", "connect_fee"),
        ("minimal", "min_duration"),
        ("Initial Increment", "min_duration"),
        ("resolution", "increment"),
        ("Recurring increment (seconds)", "increment"),
        ("Effective_From", "effective_from"),
        ("Rate (cents)", None),
        ("Rate (per second)", None),
        ("Buy rate", None),
        ("multiplier", None),
        ("Country Code", None),
    ],
)
def test_a_known_name_has_one_meaning_and_any_other_must_be_explained(
    name: str, meaning: str | None
) -> None:
    (guess,) = guesses_of("rates", [name])
    assert (guess.meaning if guess.is_sure else None) == meaning


def test_a_table_whose_names_are_all_known_needs_no_mapping() -> None:
    assert meanings("rates", *OV500[:7]) == (
        "prefix",
        "name",
        "rate",
        "connect_fee",
        "min_duration",
        "increment",
        "grace",
    )
    assert meanings("numbers", "DID", "Monthly Fee", "Setup Fee") == (
        "number",
        "monthly_fee",
        "setup_fee",
    )


def test_what_is_not_understood_is_asked_for_with_samples_and_a_suggestion() -> None:
    header = ["DID", "Per Minute Cost", "Rental"]
    with pytest.raises(MappingNeededError) as needed:
        resolve("numbers", header, [("+44",), ("0.01", "0.02"), ("5",)], {})
    assert "“Per Minute Cost”, “Rental”" in needed.value.detail
    assert [tuple(column) for column in needed.value.columns] == [
        ("DID", ("+44",), "number", False),
        ("Per Minute Cost", ("0.01", "0.02"), None, True),
        ("Rental", ("5",), "monthly_fee", True),
    ]


def test_an_answer_may_name_a_column_in_any_case_or_by_its_position() -> None:
    assert meanings("rates", *OV500, MULTIPLIER="ignore")[-1] == "ignore"
    assert meanings("rates", *OV500, **{"8": "ignore"})[-1] == "ignore"


def test_an_answer_replaces_what_a_name_says() -> None:
    assert meanings("rates", "Code", "Price", "Rate", Price="ignore") == (
        "prefix",
        "ignore",
        "rate",
    )


def test_two_columns_with_the_same_meaning_are_refused() -> None:
    assert "“Price”, “Rate”" in question("rates", "Code", "Price", "Rate").detail
    needed = question("rates", "Code", "a", "b", a="rate", b="rate_per_second")
    assert "“a” and “b” both mean rate" in needed.detail
    needed = question("rates", "Code", "Rate", "a", "b", a="interval", b="increment")
    assert "both mean increment" in needed.detail


def test_columns_of_the_same_name_are_told_apart_by_position() -> None:
    needed = question("rates", "Code", "Rate", "rate")
    assert [column.name for column in needed.columns] == ["Code", "2", "3"]
    assert meanings("rates", "Code", "Rate", "rate", **{"3": "ignore"}) == (
        "prefix",
        "rate",
        "ignore",
    )


def test_a_position_never_says_what_a_column_means() -> None:
    with pytest.raises(MappingNeededError, match="no column names") as needed:
        resolve("rates", None, [("93",), ("0.1",)], {})
    assert [column.suggestion for column in needed.value.columns] == [None, None]
    assert resolve("rates", None, [("93",), ("0.1",)], {"1": "prefix", "2": "rate"}) == (
        "prefix",
        "rate",
    )


def test_a_single_column_of_numbers_can_be_nothing_else() -> None:
    assert resolve("numbers", None, [("+441282777711",)], {}) == ("number",)


def test_answers_that_make_no_sense_are_refused_with_what_would() -> None:
    assert "no column “Colour”" in question("rates", "Code", "Rate", Colour="name").detail
    assert "not a meaning. Choose one of: prefix" in question("rates", "Code", Code="code").detail
    assert "No column is the rate" in question("rates", "Code").detail


@given(
    st.lists(st.text(max_size=20), min_size=1, max_size=6), st.sampled_from(["rates", "numbers"])
)
def test_any_header_is_understood_whole_or_asked_about(header: list[str], kind: TableKind) -> None:
    try:
        found: tuple[str, ...] = resolve(kind, header, [()] * len(header), {})
    except MappingNeededError as needed:
        found = tuple(column.suggestion or "ignore" for column in needed.columns)
    assert len(found) == len(header)
    assert {*found} <= {meaning.name for meaning in MEANINGS[kind]}


def test_no_name_of_money_is_ignored_without_the_word() -> None:
    for kind in MEANINGS:
        for name in ("cost", "buyrate", "pvt_rate_cost", "price 2", "Fee", "Rental", "rate peak"):
            (guess,) = guesses_of(kind, [name])
            assert not (guess.is_sure and guess.meaning == "ignore")


# --- amounts ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("$0.02", "0.02"),
        ("USD 0.02", "0.02"),
        ("0.02 usd", "0.02"),
        (".02", "0.02"),
        ("0,02", "0.02"),
        ("0,117", "0.117"),
        ("1.234,5", "1234.5"),
        ("1,234.5", "1234.5"),
        ("1 234,50", "1234.5"),
        ("1’234.50", "1234.5"),
        ("12.500", "12.5"),
        ("0.30098304", "0.30098304"),
        ("007", "7"),
    ],
)
def test_an_amount_is_read_as_people_write_it(text: str, amount: str) -> None:
    assert read_amount(text, "USD") == amount


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("-0.01", "below 0"),
        ("\u22120.01", "below 0"),
        ("n/a", "not an amount"),
        ("", "not an amount"),
        ("1,234", "may be 1.234 or 1234"),
        ("€0.02", "in €, but prices are in USD"),
        ("GBP 0.02", "in GBP, but prices are in USD"),
        ("2¢", "cents"),
        ("2p", "cents or pence"),
        ("0.02 /min", "don't know what"),
        ("1e-5", "scientific"),
        ("1.2.3", "not an amount"),
        ("٣", "not an amount"),
        ("9" * 50, "not an amount"),
    ],
)
def test_an_amount_that_may_mean_something_else_is_refused(text: str, cause: str) -> None:
    with pytest.raises(ValueError, match=cause):
        read_amount(text, "USD")


@pytest.mark.parametrize(
    ("texts", "comma"),
    [
        (["0,04", "1,234"], True),
        (["0.04", "1,234"], False),
        (["1.234,5", "12"], True),
        (["$1,234.50", "7"], False),
        (["0.02", "0,02"], None),
        (["1,234", "5"], None),
        ([], None),
    ],
)
def test_a_comma_means_what_the_whole_column_says(texts: list[str], comma: bool | None) -> None:  # noqa: FBT001 - a parameter of cases
    assert decimal_comma_of(texts) is comma


def test_a_comma_that_the_column_explains_is_read() -> None:
    assert read_amount("1,234", decimal_comma=True) == "1.234"
    assert read_amount("1,234", decimal_comma=False) == "1234"
    with pytest.raises(ValueError, match="thousands or decimals"):
        read_amount("1.234", decimal_comma=True)


@given(st.decimals(0, 99_999, places=6), st.sampled_from([".", ","]), st.booleans())
def test_an_amount_reads_as_itself_or_is_refused(amount: object, point: str, grouped: bool) -> None:  # noqa: FBT001 - hypothesis gives it
    text = f"{amount:,f}" if grouped else f"{amount:f}"
    if point == ",":
        text = text.translate({44: ".", 46: ","})
    assert float(read_amount(text)) == float(str(amount))


# --- files of accounts ----------------------------------------------------------------------


def test_what_holds_for_all_rows_needs_no_column() -> None:
    header = ["Company", "E-mail", "First name", "Surname", "Price per user"]
    assert "No column is the phone number" in question("accounts", *header).detail
    samples = [("1",)] * len(header)
    assert resolve("accounts", header, samples, {}, ["phone"])[:2] == ("name", "email")


def test_a_whole_name_stands_for_both_of_its_parts() -> None:
    header = ["Company", "E-mail", "Contact", "Phone", "Price per user"]
    assert meanings("accounts", *header, Contact="full_name")[2] == "full_name"
    needed = question("accounts", *header, "x", Contact="full_name", x="last_name")
    assert "both mean last name" in needed.detail


@pytest.mark.parametrize("name", ["Balance", "Deposit", "Price", "Monthly fee", "Amount"])
def test_a_column_of_accounts_that_may_be_money_is_always_asked_about(name: str) -> None:
    (guess,) = guesses_of("accounts", [name])
    assert not guess.is_sure
