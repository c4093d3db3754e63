"""Answers what a NAS asks and tells."""

import asyncio
import json
import math
import sqlite3
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from weakref import WeakValueDictionary

import structlog

from contracts.calls import CallEnded, DialFormat
from integrations.switch.agent import Agent
from integrations.switch.model import (
    AskedCall,
    Permission,
    RunningCall,
    is_emergency,
    lost,
    unanswered,
)
from integrations.switch.radius.packets import (
    ACCESS_REQUEST,
    Attribute,
    Request,
    accept,
    acknowledge,
    reject,
)
from integrations.switch.radius.sessions import (
    ASKED,
    CALLER_CHARACTERS_MAX,
    SAME,
    Current,
    Ended,
    Handle,
    Session,
    Told,
    account_of,
    number_of,
    record,
    running_call,
)
from integrations.switch.refusals import sip_answer
from integrations.switch.settings import Settings
from integrations.switch.spool import Note, Spool, SpoolFull

INTERIM_SECONDS: Final = 60
"""How often a NAS is asked to say that a call still runs."""

REMEMBERED: Final = timedelta(days=3)
"""How long a session is remembered, for a NAS that tells of it again."""

FUTURE_MAX: Final = timedelta(minutes=5)
PAST_MAX: Final = timedelta(days=31)
"""A time that a NAS tells counts within these; its clock is wrong otherwise."""

CALL_CHECK: Final = 10
"""The Service-Type of a request that is about a call, and not about a password."""

START, STOP, INTERIM, NAS_ON, NAS_OFF, FAILED = 1, 2, 3, 7, 8, 15
"""The values of Acct-Status-Type."""

CREDENTIALS: Final = (
    Attribute.USER_PASSWORD,
    Attribute.CHAP_PASSWORD,
    Attribute.ARAP_PASSWORD,
    Attribute.EAP_MESSAGE,
    Attribute.DIGEST_RESPONSE,
)

log = structlog.get_logger()


