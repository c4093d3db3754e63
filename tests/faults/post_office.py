"""Several services on real databases, whose messages come twice and in any order."""

import random
from dataclasses import dataclass, field

from contracts.base import CATALOGUE, Event, Message, Refused
from services.chassis import mongo
from services.chassis.database import OUTBOX, Trigger
from services.chassis.service import Service
from tests.harness import Harness

DELIVERIES_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Delivery:
    """One copy of a message on its way to one service."""

    service: str
    message_id: str
    message: Message


@dataclass(slots=True)
class PostOffice:
    """Carries messages between services: each one twice, in an order of chance."""

    services: dict[str, Harness]
    chance: random.Random
    waiting: list[Delivery] = field(default_factory=list[Delivery])
    _collected: set[str] = field(default_factory=set[str])

    @classmethod
    async def open(
        cls, services: list[Service], mongodb_url: str, prefix: str, chance: random.Random
    ) -> "PostOffice":
        """Start every service on an empty database."""
        harnesses = {
            service.name: await Harness.start(service, mongodb_url, prefix) for service in services
        }
        return cls(harnesses, chance)

    async def close(self) -> None:
        """Drop the databases."""
        for harness in self.services.values():
            await harness.stop()

    async def carry_everything(self) -> None:
        """Deliver until nothing is on its way any more."""
        for _ in range(DELIVERIES_MAX):
            await self._collect()
            if not self.waiting:
                return
            await self._deliver(self.waiting.pop(self.chance.randrange(len(self.waiting))))
        message = "the services send each other messages without end"
        raise AssertionError(message)

    async def _collect(self) -> None:
        """Take what left the services since, one copy too many of each."""
        for harness in self.services.values():
            for document in await harness.database.documents(OUTBOX).find(
                {"_id": {"$nin": list(self._collected)}},
                sort=[("_id", mongo.ASCENDING)],
                limit=1_000,
            ):
                self._collected.add(document["_id"])
                message = CATALOGUE[document["type"]].model_validate_json(document["body"])
                for service in self._receivers(message):
                    delivery = Delivery(service, document["_id"], message)
                    self.waiting += [delivery, delivery]

    def _receivers(self, message: Message) -> list[str]:
        return [
            name
            for name, harness in self.services.items()
            if type(message) in harness.service.handlers
            and (isinstance(message, Event) or message.owner == name)
        ]

    async def _deliver(self, delivery: Delivery) -> None:
        harness = self.services[delivery.service]
        handler = harness.service.handlers[type(delivery.message)]
        trigger = Trigger(message_id=delivery.message_id, correlation_id="test")
        try:
            await harness.database.once(
                delivery.service, trigger, lambda tx: handler(delivery.message, tx)
            )
        except Refused:
            # As on the broker: a refusal is an answer, and nobody waits for a told command's.
            return
        except LookupError as error:
            if type(error) is not LookupError:
                raise  # a wrong index or key, not a message that came too early
            self.waiting.append(delivery)  # as on the broker: it comes again
