"""What `make contracts` writes, and what it refuses."""

import ast
import importlib
import json
import pkgutil
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import contracts
from contracts import publish
from contracts.base import CATALOGUE, Answer, Ask, Value
from contracts.publish import (
    FOLDER,
    as_text,
    broken_promises,
    kind_of,
    messages,
    published_files,
    schemas,
    synchronise,
    unreadable_examples,
)

TODAY = date(2026, 11, 22)
OPENING = "accounts.account-opening.v1"
GIT_SECONDS_MAX = 30


def git(folder: Path, *arguments: str) -> None:
    """Run git in a folder, as a person with a name."""
    command = ["git", "-c", "user.name=Test", "-c", "user.email=test@example.org", *arguments]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=GIT_SECONDS_MAX)  # noqa: S603 - the arguments are the test's


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a repository of its own with the schemas and examples of today, committed."""
    copy = tmp_path / "contracts"
    shutil.copytree(FOLDER / "examples", copy / "examples")
    synchronise_all(copy)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message=Publish")
    return copy


@cache
def wanted() -> dict[str, str]:
    return {name: as_text(schema) for name, schema in schemas().items()}


def synchronise_all(folder: Path) -> None:
    synchronise(folder / "schemas", wanted(), check=False)


def commit(folder: Path) -> None:
    git(folder, "add", "--all", ".")
    git(folder, "commit", "--quiet", "--message=Change")


def broken(folder: Path, on: date = TODAY) -> list[str]:
    return [*broken_promises(published_files(folder, "HEAD"), schemas(), folder, on)]


def test_what_is_committed_is_what_the_classes_say() -> None:
    assert publish.main(["--check"]) == 0


def test_every_schema_is_a_json_schema_of_2020_12() -> None:
    for name, schema in schemas().items():
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema", name
        Draft202012Validator.check_schema(schema)


def test_every_message_and_every_answer_has_a_schema() -> None:
    names = schemas().keys()
    for message in messages():
        assert f"{message.topic}.json" in names
        assert (f"{message.topic}.answer.json" in names) == issubclass(message, Ask)
    assert "problem.json" in names


def test_what_is_sent_has_the_same_form_as_what_is_read() -> None:
    """One schema is enough for both sides; only how a default is written may differ."""

    def without_defaults(part: object) -> object:
        if isinstance(part, dict):
            return {k: without_defaults(v) for k, v in part.items() if k != "default"}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - JSON
        return [without_defaults(one) for one in part] if isinstance(part, list) else part  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - JSON

    for message in messages():
        models: list[type[Value]] = [message]
        if issubclass(message, Ask):
            models.append(message.answer)
        for model in models:
            sent = model.model_json_schema(mode="serialization")
            read = model.model_json_schema(mode="validation")
            assert without_defaults(sent) == without_defaults(read), model.__name__


def values() -> Iterator[type[Value]]:
    """Every class of the published language."""
    for module in pkgutil.walk_packages(contracts.__path__, "contracts."):
        for one in vars(importlib.import_module(module.name)).values():
            ours = isinstance(one, type) and issubclass(one, Value)
            if ours and one.__module__ == module.name and "[" not in one.__name__:
                yield one


def test_no_two_parts_of_the_language_have_the_same_name() -> None:
    names = [one.__name__ for one in values()]
    assert len(names) == len(set(names))


def test_every_part_of_the_language_says_what_it_is() -> None:
    for one in values():
        assert one.__doc__, one.__name__


def test_a_topic_is_a_literal_that_stands_once_in_the_contracts() -> None:
    literals = [
        str(keyword.value.value)
        for path in sorted(FOLDER.rglob("*.py"))
        for declared in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(declared, ast.ClassDef)
        for keyword in declared.keywords
        if keyword.arg == "topic" and isinstance(keyword.value, ast.Constant)
    ]
    assert sorted(literals) == [message.topic for message in messages()]


def test_a_topic_names_its_owner_as_the_module_does() -> None:
    for message in messages():
        assert message.__module__.split(".")[1] == message.owner, message.topic


def test_messages_of_others_are_not_published() -> None:
    importlib.import_module("services.chassis.process")
    assert all(kind.__module__.startswith("contracts.") for kind in messages())
    assert {kind.topic for kind in messages()} <= CATALOGUE.keys()


# --- examples -------------------------------------------------------------------------------


def test_every_message_has_an_example_that_its_class_and_its_schema_take() -> None:
    assert [*unreadable_examples(FOLDER)] == []
    today = schemas()
    for message in messages():
        validator = Draft202012Validator(today[f"{message.topic}.json"])
        for example in sorted((FOLDER / "examples" / message.topic).glob("*.json")):
            body = json.loads(example.read_bytes())
            assert [*validator.iter_errors(body)] == [], example  # pyright: ignore[reportUnknownMemberType] - the library's types are partly unknown


def test_every_example_is_said_again_as_it_was_read() -> None:
    for message in messages():
        for example in sorted((FOLDER / "examples" / message.topic).glob("*.json")):
            body = json.loads(example.read_bytes())
            read = message.model_validate_json(example.read_bytes())
            # an example is never changed, so it may lack a field that came later
            assert read.model_dump(mode="json", exclude_unset=True) == body, example


def test_examples_belong_to_messages_and_are_numbered() -> None:
    topics = {message.topic for message in messages()}
    for path in sorted((FOLDER / "examples").rglob("*.json")):
        assert path.parent.name in topics, path
        assert path.stem.isdecimal(), path


def test_a_missing_example_is_told(folder: Path) -> None:
    shutil.rmtree(folder / "examples" / OPENING)
    (sentence,) = unreadable_examples(folder)
    assert sentence == f"{OPENING}: write an example, contracts/examples/{OPENING}/001.json."


def test_an_example_that_the_class_does_not_read_is_told(folder: Path) -> None:
    (folder / "examples" / OPENING / "002.json").write_text('{"account_id": 7}')
    (sentence,) = unreadable_examples(folder)
    assert sentence.startswith(f"{OPENING}: the example 002.json is not read any more: account_id")


@pytest.mark.parametrize("harm", ["change", "remove"])
def test_a_committed_example_stays_as_it_is(folder: Path, harm: str) -> None:
    example = folder / "examples" / OPENING / "001.json"
    if harm == "change":
        example.write_text("{}")
    else:
        example.unlink()
    assert broken(folder) == [
        f"{OPENING}: the example {OPENING}/001.json was changed; examples are only ever added."
    ]


def test_examples_may_be_added(folder: Path) -> None:
    shutil.copy(
        folder / "examples" / OPENING / "001.json", folder / "examples" / OPENING / "002.json"
    )
    assert broken(folder) == []


# --- promises -------------------------------------------------------------------------------


def test_today_keeps_every_promise(folder: Path) -> None:
    assert broken(folder) == []


def test_what_git_has_counts_not_what_lies_in_the_folder(folder: Path) -> None:
    schema = folder / "schemas" / f"{OPENING}.json"
    document = json.loads(schema.read_bytes())
    document["properties"]["colour"] = {"type": "string"}
    document["required"].append("colour")
    schema.write_text(as_text(document))
    commit(folder)
    synchronise_all(folder)
    assert broken(folder) == [f"{OPENING}: the field `colour` was removed."]


def test_without_git_the_files_count_as_they_are(folder: Path) -> None:
    shutil.rmtree(folder.parent / ".git")
    schema = folder / "schemas" / f"{OPENING}.json"
    document = json.loads(schema.read_bytes())
    document["properties"]["realm"]["maxLength"] = 10
    schema.write_text(as_text(document))
    (sentence,) = broken(folder)
    assert sentence.startswith(f"{OPENING}: the field `realm` may be beyond the maxLength 10 now")


@pytest.mark.parametrize("name", ["accounts.retired.v1.json", "accounts.retired.v1.answer.json"])
def test_a_message_never_goes_away_unannounced(folder: Path, name: str) -> None:
    shutil.copy(folder / "schemas" / f"{OPENING}.json", folder / "schemas" / name)
    commit(folder)
    (sentence,) = broken(folder)
    assert sentence == f"{name.removesuffix('.json')} was removed or renamed; others still use it."


def test_a_message_may_go_once_the_announced_day_has_come(folder: Path) -> None:
    name = "accounts.retired.v1.json"
    shutil.copy(folder / "schemas" / f"{OPENING}.json", folder / "schemas" / name)
    (folder / "CHANGELOG.md").write_text("- `accounts.retired.v1` ends 2027-01-31; hear v2.\n")
    commit(folder)
    assert len(broken(folder, on=date(2027, 1, 30))) == 1
    assert broken(folder, on=date(2027, 1, 31)) == []


# --- files ----------------------------------------------------------------------------------


def test_a_folder_becomes_what_is_wanted_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "stale.json").write_text("{}")
    (tmp_path / "same.json").write_text("{}")
    files = {"same.json": "{}", "new.json": "[]"}
    name = tmp_path.name
    told = synchronise(tmp_path, files, check=True)
    assert [sentence.split()[0] for sentence in told] == [f"{name}/new.json", f"{name}/stale.json"]
    assert (tmp_path / "stale.json").exists()
    assert synchronise(tmp_path, files, check=False) == []
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == files
    assert synchronise(tmp_path, files, check=True) == []


def test_a_broken_promise_is_told_and_nothing_is_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(publish, "FOLDER", folder)
    schema = folder / "schemas" / f"{OPENING}.json"
    before = schema.read_text()
    changed = schemas()
    changed[f"{OPENING}.json"]["required"].remove("realm")
    monkeypatch.setattr(publish, "schemas", lambda: changed)
    assert publish.main([]) == 1
    assert f"{OPENING}: the field `realm` may be missing now" in capsys.readouterr().err
    assert schema.read_text() == before


def test_the_kinds_of_message_are_told_apart() -> None:
    kinds = {kind_of(message) for message in messages()}
    assert kinds == {"event", "command", "query"}
    for message in messages():
        assert (kind_of(message) == "event") == (not issubclass(message, Ask)), message.topic
        assert not issubclass(message, Answer), message.topic
