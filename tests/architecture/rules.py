"""The house rules that no linter knows: each looks at one file and says what breaks it."""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

FUNCTION_LINES_MAX: Final = 50
FILE_LINES_MAX: Final = 400
ROOM_LINES_MAX: Final = {"model": 300, "store": 200, "handlers": 300, "app": 20}
"""A room that needs more becomes a package of the same name; then each of its files has this."""

FORMATTING: Final = "accounts_manager.formatting"
"""How money and days are written, on pages and in refusals."""

MODEL_MAY_IMPORT: Final = {
    *("pydantic", "contracts", "phonenumbers", "babel", "email_validator", "slugify", "polars"),
    "stdnum",
    *("__future__", "bisect", "collections", "csv", "dataclasses", "datetime", "decimal", "enum"),
    *("fractions", "functools", "hashlib", "heapq", "io", "ipaddress", "itertools", "json", "math"),
    "operator",
    *("re", "string", "types", "typing", "unicodedata", "zoneinfo"),
}
CLOCKS_AND_IDS: Final = {"now", "utcnow", "today", "uuid4", "uuid1", "random", "urandom", "open"}
HANDLERS_NEVER_IMPORT: Final = {
    f"services.chassis.{module}"
    for module in (
        *("bus", "consume", "delivered", "mongo", "process", "relay", "replies", "wire"),
        "telemetry",
    )
}
REGISTRATIONS: Final = {
    *("answers", "answers_at_once", "replies"),
    *("hears", "hears_all", "each_minute", "each_day"),
}
"""What makes a function of the handlers' room a handler."""

REASON: Final = re.compile(r"((ruff: )?noqa: [A-Z0-9, ]+?|pyright: ignore\[[A-Za-z, ]+\]) - \S.*")
EXCUSE: Final = re.compile(r"noqa|ruff:|pyright:|type:\s*ignore|nosec|pragma:")


@dataclass(frozen=True)
class Source:
    """A Python file: its path in the repository and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text)

    @property
    def room(self) -> str:
        """Which room of a service the file is (part of), or an empty text."""
        steps = self.path.removesuffix(".py").split("/")
        is_service = len(steps) > 2 and steps[0] == "services" and steps[1] != "chassis"
        # a service that is cut by noun has its rooms one folder deeper
        rooms = (step for step in steps[2:4] if step in ROOM_LINES_MAX)
        return next(rooms, "") if is_service else ""

    @property
    def lines(self) -> int:
        """How many lines it has."""
        return self.text.count("\n")

    def at(self, node: ast.AST, sentence: str) -> str:
        """Return a sentence with the place that it is about."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {sentence}"

    @property
    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Every function, however deep."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node

    @property
    def imports(self) -> Iterator[tuple[ast.stmt, str]]:
        """Every module that is imported, with the name taken from it: `a.b`, or `a` and `b`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield node, alias.name
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    yield node, f"{node.module}.{alias.name}"


Rule = Callable[[Source], Iterator[str]]


def functions_are_short(source: Source) -> Iterator[str]:
    """Refuse a function of more than 50 lines."""
    for function in source.functions:
        lines = (function.end_lineno or 0) - function.lineno + 1
        if lines > FUNCTION_LINES_MAX:
            yield source.at(
                function, f"{function.name} has {lines} lines, not {FUNCTION_LINES_MAX}"
            )


def files_are_short(source: Source) -> Iterator[str]:
    """Refuse a file of more than 400 lines, and a room of a service beyond its budget."""
    budget = ROOM_LINES_MAX.get(source.room, FILE_LINES_MAX)
    if source.lines > budget:
        yield f"{source.path}: {source.lines} lines, not {budget}; split it by noun"


def models_only_decide(source: Source) -> Iterator[str]:
    """Refuse a clock, random ids, input, output and anything asynchronous in a model."""
    if source.room != "model":
        return
    service = ".".join(source.path.split("/")[:2])
    # its own service's models: import-linter says which of them lie below
    own = re.compile(rf"{re.escape(service)}\.(\w+\.)?model\.")
    for node, name in source.imports:
        allowed = name.split(".")[0] in MODEL_MAY_IMPORT or name.startswith(FORMATTING)
        if not allowed and not own.match(f"{name}."):
            yield source.at(node, f"a model does not import {name}")
    for node in ast.walk(source.tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
            yield source.at(node, "nothing in a model is asynchronous")
        if isinstance(node, ast.Call) and _called(node) in CLOCKS_AND_IDS:
            yield source.at(node, f"a model is told the time and the ids: {_called(node)}()")


def _called(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def stores_send_nothing(source: Source) -> Iterator[str]:
    """Refuse messages from a store: what is announced and told is the handlers'."""
    if source.room == "store":
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and _called(node) in {"announce", "tell"}:
                yield source.at(node, "a store sends no messages")


