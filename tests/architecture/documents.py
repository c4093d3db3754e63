"""The house rules for what people read: the tour, the decisions, and every tracked file."""

import re
import shlex
import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from itertools import chain
from pathlib import PurePath
from typing import Final

DECISION_HEADINGS: Final = ["Context", "Decision", "Consequences", "Alternatives", "Revisit when"]
DECISION_LINES_MAX: Final = 60

_SUPERSEDED = re.compile(r"Superseded (?:in part )?by \[(\d{4})\]\((\d{4})-[a-z0-9-]+\.md\): \S.*")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")
_TOPIC = re.compile(r"[a-z]+\.[a-z0-9-]+\.v\d+")
_PATH = re.compile(r"[\w.*-]*(/[\w.*-]+)*/?")
_FILE_ENDING = re.compile(r"\.(py|md|json|ya?ml|toml|png|sh|html|css|js|lock|cfg|conf)$")
_MACHINE = re.compile(r"(?<![\w.])/(?:work|root|(?:home|Users)/[\w.-]+)/")
_REGISTRY = re.compile(
    # pieced together, so that this file does not name them either
    r"\b(?:" + "|".join(["pypi[.]" + "org", "python" + "hosted[.]org", "npm" + "js[.]"]) + r")",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Project:
    """What a document may speak of."""

    files: Collection[str]
    """Every tracked file."""

    left_out: Collection[str]
    """Folders that only a run makes, such as `.run`."""

    targets: Collection[str]
    """Of the Makefile."""

    topics: Collection[str]
    operations: Collection[str]
    """What `accounts-manager` understands."""

    def has(self, path: str) -> bool:
        """Tell whether a file, or a folder in its place, is there; `*` stands for any name."""
        wanted = path.rstrip("/")
        places = _places(tuple(self.files))
        names = (wanted, wanted.removesuffix(".py"))
        if "*" in wanted:
            return any(fnmatch(place, name) for place in places for name in names)
        return not places.isdisjoint(names)


@cache
def _places(files: tuple[str, ...]) -> frozenset[str]:
    """Return each file and each folder, by every end of its path."""
    whole = {*files, *(str(folder) for file in files for folder in PurePath(file).parents)}
    parts = [place.split("/") for place in whole if place != "."]
    return frozenset("/".join(steps[start:]) for steps in parts for start in range(len(steps)))


def broken_references(name: str, text: str, project: Project) -> Iterator[str]:
    """Yield each path, command and topic of a document that does not exist."""
    fences = _FENCE.findall(text)
    prose = _FENCE.sub("", text)
    for target in _LINK.findall(prose):
        place, _, heading = target.partition("#")
        if not place and heading not in _headings(prose):
            yield f"{name}: there is no heading for the link #{heading}"
        if place and "://" not in place and not project.has(place):
            yield f"{name}: there is no {place}"
    for code in _CODE.findall(prose):
        yield from (f"{name}: {fault}" for fault in _broken_code(code, project))
    for language, lines in fences:
        if language in {"sh", "bash", "console"}:
            for line in lines.splitlines():
                command = line.removeprefix("$ ")
                yield from (f"{name}: {fault}" for fault in _broken_command(command, project))


def _headings(text: str) -> set[str]:
    """Return the headings as links name them."""
    found = re.findall(r"^#+ +(.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in found}


def _broken_code(code: str, project: Project) -> Iterator[str]:
    if _TOPIC.fullmatch(code):
        if code not in project.topics:
            yield f"there is no message {code}"
    elif " " in code:
        yield from _broken_command(code, project)
    elif _is_path(code, project) and not project.has(code):
        yield f"there is no {code}"


def _is_path(code: str, project: Project) -> bool:
    """Tell paths of the project from routes, media types and the like."""
    first = code.split("/", maxsplit=1)[0]
    if not _PATH.fullmatch(code) or not first or first in project.left_out:
        return False
    return bool(_FILE_ENDING.search(code)) or ("/" in code and project.has(first))


def _broken_command(command: str, project: Project) -> Iterator[str]:
    """Look at what is ours in a command: make targets, modules of the project, scripts."""
    try:
        words = shlex.split(command, comments=True)
    except ValueError:
        return  # a part of a command of several lines
    if words[:1] == ["make"]:
        for word in words[1:]:
            if "=" not in word and word not in project.targets:
                yield f"make has no target {word}"
    elif words[:1] == ["docker"] and not project.has("docker-compose.yml"):
        yield "there is no docker-compose.yml"
    elif words and words[0].split("/")[-1] == "accounts-manager":
        if words[1:] and words[1] not in project.operations:
            yield f"accounts-manager does not understand {words[1]}"
    elif words[1:2] == ["-m"] and words[0].split("/")[-1].startswith("python"):
        yield from _broken_module(words[2], words[3:], project)
    elif words and "/" in words[0] and _is_path(words[0], project) and not project.has(words[0]):
        yield f"there is no {words[0]}"


def _broken_module(module: str, arguments: list[str], project: Project) -> Iterator[str]:
    path = module.replace(".", "/")
    if not project.has(path.split("/")[0]):
        return  # somebody else's program
    if f"{path}.py" not in project.files and f"{path}/__main__.py" not in project.files:
        yield f"python -m {module} does not run"
    elif module == "services" and not project.has(f"services/{arguments[0]}/app.py"):
        yield f"there is no service {arguments[0]}"


def decision_faults(name: str, text: str) -> Iterator[str]:
    """Yield what a decision record lacks: its number as title, five headings, one page.

    Below its title stands nothing but which later ones supersede it, and in what.
    """
    number = name.split("-", maxsplit=1)[0]
    if not re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", name):
        yield f"{name}: a decision is named 0001-in-a-few-words.md"
    if not re.match(rf"# {number}: \S", text):
        yield f"{name}: its title begins with `# {number}: `"
    sections = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    if sections[1::2] != DECISION_HEADINGS:
        yield f"{name}: its headings are {', '.join(DECISION_HEADINGS)}, in this order"
    for line in filter(None, sections[0].splitlines()[1:]):
        successor = _SUPERSEDED.fullmatch(line)
        if successor is None or successor[1] != successor[2] or successor[1] <= number:
            yield f"{name}: below its title stands `Superseded by [number](file): in what`"
    for heading, body in zip(sections[1::2], sections[2::2], strict=True):
        if not body.strip():
            yield f"{name}: nothing stands under {heading}"
    if text.count("\n") > DECISION_LINES_MAX:
        yield f"{name}: a decision fits on one page of {DECISION_LINES_MAX} lines"


def machine_faults(path: str, text: str) -> Iterator[str]:
    """Yield each line that only holds on one machine, or that names a package registry."""
    for number, line in enumerate(text.splitlines(), 1):
        if found := _MACHINE.search(line):
            yield f"{path}:{number}: a path of one machine: {found[0]}"
        if found := _REGISTRY.search(line):
            yield f"{path}:{number}: a package registry: {found[0]}"


def switched_off_without_reason(text: str) -> Iterator[str]:
    """Yield each check that pyproject.toml switches off without saying why beside it."""
    tools = tomllib.loads(text)["tool"]
    lint = tools["ruff"]["lint"]
    codes = {*lint["ignore"], *chain.from_iterable(lint["per-file-ignores"].values())}
    softened = {name for name in tools["pyright"] if name.startswith("report")}
    for line in text.splitlines():
        named = re.match(r'\s*"?(\w+)"?\s*(,|=|$)', line)
        if named and named[1] in codes | softened and not re.search(r"# \S", line):
            yield f"pyproject.toml: {named[1]} is switched off and gives no reason"
