"""What the gateway keeps, sessions, keys and drafts, on a real MongoDB."""

import uuid
from datetime import timedelta

import pytest

from contracts.accounts import AccountStatus, User
from contracts.base import Refused
from gateway.identity import keys as keys_module
from gateway.identity import sessions as sessions_module
from gateway.identity.keys import KeyOrder, Keys
from gateway.identity.sessions import Session, Sessions, sha256
from gateway.memory.drafts import Drafts
from services.chassis.database import Database, Trigger
from services.chassis.principal import Principal
from tests.harness import TestClock


def user(status: AccountStatus = "active", password_version: int = 1, name: str = "u1") -> User:
    """Return a reseller's user."""
    return User(
        id=f"usr_{name}",
        account_id="acc_1",
        account_name="Demo",
        parent_id="platform",
        parent_name="Platform",
        role="reseller",
        realm="demo.example",
        email="ann@demo.example",
        first_name="Ann",
        last_name="Archer",
        time_zone="UTC",
        currency="USD",
        country="US",
        account_status=status,
        password_version=password_version,
    )


@pytest.fixture
async def sessions(database: Database) -> Sessions:
    """Give sessions with their indexes."""
    sessions = Sessions(database)
    await sessions.prepare()
    return sessions


@pytest.fixture
async def keys(database: Database) -> Keys:
    """Give keys with their indexes."""
    keys = Keys(database)
    await keys.prepare()
    return keys


async def found(sessions: Sessions, token: str) -> Session:
    """Return a session that must be there."""
    session = await sessions.find(token)
    assert session is not None
    return session


# --- sessions ---------------------------------------------------------------------------


async def test_a_session_is_found_by_its_token_and_stored_by_its_hash(
    sessions: Sessions, database: Database
) -> None:
    token = await sessions.begin(user())
    assert len(token) >= 43
    assert (await found(sessions, token)).user_id == "usr_u1"
    stored = await database.documents("sessions").find({}, limit=10)
    assert [document["_id"] for document in stored] == [sha256(token)]
    assert token not in str(stored)
    assert await sessions.find("another token") is None


async def test_a_session_ends_twelve_hours_after_its_last_use(
    sessions: Sessions, clock: TestClock
) -> None:
    token = await sessions.begin(user())
    clock.forward(hours=11, minutes=59)
    await sessions.note_use(await found(sessions, token), user())
    clock.forward(hours=11, minutes=59)
    await found(sessions, token)
    clock.forward(minutes=1)
    assert await sessions.find(token) is None


