"""Gathers the legs of each call until no more come, and then lets it be charged."""

import asyncio
import json
import sqlite3
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import structlog
from pydantic import TypeAdapter

from contracts.call_files import Leg, Naming, calls_of
from contracts.calls import DialFormat
from integrations.switch import telemetry
from integrations.switch.agent import Agent
from integrations.switch.cdr.calls import outcome_of
from integrations.switch.spool import FOREVER, Note, Spool, SpoolFull

CALLS_MAX: Final = 20_000
"""So many calls wait for further legs; beyond, the oldest wait no longer."""

LEGS_MAX: Final = 2_000
"""A call with more legs waits for no others."""

CALLS_AT_ONCE: Final = 1_000
AGAIN_SECONDS: Final = 1.0
LOOK_SECONDS: Final = 0.5
PREFIX: Final = "cdr-call:"
_LEGS: Final = TypeAdapter(list[Leg])

log = structlog.get_logger()


class _Waiting(NamedTuple):
    """A call whose further legs are waited for."""

    legs: list[Leg]
    since: float
    """When its last leg came, by the monotonic clock."""


class Gathering:
    """The calls that were read and aren't charged yet. They're on the disk as well."""

    def __init__(
        self,
        agent: Agent,
        spool: Spool,
        naming: Naming,
        dial_format: DialFormat | None,
        settle_seconds: float,
    ) -> None:
        self._agent = agent
        self._spool = spool
        self._naming = naming
        self._dial_format: DialFormat | None = dial_format
        self._settle_seconds = settle_seconds
        self._waiting: OrderedDict[str, _Waiting] = OrderedDict()
        """By call id, the one whose last leg came first at the front."""

        self._is_loaded = False
        self._turn = asyncio.Lock()

    async def _load(self) -> None:
        """Take up what waited when this was last running."""
        if self._is_loaded:
            return
        for name, body in await self._spool.notes(PREFIX):
            legs = _LEGS.validate_json(body)
            self._waiting[name.removeprefix(PREFIX)] = _Waiting(legs, time.monotonic())
        self._is_loaded = True

    async def take(self, legs: Iterable[Leg], notes: Sequence[Note] = ()) -> None:
        """Take legs, and note what must be noted with them; returns when both are on the disk.

        Raises SpoolFull or sqlite3.Error, and has taken nothing then.
        """
        async with self._turn:
            await self._load()
            while len(self._waiting) >= CALLS_MAX:
                await self._settle([*self._waiting][:CALLS_AT_ONCE])
            taken: dict[str, list[Leg]] = {}
            unreadable: list[str] = []
            for leg in legs:
                if not leg.call_id:
                    unreadable.append(_text(leg, leg.fault))
                    continue
                known = self._waiting.get(leg.call_id)
                taken.setdefault(leg.call_id, [*known.legs] if known else []).append(leg)
            told = [
                Note(PREFIX + call_id, _LEGS.dump_json(some).decode(), FOREVER)
                for call_id, some in taken.items()
            ]
            await self._agent.keep((), (), unreadable, notes=(*told, *notes))
            telemetry.CDR.labels("rejected").inc(len(unreadable))
            now = time.monotonic()
            for call_id, some in taken.items():
                # a call that has many legs is settled at the next look
                since = now if len(some) < LEGS_MAX else now - self._settle_seconds
                self._waiting[call_id] = _Waiting(some, since)
                self._waiting.move_to_end(call_id, last=len(some) < LEGS_MAX)

    async def run(self) -> None:
        """Settle calls when their last leg was long ago, until cancelled."""
        fault = ""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.settle_due()
            except (SpoolFull, sqlite3.Error) as error:
                if (reason := f"{type(error).__name__}: {error}") != fault:
                    log.error("calls not kept", reason=reason)  # noqa: TRY400 - where in the code says nothing more
                fault = reason
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                fault = ""

    async def settle_due(self) -> None:
        """Settle the calls that have waited long enough; raises SpoolFull or sqlite3.Error."""
        while True:
            async with self._turn:
                await self._load()
                past = time.monotonic() - self._settle_seconds
                due: list[str] = []
                for call_id, waiting in self._waiting.items():
                    if waiting.since > past or len(due) >= CALLS_AT_ONCE:
                        break
                    due.append(call_id)
                if not due:
                    return
                await self._settle(due)

    async def _settle(self, call_ids: Sequence[str]) -> None:
        """Keep the records of calls, and forget their legs, in one."""
        outcomes = [
            outcome_of(call, self._naming, self._dial_format)
            for call_id in call_ids
            for call in calls_of(self._waiting[call_id].legs)
        ]
        records = [one.record for one in outcomes if one.record is not None]
        unreadable = [
            _text(one.call.leg, one.detail) for one in outcomes if one.status == "rejected"
        ]
        notes = [Note(PREFIX + call_id, "", 0) for call_id in call_ids]
        await self._agent.keep((), records, unreadable, notes=notes)
        for call_id in call_ids:
            del self._waiting[call_id]
        for one in outcomes:
            telemetry.CDR.labels(one.status).inc()
            if one.status == "rejected":
                log.warning("call not charged", call_id=one.call.leg.call_id, reason=one.detail)


def _text(leg: Leg, why: str) -> str:
    """Return what a person needs to charge a call by hand."""
    told = {name: value for name, value in leg._asdict().items() if value and name != "fault"}
    return json.dumps({"why": why, **told}, default=str)
