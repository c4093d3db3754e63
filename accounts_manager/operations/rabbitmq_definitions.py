"""Who may do what on RabbitMQ: the users, virtual hosts and rights, as a definitions file.

`accounts-manager rabbitmq-definitions FILE` writes it for docker-compose with the passwords that
the environment gives as `AM_RABBITMQ_PASSWORD_<USER>`; the private servers call `definitions`.
"""

import base64
import hashlib
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from services.chassis.wire import DEAD_LETTER_LOOKS_MAX, dead_letter_queue

SERVICES = ("accounts", "billing", "numbers", "notifications")
USERS = (*SERVICES, "gateway", "operations", "crm", "switch")
SALT_BYTES = 4

# As the services declare them. RabbitMQ 4.3 sets rights on topics only where their exchange is.
EXCHANGE_TYPES = {
    "events": "topic",
    "commands": "topic",
    "dead-letters": "direct",
    "calls": "x-consistent-hash",
}
EXCHANGES = f"({'|'.join(EXCHANGE_TYPES)})"
DURABLE: dict[str, Any] = {
    "durable": True,
    "auto_delete": False,
    "internal": False,
    "arguments": {},
}
# The default exchange's name in rights: answers to direct reply-to go through it.
DEFAULT_EXCHANGE = r"amq\.default"
NOTHING, EVERYTHING = "^$", ".*"
SWITCH_ASKS = r"^billing\.((authorize|extend|release)-call|list-call-holds|find-call-route)\.v1$"
SWITCH_HEARS = r"^accounts\.account-(closed|disabled|enabled|suspended)\.v1$"


def definitions(passwords: Mapping[str, str], vhosts: Sequence[str]) -> dict[str, Any]:
    """Give the definitions file of a broker: every user and exchange, in each of these vhosts."""
    return {
        "vhosts": [{"name": vhost} for vhost in vhosts],
        "users": [
            {
                "name": user,
                "password_hash": _password_hash(passwords[user]),
                "hashing_algorithm": "rabbit_password_hashing_sha256",
                "tags": "administrator" if user == "operations" else "",
            }
            for user in USERS
        ],
        "permissions": [
            {"user": user, "vhost": vhost, **_rights(user)} for vhost in vhosts for user in USERS
        ],
        "exchanges": [
            {"name": name, "vhost": vhost, "type": kind, **DURABLE}
            for vhost in vhosts
            for name, kind in EXCHANGE_TYPES.items()
        ],
        # for the queues of an earlier release; later ones say it themselves
        "policies": [
            {
                "vhost": vhost,
                "name": "dead-letters-outlive-looks",
                "pattern": f"^({'|'.join(map(dead_letter_queue, SERVICES))})$".replace(".", r"\."),
                "apply-to": "queues",
                "definition": {"delivery-limit": DEAD_LETTER_LOOKS_MAX},
                "priority": 0,
            }
            for vhost in vhosts
        ],
        "topic_permissions": [
            {"user": user, "vhost": vhost, "exchange": exchange, **rights(user)}
            for vhost in vhosts
            for user in USERS
            for exchange, rights in (("events", _event_rights), ("commands", _command_rights))
        ],
    }


def _rights(user: str) -> dict[str, str]:
    """Say which names a user may declare, write to and read from, as regular expressions.

    Binding a queue takes write on the queue and read on the exchange; a queue with a dead-letter
    exchange takes read on the queue and write on that exchange.
    """
    if user == "operations":
        return {"configure": EVERYTHING, "write": EVERYTHING, "read": EVERYTHING}
    if user == "crm":  # an outside subscriber: queues of its own, filled from the events
        own = r"crm\..*"
        return {"configure": f"^{own}$", "write": f"^{own}$", "read": f"^({own}|events)$"}
    if user == "switch":  # sends records to `calls`, asks through `commands`, hears of accounts
        own = r"switch\..*"
        return {
            "configure": f"^{own}$",
            "write": f"^(calls|commands|{own})$",
            "read": f"^({own}|events)$",
        }
    own = rf"{user}\..*"
    return {
        "configure": f"^({EXCHANGES}|{own})$",
        "write": f"^({EXCHANGES}|{DEFAULT_EXCHANGE}|{own})$",
        "read": f"^({EXCHANGES}|{own})$",
    }


def _event_rights(user: str) -> dict[str, str]:
    """Say which events a user may announce: a service its own, so that none speaks for another."""
    if user == "operations":
        return {"write": EVERYTHING, "read": EVERYTHING}
    if user == "switch":
        return {"write": NOTHING, "read": SWITCH_HEARS}
    return {"write": rf"^{user}\." if user in SERVICES else NOTHING, "read": EVERYTHING}


def _command_rights(user: str) -> dict[str, str]:
    """Say what a user may ask or tell, and which asks it may take: a service its own."""
    if user == "operations":
        return {"write": EVERYTHING, "read": EVERYTHING}
    if user == "switch":
        return {"write": SWITCH_ASKS, "read": NOTHING}
    return {"write": EVERYTHING, "read": rf"^{user}\."}


def _password_hash(password: str) -> str:
    """Hash as RabbitMQ does (rabbitmq.com, Credentials and Passwords): base64(salt + sha256)."""
    salt = secrets.token_bytes(SALT_BYTES)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def write_definitions(file: Path) -> None:
    """Write the definitions of one broker with the virtual host `/`, readable by its owner."""
    passwords = {user: os.environ[f"AM_RABBITMQ_PASSWORD_{user.upper()}"] for user in USERS}
    file.write_text(json.dumps(definitions(passwords, ["/"])))
