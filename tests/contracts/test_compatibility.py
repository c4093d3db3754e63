"""What may change in a published message, and the sentence that says what may not."""

import json
from typing import Annotated, Any, Literal

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field, create_model

from contracts.compatibility import GROWS, Schema, broken_rules, inlined, misfits

Fields = dict[str, Any]
TOPIC = "probe.thing.v1"


class Part(BaseModel):
    """A part of a message."""

    code: str


class WiderPart(BaseModel):
    """The same part with a field more."""

    code: str
    note: str = ""


class OtherPart(BaseModel):
    """The same part without its field."""

    note: str = ""


class PartOfNumbers(BaseModel):
    """The same part with a field of another type."""

    code: int


def schema(kind: str, fields: Fields) -> Schema:
    """Return the published schema of a message with these fields: a type, or (type, default)."""
    model = create_model("Thing", **fields)
    return {"x-kind": kind, **model.model_json_schema(mode="serialization")}


Short = Annotated[str, Field(max_length=10)]
Long = Annotated[str, Field(max_length=20)]
Few = Annotated[int, Field(ge=1, le=10)]
More = Annotated[int, Field(ge=0, le=20)]
Upper = Annotated[str, Field(pattern="^[A-Z]$")]
Lower = Annotated[str, Field(pattern="^[a-z]$")]
Growing = Annotated[Literal["on", "off"], Field(json_schema_extra={GROWS: True})]

ALLOWED_EVERYWHERE: list[tuple[Fields, Fields]] = [
    ({"name": str}, {"name": str}),
    ({"name": str}, {"name": str, "note": (str, "")}),
    ({"part": Part}, {"part": WiderPart}),
    ({"parts": tuple[Part, ...]}, {"parts": tuple[WiderPart, ...]}),
    ({"part": (Part | None, None)}, {"part": (WiderPart | None, None)}),
    ({"state": Literal["on", "off"]}, {"state": Literal["off", "on"]}),
    ({"limit": (int, 50)}, {"limit": (int, 100)}),
]

# was, is, the field, what may be now: what senders may do to a command, and no event to readers
LOOSER: list[tuple[Fields, Fields, str, str]] = [
    ({"name": str}, {"name": (str, "")}, "name", "may be missing"),
    ({"name": str}, {"name": str | None}, "name", "may be null"),
    ({"name": Short}, {"name": Long}, "name", "may be beyond the maxLength 10"),
    ({"name": Short}, {"name": str}, "name", "may be beyond the maxLength 10"),
    ({"users": Few}, {"users": Annotated[int, Field(ge=1, le=20)]}, "users", "the maximum 10"),
    ({"users": Few}, {"users": Annotated[int, Field(ge=0, le=10)]}, "users", "the minimum 1"),
    ({"state": Literal["on"]}, {"state": Literal["on", "off"]}, "state", 'may be "off"'),
    ({"state": Literal["on", "off"]}, {"state": str}, "state", "may be any value"),
    ({"code": Upper}, {"code": str}, "code", 'may not be of the pattern "^[A-Z]$"'),
    (
        {"numbers": dict[str, Few]},
        {"numbers": dict[str, Annotated[int, Field(ge=1, le=20)]]},
        "numbers.*",
        "the maximum 10",
    ),
]

# was, is, the field, what was published and is not taken any more
CHANGED_FOR_ALL: list[tuple[Fields, Fields, str, str]] = [
    ({"name": str}, {}, "name", "was removed"),
    ({"name": (str, "")}, {}, "name", "was removed"),
    ({"name": str}, {"title": str}, "name", "was removed"),
    ({"part": Part}, {"part": OtherPart}, "part.code", "was removed"),
    ({"parts": tuple[Part, ...]}, {"parts": tuple[OtherPart, ...]}, "parts[].code", "was removed"),
    ({"part": Part | None}, {"part": OtherPart | None}, "part.code", "was removed"),
    ({"name": str}, {"name": str, "note": str}, "note", "may be missing"),
    ({"name": str}, {"name": int}, "name", "may be string"),
    ({"part": Part}, {"part": PartOfNumbers}, "part.code", "may be string"),
    ({"code": Upper}, {"code": Lower}, "code", "of the pattern"),
    ({"on": dict[str, str]}, {"on": dict[str, int]}, "on.*", "may be string"),
    # what the comparison knows nothing about must stay the same
    ({"parts": tuple[Part]}, {"parts": tuple[Part | None]}, "parts", "of the prefixItems"),
]


@pytest.mark.parametrize("kind", ["event", "answer", "command", "query"])
@pytest.mark.parametrize(("was", "now"), ALLOWED_EVERYWHERE)
def test_a_message_may_gain_optional_fields_and_otherwise_stay(
    kind: str, was: Fields, now: Fields
) -> None:
    assert broken_rules(TOPIC, schema(kind, was), schema(kind, now)) == []


