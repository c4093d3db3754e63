"""What happens, as it happens: the events of all services, for the browsers that watch."""

import asyncio
import re
import uuid
from collections import OrderedDict, defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import aio_pika
import structlog
from aio_pika.abc import AbstractIncomingMessage
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError
from prometheus_client import Counter
from pydantic import ValidationError

from contracts.base import CATALOGUE, Event, Refused, Value
from gateway.events.coalescer import GATHERED_TOPICS, Gathering
from gateway.http.problems import RefusedWith
from services.chassis import wire
from services.chassis.bus import CONNECT_SECONDS, WAIT_SECONDS

TOPICS: Final = ("accounts.#", "numbers.#", "billing.#")
KEPT_EVENTS: Final = 1_000
"""How far back a browser that lost its connection can go."""

WAITING_EVENTS_MAX: Final = 256
"""A browser that is this far behind is disconnected; it comes back and asks for what it missed."""

ROUND_SECONDS: Final = 1.0
"""Frequent events, such as charged calls, are sent at most this often."""

STREAMS_PER_CREDENTIAL_MAX: Final = 20
STREAMS_MAX: Final = 2_000
PREFETCH_EVENTS: Final = 100
EVENT_BYTES_MAX: Final = 262_144
"""As many are kept for browsers as `KEPT_EVENTS` says, so each must be small."""

REASON_CHARACTERS_MAX: Final = 500
UNREADABLE: Final = Counter(
    "accounts_manager_events_unreadable_total",
    "Events of others that the gateway could not understand",
    ["topic"],
)
_EVENT_ID: Final = re.compile(r"[!-~]{1,200}")
CONNECTION_ERRORS: Final = (AMQPError, ChannelInvalidStateError, OSError, TimeoutError)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """An event as browsers get it."""

    id: str
    topic: str
    data: str
    """JSON."""

    account_ids: frozenset[str]
    """Whose event it is: the account that it is about, and that account's reseller."""

    position: int
    """Among all events that this gateway has heard since it listens."""


BEGINNING: Final = "beginning"
"""The id of an event that was before all that are kept."""

MISSED: Final = LiveEvent("", "missed", "{}", frozenset(), 0)
"""Told instead of events that cannot be had any more: load again what you show."""

Hear = Callable[[str, bytes], Awaitable[None]]


class Concerned(Value):
    """What is the same in every event: whom it concerns."""

    account_id: str = ""
    reseller_id: str = ""


@dataclass(eq=False, slots=True)
class Subscription:
    """One browser that watches; `next` is None once it should go."""

    account_id: str
    credential_id: str
    _waiting: deque[LiveEvent] = field(default_factory=deque[LiveEvent])
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    ended: bool = False

    def push(self, event: LiveEvent) -> None:
        """Hand an event over; a browser that is too far behind is disconnected instead."""
        if len(self._waiting) >= WAITING_EVENTS_MAX:
            self.end()
            return
        self._waiting.append(event)
        self._news.set()

    def end(self) -> None:
        """Send the browser away, without what still waits for it."""
        self.ended = True
        self._waiting.clear()
        self._news.set()

    @property
    def has_more(self) -> bool:
        """Whether an event waits already."""
        return bool(self._waiting)

    async def next(self, timeout_seconds: float) -> LiveEvent | None:
        """Return the next event, None when the stream has ended; TimeoutError when all is quiet."""
        async with asyncio.timeout(timeout_seconds):
            await self._news.wait()
        if self.ended:
            return None
        event = self._waiting.popleft()
        if not self._waiting:
            self._news.clear()
        return event


