"""API keys of programs: shown once when they are made; only their hash is stored."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from contracts.accounts import Role, User
from contracts.base import Refused
from contracts.billing import SLICE_SECONDS
from contracts.calls import DialFormat
from gateway.identity.sessions import sha256
from services.chassis import changes
from services.chassis.database import Database, Transaction, Trigger
from services.chassis.mongo import ASCENDING, Document, IndexModel, new_object_id

KEYS: Final = "keys"
KEY_BYTES: Final = 32
KEY_PREFIX: Final = "am_"
"""Marks a leaked key as one of ours."""

HINT_CHARACTERS: Final = 8
KEYS_PER_ACCOUNT_MAX: Final = 50
NOTE_USE_AFTER: Final = timedelta(minutes=1)

SWITCH_REMEMBERED_SECONDS: Final = 1.0
"""A switch whose key another gateway deleted is locked out after this long."""

SWITCHES_REMEMBERED_MAX: Final = 1_000

KeyScope = Literal["account", "calls"]
"""`account`: what its maker's account may do. `calls`: what the switch does, and nothing else."""


@dataclass(frozen=True, slots=True)
class KeyOrder:
    """An API key as it is ordered."""

    name: str
    scope: KeyScope = "account"
    dial_format: DialFormat = "national"
    """How the switch that uses the key writes destinations; only the scope `calls` needs it."""

    slice_seconds: int = SLICE_SECONDS
    """How much of a call is held at a time, likewise."""

    expires_at: datetime | None = None
    """When the key stops working; None: never."""


@dataclass(frozen=True, slots=True)
class Key:
    """An API key as it is stored, without the secret."""

    id: str
    name: str
    scope: KeyScope
    hint: str
    """The beginning of the secret, to tell keys apart."""

    user_id: str
    account_id: str
    parent_id: str
    role: Role
    created_at: datetime
    used_at: datetime | None
    dial_format: DialFormat = "national"
    expires_at: datetime | None = None
    slice_seconds: int = SLICE_SECONDS

    def has_expired(self, now: datetime) -> bool:
        """Tell whether the key no longer works."""
        return self.expires_at is not None and self.expires_at <= now