async def test_a_session_ends_after_thirty_days_however_much_it_is_used(
    sessions: Sessions, clock: TestClock
) -> None:
    token = await sessions.begin(user())
    for _ in range(30 * 24 // 10):
        await sessions.note_use(await found(sessions, token), user())
        clock.forward(hours=10)
    assert await sessions.find(token) is None


async def test_a_use_within_the_same_minute_is_not_written_down(
    sessions: Sessions, clock: TestClock
) -> None:
    token = await sessions.begin(user())
    clock.forward(seconds=59)
    await sessions.note_use(await found(sessions, token), user())
    assert (await found(sessions, token)).used_at < clock.now
    clock.forward(seconds=1)
    await sessions.note_use(await found(sessions, token), user())
    assert (await found(sessions, token)).used_at == clock.now


async def test_a_new_password_ends_older_sessions_of_that_user_only(sessions: Sessions) -> None:
    old = await sessions.begin(user(password_version=1))
    new = await sessions.begin(user(password_version=2))
    another = await sessions.begin(user(name="u2"))
    await sessions.end_of_user("usr_u1", before_password_version=2)
    assert await sessions.find(old) is None
    assert await sessions.find(new) is not None
    assert await sessions.find(another) is not None


async def test_disabling_ends_the_sessions_from_before_it_and_not_those_begun_since(
    sessions: Sessions,
) -> None:
    before = await sessions.begin(user("active"))
    since = await sessions.begin(user("disabled"))
    await sessions.end_from_before_disabling("acc_1")
    assert await sessions.find(before) is None
    assert await sessions.find(since) is not None
    await sessions.end_of_account("acc_1")
    assert await sessions.find(since) is None


async def test_a_session_that_lived_through_enabling_ends_with_the_next_disabling(
    sessions: Sessions,
) -> None:
    token = await sessions.begin(user("disabled"))
    await sessions.note_use(await found(sessions, token), user("active"))
    await sessions.end_from_before_disabling("acc_1")
    assert await sessions.find(token) is None


@pytest.mark.parametrize(
    ("began", "now", "holds"),
    [
        (user(), user(), True),
        (user(), user(password_version=2), False),
        (user("active"), user("disabled"), False),
        (user("active"), user("suspended"), True),
        (user("disabled"), user("disabled"), True),
        (user("disabled"), user("active"), True),
        (user("disabled"), user("closed"), False),
        (user("active"), user("closed"), False),
    ],
)
async def test_a_session_outlives_only_what_it_should(
    sessions: Sessions, began: User, now: User, *, holds: bool
) -> None:
    session = await found(sessions, await sessions.begin(began))
    assert session.outlives(now) is holds


async def test_a_user_has_so_many_sessions_and_the_least_used_one_ends(
    sessions: Sessions, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions_module, "SESSIONS_PER_USER_MAX", 2)
    tokens: list[str] = []
    for _ in range(3):
        tokens.append(await sessions.begin(user()))
        clock.forward(minutes=1)
    another = await sessions.begin(user(name="u2"))
    assert [await sessions.find(token) is not None for token in tokens] == [False, True, True]
    assert await sessions.find(another) is not None


# --- keys -------------------------------------------------------------------------------


def trigger() -> Trigger:
    """Return a request of somebody of the account that keys belong to."""
    maker = Principal(id="u1", account_id="acc_1", parent_id="platform", role="reseller")
    return Trigger(message_id=uuid.uuid4().hex, correlation_id="test", principal=maker)


async def test_a_key_is_found_by_its_secret_and_stored_by_its_hash(
    keys: Keys, database: Database
) -> None:
    key, secret = await keys.make(user(), KeyOrder("Provisioning"), trigger())
    assert secret.startswith("am_")
    assert key.hint == secret[:8]
    assert await keys.find(secret) == key
    assert await keys.find(f"{secret}x") is None
    assert secret not in str(await database.documents("keys").find({}, limit=10))


async def test_a_switchs_key_is_remembered_for_a_second(
    keys: Keys, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, switch = await keys.make(user(), KeyOrder("Switch", "calls"), trigger())
    _, program = await keys.make(user(), KeyOrder("Provisioning"), trigger())
    assert await keys.find(switch) is not None
    assert await keys.find(program) is not None
    # another gateway deletes both
    await database.documents("keys").delete({})
    assert await keys.find(switch) is not None
    assert await keys.find(program) is None
    monkeypatch.setattr(keys_module, "SWITCH_REMEMBERED_SECONDS", 0.0)
    assert await keys.find(switch) is None


async def test_a_key_is_deleted_by_its_own_account_only(keys: Keys) -> None:
    key, secret = await keys.make(user(), KeyOrder("Provisioning", "calls"), trigger())
    assert not await keys.delete("acc_2", key.id, trigger())
    assert await keys.find(secret) is not None
    assert await keys.delete("acc_1", key.id, trigger())
    assert await keys.find(secret) is None
    assert not await keys.delete("acc_1", key.id, trigger())


async def test_an_account_has_so_many_keys_and_no_more(
    keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys_module, "KEYS_PER_ACCOUNT_MAX", 2)
    for name in ("one", "two"):
        await keys.make(user(), KeyOrder(name), trigger())
    with pytest.raises(Refused, match="at most 2 keys"):
        await keys.make(user(), KeyOrder("three"), trigger())
    assert [key.name for key in await keys.of_account("acc_1")] == ["one", "two"]


async def test_a_key_of_before_dials_nationally_and_never_expires(
    keys: Keys, database: Database
) -> None:
    key, secret = await keys.make(user(), KeyOrder("Switch", "calls", "e164"), trigger())
    fields = {"dial_format": "", "expires_at": "", "slice_seconds": ""}
    await database.documents("keys").update({"_id": key.id}, {"$unset": fields})
    old = await keys.find(secret)
    assert old is not None
    assert (old.dial_format, old.expires_at, old.slice_seconds) == ("national", None, 300)


async def test_a_key_is_valid_until_it_expires(keys: Keys, clock: TestClock) -> None:
    order = KeyOrder("Short", expires_at=clock.now + timedelta(minutes=1))
    key, _ = await keys.make(user(), order, trigger())
    clock.forward(seconds=59)
    assert await keys.is_valid(key.id)
    clock.forward(seconds=1)
    assert not await keys.is_valid(key.id)


async def test_a_persons_keys_are_revoked_and_nobody_elses(keys: Keys) -> None:
    for name in ("one", "two"):
        await keys.make(user(), KeyOrder(name), trigger())
    await keys.make(user(name="u2"), KeyOrder("another's"), trigger())
    assert await keys.count_of_user("usr_u1") == 2
    await keys.delete_of_user("usr_u1", trigger())
    assert await keys.count_of_user("usr_u1") == 0
    assert [key.name for key in await keys.of_account("acc_1")] == ["another's"]


async def test_what_is_remembered_of_a_switchs_key_doesnt_note_each_call(
    keys: Keys, database: Database, clock: TestClock
) -> None:
    key, _ = await keys.make(user(), KeyOrder("Switch", "calls"), trigger())
    await keys.note_use(key)
    documents = database.documents("keys")
    await documents.update({"_id": key.id}, {"$set": {"used_at": None}})
    await keys.note_use(key)
    (stored,) = await documents.find({"_id": key.id}, limit=1)
    assert stored["used_at"] is None, "noted already within this minute"
    clock.forward(seconds=60)
    await keys.note_use(key)
    (stored,) = await documents.find({"_id": key.id}, limit=1)
    assert stored["used_at"] == clock.now


async def test_the_last_use_of_a_key_is_known_to_the_minute(keys: Keys, clock: TestClock) -> None:
    key, secret = await keys.make(user(), KeyOrder("Provisioning"), trigger())
    await keys.note_use(key)
    first = await keys.find(secret)
    assert first is not None
    assert first.used_at == clock.now
    clock.forward(seconds=59)
    await keys.note_use(first)
    again = await keys.find(secret)
    assert again is not None
    assert again.used_at == first.used_at


# --- drafts -----------------------------------------------------------------------------


async def test_a_draft_is_a_persons_own_and_kept_until_it_is_dropped(database: Database) -> None:
    drafts = Drafts(database)
    await drafts.prepare()
    assert await drafts.find("usr_1", "account") == {}
    await drafts.save("usr_1", "account", {"name": "Archer"})
    await drafts.save("usr_1", "account", {"name": "Archer & Sons", "users": "2"})
    assert await drafts.find("usr_1", "account") == {"name": "Archer & Sons", "users": "2"}
    assert await drafts.find("usr_2", "account") == {}
    assert await drafts.find("usr_1", "reseller") == {}
    await drafts.drop("usr_1", "account")
    assert await drafts.find("usr_1", "account") == {}
