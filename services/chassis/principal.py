"""Who asks: a short-lived statement that the gateway signs and every service checks."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from contracts.base import Refused

ALGORITHM: Final = "Ed25519"
PRINCIPAL_SECONDS: Final = 60

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

    def sign(self, principal: Principal, now: datetime) -> str:
        """Return the statement, valid for 60 seconds from `now`."""
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

    def verify(self, statement: str, now: datetime) -> Principal:
        """Return who asks; Refused when the statement is forged or too old."""
        try:
            signed = jws.deserialize_compact(statement, self._key, algorithms=[ALGORITHM])
        except (JoseError, ValueError) as error:
            raise Refused("not-signed-in", "The request is not signed by the gateway.") from error
        claims = json.loads(signed.payload)
        if claims["expires"] < now.timestamp():
            raise Refused("not-signed-in", "The request waited too long; send it again.")
        return Principal(
            id=claims["id"],
            account_id=claims["account"],
            parent_id=claims["parent"],
            role=claims["role"],
        )
