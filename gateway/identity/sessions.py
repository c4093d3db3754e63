"""Sessions of the portal: an opaque id in a cookie, of which only the hash is stored."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from contracts.accounts import AccountStatus, Role, User
from services.chassis.database import Database
from services.chassis.mongo import ASCENDING, IndexModel

TOKEN_BYTES: Final = 32
IDLE: Final = timedelta(hours=12)
LIFETIME: Final = timedelta(days=30)
SESSIONS_PER_USER_MAX: Final = 50
TOASTS_MAX: Final = 5
NOTE_USE_AFTER: Final = timedelta(minutes=1)
"""How exactly the last use is known; a write for each request would buy nothing."""


def sha256(token: str) -> str:
    """Return what is stored of a secret that is too long to be guessed."""
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class SessionToast:
    """What the next page tells the person once, and the form that would undo it, if one would."""

    text: str
    tone: Literal["ok", "bad"] = "ok"
    undo_url: str = ""
    undo_fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Session:
    """One person's session on one device."""

    id: str
    """The hash of the token in the cookie."""

    user_id: str
    account_id: str
    parent_id: str
    role: Role
    password_version: int
    account_status: AccountStatus
    created_at: datetime
    used_at: datetime
    toasts: tuple[SessionToast, ...] = ()

    def outlives(self, user: User) -> bool:
        """Tell whether the session still holds: same password, and not disabled since it began."""
        disabled_since = user.account_status == "disabled" != self.account_status
        return (
            user.password_version == self.password_version
            and not disabled_since
            and user.account_status != "closed"
        )


class Sessions:
    """The sessions of all gateway processes."""

    def __init__(self, database: Database) -> None:
        self._documents = database.documents("sessions")
        self._clock = database.clock

    async def prepare(self) -> None:
        """Create the indexes; expired sessions are dropped by MongoDB."""
        await self._documents.ensure_indexes(
            IndexModel([("expires_at", ASCENDING)], name="forget", expireAfterSeconds=0),
            IndexModel([("user_id", ASCENDING)], name="user"),
            IndexModel([("account_id", ASCENDING)], name="account"),
        )

    async def begin(self, user: User) -> str:
        """Begin a session and return its token, which is known to the person's browser only."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        now = self._clock()
        await self._documents.insert(
            {
                "_id": sha256(token),
                "user_id": user.id,
                "account_id": user.account_id,
                "parent_id": user.parent_id,
                "role": user.role,
                "password_version": user.password_version,
                "account_status": user.account_status,
                "created_at": now,
                "used_at": now,
                "expires_at": now + IDLE,
            }
        )
        await self._end_surplus(user.id)
        return token

    async def _end_surplus(self, user_id: str) -> None:
        """End a user's sessions that were not used for longest, when there are too many."""
        mine = {"user_id": user_id}
        surplus = await self._documents.count(mine) - SESSIONS_PER_USER_MAX
        if surplus > 0:
            order = [("used_at", ASCENDING)]
            oldest = await self._documents.find(mine, sort=order, limit=surplus, fields=["_id"])
            ids = [session["_id"] for session in oldest]
            await self._documents.delete({"_id": {"$in": ids}})

    async def find(self, token: str) -> Session | None:
        """Return the session of a token, unless it has ended."""
        return await self.find_by_id(sha256(token))

    async def find_by_id(self, session_id: str) -> Session | None:
        """Return a session, unless it has ended."""
        found = await self._documents.find_one(
            {"_id": session_id, "expires_at": {"$gt": self._clock()}}
        )
        return _session(found) if found else None

    async def note_use(self, session: Session, user: User) -> None:
        """Put the end of the session off: it ends 12 hours after its last use, or after 30 days."""
        now = self._clock()
        enabled_since = user.account_status != session.account_status
        if now - session.used_at < NOTE_USE_AFTER and not enabled_since:
            return
        change = {
            "used_at": now,
            "expires_at": min(now + IDLE, session.created_at + LIFETIME),
            "account_status": user.account_status,
        }
        await self._documents.update({"_id": session.id}, {"$set": change})

    async def add_toast(self, session_id: str, toast: SessionToast) -> None:
        """Keep what the next page tells, together with what waits already."""
        latest = {"$each": [asdict(toast)], "$slice": -TOASTS_MAX}
        await self._documents.update({"_id": session_id}, {"$push": {"toasts": latest}})

    async def drop_toasts(self, session_id: str) -> None:
        """Forget messages that a page has shown."""
        await self._documents.update({"_id": session_id}, {"$unset": {"toasts": ""}})

    async def end(self, session_id: str) -> None:
        """End one session."""
        await self._documents.delete({"_id": session_id})

    async def end_of_user(self, user_id: str, *, before_password_version: int) -> None:
        """End a user's sessions that began with an older password."""
        older = {"$lt": before_password_version}
        await self._documents.delete({"user_id": user_id, "password_version": older})

    async def end_of_account(self, account_id: str) -> None:
        """End every session of an account's users."""
        await self._documents.delete({"account_id": account_id})

    async def end_from_before_disabling(self, account_id: str) -> None:
        """End the sessions of an account's users that began before it was disabled."""
        before = {"$ne": "disabled"}
        await self._documents.delete({"account_id": account_id, "account_status": before})


def _session(document: Mapping[str, Any]) -> Session:
    return Session(
        id=document["_id"],
        user_id=document["user_id"],
        account_id=document["account_id"],
        parent_id=document["parent_id"],
        role=document["role"],
        password_version=document["password_version"],
        account_status=document["account_status"],
        created_at=document["created_at"],
        used_at=document["used_at"],
        toasts=tuple(_toast(kept) for kept in document.get("toasts", ())),
    )


def _toast(kept: Mapping[str, Any]) -> SessionToast:
    fields = tuple((name, value) for name, value in kept["undo_fields"])
    return SessionToast(kept["text"], kept["tone"], kept["undo_url"], fields)
