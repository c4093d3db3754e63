"""Who asks: a short-lived statement that the gateway signs and every service checks."""

import json
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeVar

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from contracts.base import Refused

ALGORITHM: Final = "Ed25519"
PRINCIPAL_SECONDS: Final = 60
SIGN_AGAIN_AFTER: Final = timedelta(seconds=20)
STATEMENTS_REMEMBERED: Final = 5_000
"""Signing and checking take longer than most of what is asked; who asks much says it once."""

Key = TypeVar("Key")
Value = TypeVar("Value")

PrincipalRole = Literal["operator", "reseller", "customer", "switch"]


@dataclass(frozen=True, slots=True)
class Principal:
    """A person or a program that is served, and the account it belongs to."""

    id: str
    """User id or key id; the ledger names it as the actor."""

    account_id: str
    parent_id: str
    role: PrincipalRole


class PrincipalSigner:
    """Signs principals; only the gateway has the private key."""

    def __init__(self, private_key_pem: str) -> None:
        self._key = OKPKey.import_key(private_key_pem)
        self._signed: OrderedDict[Principal, tuple[datetime, str]] = OrderedDict()

    def sign(self, principal: Principal, now: datetime) -> str:
        """Return a statement that is valid for 40 to 60 seconds from `now`."""
        signed = self._signed.get(principal)
        if signed is not None and timedelta(0) <= now - signed[0] < SIGN_AGAIN_AFTER:
            return signed[1]
        statement = self._statement(principal, now)
        _remember(self._signed, principal, (now, statement))
        return statement

    def _statement(self, principal: Principal, now: datetime) -> str:
        claims = {
            "id": principal.id,
            "account": principal.account_id,
            "parent": principal.parent_id,
            "role": principal.role,
            "expires": int(now.timestamp()) + PRINCIPAL_SECONDS,
        }
        header = {"alg": ALGORITHM}
        return jws.serialize_compact(
            header, json.dumps(claims).encode(), self._key, algorithms=[ALGORITHM]
        )


class PrincipalVerifier:
    """Checks statements of the gateway with its public key."""

    def __init__(self, public_key_pem: str) -> None:
        self._key = OKPKey.import_key(public_key_pem)
        self._checked: OrderedDict[str, dict[str, Any]] = OrderedDict()

    def verify(self, statement: str, now: datetime) -> Principal:
        """Return who asks; Refused when the statement is forged or too old."""
        claims = self._checked.get(statement)
        if claims is None:
            claims = self._claims(statement)
            _remember(self._checked, statement, claims)
        if claims["expires"] < now.timestamp():
            raise Refused("not-signed-in", "The request waited too long. Send it again.")
        return Principal(
            id=claims["id"],
            account_id=claims["account"],
            parent_id=claims["parent"],
            role=claims["role"],
        )

    def _claims(self, statement: str) -> dict[str, Any]:
        try:
            signed = jws.deserialize_compact(statement, self._key, algorithms=[ALGORITHM])
        except (JoseError, ValueError) as error:
            raise Refused("not-signed-in", "The request is not signed by the gateway.") from error
        return json.loads(signed.payload)


def _remember(memory: "OrderedDict[Key, Value]", key: Key, value: Value) -> None:
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > STATEMENTS_REMEMBERED:
        memory.popitem(last=False)
