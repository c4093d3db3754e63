"""Who a request comes from, and what they may do."""

import hashlib
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import update_wrapper
from typing import Concatenate, Final, Generic, ParamSpec, TypeVar

from contracts.accounts import User
from contracts.base import Answer, Ask, Command, FieldError, Refused
from gateway.identity.keys import Key, KeyScope
from gateway.identity.runtime import Gateway
from gateway.identity.sessions import Session
from gateway.memory.mappings import MappingMemory
from services.chassis.bus import ASK_SECONDS
from services.chassis.database import Trigger
from services.chassis.principal import Principal, PrincipalRole

AnswerType = TypeVar("AnswerType", bound=Answer)
P = ParamSpec("P")
R = TypeVar("R")

REQUEST_KEYS: Final = uuid.UUID("6f0d9c7e-3b0b-4f57-9a6c-2f4b61d0c5aa")
"""Namespace of the message ids that Idempotency-Keys become."""


@dataclass(frozen=True, slots=True)
class RequestKey:
    """The Idempotency-Key of a request, and where it was sent: `POST /v1/accounts`."""

    place: str
    value: str


class Checked(Exception):  # noqa: N818 - no error: it ends a check
    """Nothing more would refuse the request, which was only checked."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever sent a request without showing who they are."""

    gateway: Gateway
    request_id: str
    address: str
    """Where the request comes from, as attempts are counted."""

    checks_only: bool = field(default=False, kw_only=True)
    """Whether to find what would be refused without changing anything: `Checked` is raised in place
    of the first change."""

    unread: list[FieldError] = field(default_factory=list[FieldError], kw_only=True, compare=False)
    """Fields of the request's form that can't be read: nothing changes, and they are refused
    together with what is refused of the others."""

    async def ask_for_nobody(self, question: Ask[AnswerType]) -> AnswerType:
        """Ask a service without a principal."""
        if self.changes_nothing and isinstance(question, Command):
            await self._check(question)
        return await self.gateway.bus.ask(question, correlation_id=self.request_id)

    @property
    def changes_nothing(self) -> bool:
        """Whether the request is only checked."""
        return self.checks_only or bool(self.unread)

    def begin_changes(self) -> None:
        """Say that something changes next; raises Refused or `Checked` where nothing may."""
        if self.unread:
            detail = " ".join(error.detail for error in self.unread)
            raise Refused("invalid-fields", detail, tuple(self.unread))
        if self.checks_only:
            raise Checked

    async def _check(self, command: Command[AnswerType], principal: str = "") -> None:
        """Raise what would refuse a command, beside the fields that can't be read; or `Checked`."""
        try:
            await self.gateway.bus.check(
                command, principal=principal, correlation_id=self.request_id
            )
        except Refused as refusal:
            problem = refusal.problem
            if not self.unread or not (problem.errors or problem.code == "version-conflict"):
                raise
            errors = (*self.unread, *problem.errors)
            raise Refused("invalid-fields", "Correct the fields.", errors) from None
        self.begin_changes()