class RadiusDoor:
    """Keeps which call each session is, and lets the agent do the rest."""

    def __init__(
        self, settings: Settings, agent: Agent, spool: Spool, clock: Callable[[], datetime]
    ) -> None:
        self._country = settings.switch_country
        self._dial_format: DialFormat | None = settings.switch_dial_format
        self._agent = agent
        self._spool = spool
        self._clock = clock
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def is_urgent(self, request: Request) -> bool:
        """Tell whether a packet asks for an emergency call, which waits for nothing."""
        return request.packet.code == ACCESS_REQUEST and self._is_emergency(_asked(request))

    async def answer(self, request: Request) -> bytes | None:
        """Return the answer to a packet; None where the NAS must ask or tell again."""
        if self.is_urgent(request):
            permission = await self._agent.authorize(_asked(request))
            return accept(request, permission.max_seconds, INTERIM_SECONDS)
        lock = self._locks.setdefault(_name(request), asyncio.Lock())
        async with lock:
            try:
                if request.packet.code == ACCESS_REQUEST:
                    return await self._authorize(request)
                await self._account(request)
            except (SpoolFull, sqlite3.Error) as error:
                log.exception("session not kept", reason=type(error).__name__)
                is_asked = request.packet.code == ACCESS_REQUEST
                return _refuse(request, "unavailable") if is_asked else None
            return acknowledge(request)

    def _is_emergency(self, asked: AskedCall) -> bool:
        return is_emergency(asked.destination, self._country)

    # --- asking for a call --------------------------------------------------------------------

    async def _authorize(self, request: Request) -> bytes:
        """Answer whether a call may be made; raises SpoolFull or sqlite3.Error."""
        asked = _asked(request)
        if fault := _fault(request, asked):
            return reject(request, fault)
        session = await self._session(request)
        current = session.current
        if current is not None and self._agent.running(current.call_id):
            return reject(request, "The session has a call already")
        call_id, dropped = "", None
        if current is not None and current.answered_at is None:
            if self._is_asked_again(current, asked):
                call_id = current.call_id
            else:
                dropped = self._unanswered(current)
        permission = await self._agent.authorize(asked, call_id)
        call = _permitted(asked, permission, self._clock()) if permission.granted else None
        if call is not None or current is not None:
            records = () if dropped is None else (dropped,)
            note = self._note(request, session.beginning(call))
            await self._agent.keep((), records, notes=(note,))
        if permission.reason is not None:
            return _refuse(request, permission.reason)
        return accept(request, permission.max_seconds, INTERIM_SECONDS)

    def _is_asked_again(self, current: Current, asked: AskedCall) -> bool:
        """Tell whether the same call is asked for once more: its answer may be lost."""
        if current.asked_at is None or current.destination != asked.destination:
            return False
        return self._clock() - current.asked_at <= ASKED

    def _unanswered(self, call: Current) -> CallEnded | None:
        """Return the record that frees what is held for a call that came to nothing."""
        account_id, realm = call.account_id or None, call.realm or None
        if account_id is None and realm is None:
            return None
        asked = AskedCall("", call.caller, call.destination, account_id, realm)
        return unanswered(call.call_id, asked, self._dial_format)

    # --- what becomes of it ---------------------------------------------------------------------

    async def _account(self, request: Request) -> None:
        """Keep what a NAS says; raises SpoolFull or sqlite3.Error."""
        status = request.integer(Attribute.ACCT_STATUS_TYPE)
        if status in {NAS_ON, NAS_OFF}:
            await self._lose_all(request)
        elif status in {START, STOP, INTERIM, FAILED}:
            try:
                await self._tell(request, self._told(request, status))
            except ValueError as error:
                # to refuse it would have the NAS tell it for ever
                reason = type(error).__name__
                log.warning("session not readable", nas=request.nas.name, reason=reason)
                body = {"nas": request.nas.name, "host": request.source.host, **request.told()}
                await self._agent.keep((), (), (json.dumps(body),))
        else:
            log.info("accounting of no call", nas=request.nas.name, status=status)

    def _told(self, request: Request, status: int) -> Told:
        now = self._clock()
        seconds = request.integer(Attribute.ACCT_SESSION_TIME)
        if seconds is not None:
            seconds = min(seconds, int(PAST_MAX.total_seconds()))
        stamp = request.integer(Attribute.EVENT_TIMESTAMP)
        if stamp is not None:
            at = datetime.fromtimestamp(stamp, UTC)
            if now - PAST_MAX <= at <= now + FUTURE_MAX:
                return Told(status, at, seconds, timed=True)
        delay = timedelta(seconds=request.integer(Attribute.ACCT_DELAY_TIME) or 0)
        return Told(status, now - min(delay, PAST_MAX), seconds, timed=False)

    async def _tell(self, request: Request, told: Told) -> None:
        if not request.raw(Attribute.ACCT_SESSION_ID):
            raise ValueError("no Acct-Session-Id")
        session = await self._session(request)
        current = session.current
        if current and self._is_emergency(_asked(request)) and not current.is_emergency:
            # nobody waited for an emergency call to be noted
            session = session.beginning(None)
        if told.status in {START, INTERIM}:
            await self._begin(request, session, told)
        else:
            await self._end(request, session, told)

    async def _begin(self, request: Request, session: Session, told: Told) -> None:
        """Note that a call runs: it has just begun, or still goes on."""
        call = session.current
        if call is not None and (known := self._agent.running(call.call_id)) is not None:
            if told.status == INTERIM:
                seen_at = max(told.at, known.seen_at or known.answered_at)
                await self._agent.saw(call.call_id, seen_at)
                return
            if not told.timed or abs(told.answered_at - known.answered_at) <= SAME:
                return  # said again
            await self._lose((known,))  # another call began, and the end of this one never came
            call = None
        elif session.was(told) or (call is not None and _is_lost(call, told)):
            return  # it comes late: the call has ended
        if call is None or call.answered_at is not None:
            call = self._unasked(request)
        call = call.model_copy(update={"answered_at": told.answered_at})
        running = running_call(call, _handle(request), told.answered_at)
        if told.status == INTERIM:
            running = running.model_copy(update={"seen_at": told.at})
        note = self._note(request, session.beginning(call))
        await self._agent.keep((running,), (), notes=(note,))

    async def _end(self, request: Request, session: Session, told: Told) -> None:
        """Keep the record of a call that has ended, once."""
        call, was = session.current, session.was(told)
        if was is not None and not _is_nearer(call, was, told):
            if was.seconds is not None and told.seconds in {None, was.seconds}:
                return  # said again
            # billing has other facts of it: a person decides
            call = self._unasked(request).model_copy(update={"call_id": was.call_id})
        elif call is None or not (
            call.answered_at is None or self._agent.running(call.call_id) or _is_lost(call, told)
        ):
            if told.at < self._clock() - REMEMBERED:
                raise ValueError("a session may be forgotten that is so old: was it charged?")
            call = self._unasked(request)
        answered_at, seconds = _talk(call, told)
        ended = record(call, answered_at, seconds, self._dial_format)
        note = self._note(request, session.ending(call, told, answered_at, seconds))
        records = () if ended is None else (ended,)
        await self._agent.keep((), records, unrecorded=(call.call_id,), notes=(note,))

    def _unasked(self, request: Request) -> Current:
        """Return the call of a NAS that hasn't asked for it, or of which nothing is known."""
        asked = _asked(request)
        return Current(
            call_id=str(uuid.uuid4()),
            account_id=asked.account_id or "",
            realm=asked.realm or "",
            caller=asked.caller,
            destination=asked.destination,
            is_emergency=self._is_emergency(asked),
        )

    async def _lose_all(self, request: Request) -> None:
        """End what a NAS has lost that starts or stops: it knows no call any longer."""
        running = (call for call in self._agent.all_running() if call.handle)
        calls = [call for call in running if _is_of(call, request)]
        log.info("NAS started or stopped", nas=request.nas.name, calls=len(calls))
        await self._lose(calls)

    async def _lose(self, calls: Sequence[RunningCall]) -> None:
        """Charge calls until they were last seen, whose end never came."""
        found = [lost(call, self._dial_format) for call in calls]
        records = [one for one in found if one is not None]
        await self._agent.keep((), records, unrecorded=[call.call_id for call in calls])

    # --- sessions -------------------------------------------------------------------------------

    async def _session(self, request: Request) -> Session:
        body = await self._spool.note(_name(request))
        return Session() if body is None else Session.model_validate_json(body)

    def _note(self, request: Request, session: Session) -> Note:
        until = (self._clock() + REMEMBERED).timestamp()
        return Note(_name(request), session.model_dump_json(exclude_defaults=True), until)