@pytest.mark.parametrize("kind", ["event", "answer"])
@pytest.mark.parametrize(("was", "now", "field", "reason"), LOOSER)
def test_what_others_read_may_not_loosen(
    kind: str, was: Fields, now: Fields, field: str, reason: str
) -> None:
    (sentence,) = broken_rules(TOPIC, schema(kind, was), schema(kind, now))
    assert sentence.startswith(f"{TOPIC}: the field `{field}` ")
    assert reason in sentence
    assert "breaks readers" in sentence


@pytest.mark.parametrize("kind", ["command", "query"])
@pytest.mark.parametrize(("was", "now", "field", "reason"), LOOSER)
def test_what_others_send_may_loosen(
    kind: str, was: Fields, now: Fields, field: str, reason: str
) -> None:
    del field, reason  # they are what an event would be refused for
    assert broken_rules(TOPIC, schema(kind, was), schema(kind, now)) == []


@pytest.mark.parametrize("kind", ["event", "answer", "command", "query"])
@pytest.mark.parametrize(("now", "was", "field", "reason"), LOOSER)
def test_nothing_may_demand_more_than_was_published(
    kind: str, was: Fields, now: Fields, field: str, reason: str
) -> None:
    sentences = broken_rules(TOPIC, schema(kind, was), schema(kind, now))
    assert len(sentences) == 1
    assert sentences[0].startswith(f"{TOPIC}: the field `{field}` ")
    assert reason in sentences[0]
    assert "must still be accepted" in sentences[0]


@pytest.mark.parametrize("kind", ["event", "answer", "command", "query"])
@pytest.mark.parametrize(("was", "now", "field", "reason"), CHANGED_FOR_ALL)
def test_nothing_is_ever_removed_renamed_retyped_or_added_as_required(
    kind: str, was: Fields, now: Fields, field: str, reason: str
) -> None:
    sentences = broken_rules(TOPIC, schema(kind, was), schema(kind, now))
    assert any(
        sentence.startswith(f"{TOPIC}: the field `{field}` ") and reason in sentence
        for sentence in sentences
    ), sentences


@pytest.mark.parametrize("kind", ["event", "answer", "command", "query"])
def test_a_list_of_values_that_is_marked_as_growing_may_gain_values_for_readers(kind: str) -> None:
    was, now = schema(kind, {"state": Literal["on"]}), schema(kind, {"state": Growing})
    assert broken_rules(TOPIC, was, now) == []


@pytest.mark.parametrize("kind", ["event", "answer", "command", "query"])
def test_a_list_of_values_that_is_marked_as_growing_still_loses_none(kind: str) -> None:
    was, now = schema(kind, {"state": Growing}), schema(kind, {"state": Literal["on"]})
    (sentence,) = broken_rules(TOPIC, was, now)
    assert 'may be "off", as was published' in sentence


def test_a_message_stays_of_its_kind() -> None:
    (sentence,) = broken_rules(
        TOPIC, schema("event", {"name": str}), schema("command", {"name": str})
    )
    assert sentence == f"{TOPIC} was published as event and cannot become command."


def test_a_query_may_become_a_command_since_both_are_asked_alike() -> None:
    was, now = schema("query", {"name": str}), schema("command", {"name": str})
    assert broken_rules(TOPIC, was, now) == []
    (sentence,) = broken_rules(TOPIC, now, was)
    assert sentence == f"{TOPIC} was published as command and cannot become query."


def test_a_type_that_holds_itself_is_told_not_followed_for_ever() -> None:
    endless = {"$defs": {"Node": {"items": {"$ref": "#/$defs/Node"}}}, "$ref": "#/$defs/Node"}
    with pytest.raises(AssertionError, match="Node holds itself"):
        inlined(endless)


def test_schemas_that_fit_agree_with_a_validator_about_examples() -> None:
    """The comparison is no opinion of its own: a validator says the same of real values."""

    def takes(shape: Schema, value: Any) -> bool:  # noqa: ANN401 - any JSON value
        return not [*Draft202012Validator(shape).iter_errors({"it": value})]  # pyright: ignore[reportUnknownMemberType] - the library's types are partly unknown

    values = [None, "a", "A", "abc", "x" * 15, 0, 5, 15, {"code": "a"}, {"code": 1}, {}, ["a"], []]
    types = [str, Short, Long, Upper, Lower, int, Few, More, Literal["a", "abc"], Part, OtherPart]
    shapes = [
        inlined(schema("event", {"it": one})) for one in (*types, str | None, tuple[str, ...])
    ]
    fitting = 0
    for sent in shapes:
        for read in shapes:
            if [*misfits(sent, read)]:
                continue
            fitting += 1
            for value in values:
                if takes(sent, value):
                    assert takes(read, value), json.dumps([sent, read, value])
    assert fitting > len(shapes)