class Live:
    """Hears every event and passes it on to whom it concerns."""

    def __init__(self, url: str, hear: Hear, missed: Callable[[], None]) -> None:
        self._url = url
        self._hear = hear
        self._missed = missed
        self._kept: deque[LiveEvent] = deque(maxlen=KEPT_EVENTS)
        self._gathering = Gathering()
        self._told: OrderedDict[tuple[str, str], LiveEvent] = OrderedDict()
        self._round: asyncio.TimerHandle | None = None
        self._round_at = 0.0
        self._era = ""
        self._position = 0
        self._forgotten = 0
        self._watching: defaultdict[str, set[Subscription]] = defaultdict(set)
        self.listening = False
        self._stopped = False

    async def run(self) -> None:
        """Listen until stopped, with a new queue whenever the connection was lost."""
        while True:
            try:
                await self._listen()
            except CONNECTION_ERRORS as error:
                # Closing the channel of a task that is cancelled may fail in place of ending it.
                if self._stopped:
                    return
                log.warning("events are not heard for a moment", reason=type(error).__name__)
            self.listening = False
            await asyncio.sleep(WAIT_SECONDS)

    async def _listen(self) -> None:
        connection = await aio_pika.connect(
            self._url,
            timeout=CONNECT_SECONDS,
            client_properties={"connection_name": "gateway live"},
        )
        async with connection, connection.channel() as channel:
            await channel.set_qos(PREFETCH_EVENTS)
            queue = await channel.declare_queue(
                f"gateway.{uuid.uuid4().hex}", exclusive=True, auto_delete=True
            )
            for topic in TOPICS:
                await queue.bind(wire.EVENTS_EXCHANGE, topic)
            self._begin_anew()
            async with queue.iterator() as messages:
                async for message in messages:
                    await self._take(message)
                    await message.ack()

    def _begin_anew(self) -> None:
        """Send that events may have been missed while no stream was open."""
        self._kept.clear()
        self._told.clear()
        self._gathering = Gathering()
        self._era = uuid.uuid4().hex
        self._forgotten = self._position
        self._missed()
        for subscription in self._all():
            subscription.push(MISSED)
        self.listening = True

    async def _take(self, message: AbstractIncomingMessage) -> None:
        """Pass an event on; one that cannot be understood is counted, and no other waits for it.

        The queue is this process's own and goes with it, so there are no dead letters: whoever
        announced the event hears of it in the services, which keep theirs.
        """
        topic = message.routing_key or ""
        kind = CATALOGUE.get(topic)
        if kind is None or not issubclass(kind, Event):
            return  # of a service that is newer than this gateway
        named = log.bind(topic=topic, message_id=message.message_id)
        if (size := len(message.body)) > EVENT_BYTES_MAX:
            UNREADABLE.labels(topic).inc()
            named.warning("event not readable", reason=f"{size} bytes are too many")
            return
        try:
            await self._pass_on(topic, kind, message)
        except ValidationError as error:
            UNREADABLE.labels(topic).inc()
            faults = (f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
            named.warning("event not readable", reason="; ".join(faults)[:REASON_CHARACTERS_MAX])
        except Exception:
            UNREADABLE.labels(topic).inc()
            log.exception("event not heard", topic=topic, message_id=message.message_id)

    async def _pass_on(
        self, topic: str, kind: type[Event], message: AbstractIncomingMessage
    ) -> None:
        if topic in GATHERED_TOPICS:
            self._gather(topic, message.body)
            return
        kind.model_validate_json(message.body)
        concerned = Concerned.model_validate_json(message.body)
        await self._hear(topic, message.body)
        named = (concerned.account_id, concerned.reseller_id)
        message_id = message.message_id or ""
        event = LiveEvent(
            # browsers send it back in a header, and it stands on a line of its own
            id=message_id if _EVENT_ID.fullmatch(message_id) else uuid.uuid4().hex,
            topic=topic,
            data=message.body.decode(),
            account_ids=frozenset(name for name in named if name),
            position=self._next_position(),
        )
        if len(self._kept) == KEPT_EVENTS:
            self._forgotten = max(self._forgotten, self._kept[0].position)
        self._kept.append(event)
        for account_id in event.account_ids:
            self._push(account_id, event)

    def _next_position(self) -> int:
        self._position += 1
        return self._position

    def _push(self, account_id: str, event: LiveEvent) -> None:
        for subscription in tuple(self._watching.get(account_id, ())):
            subscription.push(event)

    # --- what comes in crowds ---------------------------------------------------------------

    def _gather(self, topic: str, body: bytes) -> None:
        """Keep an event for the next round: at once when the last one was long enough ago."""
        self._gathering.add(topic, body)
        if self._round is None:
            loop = asyncio.get_running_loop()
            at = max(loop.time(), self._round_at + ROUND_SECONDS)
            self._round = loop.call_at(at, self._tell_round)

    def _tell_round(self) -> None:
        """Send the coalesced events to every stream; only the last round of each is kept."""
        self._round, self._round_at = None, asyncio.get_running_loop().time()
        for crowd in self._gathering.take():
            position = self._next_position()
            event = LiveEvent(
                id=f"{self._era}.{position}",
                topic=crowd.topic,
                data=crowd.body(),
                account_ids=frozenset({*crowd.account_ids, crowd.recipient_id} - {""}),
                position=position,
            )
            self._told[crowd.topic, crowd.recipient_id] = event
            self._told.move_to_end((crowd.topic, crowd.recipient_id))
            if len(self._told) > KEPT_EVENTS:
                _, oldest = self._told.popitem(last=False)
                self._forgotten = max(self._forgotten, oldest.position)
            self._push(crowd.recipient_id, event)

    @property
    def last_id(self) -> str:
        """The id of the newest event: whoever subscribes after it misses nothing from now on."""
        return self._kept[-1].id if self._kept else BEGINNING

    # --- watching ---------------------------------------------------------------------------

    def subscribe(self, account_id: str, credential_id: str, last_id: str = "") -> Subscription:
        """Watch an account's events, beginning after the event `last_id` if there is one.

        Refused with `too-many-requests` when this credential watches too often already.
        """
        if self._stopped:
            raise Refused("unavailable", "This gateway is stopping. Connect again.")
        watching = self._watching.get(account_id, ())
        same = sum(other.credential_id == credential_id for other in watching)
        if same >= STREAMS_PER_CREDENTIAL_MAX or len(self._all()) >= STREAMS_MAX:
            detail = "Too many event streams are open. Close one first."
            raise RefusedWith("too-many-requests", detail, headers={"Retry-After": "10"})
        subscription = Subscription(account_id, credential_id)
        for event in self._since(last_id, account_id) if last_id else ():
            subscription.push(event)
        self._watching[account_id].add(subscription)
        return subscription

    def _since(self, last_id: str, account_id: str) -> list[LiveEvent]:
        position = self._position_of(last_id)
        if position is None or position < self._forgotten:
            return [MISSED]
        own = [event for event in self._kept if account_id in event.account_ids]
        own += [
            event for (_, recipient_id), event in self._told.items() if recipient_id == account_id
        ]
        later = sorted(
            (event for event in own if event.position > position),
            key=lambda event: event.position,
        )
        return later if len(later) < WAITING_EVENTS_MAX else [MISSED]

    def _position_of(self, event_id: str) -> int | None:
        era, _, digits = event_id.rpartition(".")
        if era and era == self._era and digits.isdecimal():
            return min(int(digits), self._position)
        found = (event.position for event in self._kept if event.id == event_id)
        return next(found, None)

    def unsubscribe(self, subscription: Subscription) -> None:
        """Stop watching."""
        watching = self._watching[subscription.account_id]
        watching.discard(subscription)
        if not watching:
            del self._watching[subscription.account_id]

    def end_of_account(self, account_id: str) -> None:
        """End an account's streams; whoever may still watch comes back by itself."""
        for subscription in self._watching.get(account_id, ()):
            subscription.end()

    def stop(self) -> None:
        """End every stream, and begin none."""
        self._stopped = True
        for subscription in self._all():
            subscription.end()

    def _all(self) -> list[Subscription]:
        return [one for watching in self._watching.values() for one in watching]