@dataclass(frozen=True, slots=True)
class Caller(Visitor):
    """A person with a session or a program with a key."""

    user: User
    principal: Principal
    session: Session | None = None
    key: Key | None = None

    @property
    def role(self) -> PrincipalRole:
        """What they are; `switch` for a key with the scope `calls`."""
        return self.principal.role

    @property
    def account_id(self) -> str:
        """The account that they belong to."""
        return self.principal.account_id

    @property
    def scope(self) -> KeyScope:
        """What they came in with allows."""
        return self.key.scope if self.key else "account"

    @property
    def credential_id(self) -> str:
        """What they came in with: a session or a key."""
        credential = self.session or self.key
        assert credential is not None, "a caller has a session or a key"
        return credential.id

    def mappings(self, reseller_id: str = "") -> MappingMemory:
        """Return what the columns of tables mean to them: their own, or those of a reseller."""
        return self.gateway.mappings.of(reseller_id or self.account_id, self.account_id)

    def new_trigger(self) -> Trigger:
        """Return what the gateway's own work is done and recorded for."""
        self.begin_changes()
        return Trigger(
            message_id=uuid.uuid4().hex,
            correlation_id=self.request_id,
            principal=self.principal,
        )

    async def is_still_in(self) -> bool:
        """Tell whether what they came in with still holds."""
        if self.session is not None:
            return await self.gateway.sessions.find_by_id(self.session.id) is not None
        assert self.key is not None, "a caller has a session or a key"
        return await self.gateway.keys.is_valid(self.key.id)

    async def ask(
        self,
        question: Ask[AnswerType],
        *,
        request_key: RequestKey | None = None,
        receipt_only: bool = False,
        timeout_seconds: float = ASK_SECONDS,
    ) -> AnswerType:
        """Ask a service on the caller's behalf; raises Refused.

        With a request key, a command is carried out once: the same key and body get the same
        answer, another body is refused. The version that it is for and the quote by which it was
        accepted are no part of the body: a repeat may find others. `receipt_only` answers what was
        answered before, and refuses with `not-found` when nothing was.
        """
        principal = self.gateway.signer.sign(self.principal, self.gateway.clock())
        if self.changes_nothing and isinstance(question, Command):
            if receipt_only:
                raise Refused("not-found", "A check has no receipt.")
            await self._check(question, principal)
        message_id = fingerprint = ""
        if request_key is not None:
            assert isinstance(question, Command), "only what changes something needs a key"
            message_id = self._message_id(request_key)
            body = question.model_dump_json(exclude_defaults=True, exclude={"version", "accepted"})
            fingerprint = hashlib.sha256(body.encode()).hexdigest()
        return await self.gateway.bus.ask(
            question,
            principal=principal,
            correlation_id=self.request_id,
            message_id=message_id,
            fingerprint=fingerprint,
            receipt_only=receipt_only,
            timeout_seconds=timeout_seconds,
        )

    async def answered_before(
        self, command: Ask[AnswerType], request_key: RequestKey
    ) -> AnswerType | None:
        """Return what the same request was answered before; None when it wasn't carried out."""
        try:
            return await self.ask(command, request_key=request_key, receipt_only=True)
        except Refused as unknown:
            if unknown.problem.code == "not-found":
                return None
            raise

    def _message_id(self, key: RequestKey) -> str:
        parts = (self.principal.account_id, self.principal.id, key.place, key.value)
        return str(uuid.uuid5(REQUEST_KEYS, "\n".join(parts)))


class Action(Generic[P, R]):
    """Something that only certain callers may do; API and portal both do it by calling this."""

    def __init__(
        self,
        work: Callable[Concatenate[Caller, P], Awaitable[R]],
        roles: tuple[PrincipalRole, ...],
        *,
        changes: bool,
        in_person: bool,
    ) -> None:
        self._work = work
        self.roles = roles
        self.changes = changes
        self.in_person = in_person
        update_wrapper(self, work)

    def refuse_unless_allowed(self, caller: Caller) -> None:
        """Refuse a caller who may not do this, whatever the details."""
        if caller.role not in self.roles:
            raise Refused("forbidden", f"This is not for {_AUDIENCE[caller.role]}.")
        if self.in_person and caller.session is None:
            raise Refused("forbidden", "Only a signed-in person can do this, not a key.")
        status = caller.user.account_status
        if self.changes and status in ("disabled", "suspended"):
            detail = f"Your account is {status}: you can look and pay, but change nothing."
            raise Refused("account-disabled", detail)

    async def __call__(self, caller: Caller, *args: P.args, **kwargs: P.kwargs) -> R:
        """Do it; refused when the caller may not."""
        self.refuse_unless_allowed(caller)
        return await self._work(caller, *args, **kwargs)


_AUDIENCE: Final[dict[PrincipalRole, str]] = {
    "operator": "operators",
    "reseller": "resellers",
    "customer": "customers",
    "switch": "a key with the scope calls",
}


def action(
    *roles: PrincipalRole, changes: bool = False, in_person: bool = False
) -> Callable[[Callable[Concatenate[Caller, P], Awaitable[R]]], Action[P, R]]:
    """Let only these roles do it.

    `changes`: not while their account is disabled or suspended. `in_person`: not with a key.
    """

    def decorate(work: Callable[Concatenate[Caller, P], Awaitable[R]]) -> Action[P, R]:
        return Action(work, roles, changes=changes, in_person=in_person)

    return decorate
