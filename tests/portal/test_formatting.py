"""Money, times, numbers and countries as people read them."""

from datetime import UTC, datetime

import pytest

from accounts_manager.formatting import MINUS
from contracts.accounts import PostalAddress
from gateway.features.billing_settings.details import address_lines
from gateway.portal import formatting
from services.billing.invoicing.model.address import postal_text

NOVEMBER_EVENING = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("micros", "currency", "text"),
    [
        (0, "USD", "$0.00"),
        (500_000_000, "USD", "$500.00"),
        (143_321_710_000, "USD", "$143,321.71"),
        (-12_500_000, "USD", f"{MINUS}$12.50"),
        (5_000, "USD", "$0.01"),  # half up, not half to even: 0.005
        (25_000, "USD", "$0.03"),
        (4_999, "USD", "$0.00"),
        (-4_999, "USD", "$0.00"),  # never a minus before zero
        (-5_000, "USD", f"{MINUS}$0.01"),
        (2_200_000, "GBP", "£2.20"),
        (1_500_500_000, "JPY", "¥1,501"),  # a currency without decimals
        (1_234_500, "KWD", "KWD\N{NO-BREAK SPACE}1.235"),  # and one with three
        (999_999_999_999_999, "EUR", "€1,000,000,000.00"),
    ],
)
def test_money_is_rounded_half_up_to_what_is_shown(micros: int, currency: str, text: str) -> None:
    assert formatting.money(micros, currency) == text


@pytest.mark.parametrize(
    ("micros", "text"),
    [(14_000_000, "$14.00"), (12_500, "$0.0125"), (164_000, "$0.1640"), (0, "$0.00")],
)
def test_a_price_shows_four_decimals_only_when_it_has_them(micros: int, text: str) -> None:
    assert formatting.price(micros, "USD") == text


def test_rates_always_show_four_decimals() -> None:
    assert formatting.rate(21_000, "USD") == "$0.0210"
    assert formatting.rate(1_000_000, "USD") == "$1.0000"


def test_rates_show_all_of_their_decimals() -> None:
    assert formatting.rate(21_045, "USD") == "$0.021045"
    assert formatting.rate(12_345, "USD", 1_234_567) == "$0.01234567"
    assert formatting.rate(0, "JPY", 1) == "¥0.00000001"


@pytest.mark.parametrize(
    ("stored", "shown", "country"),
    [
        ("+14155550142", "+1 415-555-0142", "US"),
        ("+442079460321", "+44 20 7946 0321", "GB"),
        ("+14165550100", "+1 416-555-0100", "CA"),  # +1 is shared
        ("104", "104", ""),
    ],
)
def test_numbers_read_as_people_write_them(stored: str, shown: str, country: str) -> None:
    assert formatting.phone(stored) == shown
    assert formatting.phone_country(stored) == country


def test_countries_have_names_and_dialling_codes() -> None:
    assert formatting.country_name("AE") == "United Arab Emirates"
    assert formatting.country_name("QQ") == "QQ"
    assert formatting.dialling_code("IN") == "+91"
    assert not formatting.dialling_code("QQ")


@pytest.mark.parametrize(
    ("zone", "shown", "date_shown", "time_shown"),
    [
        ("UTC", "22 Nov 2026, 23:30", "22 Nov 2026", "23:30"),
        ("Asia/Kolkata", "23 Nov 2026, 05:00", "23 Nov 2026", "05:00"),
        ("America/New_York", "22 Nov 2026, 18:30", "22 Nov 2026", "18:30"),
    ],
)
def test_times_are_those_of_the_zone(
    zone: str, shown: str, date_shown: str, time_shown: str
) -> None:
    assert formatting.moment(NOVEMBER_EVENING, zone) == shown
    assert formatting.day(NOVEMBER_EVENING, zone) == date_shown
    assert formatting.clock(NOVEMBER_EVENING, zone) == time_shown


@pytest.mark.parametrize(
    ("name", "mark"),
    [("Sara Elwood", "SE"), ("Mary Ann van Dyke", "MD"), ("Prince", "P"), ("& Sons", "S")],
)
def test_a_name_has_a_mark(name: str, mark: str) -> None:
    assert formatting.initials(name) == mark


def test_nouns_follow_their_number() -> None:
    assert formatting.plural(1, "user") == "1 user"
    assert formatting.plural(1_200, "user") == "1,200 users"
    assert formatting.plural(2, "country", "countries") == "2 countries"


@pytest.mark.parametrize(
    ("country", "shown"),
    [
        ("GB", ("1 High Street", "Springfield, Anywhere 12345", "United Kingdom")),
        ("US", ("1 High Street", "Springfield, Anywhere 12345", "United States")),
        ("DE", ("1 High Street", "12345 Springfield, Anywhere", "Germany")),
    ],
)
def test_a_page_shows_an_address_as_the_invoice_does(country: str, shown: tuple[str, ...]) -> None:
    address = PostalAddress(
        line1="1 High Street",
        locality="Springfield",
        region="Anywhere",
        postal_code="12345",
        country=country,
    )
    assert address_lines(address) == shown
    assert postal_text(address) == "\n".join(shown)
    assert (address_lines(None), postal_text(None)) == ((), "")