def _handlers(source: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for function in source.functions:
        for decorator in function.decorator_list:
            named = decorator.func if isinstance(decorator, ast.Call) else decorator
            if isinstance(named, ast.Attribute) and named.attr in REGISTRATIONS:
                yield function


def handlers_leave_the_rest_to_the_chassis(source: Source) -> Iterator[str]:
    """Refuse a broker, a driver and a catch in a handler: its transaction is one."""
    if source.room != "handlers":
        return
    for node, name in source.imports:
        for never in HANDLERS_NEVER_IMPORT:
            if f"{name}.".startswith(f"{never}."):
                yield source.at(node, f"a handler does not import {never}")
    for function in _handlers(source):
        for node in ast.walk(function):
            if isinstance(node, ast.Try | ast.TryStar):
                yield source.at(node, f"{function.name} catches; the chassis does that")


def handlers_say_what_they_do(source: Source) -> Iterator[str]:
    """Want one sentence from each handler: it is what the AsyncAPI document says of it."""
    if source.room != "handlers":
        return
    for function in _handlers(source):
        said = " ".join((ast.get_docstring(function) or "").split())
        ends = re.findall(r"[.!?](?=\s|$)", said)
        if not said.endswith(".") or len(ends) != 1:
            yield source.at(function, f"{function.name} needs a docstring of one sentence")


def every_excuse_has_a_reason(source: Source) -> Iterator[str]:
    """Want to know why a check is switched off, behind its code: `noqa: X000 - reason`."""
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type != tokenize.COMMENT:
            continue
        for part in token.string.split("#"):
            if EXCUSE.match(part.strip()) and not REASON.fullmatch(part.strip()):
                yield f"{source.path}:{token.start[0]}: `{part.strip()}` gives no reason"


def tests_do_not_sleep(source: Source) -> Iterator[str]:
    """Want a test to wait for what it expects (asking again, up to a limit), never for time."""
    if not source.path.startswith("tests/"):
        return
    for function in source.functions:
        for node in ast.walk(function) if function.name.startswith("test_") else ():
            if isinstance(node, ast.Call) and _called(node) in {"sleep", "wait_for_timeout"}:
                yield source.at(node, f"{function.name} sleeps")


def the_language_stands_alone(source: Source) -> Iterator[str]:
    """Refuse all imports of the contracts but the standard library and pydantic."""
    if not source.path.startswith("contracts/"):
        return
    for node, name in source.imports:
        package = name.split(".")[0]
        if package not in {"contracts", "pydantic"} and package not in sys.stdlib_module_names:
            yield source.at(node, f"the contracts do not import {package}")


RULES: Final[tuple[Rule, ...]] = (
    functions_are_short,
    files_are_short,
    models_only_decide,
    stores_send_nothing,
    handlers_leave_the_rest_to_the_chassis,
    handlers_say_what_they_do,
    every_excuse_has_a_reason,
    tests_do_not_sleep,
    the_language_stands_alone,
)
