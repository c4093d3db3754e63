"""May a published message change like this? Compares its JSON Schema with the one of today."""

import json
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Schema = dict[str, Any]
Misfit = tuple[str, str]
"""A field (a dotted path, empty = the whole message) and what it may be, to its reader's harm."""

UPPER_BOUNDS: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
LOWER_BOUNDS: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
WITHOUT_MEANING: Final = {"$schema", "$defs", "title", "description", "default", "examples"}
COMPARED: Final = {
    *("type", "properties", "required", "items", "additionalProperties", "anyOf", "oneOf"),
    *("enum", "const", *UPPER_BOUNDS, *LOWER_BOUNDS),
}
REFERENCES: Final = {"$ref", "$defs"}
KIND: Final = "x-kind"
GROWS: Final = "x-grows"
"""Marks a list of values that may gain values in events and answers; readers must expect them."""

ASKED: Final = ("command", "query")


def _asked_alike(published: str, today: str) -> bool:
    """Tell whether askers see no difference: a query that turns out to change something does."""
    return (published, today) == ("query", "command")


def broken_rules(topic: str, published: Schema, today: Schema) -> list[str]:
    """Return a sentence for each way in which today's schema breaks the published one.

    What others send (commands, queries) must still be accepted. What others read (events,
    answers) must also fit whoever reads by the published schema, except for new values of a list
    that is marked as growing. No field ever goes away.
    """
    if published[KIND] != today[KIND] and not _asked_alike(published[KIND], today[KIND]):
        return [f"{topic} was published as {published[KIND]} and cannot become {today[KIND]}."]
    was, now = inlined(published), inlined(today)
    removed = sorted(_fields(was) - _fields(now))
    broken = [f"{topic}: the field `{field}` was removed." for field in removed]
    broken += [
        f"{topic}: {_named(field)} {reason}, as was published, and must still be accepted so."
        for field, reason in misfits(was, now)
    ]
    if published[KIND] not in ASKED:
        broken += [
            f"{topic}: {_named(field)} {reason} now, which breaks readers of what was published."
            for field, reason in misfits(now, was, may_grow=True)
            if field not in removed
        ]
    return broken


def _named(field: str) -> str:
    return f"the field `{field}`" if field else "the message"


def inlined(schema: Schema) -> Schema:
    """Return the schema with each `$ref` replaced by what it means; no schema may hold itself."""
    definitions: dict[str, Schema] = schema.get("$defs", {})

    def expand(part: Json, inside: tuple[str, ...]) -> Json:
        if isinstance(part, list):
            return [expand(one, inside) for one in part]
        if not isinstance(part, dict):
            return part
        own = {key: expand(value, inside) for key, value in part.items() if key not in REFERENCES}
        name = str(part.get("$ref", "")).removeprefix("#/$defs/")
        if not name:
            return own
        assert name not in inside, f"{name} holds itself, which cannot be compared"
        meant = expand(definitions[name], (*inside, name))
        assert isinstance(meant, dict), f"{name} is no schema"
        return {**meant, **own}

    expanded = expand(schema, ())
    assert isinstance(expanded, dict), "a schema is an object"
    return expanded


def misfits(
    sent: Schema, read: Schema, path: str = "", *, may_grow: bool = False
) -> Iterator[Misfit]:
    """Yield where a value that is sent by one schema may be one that the other does not take.

    Fields that the reader does not know are no misfits: readers ignore them. With `may_grow`,
    neither are new values of a list that `sent` marks as growing. A keyword that nothing is known
    about must be the same in both.
    """
    for one in _alternatives(sent):
        alike = [other for other in _alternatives(read) if other.get("type") == one.get("type")]
        if not alike:
            yield path, f"may be {_kind(one)}"
            continue
        found = [[*_misfits_alike(one, other, path, may_grow=may_grow)] for other in alike]
        yield from min(found, key=len)


def _alternatives(schema: Schema) -> list[Schema]:
    return schema.get("anyOf") or schema.get("oneOf") or [schema]


def _kind(schema: Schema) -> str:
    return schema.get("type") or "of any type"


def _misfits_alike(sent: Schema, read: Schema, path: str, *, may_grow: bool) -> Iterator[Misfit]:
    """Compare two schemas of one type."""
    yield from _misfit_values(sent, read, path, may_grow=may_grow)
    yield from _misfit_bounds(sent, read, path)
    for keyword in sorted(read.keys() - COMPARED - WITHOUT_MEANING):
        if not keyword.startswith("x-") and sent.get(keyword) != read[keyword]:
            yield path, f"may not be of the {keyword} {json.dumps(read[keyword])}"
    for name, part in read.get("properties", {}).items():
        field = f"{path}.{name}".lstrip(".")
        if name in read.get("required", ()) and name not in sent.get("required", ()):
            yield field, "may be missing"
        if name in sent.get("properties", {}):
            yield from misfits(sent["properties"][name], part, field, may_grow=may_grow)
    for keyword, mark in (("items", "[]"), ("additionalProperties", ".*")):
        if isinstance(read.get(keyword), dict):
            inner = sent.get(keyword)
            if isinstance(inner, dict):
                yield from misfits(inner, read[keyword], f"{path}{mark}", may_grow=may_grow)  # pyright: ignore[reportUnknownArgumentType] - JSON
            else:
                yield f"{path}{mark}", "may be anything"
        elif read.get(keyword) is False and sent.get(keyword) is not False:
            yield f"{path}{mark}", "may be there"


def _misfit_values(sent: Schema, read: Schema, path: str, *, may_grow: bool) -> Iterator[Misfit]:
    accepted, possible = _values(read), _values(sent)
    if accepted is None or (may_grow and possible and sent.get(GROWS)):
        return
    if possible is None:
        yield path, "may be any value"
        return
    for value in possible:
        if value not in accepted:
            yield path, f"may be {json.dumps(value, ensure_ascii=False)}"


def _values(schema: Schema) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _misfit_bounds(sent: Schema, read: Schema, path: str) -> Iterator[Misfit]:
    beyond: tuple[tuple[tuple[str, ...], Callable[[Any, Any], bool]], ...] = (
        (UPPER_BOUNDS, lambda possible, accepted: possible > accepted),
        (LOWER_BOUNDS, lambda possible, accepted: possible < accepted),
    )
    for bounds, is_beyond in beyond:
        for keyword in bounds:
            if keyword not in read:
                continue
            if keyword not in sent or is_beyond(sent[keyword], read[keyword]):
                yield path, f"may be beyond the {keyword} {read[keyword]}"


def _fields(schema: Schema, path: str = "") -> set[str]:
    """Return the dotted path of each field, however deep."""
    found: set[str] = set()
    for one in _alternatives(schema):
        for name, part in one.get("properties", {}).items():
            field = f"{path}.{name}".lstrip(".")
            found |= {field, *_fields(part, field)}
        for keyword, mark in (("items", "[]"), ("additionalProperties", ".*")):
            if isinstance(one.get(keyword), dict):
                found |= _fields(one[keyword], f"{path}{mark}")
    return found
