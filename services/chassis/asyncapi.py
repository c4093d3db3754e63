"""`python -m services.chassis.asyncapi` writes what each service hears and says, as AsyncAPI 3.0.

With `--check` it writes nothing and fails when the committed documents are not up to date.
"""

import argparse
import inspect
import json
import re
import sys
import warnings
from collections.abc import Callable
from typing import Any, Final

from faststream.rabbit import ExchangeType, QueueType, RabbitBroker, RabbitExchange, RabbitQueue
from faststream.specification.asyncapi import AsyncAPI
from pydantic.json_schema import models_json_schema

from contracts.base import CATALOGUE, Answer, Ask, Event, Message, Problem
from contracts.publish import FOLDER, WireSchema, as_text, kind_of, synchronise
from services.chassis import wire
from services.chassis.discover import load_service, service_names
from services.chassis.router import COMMANDS, EVENTS
from services.chassis.service import Service

Json = dict[str, Any]

VERSION: Final = "1.0.0"
SERVER: Final = "rabbitmq"
REPLIES: Final = "replies"
AMQP_BINDING: Final = "0.3.0"
ENVELOPE: Final = f"""\
Events are published to the topic exchange `{wire.EVENTS_EXCHANGE}`, commands and queries to the
topic exchange `{wire.COMMANDS_EXCHANGE}`; the routing key is the channel's address. The body is
JSON in UTF-8; AMQP properties are the envelope: `message_id` (a repeated one is handled once),
`type` (the topic), `correlation_id`, `timestamp`, `content_type` and, to be answered, `reply_to`.
A reply has the type `{wire.ANSWER_TYPE}` or `{wire.PROBLEM_TYPE}`. Readers ignore fields that they
do not know. To receive events, bind a queue of your own to `{wire.EVENTS_EXCHANGE}`."""


def document(service: Service) -> Json:
    """Return the AsyncAPI 3.0 document of a service: FastStream's, and what it has no words for.

    Those are titles and examples, what a question may be answered with, the kind of each message,
    bodies as they are on the wire (FastStream describes them as they are read: with numbers for
    money as defaults), and that the address of the server is each installation's own.
    """
    made = AsyncAPI(
        _broker(service),
        title=f"Accounts Manager: {service.name}",
        version=VERSION,
        description=ENVELOPE,
    )
    with warnings.catch_warnings():
        # FastStream only warns when one channel overwrites another.
        warnings.simplefilter("error")
        whole: Json = json.loads(made.to_specification().to_json())
    (server,) = whole["servers"].values()
    server["variables"] = {"host": {"description": "Host and port of the installation's RabbitMQ."}}
    whole["servers"] = {SERVER: server}
    kinds = [CATALOGUE[topic] for topic in whole["operations"]]
    for kind in kinds:
        _complete(whole, kind)
    answers = _add_replies(whole, [kind for kind in service.handlers if issubclass(kind, Ask)])
    whole["components"]["schemas"] = _schemas([*kinds, *answers])
    return _sorted(whole)


def _broker(service: Service) -> RabbitBroker:
    """Return the service's broker, and with it what is taken and published by aio-pika."""
    broker = RabbitBroker(
        specification_url="amqp://{host}",
        routers=[router.rabbit_router() for router in service.routers],
    )
    for kind, handler in service.questions.items():
        queue = RabbitQueue(kind.topic, durable=True, auto_delete=True)
        broker.subscriber(queue, COMMANDS, title=kind.topic)(_taker(kind, inspect.getdoc(handler)))
    # of the queues that lanes take one kind from, the first stands for all
    for kind, source in {one.kind: one for one in reversed(service.sources)}.items():
        broker.subscriber(
            RabbitQueue(source.queue, queue_type=QueueType.QUORUM, durable=True),
            RabbitExchange(source.exchange, type=ExchangeType.X_CONSISTENT_HASH, durable=True),
            title=kind.topic,
        )(_taker(kind, inspect.getdoc(kind)))
    for kind in service.sends:
        broker.publisher(
            exchange=EVENTS if issubclass(kind, Event) else COMMANDS,
            routing_key=kind.topic,
            schema=kind,
            title=kind.topic,
            description=inspect.getdoc(kind),
            persist=True,
        )
    return broker


