"""A call whose record could not be charged: as it came, as corrected, and what became of it."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from contracts.base import FieldError
from contracts.billing import RejectedCallStatus, RejectionReason
from contracts.calls import CALL_ID_CHARACTERS_MAX, CallEnded
from contracts.values import Moment

ID_CHARACTERS: Final = 24
ACCOUNT_ID_CHARACTERS_MAX: Final = 64
NOBODY_ANSWERED: Final = "Nobody answered this call, so there was nothing to charge."


class RejectedCall(BaseModel):
    """A record that could not be charged."""

    model_config = ConfigDict(frozen=True)

    id: str
    """Made of the record and its owner, so that one which comes again is the same."""

    version: int = 0
    reason: RejectionReason
    detail: str
    call_id: str
    account_id: str
    reseller_id: str
    """Its owner; empty when only operators look after it."""

    record: dict[str, JsonValue]
    corrections: dict[str, JsonValue] = {}
    status: RejectedCallStatus = "waiting"
    received_at: Moment
    retried_at: Moment | None = None
    closed_at: Moment | None = None
    dismissed_because: str = ""

    @property
    def corrected(self) -> dict[str, JsonValue]:
        """The record as a retry charges it."""
        return {**self.record, **self.corrections}

    @property
    def attempt(self) -> str:
        """What tells one retry from another."""
        return f"{self.version}"

    @property
    def is_open(self) -> bool:
        """Whether a person may still correct, retry or dismiss it."""
        return self.status in {"waiting", "dismissed"}

    def retried(self, now: datetime) -> "RejectedCall":
        """Return it as it is to be charged again."""
        return self._changed(status="retrying", retried_at=now, closed_at=None)

    def dismissed(self, because: str, now: datetime) -> "RejectedCall":
        """Return it closed without a charge."""
        return self._changed(status="dismissed", dismissed_because=because, closed_at=now)

    def charged(self, now: datetime) -> "RejectedCall":
        """Return it closed by a charge."""
        return self._changed(status="charged", closed_at=now)

    def rejected_again(self, reason: RejectionReason, detail: str) -> "RejectedCall":
        """Return it as it waits again."""
        return self._changed(status="waiting", reason=reason, detail=detail)

    def correcting(self, corrections: Mapping[str, JsonValue]) -> "RejectedCall":
        """Return it with fields changed; an account is named in one way only."""
        account_id, realm = corrections.get("account_id"), corrections.get("realm")
        changed: dict[str, JsonValue] = {**self.corrections, **corrections}
        if account_id:
            changed["realm"] = None
        elif realm:
            changed["account_id"] = None
        record = {**self.record, **changed}
        return self._changed(
            corrections=changed,
            call_id=call_id_of(record),
            account_id=account_id_of(record),
        )

    def _changed(self, **fields: object) -> "RejectedCall":
        return self.model_copy(update={**fields, "version": self.version + 1})


def id_of(owner_id: str, record: Mapping[str, JsonValue]) -> str:
    """Return the id of a rejected call: of the same record two owners have one each."""
    canonical = json.dumps([owner_id, record], sort_keys=True, separators=(",", ":"))
    return f"rep_{hashlib.sha256(canonical.encode()).hexdigest()[:ID_CHARACTERS]}"


def call_id_of(record: Mapping[str, JsonValue]) -> str:
    """Return the call id that a record gives, which may hold anything."""
    return str(record.get("call_id") or "")[:CALL_ID_CHARACTERS_MAX]


def account_id_of(record: Mapping[str, JsonValue]) -> str:
    """Return the account id that a record gives, which may hold anything."""
    return str(record.get("account_id") or "")[:ACCOUNT_ID_CHARACTERS_MAX]


def rejected_call(
    owner_id: str,
    record: dict[str, JsonValue],
    reason: RejectionReason,
    detail: str,
    *,
    now: datetime,
    account_id: str = "",
) -> RejectedCall:
    """Return a record that is rejected for the first time; `account_id` where it is known."""
    return RejectedCall(
        id=id_of(owner_id, record),
        reason=reason,
        detail=detail,
        call_id=call_id_of(record),
        account_id=account_id or account_id_of(record),
        reseller_id=owner_id,
        record=record,
        received_at=now,
    )


def faults_of(record: Mapping[str, JsonValue]) -> list[FieldError]:
    """Return what of a corrected record can still not be read, by field."""
    try:
        ended = CallEnded.model_validate_json(json.dumps(record))
    except ValidationError as error:
        return [
            FieldError(
                pointer=f"/{'/'.join(map(str, fault['loc']))}", type="invalid", detail=fault["msg"]
            )
            for fault in error.errors(include_input=False, include_url=False, include_context=False)
        ]
    if ended.seconds == 0:
        detail = "A call of no seconds costs nothing. Dismiss it instead."
        return [FieldError(pointer="/seconds", type="too-small", detail=detail)]
    return []
