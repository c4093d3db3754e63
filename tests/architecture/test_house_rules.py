"""The house rules hold for every file of the project."""

import re
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

from contracts.publish import ends_of, messages
from tests.architecture.documents import (
    Project,
    broken_references,
    decision_faults,
    machine_faults,
    switched_off_without_reason,
)
from tests.architecture.rules import RULES, Rule, Source

ROOT = Path(__file__).parents[2]
DECISIONS = ROOT / "docs" / "decisions"
COMMAND_SECONDS_MAX = 60
IN_SLICE = re.compile(r"services/\w+/\w+/handlers/")
"""A file of a slice: of a service that is cut by noun, so that its rooms lie one folder deeper."""


@cache
def files() -> tuple[str, ...]:
    """Every file that git has, or would have after `git add`."""
    git = shutil.which("git")
    assert git is not None, "git says which files are the project's"
    listed = subprocess.run(  # noqa: S603 - no shell, and git comes from the machine's path
        [git, "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS_MAX,
    ).stdout
    return tuple(sorted(path for path in listed.split("\0") if path and (ROOT / path).is_file()))


@cache
def sources() -> tuple[Source, ...]:
    """Every Python file."""
    return tuple(
        Source(path, (ROOT / path).read_text("utf-8")) for path in files() if path.endswith(".py")
    )


@cache
def project() -> Project:
    """Find what documents may speak of."""
    usage = subprocess.run(
        [sys.executable, "-m", "accounts_manager.operations"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS_MAX,
    ).stderr
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    return Project(
        files=files(),
        left_out={line.strip("/") for line in ignored if line.endswith("/")},
        targets=set(
            re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
        ),
        topics={
            *(message.topic for message in messages()),
            *ends_of((ROOT / "contracts" / "CHANGELOG.md").read_text("utf-8")),
        },
        operations=set(re.findall(r"^accounts-manager (\S+)", usage, re.MULTILINE)),
    )


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_python_file_keeps_the_rule(rule: Rule) -> None:
    faults = [fault for source in sources() for fault in rule(source)]
    assert not faults, "\n".join(faults)


def test_every_service_is_guarded_by_the_import_rules() -> None:
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    rules = {rule["id"]: rule for rule in linter["contracts"]}
    apps = [path.split("/") for path in files() if re.fullmatch(r"services/\w+/app\.py", path)]
    services = {f"services.{steps[1]}" for steps in apps}
    topics = {f"contracts.{message.owner}" for message in messages()}
    by_noun = {".".join(path.split("/")[:3]) for path in files() if IN_SLICE.match(path)}
    cut = {slice_.rpartition(".")[0] for slice_ in by_noun}
    assert set(rules["rooms"]["containers"]) == services - cut
    assert set(rules["slices"]["containers"]) == cut
    assert set(rules["slice-rooms"]["containers"]) == by_noun
    assert set(rules["services"]["modules"]) == services
    assert services | topics <= set(rules["chassis"]["forbidden_modules"])
    assert services <= set(rules["gateway"]["forbidden_modules"])


DOCUMENTS = [
    "contracts/CHANGELOG.md",
    *sorted(
        str(path.relative_to(ROOT))
        for folder in (".", "docs", "docs/how-to")
        for path in (ROOT / folder).glob("*.md")
    ),
]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_path_command_and_topic_of_a_document_exists(name: str) -> None:
    faults = [*broken_references(name, (ROOT / name).read_text("utf-8"), project())]
    assert not faults, "\n".join(faults)


def test_every_decision_has_its_five_parts_on_one_page() -> None:
    records = sorted(DECISIONS.glob("*"))
    assert records, "decisions are kept in docs/decisions"
    faults = [fault for path in records for fault in decision_faults(path.name, path.read_text())]
    assert not faults, "\n".join(faults)


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [path.name.split("-")[0] for path in sorted(DECISIONS.glob("*.md"))]
    assert numbers == [f"{number:04d}" for number in range(1, len(numbers) + 1)]


def test_every_reference_of_a_decision_exists() -> None:
    faults = [
        fault
        for path in sorted(DECISIONS.glob("*.md"))
        for fault in broken_references(path.name, path.read_text("utf-8"), project())
    ]
    assert not faults, "\n".join(faults)


def test_no_file_names_a_place_on_one_machine_or_a_package_registry() -> None:
    faults: list[str] = []
    for path in files():
        try:
            text = (ROOT / path).read_text("utf-8")
        except UnicodeDecodeError:
            continue  # a picture or a font
        faults += machine_faults(path, text)
    assert not faults, "\n".join(faults)


def test_pyproject_says_why_a_check_is_switched_off() -> None:
    assert [*switched_off_without_reason((ROOT / "pyproject.toml").read_text("utf-8"))] == []