class Keys:
    """The API keys of all accounts."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._documents = database.documents(KEYS)
        self._clock = database.clock
        self._switches: OrderedDict[str, tuple[float, Key]] = OrderedDict()
        self._noted: dict[str, datetime] = {}
        """When the use of a key was noted last: what is remembered of a switch's key is older."""

    async def prepare(self) -> None:
        """Create the indexes."""
        await self._documents.ensure_indexes(
            IndexModel([("secret_sha256", ASCENDING)], name="secret", unique=True),
            IndexModel([("account_id", ASCENDING), ("_id", ASCENDING)], name="account"),
            IndexModel([("user_id", ASCENDING)], name="user"),
        )

    async def make(self, user: User, order: KeyOrder, trigger: Trigger) -> tuple[Key, str]:
        """Make a key and return it with its secret, which is never to be had again."""
        secret = f"{KEY_PREFIX}{secrets.token_urlsafe(KEY_BYTES)}"
        document = {
            "_id": f"key_{new_object_id()}",
            "secret_sha256": sha256(secret),
            "name": order.name,
            "scope": order.scope,
            "dial_format": order.dial_format,
            "slice_seconds": order.slice_seconds,
            "expires_at": order.expires_at,
            "hint": secret[:HINT_CHARACTERS],
            "user_id": user.id,
            "account_id": user.account_id,
            "parent_id": user.parent_id,
            "role": user.role,
            "created_at": self._clock(),
            "used_at": None,
        }

        async def keep(tx: Transaction) -> None:
            documents = tx.documents(KEYS)
            if await documents.count({"account_id": user.account_id}) >= KEYS_PER_ACCOUNT_MAX:
                detail = f"An account has at most {KEYS_PER_ACCOUNT_MAX} keys; delete one first."
                raise Refused("forbidden", detail)
            await documents.insert(document)
            await _record(tx, "key.made", document, after=_described(document))

        await self._database.once(KEYS, trigger, keep)
        return _key(document), secret

    async def find(self, secret: str) -> Key | None:
        """Return the key with this secret; a switch's, which asks for each call, from memory."""
        hashed = sha256(secret)
        known = self._switches.get(hashed)
        if known is not None and time.monotonic() - known[0] < SWITCH_REMEMBERED_SECONDS:
            return known[1]
        looked_at = time.monotonic()
        found = await self._documents.find_one({"secret_sha256": hashed})
        key = _key(found) if found else None
        if key is not None and key.scope == "calls":
            self._switches[hashed] = (looked_at, key)
            self._switches.move_to_end(hashed)
            if len(self._switches) > SWITCHES_REMEMBERED_MAX:
                self._switches.popitem(last=False)
        return key

    async def find_by_id(self, key_id: str) -> Key | None:
        """Return a key."""
        found = await self._documents.find_one({"_id": key_id})
        return _key(found) if found else None

    async def is_valid(self, key_id: str) -> bool:
        """Tell whether a key that was found earlier still exists and hasn't expired."""
        key = await self.find_by_id(key_id)
        return key is not None and not key.has_expired(self._clock())

    async def note_use(self, key: Key) -> None:
        """Note when the key was used last, to the minute."""
        now = self._clock()
        noted = self._noted.get(key.id, key.used_at)
        if noted is None or not timedelta(0) <= now - noted < NOTE_USE_AFTER:
            if len(self._noted) >= SWITCHES_REMEMBERED_MAX:
                self._noted.clear()
            self._noted[key.id] = now
            await self._documents.update({"_id": key.id}, {"$set": {"used_at": now}})

    async def of_account(self, account_id: str) -> list[Key]:
        """Return an account's keys, the oldest first."""
        found = await self._documents.find(
            {"account_id": account_id}, sort=[("_id", ASCENDING)], limit=KEYS_PER_ACCOUNT_MAX
        )
        return [_key(document) for document in found]

    async def delete(self, account_id: str, key_id: str, trigger: Trigger) -> bool:
        """Delete a key of an account; tell whether there was one."""
        deleted = False

        async def delete(tx: Transaction) -> None:
            nonlocal deleted
            query = {"_id": key_id, "account_id": account_id}
            document = await tx.documents(KEYS).find_one(query)
            deleted = document is not None
            if document is not None:
                await tx.documents(KEYS).delete(query)
                await _record(tx, "key.deleted", document, before=_described(document))

        await self._database.once(KEYS, trigger, delete)
        self._switches.clear()
        return deleted

    async def count_of_user(self, user_id: str) -> int:
        """Return how many keys a user has made that aren't deleted."""
        return await self._documents.count({"user_id": user_id})

    async def delete_of_user(self, user_id: str, trigger: Trigger) -> None:
        """Delete every key that a user made, with an audit entry for each."""

        async def delete(tx: Transaction) -> None:
            query = {"user_id": user_id}
            found = await tx.documents(KEYS).find(query, limit=KEYS_PER_ACCOUNT_MAX)
            await tx.documents(KEYS).delete({"_id": {"$in": [one["_id"] for one in found]}})
            for document in found:
                await _record(tx, "key.deleted", document, before=_described(document))

        await self._database.once(KEYS, trigger, delete)
        self._switches.clear()

    async def delete_of_account(self, account_id: str) -> None:
        """Delete all keys of an account that was closed."""
        self._switches.clear()
        await self._documents.delete({"account_id": account_id})


def _described(document: Document) -> dict[str, str]:
    """Return what the audit trail tells of a key: never its secret."""
    key = _key(document)
    described = {"name": key.name, "scope": key.scope, "begins": key.hint}
    if key.scope == "calls":
        described["dial format"] = key.dial_format
        described["seconds held"] = f"{key.slice_seconds}"
    if key.expires_at is not None:
        described["expires"] = f"{key.expires_at:%Y-%m-%d %H:%M} UTC"
    return described


async def _record(
    tx: Transaction,
    action: str,
    document: Document,
    *,
    before: Mapping[str, str] | None = None,
    after: Mapping[str, str] | None = None,
) -> None:
    await changes.record(
        tx,
        action,
        account_id=document["account_id"],
        parent_id=document["parent_id"],
        subject=document["name"],
        before=before,
        after=after,
    )


def _key(document: Mapping[str, Any]) -> Key:
    return Key(
        id=document["_id"],
        name=document["name"],
        scope=document["scope"],
        hint=document["hint"],
        user_id=document["user_id"],
        account_id=document["account_id"],
        parent_id=document["parent_id"],
        role=document["role"],
        created_at=document["created_at"],
        used_at=document["used_at"],
        # keys made before these settings have none of them
        dial_format=document.get("dial_format", "national"),
        expires_at=document.get("expires_at"),
        slice_seconds=document.get("slice_seconds", SLICE_SECONDS),
    )
