"""The AsyncAPI documents: what each service hears and says, for those who do not read Python."""

import inspect
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from contracts.base import Ask, Event
from contracts.publish import FOLDER
from services.chassis import asyncapi
from services.chassis.asyncapi import document
from services.chassis.discover import load_service, service_names
from services.chassis.service import Service
from tests.chassis.service_for_tests import Add, FindTotal, add, find_total
from tests.chassis.service_for_tests import service as probe

Json = dict[str, Any]

SERVICES = [load_service(name) for name in service_names()]
everywhere = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)


@cache
def described(name: str) -> Json:
    return document(next(service for service in SERVICES if service.name == name))


def parts(part: Json | list[Any]) -> Iterator[Json]:
    """Every object in a document, however deep."""
    if isinstance(part, dict):
        yield part
    for inner in part.values() if isinstance(part, dict) else part:
        if isinstance(inner, dict | list):
            yield from parts(inner)  # pyright: ignore[reportUnknownArgumentType] - JSON


def resolved(whole: Json, reference: str) -> Any:  # noqa: ANN401 - any JSON
    """Return what a reference points to; KeyError when it points nowhere."""
    part: Any = whole
    for step in reference.removeprefix("#/").split("/"):
        part = part[step]
    return part


def test_there_is_a_document_for_every_service_and_none_for_another() -> None:
    names = {path.stem for path in (FOLDER / "asyncapi").glob("*.json")}
    apps = (Path(asyncapi.__file__).parent.parent).glob("*/app.py")
    assert names == {app.parent.name for app in apps} == {service.name for service in SERVICES}


def test_the_committed_documents_are_up_to_date() -> None:
    assert asyncapi.main(["--check"]) == 0


@everywhere
def test_it_is_asyncapi_3_with_everything_that_it_requires(service: Service) -> None:
    whole = described(service.name)
    assert whole["asyncapi"] == "3.0.0"
    assert whole["info"]["title"]
    assert whole["info"]["version"]
    for server in whole["servers"].values():
        assert server["protocol"] == "amqp"
        assert server["host"] == "{host}", "an address is each installation's own"
    for operation in whole["operations"].values():
        assert operation["action"] in {"send", "receive"}
        channel = resolved(whole, operation["channel"]["$ref"])
        own = [f"{operation['channel']['$ref']}/messages/{name}" for name in channel["messages"]]
        assert [message["$ref"] for message in operation["messages"]] == own
    for message in whole["components"]["messages"].values():
        assert message["title"]
        assert message["summary"]
        assert resolved(whole, message["payload"]["$ref"])["type"] == "object"


@everywhere
def test_every_reference_points_to_something(service: Service) -> None:
    whole = described(service.name)
    references = [part["$ref"] for part in parts(whole) if isinstance(part.get("$ref"), str)]
    assert references
    for reference in references:
        assert resolved(whole, reference) is not None, reference


@everywhere
def test_it_lists_every_message_that_the_service_hears_and_says(service: Service) -> None:
    operations = described(service.name)["operations"]
    heard = {kind.topic for kind in service.handlers}
    heard |= {source.kind.topic for source in service.sources}
    said = {kind.topic for kind in service.sends}
    assert {t for t, one in operations.items() if one["action"] == "receive"} == heard
    assert {t for t, one in operations.items() if one["action"] == "send"} == said


@everywhere
def test_what_a_handler_does_is_said_in_the_words_of_its_docstring(service: Service) -> None:
    operations = described(service.name)["operations"]
    for kind, handler in service.handlers.items():
        assert operations[kind.topic]["summary"] == inspect.getdoc(handler)


@everywhere
def test_every_question_says_how_it_may_be_answered(service: Service) -> None:
    operations = described(service.name)["operations"]
    for kind in service.handlers:
        if issubclass(kind, Event):
            assert "reply" not in operations[kind.topic]
        else:
            assert issubclass(kind, Ask)
            answers = [one["$ref"] for one in operations[kind.topic]["reply"]["messages"]]
            names = [kind.answer.__name__, "Problem"]
            assert answers == [f"#/channels/replies/messages/{name}" for name in names]


@everywhere
def test_its_schemas_take_its_examples(service: Service) -> None:
    whole = described(service.name)
    checked = 0
    for message in whole["components"]["messages"].values():
        for example in message.get("examples", ()):
            validator = Draft202012Validator({**whole, "$ref": message["payload"]["$ref"]})
            assert [*validator.iter_errors(example["payload"])] == []  # pyright: ignore[reportUnknownMemberType] - the library's types are partly unknown
            checked += 1
    assert checked >= len(service.handlers)


@everywhere
def test_the_document_is_the_same_however_often_it_is_made(service: Service) -> None:
    assert json.dumps(document(service)) == json.dumps(described(service.name))


def test_an_event_is_bound_to_the_topic_exchange_and_a_command_has_a_queue() -> None:
    channels = described("accounts")["channels"]
    said = channels["accounts.account-opening.v1"]["bindings"]["amqp"]
    assert said["is"] == "routingKey"
    assert said["exchange"]["name"] == "events"
    assert said["exchange"]["type"] == "topic"
    heard = channels["numbers.numbers-reserved.v1"]["bindings"]["amqp"]
    assert heard["queue"]["name"] == "accounts.on.numbers.numbers-reserved.v1"
    asked = channels["accounts.open-account.v1"]["bindings"]["amqp"]
    assert asked["queue"]["name"] == "accounts.open-account.v1"


def test_a_message_that_is_heard_and_said_by_one_service_is_told_not_lost() -> None:
    """The channel of one would overwrite the other's."""
    with pytest.raises(RuntimeWarning, match=r"probe\.add(ed)?\.v1"):
        document(probe)


def test_a_service_without_an_event_of_its_own_is_described_as_well() -> None:
    quiet = Service("probe")
    quiet.router().answers(Add)(add)
    quiet.replies(FindTotal)(find_total)
    whole = document(quiet)
    assert list(whole["operations"]) == ["probe.add.v1", "probe.find-total.v1"]
    assert list(whole["channels"]) == ["probe.add.v1", "probe.find-total.v1", "replies"]
