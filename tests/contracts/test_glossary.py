"""The glossary names what exists, and nothing public uses the words that it replaces."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from prometheus_client import REGISTRY

import contracts
from contracts.base import Value
from contracts.problems import PROBLEMS
from contracts.publish import messages
from gateway import app as gateway_app
from gateway.settings import GatewaySettings

GLOSSARY = Path(__file__).parents[2] / "docs" / "glossary.md"
KEPT_UNTIL_1_0 = {
    *("/v1/repairs", "/v1/repairs.csv", "/v1/repairs/{rejected_call_id}/replay"),
    *("Plan.resting", "AssignPlanNumbers.back_from_rest"),
}
OF_THE_RUNTIME = ("python_", "process_")


def rows(columns: int) -> list[list[str]]:
    """Return the body of the glossary's table with so many columns."""
    lines = GLOSSARY.read_text("utf-8").splitlines()
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if line[:1] == "|"
    ]
    return [row for row in cells if len(row) == columns and not row[0].startswith("---")][1:]


@cache
def classes() -> dict[str, type[Value]]:
    """Return every class of the contracts by its name."""
    modules = pkgutil.walk_packages(contracts.__path__, "contracts.")
    return {
        name: one
        for module in modules
        for name, one in vars(importlib.import_module(module.name)).items()
        if isinstance(one, type) and issubclass(one, Value)
    }


def exists(named: str) -> bool:
    """Tell whether a topic, a problem, a class or a field of one has this name."""
    if named in PROBLEMS or named in {message.topic for message in messages()}:
        return True
    name, _, field = named.partition(".")
    one = classes().get(name)
    return one is not None and (not field or field in one.model_fields)


def fields() -> Iterator[str]:
    """Yield each field of a message, an answer or a part of one, after its class."""
    for name, one in classes().items():
        found = {f"{name}.{field}" for field in one.model_fields}
        yield from found - KEPT_UNTIL_1_0


def paths() -> set[str]:
    routes = [
        route
        for module in gateway_app.ROUTES
        for route in module.router.routes
        if isinstance(route, APIRoute) and route.include_in_schema
    ]
    return {route.path for route in routes} - KEPT_UNTIL_1_0


def metrics() -> set[str]:
    names = {family.name for family in REGISTRY.collect()}
    return {name for name in names if not name.startswith(OF_THE_RUNTIME)}


def variables() -> set[str]:
    prefix = GatewaySettings.model_config.get("env_prefix", "")
    return {f"{prefix}{name}".lower() for name in GatewaySettings.model_fields}


def words_of(name: str) -> set[str]:
    """Return the words of a name, each as it stands and without a plural's s."""
    words = set(re.findall(r"[a-z]+", name.rpartition(".")[2] if name[:1].isupper() else name))
    return words | {word.removesuffix("s") for word in words} | {"contents"} & words


@pytest.mark.parametrize("row", rows(3), ids=lambda row: row[0])
def test_what_the_glossary_names_exists(row: list[str]) -> None:
    named = re.findall(r"`([^`]+)`", row[2])
    assert named, f"{row[0]}: name what carries it"
    assert [one for one in named if not exists(one)] == []


def test_nothing_public_uses_a_word_that_the_glossary_replaces() -> None:
    old = {row[0] for row in rows(2)}
    topics = {message.topic for message in messages()}
    public = [*topics, *fields(), *PROBLEMS, *paths(), *metrics(), *variables()]
    assert sorted(name for name in public if words_of(name) & old) == []


def test_every_metric_begins_with_the_products_name() -> None:
    assert [name for name in metrics() if not name.startswith("accounts_manager_")] == []
