"""How the parts of the system are, as far as the gateway can tell."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from contracts.base import CATALOGUE, Ask, Refused
from gateway.identity.caller import Caller, action
from services.chassis import wire
from services.chassis.bus import PUBLISH_ERRORS
from services.chassis.queues import QueueDepth, depths

SERVICES: Final = ("accounts", "billing", "numbers", "notifications")


@dataclass(frozen=True, slots=True)
class ServiceHealth:
    """One service: ready when every queue of its commands and queries has a consumer."""

    name: str
    ready: bool
    waiting: int
    """Commands and queries that no consumer has taken yet."""

    dead_letters: int
    """Messages that could not be processed; operators replay or drop them."""


@dataclass(frozen=True, slots=True)
class SystemHealth:
    """What is wrong with the gateway itself, by part, and how each service is."""

    faults: dict[str, str]
    services: tuple[ServiceHealth, ...]


@action("operator", in_person=True)
async def find_health(caller: Caller) -> SystemHealth:
    """Tell how gateway and services are; refused as `unavailable` while RabbitMQ is away."""
    gateway = caller.gateway
    asked = {service: _queues_of(service) for service in SERVICES}
    names = [name for queues in asked.values() for name in queues]
    try:
        found = await depths(gateway.settings.rabbitmq_url.get_secret_value(), names)
    except PUBLISH_ERRORS as error:
        detail = "RabbitMQ doesn't answer, so the state of the services is unknown."
        raise Refused("unavailable", detail) from error
    by_name = {depth.name: depth for depth in found}
    return SystemHealth(
        faults=await gateway.what_is_wrong(),
        services=tuple(
            _health(service, (by_name[name] for name in queues))
            for service, queues in asked.items()
        ),
    )


def _queues_of(service: str) -> tuple[str, ...]:
    """Return the queues of what can be asked of a service; its dead letters last."""
    asked = sorted(
        topic
        for topic, kind in CATALOGUE.items()
        if kind.owner == service and issubclass(kind, Ask)
    )
    return (*asked, wire.dead_letter_queue(service))


def _health(service: str, found: Iterable[QueueDepth]) -> ServiceHealth:
    *asked, dead = found
    return ServiceHealth(
        name=service,
        ready=all(depth.consumers for depth in asked),
        waiting=sum(depth.messages for depth in asked),
        dead_letters=dead.messages,
    )