def _name(request: Request) -> str:
    """Return what a session is noted under: its id means something to one NAS only."""
    session_id = request.name(Attribute.ACCT_SESSION_ID)
    return json.dumps(["radius", request.nas.name, request.nas_identifier, session_id])


def _handle(request: Request) -> Handle:
    return Handle(
        nas=request.nas.name,
        host=request.source.host,
        identifier=request.nas_identifier,
        session_id=request.name(Attribute.ACCT_SESSION_ID),
        user_name=request.name(Attribute.USER_NAME),
    )


def _is_of(call: RunningCall, request: Request) -> bool:
    handle = Handle.model_validate_json(call.handle)
    return (handle.nas, handle.identifier) == (request.nas.name, request.nas_identifier)


def _asked(request: Request) -> AskedCall:
    account_id, realm = account_of(request.nas.account or request.text(Attribute.USER_NAME))
    return AskedCall(
        switch_call_id=request.name(Attribute.ACCT_SESSION_ID),
        caller=number_of(request.text(Attribute.CALLING_STATION_ID))[:CALLER_CHARACTERS_MAX],
        destination=number_of(request.text(Attribute.CALLED_STATION_ID)),
        account_id=account_id or None,
        realm=realm or None,
    )


def _fault(request: Request, asked: AskedCall) -> str:
    """Return why a request is refused before anybody is asked; empty when it isn't."""
    if not asked.switch_call_id or not asked.destination:
        return "Send Acct-Session-Id and Called-Station-Id"
    is_check = request.integer(Attribute.SERVICE_TYPE) == CALL_CHECK
    if not is_check and any(one in request.packet for one in CREDENTIALS):
        # to grant it would say that a password is right that nobody has looked at
        return "Passwords aren't checked here: ask with Service-Type Call-Check"
    return ""


def _refuse(request: Request, reason: str) -> bytes:
    return reject(request, f"{sip_answer(reason).phrase} ({reason})")


def _permitted(asked: AskedCall, permission: Permission, now: datetime) -> Current:
    return Current(
        call_id=permission.call_id,
        account_id=permission.account_id or asked.account_id or "",
        realm=asked.realm or "",
        caller=asked.caller,
        destination=asked.destination,
        asked_at=now,
        seconds=permission.seconds,
    )


def _is_lost(call: Current, told: Told) -> bool:
    """Tell whether a packet speaks of a call that was given up, and that it is."""
    if call.answered_at is None:
        return False
    return not told.timed or abs(call.answered_at - told.answered_at) <= SAME


def _is_nearer(call: Current | None, was: Ended, told: Told) -> bool:
    """Tell whether a packet speaks of the call that a session is, not of one that it was."""
    if call is None or call.answered_at is None:
        return False
    if told.seconds is None:
        return told.at > call.answered_at
    apart = abs(call.answered_at - told.answered_at)
    return apart < abs(was.answered_at - told.answered_at)


def _talk(call: Current, told: Told) -> tuple[datetime, int]:
    """Return when a call was answered and how long it lasted; ValueError when nobody knows."""
    if told.status == FAILED:
        return told.at, 0
    if told.seconds is not None:
        return call.answered_at or told.answered_at, told.seconds
    if call.answered_at is None:
        raise ValueError("neither Acct-Session-Time nor a Start says how long the call lasted")
    lasted = (told.at - call.answered_at).total_seconds()
    return call.answered_at, max(math.ceil(lasted), 1)
