"""What the agent promises every switch, whichever it is."""

import asyncio
import sqlite3
import time
import uuid
from collections.abc import Callable, Coroutine, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from pydantic import ValidationError

from contracts.accounts import AccountClosed, AccountDisabled, AccountEnabled, AccountSuspended
from contracts.base import Problem
from contracts.billing import AuthorizeCall, CallAuthorization, ExtendCall
from contracts.calls import (
    CALLER_CHARACTERS_MAX,
    SWITCH_CALL_ID_CHARACTERS_MAX,
    CallEnded,
)
from integrations.switch import telemetry
from integrations.switch.broker import AccountEvent, Broker, Unavailable
from integrations.switch.control import Control
from integrations.switch.model import (
    CALL_SECONDS_MAX,
    AskedCall,
    Permission,
    RunningCall,
    is_emergency,
    lost,
    unanswered,
)
from integrations.switch.settings import Settings
from integrations.switch.spool import Note, Spool, SpoolFull

EXTEND_AGAIN_SECONDS: Final = 10
END_AGAIN_SECONDS: Final = 0.5
END_TRIES_MAX: Final = 20
"""A switch that can't be told for so long ends the call when its time is over."""

LOOK_SECONDS: Final = 1.0
ASKS_AT_ONCE_MAX: Final = 50
STOPPED_SECONDS: Final = 3_600
"""How long an account's end is remembered, for calls that still ring: longer than any rings."""

CHECK_AFTER_SECONDS: Final = (0.1, 0.5, 2.0)
"""When the calls of other accounts are checked that an event may concern: billing hears of it
at the same time as we do."""

GOES_ON: Final = frozenset({"insufficient-credit", "call-limit-reached"})
"""Refusals that let a call last for as long as it may; all others end it at once."""

CUT_EARLY: Final = timedelta(seconds=1)
"""Before its time is over, a call is ended that its switch doesn't cut by itself."""

STOPPED: Final = frozenset({"account-disabled", "account-suspended", "account-closed"})

LOST_AFTER: Final = timedelta(seconds=5)
"""How long the switch has to tell of a call's end once it doesn't know the call any longer."""

log = structlog.get_logger()


