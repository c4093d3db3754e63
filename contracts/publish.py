"""`python -m contracts.publish` writes the JSON Schemas; with `--check` it only compares.

It fails, and writes nothing, when a message changed in a way that breaks those who send or read
what is published: what git has committed, or the files as they are where there is no git.
"""

import argparse
import importlib
import io
import json
import pkgutil
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic.json_schema import GenerateJsonSchema

import contracts
from contracts.base import CATALOGUE, Ask, Command, Event, Message, Problem
from contracts.compatibility import KIND, Schema, broken_rules

FOLDER: Final = Path(__file__).parent
GIT_SECONDS_MAX: Final = 30
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_ENDED = re.compile(r"^- `(?P<topic>[a-z0-9.-]+)` ends (?P<day>\d{4}-\d{2}-\d{2})\b", re.MULTILINE)


def messages() -> list[type[Message]]:
    """Return every published message, by topic."""
    for module in pkgutil.walk_packages(contracts.__path__, "contracts."):
        importlib.import_module(module.name)
    ours = [kind for kind in CATALOGUE.values() if kind.__module__.startswith("contracts.")]
    return sorted(ours, key=lambda kind: kind.topic)


def kind_of(message: type[Message]) -> str:
    """Return which of the three kinds of message it is."""
    if issubclass(message, Event):
        return "event"
    return "command" if issubclass(message, Command) else "query"


def schemas() -> dict[str, Schema]:
    """Return the JSON Schema of each message, of each answer and of a refusal, by file name."""
    found = {"problem.json": _schema(Problem, "answer")}
    for message in messages():
        found[f"{message.topic}.json"] = _schema(message, kind_of(message))
        if issubclass(message, Ask):
            found[f"{message.topic}.answer.json"] = _schema(message.answer, "answer")
    return found


class WireSchema(GenerateJsonSchema):
    """Leaves out the titles of fields, which only say the name again."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - pydantic's signature
        """Say no, whatever the field."""
        return False


def _schema(model: type[BaseModel], kind: str) -> Schema:
    """Return the schema of a model as it stands on the wire."""
    shape = model.model_json_schema(mode="serialization", schema_generator=WireSchema)
    return {"$schema": DIALECT, KIND: kind, **shape}


def as_text(document: Mapping[str, Any]) -> str:
    """Return a JSON document as it is kept in a file."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def published_files(folder: Path, since: str) -> dict[str, str]:
    """Return the schemas, examples and notes that git has at a revision, by path in the folder.

    Without git (an image, an archive) they are the files as they are.
    """
    inside = [parent / ".git" for parent in folder.resolve().parents if (parent / ".git").exists()]
    git = shutil.which("git")
    if git is None or not inside:
        files = [path for path in folder.rglob("*") if path.suffix in {".json", ".md"}]
        return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in files}
    archive = subprocess.run(  # noqa: S603 - no shell, and git comes from the machine's path
        [git, "-C", str(folder), "archive", since, "."],
        check=True,
        capture_output=True,
        timeout=GIT_SECONDS_MAX,
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        return {
            member.name.removeprefix("./"): content.read().decode()
            for member in files
            if member.isfile() and (content := files.extractfile(member)) is not None
        }


def ends_of(changelog: str) -> dict[str, date]:
    """Return the messages that were taken away or will be, and when, as the notes say."""
    return {
        found["topic"]: date.fromisoformat(found["day"]) for found in _ENDED.finditer(changelog)
    }


def broken_promises(
    published: Mapping[str, str], today: Mapping[str, Schema], folder: Path, on: date
) -> Iterator[str]:
    """Yield a sentence for each promise to other systems that today's classes break.

    `published` are files by their path, `today` the schemas by file name, `folder` holds today's
    examples, and `on` is the day: a message may go once its end, said in the CHANGELOG, has come.
    """
    ends = ends_of(published.get("CHANGELOG.md", ""))
    for path, text in sorted(published.items()):
        place, _, rest = path.partition("/")
        topic = (rest.split("/")[0]).removesuffix(".json").removesuffix(".answer")
        if place not in {"schemas", "examples"} or ends.get(topic, date.max) <= on:
            continue
        if place == "schemas" and rest in today:
            yield from broken_rules(rest.removesuffix(".json"), json.loads(text), today[rest])
        elif place == "schemas":
            yield f"{rest.removesuffix('.json')} was removed or renamed; others still use it."
        elif not (folder / path).exists() or (folder / path).read_text("utf-8") != text:
            yield f"{topic}: the example {rest} was changed; examples are only ever added."


def unreadable_examples(folder: Path) -> Iterator[str]:
    """Yield a sentence for each example that today's class cannot read, or that is missing."""
    for message in messages():
        examples = sorted((folder / "examples" / message.topic).glob("*.json"))
        if not examples:
            yield f"{message.topic}: write an example, contracts/examples/{message.topic}/001.json."
        for example in examples:
            try:
                message.model_validate_json(example.read_bytes())
            except ValidationError as error:
                fields = ", ".join(".".join(map(str, fault["loc"])) for fault in error.errors())
                yield f"{message.topic}: the example {example.name} is not read any more: {fields}."


def synchronise(folder: Path, wanted: Mapping[str, str], *, check: bool) -> list[str]:
    """Make the JSON files of a folder those that are wanted; with `check` say what differs."""
    there = {path.name: path.read_text("utf-8") for path in folder.glob("*.json")}
    if check:
        different = [name for name in wanted if there.get(name) != wanted[name]]
        stale = there.keys() - wanted.keys()
        return [
            f"{folder.name}/{name} is not up to date; run `make contracts` and commit it."
            for name in sorted({*different, *stale})
        ]
    folder.mkdir(exist_ok=True)
    for name in there.keys() - wanted.keys():
        (folder / name).unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, "utf-8")
    return []


def main(arguments: list[str] | None = None) -> int:
    """Write or check the schemas; return 1, and tell every fault, when a promise is broken."""
    parser = argparse.ArgumentParser("python -m contracts.publish", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail on a difference")
    parser.add_argument("--since", default="HEAD", help="the git revision that is published")
    options = parser.parse_args(arguments)
    today = schemas()
    faults = [
        *broken_promises(
            published_files(FOLDER, options.since), today, FOLDER, datetime.now(UTC).date()
        ),
        *unreadable_examples(FOLDER),
    ]
    if not faults:
        wanted = {name: as_text(schema) for name, schema in today.items()}
        faults = synchronise(FOLDER / "schemas", wanted, check=options.check)
    for fault in faults:
        print(fault, file=sys.stderr)  # noqa: T201 - a command line answers on the terminal
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
