"""`python -m services.chassis.asyncapi` writes what each service hears and says, as AsyncAPI 3.0.

With `--check` it writes nothing and fails when the committed documents are not up to date.
"""

import argparse
import inspect
import json
import re
import sys
import warnings
from typing import Any, Final

from faststream.specification.asyncapi import AsyncAPI
from pydantic.json_schema import models_json_schema

from contracts.base import CATALOGUE, Answer, Ask, Message, Problem
from contracts.publish import FOLDER, WireSchema, as_text, kind_of, synchronise
from services.chassis import wire
from services.chassis.discover import load_service, service_names
from services.chassis.process import build_broker
from services.chassis.service import Service

Json = dict[str, Any]

VERSION: Final = "1.0.0"
SERVER: Final = "rabbitmq"
REPLIES: Final = "replies"
AMQP_BINDING: Final = "0.3.0"
PERSISTENT: Final = 2
ENVELOPE: Final = f"""\
Events are published to the topic exchange `{wire.EVENTS_EXCHANGE}`, commands and queries to the
topic exchange `{wire.COMMANDS_EXCHANGE}`; the routing key is the channel's address. The body is
JSON in UTF-8; AMQP properties are the envelope: `message_id` (a repeated one is worked off once),
`type` (the topic), `correlation_id`, `timestamp`, `content_type` and, to be answered, `reply_to`.
A reply has the type `{wire.ANSWER_TYPE}` or `{wire.PROBLEM_TYPE}`. Readers ignore fields that they
do not know. To hear events, bind a queue of your own to `{wire.EVENTS_EXCHANGE}`."""


def document(service: Service) -> Json:
    """Return the AsyncAPI 3.0 document of a service, made from the broker that it runs with.

    FastStream knows the channels, operations and bindings; the contracts know what is said.
    """
    broker = build_broker(service, None, "amqp://localhost/")
    with warnings.catch_warnings():
        # FastStream only warns when one channel overwrites another.
        warnings.simplefilter("error")
        made = AsyncAPI(broker, title=service.name, version=VERSION, schema_version="3.0.0")
        described = json.loads(made.to_specification().to_json())
    topics = sorted(described["channels"])
    kinds = [CATALOGUE[topic] for topic in topics]
    answers = _answers([kind for kind in kinds if kind in service.handlers])
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"Accounts Manager: {service.name}",
            "version": VERSION,
            "description": ENVELOPE,
        },
        "defaultContentType": wire.JSON_TYPE,
        "servers": {SERVER: _server()},
        "channels": {
            **{kind.topic: _channel(kind, described["channels"][kind.topic]) for kind in kinds},
            **({REPLIES: _replies(answers)} if answers else {}),
        },
        "operations": {
            kind.topic: _operation(kind, service, described["operations"][kind.topic])
            for kind in kinds
        },
        "components": {
            "messages": {
                **{kind.topic: _message(kind) for kind in kinds},
                **{answer.__name__: _answer(answer) for answer in answers},
            },
            "schemas": _schemas([*kinds, *answers]),
        },
    }


def _answers(handled: list[type[Message]]) -> list[type[Answer]]:
    """Return what these messages may be answered with, a refusal last."""
    answers = {kind.answer.__name__: kind.answer for kind in handled if issubclass(kind, Ask)}
    return [*(answers[name] for name in sorted(answers)), *([Problem] if answers else [])]


def _server() -> Json:
    """Say that it is a RabbitMQ, not where: that is each installation's own."""
    return {
        "host": "{host}",
        "protocol": "amqp",
        "protocolVersion": "0.9.1",
        "variables": {"host": {"description": "Host and port of the installation's RabbitMQ."}},
    }


def _channel(kind: type[Message], described: Json) -> Json:
    binding = described["bindings"]["amqp"]
    for part in ("exchange", "queue"):
        binding.get(part, {}).pop("vhost", None)  # where it is is each installation's own
    return {
        "address": kind.topic,
        "title": _words(kind),
        "description": inspect.cleandoc(kind.__doc__ or ""),
        "servers": [_reference("servers", SERVER)],
        "messages": {kind.topic: _reference("components", "messages", kind.topic)},
        "bindings": {"amqp": binding},
    }


def _replies(answers: list[type[Answer]]) -> Json:
    """Describe the queue that an asker names in `reply_to`."""
    names = [answer.__name__ for answer in answers]
    return {
        "address": None,
        "title": "Replies",
        "description": "The queue that the asker names in `reply_to`.",
        "servers": [_reference("servers", SERVER)],
        "messages": {name: _reference("components", "messages", name) for name in names},
    }


def _operation(kind: type[Message], service: Service, described: Json) -> Json:
    receives = described["action"] == "receive"
    handling = {"ack": True} if receives else {"deliveryMode": PERSISTENT}
    operation: Json = {
        "action": described["action"],
        "channel": _reference("channels", kind.topic),
        "title": _words(kind),
        "summary": inspect.getdoc(service.handlers.get(kind, kind)),
        "tags": [{"name": kind_of(kind)}],
        "bindings": {"amqp": {**handling, "bindingVersion": AMQP_BINDING}},
        "messages": [_reference("channels", kind.topic, "messages", kind.topic)],
    }
    if receives and issubclass(kind, Ask):
        answers = (kind.answer, Problem)
        operation["reply"] = {
            "address": {"location": "$message.header#/reply_to"},
            "channel": _reference("channels", REPLIES),
            "messages": [
                _reference("channels", REPLIES, "messages", answer.__name__) for answer in answers
            ],
        }
    return operation


def _message(kind: type[Message]) -> Json:
    examples = sorted((FOLDER / "examples" / kind.topic).glob("*.json"))
    return {
        "name": kind.topic,
        "title": _words(kind),
        "summary": inspect.cleandoc(kind.__doc__ or ""),
        "contentType": wire.JSON_TYPE,
        "correlationId": {"location": "$message.header#/correlation_id"},
        "payload": _reference("components", "schemas", kind.__name__),
        "bindings": {"amqp": {"messageType": kind.topic, "bindingVersion": AMQP_BINDING}},
        "examples": [
            {"name": example.stem, "payload": json.loads(example.read_bytes())}
            for example in examples
        ],
    }


def _answer(answer: type[Answer]) -> Json:
    kind = wire.PROBLEM_TYPE if answer is Problem else wire.ANSWER_TYPE
    return {
        "name": answer.__name__,
        "title": _words(answer),
        "summary": inspect.cleandoc(answer.__doc__ or ""),
        "contentType": wire.JSON_TYPE,
        "correlationId": {"location": "$message.header#/correlation_id"},
        "payload": _reference("components", "schemas", answer.__name__),
        "bindings": {"amqp": {"messageType": kind, "bindingVersion": AMQP_BINDING}},
    }


def _schemas(models: list[type[Message] | type[Answer]]) -> Json:
    """Return the schema of each model and of all that they hold, by class name."""
    _, definitions = models_json_schema(
        [(model, "serialization") for model in models],
        schema_generator=WireSchema,
        ref_template="#/components/schemas/{model}",
    )
    found: Json = definitions.get("$defs", {})
    return dict(sorted(found.items()))


def _reference(*steps: str) -> Json:
    return {"$ref": f"#/{'/'.join(steps)}"}


def _words(kind: type[Message] | type[Answer]) -> str:
    """Return a class name as people read it: `AccountOpening` is "Account opening"."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", kind.__name__).capitalize()


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
