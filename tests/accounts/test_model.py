"""Values and decisions of accounts, without any server (SPEC 1, rows 4-7, 18; realm)."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.accounts import Administrator, AdministratorChange
from contracts.names import name_key, trimmed
from services.accounts.model import checks
from services.accounts.model.accounts import (
    Link,
    StoredAccount,
    month_start,
    realm_of,
    search_terms,
    search_words,
)
from tests.accounts.opened import PROFILE, administrator

NAMES_TAKEN_AS_TYPED = [
    "Acme",
    "a",
    "7",
    "O'Brien & Sons, Inc. - East",
    "Ünïcode GmbH",
    "北京 2",
    "x" * 128,
]
ANN = Administrator(
    email="ann@acme.example", first_name="Ann", last_name="Lee", phone="+14155552671"
)
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def account(**changes: object) -> StoredAccount:
    given: dict[str, object] = {
        "id": "acc_1",
        "parent_path": ("platform", "acc_0"),
        "name": "O'Brien & Sons",
        "realm": "o-brien-sons-k7mm.voice.example",
        "status": "active",
        "administrator": ANN,
        "administrator_user_id": "usr_1",
        "currency": "USD",
        "country": "US",
        "time_zone": "UTC",
        "created_at": NOW,
    }
    return StoredAccount.model_validate({**given, **changes})


# --- the account's name -------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES_TAKEN_AS_TYPED)
def test_a_name_of_letters_digits_and_the_allowed_signs_is_taken(name: str) -> None:
    assert checks.check_name(name) == (name, [])


@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        ("", "required"),
        ("  \t\n ", "required"),
        ("x" * 129, "too-long"),
        ("Acme!", "invalid-characters"),
        ("Acme\x00", "invalid-characters"),
        ("Acme™", "invalid-characters"),
        ("Acme ²", "invalid-characters"),
        ("<b>Acme</b>", "invalid-characters"),
        ("🙂", "invalid-characters"),
        (".,&'-", "invalid-characters"),
        ("\u0301", "invalid-characters"),
    ],
)
def test_any_other_name_is_refused_with_what_to_do(typed: str, kind: str) -> None:
    _, errors = checks.check_name(typed)
    assert [(error.pointer, error.type) for error in errors] == [("/name", kind)]
    assert errors[0].detail.split()[0] in ("Enter", "Shorten", "Use")


def test_a_name_is_kept_trimmed_with_single_spaces_in_normal_form() -> None:
    assert checks.check_name("  Cafe\u0301   Noir \t")[0] == "Café Noir"


@given(st.text(alphabet="abcXYZ 019.,&'-äß", max_size=140))
def test_checking_a_kept_name_again_changes_nothing(typed: str) -> None:
    kept, errors = checks.check_name(typed)
    assert checks.check_name(kept) == (kept, errors)
    assert kept == kept.strip()
    assert bool(errors) == (not 1 <= len(kept) <= 128 or not any(c.isalnum() for c in kept))


@given(st.text(alphabet="aAbB ß.", min_size=1, max_size=20))
def test_names_that_differ_in_case_or_space_only_are_the_same(name: str) -> None:
    assert name_key(name) == name_key(f"  {name.upper()} ")


# --- the administrator ----------------------------------------------------------------------


def test_every_wrong_field_is_told_at_once() -> None:
    typed = administrator(email="nobody", first_name=" ", last_name="x" * 65, phone="12")
    person, errors = checks.check_administrator(typed, "US")
    assert person is None
    assert [(error.pointer, error.type) for error in errors] == [
        ("/administrator/email", "invalid-email"),
        ("/administrator/first_name", "required"),
        ("/administrator/last_name", "too-long"),
        ("/administrator/phone", "invalid-phone"),
    ]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Ann.Lee@ACME.Example", "Ann.Lee@acme.example"),
        (" ann+pbx@acme.example ", "ann+pbx@acme.example"),
        ("ann@bücher.example", "ann@bücher.example"),
    ],
)
def test_the_domain_of_an_address_is_lower_cased_and_the_rest_kept(typed: str, kept: str) -> None:
    person, errors = checks.check_administrator(administrator(email=typed), "US")
    assert errors == []
    assert person is not None
    assert person.email == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ann",
        "ann@",
        "@acme.example",
        "ann@acme",
        "a b@acme.example",
        "ann@acme..example",
        "ann@acme.example, ben@acme.example",
        "ann@acme.example\nBcc: ben@acme.example",
    ],
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    _, errors = checks.check_administrator(administrator(email=typed), "US")
    assert [error.pointer for error in errors] == ["/administrator/email"]


@pytest.mark.parametrize(
    ("typed", "country", "kept"),
    [
        ("(415) 555-2671", "US", "+14155552671"),
        ("020 7946 0018", "GB", "+442079460018"),
        ("+44 20 7946 0018", "US", "+442079460018"),
        ("06 12 34 56 78", "FR", "+33612345678"),
    ],
)
def test_a_phone_number_is_kept_as_e164_of_the_resellers_country(
    typed: str, country: str, kept: str
) -> None:
    person, errors = checks.check_administrator(administrator(phone=typed), country)
    assert errors == []
    assert person is not None
    assert person.phone == kept


@pytest.mark.parametrize(
    "typed", ["", "hello", "911", "+1 415 555 2671 ext. 5", "+999 1234567", "0" * 30]
)
def test_what_is_no_phone_number_is_refused(typed: str) -> None:
    _, errors = checks.check_administrator(administrator(phone=typed), "US")
    assert [error.pointer for error in errors] == ["/administrator/phone"]


def test_control_characters_in_a_name_are_refused() -> None:
    for name in ("An\x07n", "An\u200bn", "\u202eennA"):
        _, errors = checks.check_administrator(administrator(first_name=name), "US")
        assert [error.type for error in errors] == ["invalid-characters"]


def test_a_name_that_nobody_can_see_is_none_and_joiners_are_part_of_some() -> None:
    _, errors = checks.check_administrator(administrator(first_name="\u200d"), "US")
    assert [error.type for error in errors] == ["required"]
    person, errors = checks.check_administrator(administrator(last_name="शर्\u200dमा"), "US")
    assert (person is not None, errors) == (True, [])


def test_a_change_of_one_field_leaves_the_others() -> None:
    merged = checks.merged(ANN, AdministratorChange(last_name="Ray"))
    assert merged.model_dump() == {**ANN.model_dump(), "last_name": "Ray"}


# --- the reseller's profile -----------------------------------------------------------------


def test_a_profile_that_is_right_is_taken() -> None:
    assert checks.check_profile(PROFILE) == []


def test_every_wrong_field_of_a_profile_is_told_at_once() -> None:
    wrong = PROFILE.model_copy(
        update={"currency": "XQX", "country": "QQ", "time_zone": "Mars/Base", "domain": "Voice"}
    )
    assert [(error.pointer, error.type) for error in checks.check_profile(wrong)] == [
        ("/currency", "unknown-currency"),
        ("/country", "unknown-country"),
        ("/time_zone", "unknown-time-zone"),
        ("/domain", "invalid-domain"),
    ]


@pytest.mark.parametrize(
    "domain",
    [
        "x",
        "VOICE.example",
        "voice..example",
        "-a.example",
        "a_b.example",
        "voice.example.",
        "voice.1",
        f"{'a' * 64}.example",
        f"{'a.' * 100}example",
    ],
)
def test_what_is_no_domain_is_refused(domain: str) -> None:
    errors = checks.check_profile(PROFILE.model_copy(update={"domain": domain}))
    assert [error.pointer for error in errors] == ["/domain"]


# --- realm, search, links, months -----------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "realm"),
    [
        ("O'Brien & Sons, Inc.", "o-brien-sons-inc-k7mm.voice.example"),
        ("Ünïcode GmbH", "unicode-gmbh-k7mm.voice.example"),
        ("7", "7-k7mm.voice.example"),
        ("x" * 128, f"{'x' * 40}-k7mm.voice.example"),
    ],
)
def test_a_realm_is_a_slug_of_the_name_a_suffix_and_the_domain(name: str, realm: str) -> None:
    assert realm_of(name, "k7mm", "voice.example") == realm


@given(st.text(alphabet=st.characters(categories=["L", "Nd"]), min_size=1, max_size=128))
def test_every_realm_is_a_valid_host_name(name: str) -> None:
    first, _, domain = realm_of(name, "k7mm", "voice.example").partition(".")
    assert domain == "voice.example"
    assert len(first) <= 63
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*-k7mm", first)


@pytest.mark.parametrize(
    "search",
    [
        "o'b",
        "brien",
        "SONS",
        "o'brien sons",
        "ann",
        "lee ann",
        "Lee",
        "ann@ac",
        "acme.ex",
        "o-brien-sons-k7",
        "+1 415 555",
        "(415) 555-2671",
        "14155552671",
        "2671",
        "020 7946",
        "2079460018",
        "+44 20",
    ],
)
def test_an_account_is_found_by_the_beginnings_of_its_words_and_numbers(search: str) -> None:
    assert found(account(numbers=("+442079460018",)), search)


@pytest.mark.parametrize("search", ["rien", "acme corp", "9999", "ben", "5552671", "voice.example"])
def test_an_account_is_not_found_by_anything_else(search: str) -> None:
    assert not found(account(), search)


def found(it: StoredAccount, search: str) -> bool:
    words = search_words(search)
    assert words
    return all(any(term.startswith(word) for term in search_terms(it)) for word in words)


@pytest.mark.parametrize(
    ("name", "search"),
    [
        *[("H²O Supplies", "h²o"), ("Cafe\u0301 Rio", "café"), ("Café", "cafe\u0301")],
        *[("Müller", "muller"), ("Muller", "Müller"), ("Ærø", "aero"), ("Łódź", "lodz")],
    ],
)
def test_a_name_is_found_by_any_unicode_form_of_it(name: str, search: str) -> None:
    assert found(account(name=trimmed(name)), search)


@pytest.mark.parametrize("search", ["", "  ", ". , &", "-"])
def test_a_search_without_words_finds_everything(search: str) -> None:
    assert search_words(search) == ()


def test_a_search_has_a_limit() -> None:
    assert len(search_words("a b c d e f g h i j k l")) == 8


def test_a_link_can_be_used_for_half_an_hour_and_once() -> None:
    link = Link(
        token_sha256="0" * 64,
        user_id="usr_1",
        purpose="first-password",
        expires_at=NOW + timedelta(minutes=30),
    )
    assert link.usable(NOW)
    assert link.usable(NOW + timedelta(minutes=29, seconds=59))
    assert not link.usable(NOW + timedelta(minutes=30))
    assert not link.model_copy(update={"used_at": NOW}).usable(NOW)


@pytest.mark.parametrize(
    ("now", "zone", "start"),
    [
        (
            datetime(2026, 11, 1, 3, 0, tzinfo=UTC),
            "America/New_York",
            datetime(2026, 10, 1, 4, 0, tzinfo=UTC),
        ),
        (
            datetime(2026, 11, 1, 5, 0, tzinfo=UTC),
            "America/New_York",
            datetime(2026, 11, 1, 4, 0, tzinfo=UTC),
        ),
        (
            datetime(2026, 10, 31, 15, 0, tzinfo=UTC),
            "Asia/Tokyo",
            datetime(2026, 10, 31, 15, 0, tzinfo=UTC),
        ),
        (datetime(2026, 11, 1, 0, 0, tzinfo=UTC), "UTC", datetime(2026, 11, 1, 0, 0, tzinfo=UTC)),
    ],
)
def test_a_month_begins_at_midnight_of_the_accounts_zone(
    now: datetime, zone: str, start: datetime
) -> None:
    assert month_start(now, zone) == start