class Agent:
    """Answers a switch, and keeps what it says."""

    def __init__(
        self, settings: Settings, spool: Spool, control: Control, clock: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._spool = spool
        self._control = control
        self._clock = clock
        url = settings.rabbitmq_url.get_secret_value()
        self.broker = Broker(url, settings.switch_name, self.hear)
        self._running = {call.call_id: call for call in spool.running()}
        self._asked_at: dict[str, datetime] = {}
        """When more was last asked for, by call."""

        self._seen_every = timedelta(seconds=settings.switch_seen_seconds)
        self._looked_at: dict[str, datetime] = {}
        self._missing_since: dict[str, datetime] = {}

        self._stopped: dict[str, float] = {}
        """When accounts were last stopped, for calls that ring meanwhile."""

        self._tasks: set[asyncio.Task[None]] = set()
        self._turns = asyncio.Semaphore(ASKS_AT_ONCE_MAX)

    # --- before a call ------------------------------------------------------------------------

    async def authorize(self, asked: AskedCall, call_id: str = "") -> Permission:
        """Say whether a call may be made, after a bounded wait at the longest.

        `call_id` is that of a call which is asked for again.
        """
        call_id = call_id or str(uuid.uuid4())
        if is_emergency(asked.destination, self._settings.switch_country):
            telemetry.CALLS.labels("emergency").inc()
            account_id = asked.account_id or ""
            seconds = CALL_SECONDS_MAX
            return Permission(call_id, None, account_id, seconds, seconds, is_emergency=True)
        try:
            question = AuthorizeCall(
                call_id=call_id,
                account_id=asked.account_id,
                realm=asked.realm,
                destination=asked.destination,
                requested_seconds=CALL_SECONDS_MAX,
                dial_format=self._settings.switch_dial_format,
                internal=asked.internal,
                slice_seconds=self._settings.switch_slice_seconds,
                caller=asked.caller[:CALLER_CHARACTERS_MAX],
                switch_call_id=asked.switch_call_id[:SWITCH_CALL_ID_CHARACTERS_MAX],
            )
        except ValidationError as error:
            return _refused(call_id, _reason(error))
        began = time.monotonic()
        try:
            answer = await self.broker.ask(question, self._settings.switch_answer_seconds)
        except Unavailable as error:
            return await self._unanswered(call_id, asked, str(error))
        finally:
            telemetry.ASK_SECONDS.observe(time.monotonic() - began)
        if isinstance(answer, Problem):
            return await self._unanswered(call_id, asked, answer.code)
        if not answer.granted:
            return _refused(call_id, answer.reason or "unavailable")
        telemetry.CALLS.labels("granted").inc()
        seconds = answer.seconds or 0
        return Permission(
            call_id,
            None,
            answer.account_id or "",
            seconds,
            max(answer.max_seconds or 0, seconds),
            is_emergency=answer.kind == "emergency",
        )

    async def _unanswered(self, call_id: str, asked: AskedCall, why: str) -> Permission:
        """Follow the failure policy, for a call that billing hasn't answered for."""
        if self._settings.switch_fail == "open" and (asked.account_id or asked.realm):
            log.warning("call let through unasked", call_id=call_id, reason=why)
            telemetry.CALLS.labels("open").inc()
            seconds = self._settings.switch_slice_seconds
            return Permission(call_id, None, asked.account_id or "", seconds, seconds)
        log.warning("call refused unasked", call_id=call_id, reason=why)
        if asked.account_id or asked.realm:
            # billing may have held something, and answered too late
            record = unanswered(call_id, asked, self._settings.switch_dial_format)
            await self._spool.keep((), (record,))
        return _refused(call_id, "unavailable")

    # --- what becomes of it ---------------------------------------------------------------------

    async def keep(
        self,
        running: Sequence[RunningCall],
        ended: Sequence[CallEnded],
        unreadable: Sequence[str] = (),
        unrecorded: Sequence[str] = (),
        notes: Sequence[Note] = (),
    ) -> None:
        """Keep what a switch says of its calls; returns when it's on the disk.

        `unrecorded` are calls that have ended and need no record, `notes` what an adapter must
        remember of them. Raises SpoolFull, or sqlite3.Error: the switch says it again.
        """
        over = {*(record.call_id for record in ended), *unrecorded}
        begun = [call for call in running if call.call_id not in over]
        # before they are kept: what is changed of a call from now on must not bring it back
        dropped = [call for call_id in over if (call := self._running.pop(call_id, None))]
        try:
            await self._spool.keep(begun, ended, unreadable, over, notes)
        except (SpoolFull, sqlite3.Error):
            self._running |= {call.call_id: call for call in dropped}
            raise
        telemetry.UNREADABLE.inc(len(unreadable))
        self._running |= {call.call_id: call for call in begun}
        for call_id in over:
            self._forget(call_id)
        telemetry.RUNNING.set(len(self._running))
        for call in begun:
            if call.account_id in self._stopped and not call.is_emergency:
                self._start(self._end((call,), "account-stopped"))

    def running(self, call_id: str) -> RunningCall | None:
        """Return a call as it's known, if it still runs."""
        return self._running.get(call_id)

    def all_running(self) -> list[RunningCall]:
        """Return all calls that run."""
        return list(self._running.values())

    def _forget(self, call_id: str) -> None:
        for noted in (self._asked_at, self._looked_at, self._missing_since):
            noted.pop(call_id, None)

    async def saw(self, call_id: str, at: datetime) -> None:
        """Note that a call still ran at this time; returns when it's on the disk."""
        await self._change(call_id, seen_at=at)

    async def _change(self, call_id: str, **values: int | datetime) -> None:
        """Change what is known of a call, if it still runs."""
        if (call := self._running.get(call_id)) is not None:
            changed = call.model_copy(update=values)
            self._running[call_id] = changed
            await self._spool.keep((changed,), ())

    # --- while it runs --------------------------------------------------------------------------

    async def run(self) -> None:
        """Extend the calls that run, and look whether they do, until cancelled."""
        while True:
            now = self._clock()
            for call in list(self._running.values()):
                if self._is_due(call, now):
                    self._asked_at[call.call_id] = now
                    self._start(self._extend(call))
                elif self._is_over(call, now):
                    self._asked_at[call.call_id] = now
                    self._start(self._end((call,), "time-over"))
                if self._is_unseen(call, now):
                    self._looked_at[call.call_id] = now
                    self._start(self._look(call))
            self._forget_stopped()
            await asyncio.sleep(LOOK_SECONDS)

    def _is_due(self, call: RunningCall, now: datetime) -> bool:
        if call.is_emergency or not call.extends_at <= now < call.ends_at:
            return False
        asked_at = self._asked_at.get(call.call_id)
        return asked_at is None or asked_at + timedelta(seconds=EXTEND_AGAIN_SECONDS) <= now

    def _is_over(self, call: RunningCall, now: datetime) -> bool:
        """Tell whether a call is to be ended now, once, because its switch won't do it itself."""
        over_at = call.ends_at - CUT_EARLY
        if self._control.cuts or now < over_at:
            return False
        asked_at = self._asked_at.get(call.call_id)
        return asked_at is None or asked_at < over_at

    async def _extend(self, call: RunningCall) -> None:
        """Ask for one slice more: by the total, so that asking twice is answered the same."""
        total = min(call.seconds + self._settings.switch_slice_seconds, CALL_SECONDS_MAX)
        if total <= call.seconds:
            return
        answer = await self._asked_again(call, total)
        if answer is None or (answer.granted is False and answer.reason in GOES_ON):
            return
        if not answer.granted:
            await self._end((call,), answer.reason or "refused")
        elif (answer.seconds or 0) > call.seconds and call.call_id in self._running:
            seconds = answer.seconds or 0
            await self._control.limit(call.model_copy(update={"seconds": seconds}))
            await self._change(call.call_id, seconds=seconds)

    async def _asked_again(self, call: RunningCall, total: int) -> CallAuthorization | None:
        """Return whether a call may last so long in all; None when nobody knows."""
        question = ExtendCall(
            call_id=call.call_id,
            account_id=call.account_id or None,
            realm=None if call.account_id else call.realm,
            total_seconds=total,
            elapsed_seconds=call.lasted(self._clock()),
        )
        try:
            async with self._turns:
                answer = await self.broker.ask(question, self._settings.switch_answer_seconds)
        except Unavailable as error:
            log.warning("call not extended", call_id=call.call_id, reason=str(error))
            return None
        if isinstance(answer, Problem):
            log.info("call not extended", call_id=call.call_id, reason=answer.code)
            return None
        return answer

    def _is_unseen(self, call: RunningCall, now: datetime) -> bool:
        is_missing = call.call_id in self._missing_since
        looked_at = self._looked_at.get(call.call_id, call.seen_at or call.answered_at)
        return looked_at + (LOST_AFTER if is_missing else self._seen_every) <= now

    async def _look(self, call: RunningCall) -> None:
        """Ask the switch whether a call runs; charge one that it has lost until it last did."""
        try:
            seen_at = await self._control.seen_at(call)
        except (OSError, TimeoutError) as error:
            log.info("switch not asked", call_id=call.call_id, reason=type(error).__name__)
            return
        now = self._clock()
        if seen_at is not None:
            self._missing_since.pop(call.call_id, None)
            if seen_at > (call.seen_at or call.answered_at):
                await self._change(call.call_id, seen_at=seen_at)
            return
        missing_since = self._missing_since.setdefault(call.call_id, now)
        found = self._running.get(call.call_id)
        if found is not None and missing_since + LOST_AFTER <= now:
            telemetry.LOST.inc()
            log.warning("call lost by its switch", call_id=call.call_id)
            record = lost(found, self._settings.switch_dial_format)
            if record is None:
                await self.keep((), (), unrecorded=(call.call_id,))
            else:
                await self.keep((), (record,))

    # --- when it must end -----------------------------------------------------------------------

    async def hear(self, event: AccountEvent) -> None:
        """End the calls of an account that may make none any longer."""
        if isinstance(event, AccountEnabled):
            self._stopped.pop(event.account_id, None)
            return
        self._stopped[event.account_id] = time.monotonic()
        reasons = {
            AccountDisabled: "account-disabled",
            AccountSuspended: "account-suspended",
            AccountClosed: "account-closed",
        }
        calls = self._calls_of(event.account_id)
        await self._end(calls, reasons[type(event)])
        if not calls:
            self._start(self._check_others())  # it may be a reseller, whose accounts stop with it

    def _calls_of(self, account_id: str) -> list[RunningCall]:
        return [call for call in self._running.values() if call.account_id == account_id]

    async def _check_others(self) -> None:
        """End the calls of accounts that may make none: an event names only one above them."""
        for seconds in CHECK_AFTER_SECONDS:
            await asyncio.sleep(seconds)
            by_account = {
                call.account_id: call
                for call in self._running.values()
                if call.account_id and not call.is_emergency
            }
            await asyncio.gather(*map(self._check, by_account.values()))

    async def _check(self, call: RunningCall) -> None:
        # asked for no more than it has, billing only looks whether the account may make calls
        answer = await self._asked_again(call, 1)
        if answer is not None and answer.reason in STOPPED:
            await self._end(self._calls_of(call.account_id), answer.reason)

    async def _end(self, calls: Iterable[RunningCall], reason: str) -> None:
        """End calls through their switch; emergency calls never."""
        await asyncio.gather(
            *(self._end_one(call, reason) for call in calls if not call.is_emergency)
        )

    async def _end_one(self, call: RunningCall, reason: str) -> None:
        for _ in range(END_TRIES_MAX):
            try:
                await self._control.end(call, reason)
            except (OSError, TimeoutError) as error:
                log.warning("call not ended", call_id=call.call_id, reason=type(error).__name__)
                await asyncio.sleep(END_AGAIN_SECONDS)
            else:
                telemetry.ENDED.labels(reason).inc()
                log.info("call ended", call_id=call.call_id, reason=reason)
                return

    def _forget_stopped(self) -> None:
        past = time.monotonic() - STOPPED_SECONDS
        self._stopped = {one: at for one, at in self._stopped.items() if at > past}

    # --- tasks ----------------------------------------------------------------------------------

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(_logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _refused(call_id: str, reason: str) -> Permission:
    telemetry.CALLS.labels(reason).inc()
    return Permission(call_id, reason)


def _reason(error: ValidationError) -> str:
    """Return why a call is refused whose account or number can't be one."""
    is_number = any(fault["loc"][:1] == ("destination",) for fault in error.errors())
    return "invalid-destination" if is_number else "account-not-found"


async def _logged(work: Coroutine[None, None, None]) -> None:
    """Do something beside the calls; what fails is logged, and comes again with its cause."""
    try:
        await work
    except Exception:
        log.exception("work on a running call failed")