def _taker(kind: type[Message], does: str | None) -> Callable[..., Any]:
    """Return a handler that takes a kind of message, for the document alone."""

    async def take(message: Message) -> None: ...

    take.__annotations__["message"] = kind
    take.__doc__ = does
    return take


def _complete(whole: Json, kind: type[Message]) -> None:
    """Add to a channel, its message and its operation what FastStream has no words for."""
    channel = whole["channels"][kind.topic]
    for part in ("exchange", "queue"):
        channel["bindings"]["amqp"].get(part, {}).pop("vhost", None)  # each installation's own
    channel["title"] = _words(kind)
    channel["description"] = inspect.cleandoc(channel["description"])
    channel["servers"] = [{"$ref": f"#/servers/{SERVER}"}]
    operation = whole["operations"][kind.topic]
    operation |= {
        "title": _words(kind),
        "summary": channel["description"],
        "tags": [{"name": kind_of(kind)}],
    }
    (reference,) = channel["messages"].values()
    message = whole["components"]["messages"][reference["$ref"].rpartition("/")[2]]
    examples = sorted((FOLDER / "examples" / kind.topic).glob("*.json"))
    message |= {
        "name": kind.topic,
        "title": _words(kind),
        "summary": inspect.getdoc(kind),
        "bindings": {"amqp": {"messageType": kind.topic, "bindingVersion": AMQP_BINDING}},
        "examples": [
            {"name": example.stem, "payload": json.loads(example.read_bytes())}
            for example in examples
        ],
    }


def _add_replies(whole: Json, asked: list[type[Ask[Any]]]) -> list[type[Answer]]:
    """Add and return what questions may be answered with, in the queue that the asker names."""
    if not asked:
        return []
    answers: dict[str, type[Answer]] = {kind.answer.__name__: kind.answer for kind in asked}
    answers[Problem.__name__] = Problem
    for kind in asked:
        whole["operations"][kind.topic]["reply"] = {
            "address": {"location": "$message.header#/reply_to"},
            "channel": {"$ref": f"#/channels/{REPLIES}"},
            "messages": [
                {"$ref": f"#/channels/{REPLIES}/messages/{name}"}
                for name in (kind.answer.__name__, Problem.__name__)
            ],
        }
    whole["channels"][REPLIES] = {
        "address": None,
        "description": "The queue that the asker names in `reply_to`.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in sorted(answers)},
    }
    for name, answer in answers.items():
        whole["components"]["messages"][name] = {
            "name": wire.PROBLEM_TYPE if answer is Problem else wire.ANSWER_TYPE,
            "title": _words(answer),
            "summary": inspect.getdoc(answer),
            "correlationId": {"location": "$message.header#/correlation_id"},
            "payload": {"$ref": f"#/components/schemas/{name}"},
        }
    return [*answers.values()]


def _schemas(models: list[type[Message] | type[Answer]]) -> Json:
    """Return the schema of each model on the wire and of all that they hold, by class name."""
    _, definitions = models_json_schema(
        [(model, "serialization") for model in models],
        schema_generator=WireSchema,
        ref_template="#/components/schemas/{model}",
    )
    found: Json = definitions.get("$defs", {})
    return found


def _words(kind: type[Message] | type[Answer]) -> str:
    """Return a class name as people read it: `AccountOpening` is "Account opening"."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", kind.__name__).capitalize()


def _sorted(whole: Json) -> Json:
    """Return a document whose parts are in order, whatever the order of registration."""
    parts = {name: dict(sorted(part.items())) for name, part in whole["components"].items()}
    ordered = {name: dict(sorted(whole[name].items())) for name in ("channels", "operations")}
    return {**whole, **ordered, "components": parts}


def main(arguments: list[str] | None = None) -> int:
    """Write or check the document of each service; return 1 when one is not up to date."""
    parser = argparse.ArgumentParser("python -m services.chassis.asyncapi", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail on a difference")
    options = parser.parse_args(arguments)
    wanted = {
        f"{service.name}.json": as_text(document(service))
        for service in map(load_service, service_names())
    }
    faults = synchronise(FOLDER / "asyncapi", wanted, check=options.check)
    for fault in faults:
        print(fault, file=sys.stderr)  # noqa: T201 - a command line answers on the terminal
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
