"""Passwords, attempts, tables and times: pieces that need no server."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from gateway.http.exports import csv_lines
from gateway.http.problems import RefusedWith
from gateway.http.times import Time
from gateway.identity.passwords import Passwords
from gateway.identity.throttle import (
    FAILED_SIGN_INS_PER_EMAIL,
    FAILED_SIGN_INS_PER_PAIR,
    RESETS_PER_EMAIL,
    Throttle,
    network_of,
)
from services.chassis.tables import guarded, unguarded

GOOD = "violet-tractor-97-moss"


# --- passwords --------------------------------------------------------------------------


@pytest.fixture
async def passwords() -> AsyncIterator[Passwords]:
    """Give the hasher that the gateway uses."""
    passwords = Passwords()
    yield passwords
    passwords.stop()


async def test_a_password_matches_its_own_hash_only(passwords: Passwords) -> None:
    hashed = await passwords.hash(GOOD)
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await passwords.matches(GOOD, hashed)
    assert not await passwords.matches(f"{GOOD} ", hashed)
    assert not await passwords.matches(GOOD, "")
    assert not await passwords.matches(GOOD, "not a hash")
    assert await passwords.hash(GOOD) != hashed


async def test_an_accent_is_the_same_however_it_is_typed(passwords: Passwords) -> None:
    hashed = await passwords.hash("caf\u00e9 violet tractor")
    assert await passwords.matches("cafe\u0301 violet tractor", hashed)


@pytest.mark.parametrize("accounts", [0, 1, 2])
async def test_the_time_of_a_sign_in_does_not_tell_how_many_accounts_there_are(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch, accounts: int
) -> None:
    verified: list[str] = []

    def verify(_hasher: object, password: str, password_hash: str | bytes) -> bool:
        verified.append(str(password_hash))
        return password == GOOD

    monkeypatch.setattr("pwdlib.PasswordHash.verify", verify)
    hashes = [f"$argon2id${number}" for number in range(accounts)]
    assert await passwords.which_match(GOOD, hashes) == [True] * accounts
    assert len(verified) == 2
    assert all(one.startswith("$argon2id$") for one in verified)


@pytest.mark.parametrize(
    ("password", "kind"),
    [
        (GOOD, None),
        ("correct horse battery staple", None),
        ("x" * 11, "too-short"),
        (f"{GOOD}{'x' * 120}", "too-long"),
        ("password1234", "too-weak"),
        ("aaaaaaaaaaaaaaaa", "too-weak"),
        ("archer@demo.example", "too-weak"),
        ("q" * 128, "too-weak"),
    ],
)
async def test_only_a_password_that_is_hard_to_guess_is_good(
    passwords: Passwords, password: str, kind: str | None
) -> None:
    words = ["archer@demo.example", "Archer", "Demo"]
    weakness = await passwords.weakness(password, words, "/password")
    assert (weakness.type if weakness else None) == kind
    assert weakness is None or (weakness.pointer == "/password" and password not in weakness.detail)


@pytest.mark.parametrize(
    ("password", "kind"),
    [
        ("HarbourValeLegal", "too-weak"),
        ("harbour-vale-legal", "too-weak"),
        ("Harbour&Vale2026", "too-weak"),
        ("amaraokafor2026", "too-weak"),
        ("Okafor.Amara.99", "too-weak"),
        ("valevalevalevale", "too-weak"),
        ("AMARA at harbour!", "too-weak"),
        ("tulip engine cobalt", None),
        ("harbour tulip engine cobalt", None),
    ],
)
async def test_a_password_is_not_made_of_its_owners_words(
    passwords: Passwords, password: str, kind: str | None
) -> None:
    words = ["Harbour & Vale Legal", "amara.okafor@harbour-vale.example", "Amara", "Okafor"]
    weakness = await passwords.weakness(password, words, "/password")
    assert (weakness.type if weakness else None) == kind


async def test_the_words_of_one_person_are_not_held_against_another(passwords: Passwords) -> None:
    secret = "quillfeather moonharbour"
    answers = await asyncio.gather(
        *(
            passwords.weakness(secret, ["quillfeather moonharbour"] if odd else ["x"], "/p")
            for odd in (True, False) * 10
        )
    )
    assert [bool(answer) for answer in answers] == [True, False] * 10


# --- attempts ---------------------------------------------------------------------------


def test_the_attempt_after_the_last_one_is_refused_with_the_time_to_wait() -> None:
    throttle = Throttle()
    for _ in range(FAILED_SIGN_INS_PER_PAIR.amount):
        throttle.count(FAILED_SIGN_INS_PER_PAIR, "ann@x.example", "192.0.2.1")
    with pytest.raises(RefusedWith) as refusal:
        throttle.count(FAILED_SIGN_INS_PER_PAIR, "ann@x.example", "192.0.2.1")
    assert refusal.value.problem.code == "too-many-requests"
    assert 290 <= int(refusal.value.headers["Retry-After"]) <= 300
    assert "5 minutes" in refusal.value.problem.detail
    throttle.count(FAILED_SIGN_INS_PER_PAIR, "bob@x.example", "192.0.2.1")
    throttle.count(FAILED_SIGN_INS_PER_PAIR, "ann@x.example", "192.0.2.2")
    throttle.count(RESETS_PER_EMAIL, "ann@x.example")


def test_whoever_is_the_right_one_begins_anew() -> None:
    throttle = Throttle()
    for _ in range(FAILED_SIGN_INS_PER_PAIR.amount):
        throttle.count(FAILED_SIGN_INS_PER_PAIR, "ann@x.example", "192.0.2.1")
    throttle.forget(FAILED_SIGN_INS_PER_PAIR, "ann@x.example", "192.0.2.1")
    throttle.count(FAILED_SIGN_INS_PER_PAIR, "ann@x.example", "192.0.2.1")


def test_one_address_alone_cannot_use_up_the_attempts_of_an_email() -> None:
    per_hour = FAILED_SIGN_INS_PER_PAIR.amount * 3_600 / FAILED_SIGN_INS_PER_PAIR.get_expiry()
    assert FAILED_SIGN_INS_PER_EMAIL.get_expiry() == 3_600
    assert per_hour * 8 < FAILED_SIGN_INS_PER_EMAIL.amount


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("unix", "unix"),
        ("", ""),
    ],
)
def test_what_one_customer_of_the_internet_has_counts_as_one_address(
    address: str, network: str
) -> None:
    assert network_of(address) == network


# --- tables -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("India", "India"),
        ("=1+1", "'=1+1"),
        ("+44", "'+44"),
        ("-x", "'-x"),
        ("@x", "'@x"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("'=1", "''=1"),
        ("''+1", "'''+1"),
        ("'India", "'India"),
        ("a=1", "a=1"),
        ("", ""),
    ],
)
def test_a_spreadsheet_takes_no_text_for_a_formula(text: str, cell: str) -> None:
    assert guarded(text) == cell
    assert unguarded(cell) == text


def test_a_cell_with_a_comma_stays_one_cell() -> None:
    assert csv_lines([("a,b", 'c"d')]) == '"a,b","c""d"\r\n'


# --- times ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-22T09:30:00Z", datetime(2026, 11, 22, 9, 30, tzinfo=UTC)),
        ("2026-11-22t09:30:00.250z", datetime(2026, 11, 22, 9, 30, 0, 250_000, tzinfo=UTC)),
        ("2026-11-22T09:30:00+02:00", datetime(2026, 11, 22, 7, 30, tzinfo=UTC)),
    ],
)
def test_a_time_is_rfc_3339(text: str, moment: datetime) -> None:
    assert TypeAdapter(Time).validate_python(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22",
        "2026-11-22T09:30:00",
        "1700000000",
        "2026-13-22T09:30:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-11-22T09:30:00+99:99",
        "",
        1_700_000_000,
    ],
)
def test_what_is_no_time_is_refused(text: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Time).validate_python(text)
