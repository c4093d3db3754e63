"""Each import rule of pyproject.toml finds what it is there to find."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYPROJECT = ROOT / "pyproject.toml"
COMMAND_SECONDS_MAX = 60
SERVICES = ("accounts", "numbers", "notifications")
SLICES = ("audit", "base", "charging", "invoicing", "ledger", "lifecycle", "plans", "rating")
"""Of billing, which is cut by noun."""

GATEWAY = {
    "events": "live",
    "features": "module",
    "files": "tables",
    "http": "problems",
    "identity": "caller",
    "memory": "drafts",
    "portal": "forms",
}
"""A module of each folder."""

ROOMS = ("app", "handlers", "store", "model")

# the rule that it breaks, the module that imports, what it imports
BREACHES = [
    ("rooms", "services/accounts/model.py", "services.accounts.store"),
    ("slices", "services/billing/base/model.py", "services.billing.ledger.model"),
    ("slice-rooms", "services/billing/ledger/store.py", "services.billing.ledger.handlers"),
    ("slice-stores", "services/billing/plans/store.py", "services.billing.ledger.handlers"),
    ("slice-models", "services/billing/plans/model.py", "services.billing.ledger.store"),
    ("services", "services/numbers/handlers.py", "services.billing.base.model"),
    ("language", "contracts/billing.py", "services.chassis.wire"),
    ("documents", "accounts_manager/documents/invoice.py", "services.billing.base.model"),
    ("drawing", "services/billing/base/handlers.py", "accounts_manager.documents.invoice"),
    ("weasyprint", "services/notifications/handlers.py", "weasyprint"),
    ("chassis", "services/chassis/wire.py", "contracts.accounts"),
    ("gateway", "gateway/app.py", "services.accounts.store"),
    ("gateway-layers", "gateway/http/problems.py", "gateway.identity.caller"),
    ("feature-pages", "gateway/features/rates/pages.py", "gateway.features.plans.pages"),
    ("actions", "gateway/features/rates/actions.py", "gateway.features.rates.views"),
    ("product", "services/billing/base/store.py", "local"),
    ("integrations", "integrations/switch/agent.py", "services.chassis.wire"),
    ("mongodb", "services/billing/base/store.py", "pymongo"),
    ("fastapi", "services/accounts/handlers.py", "fastapi"),
    ("rabbitmq", "services/numbers/handlers.py", "aio_pika"),
    ("models", "services/numbers/model.py", "motor.motor_asyncio"),
]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Give a project as small as the rules allow, with nothing wrong in it."""
    packages = ["contracts", "gateway", "local", "services", "services/chassis"]
    packages += ["accounts_manager", "accounts_manager/documents"]
    packages += ["integrations", "integrations/switch"]
    modules = [f"contracts/{owner}.py" for owner in (*SERVICES, "billing", "calls")]
    for owner in SERVICES:
        packages.append(f"services/{owner}")
        modules += [f"services/{owner}/{room}.py" for room in ROOMS]
    packages.append("services/billing")
    modules.append("services/billing/app.py")
    for name in SLICES:
        packages.append(f"services/billing/{name}")
        modules += [f"services/billing/{name}/{room}.py" for room in (*ROOMS[1:], "lanes")]
    modules += [f"gateway/{name}.py" for name in ("__main__", "pages", "settings")]
    for layer, module in GATEWAY.items():
        packages.append(f"gateway/{layer}")
        modules.append(f"gateway/{layer}/{module}.py")
    for feature in ("plans", "rates"):
        packages.append(f"gateway/features/{feature}")
        rooms = ("actions", "api", "pages", "schemas", "views")
        modules += [f"gateway/features/{feature}/{room}.py" for room in rooms]
    for package in packages:
        modules.append(f"{package}/__init__.py")
    modules += [
        "accounts_manager/documents/invoice.py",
        "gateway/app.py",
        "integrations/switch/agent.py",
        "integrations/switch/broker.py",
        "services/chassis/wire.py",
        "services/chassis/mongo.py",
    ]
    for module in modules:
        (tmp_path / module).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / module).touch()
    # what the rules speak of must be imported by somebody who may
    add(tmp_path, "services/chassis/mongo.py", "motor", "pymongo", "bson")
    add(tmp_path, "services/chassis/wire.py", "faststream", "fast_depends", "aio_pika", "aiormq")
    add(tmp_path, "services/chassis/wire.py", "uvicorn", "structlog", "prometheus_client")
    add(tmp_path, "services/chassis/wire.py", "uvloop", "pydantic_settings")
    add(tmp_path, "gateway/app.py", "fastapi", "starlette")
    add(tmp_path, "accounts_manager/documents/invoice.py", "weasyprint")
    shutil.copy(PYPROJECT, tmp_path)
    return tmp_path


def add(tree: Path, module: str, *imported: str) -> None:
    """Write imports into a module."""
    with (tree / module).open("a") as file:
        file.writelines(f"import {name}\n" for name in imported)


def broken_rules(tree: Path, *limit: str) -> set[str]:
    """Return the names of the rules that the tree breaks."""
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command as lint; lint()",
    ]
    done = subprocess.run(  # noqa: S603 - no shell; the linter of this environment
        [*command, "--no-cache", "--no-logo", *(f"--contract={rule}" for rule in limit)],
        cwd=tree,
        check=False,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS_MAX,
        env={"PYTHONPATH": str(tree), "COLUMNS": "200"},
    )
    assert "Contracts:" in done.stdout, done.stdout + done.stderr
    broken = set(re.findall(r"^(.+) BROKEN$", done.stdout, re.MULTILINE))
    assert (done.returncode == 0) == (not broken)
    return broken


def names() -> dict[str, str]:
    """Return the name of each rule by its id."""
    rules = tomllib.loads(PYPROJECT.read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    return {rule["id"]: rule["name"] for rule in rules}


def test_every_import_rule_has_a_breach_here() -> None:
    assert {rule for rule, *_ in BREACHES} == names().keys()


def test_the_small_project_breaks_no_rule(tree: Path) -> None:
    assert broken_rules(tree) == set()


def test_every_rule_finds_its_breach(tree: Path) -> None:
    for _, module, imported in BREACHES:
        add(tree, module, imported)
    assert broken_rules(tree) == {*names().values()}


def test_a_service_has_no_fifth_room(tree: Path) -> None:
    (tree / "services/numbers/helpers.py").touch()
    assert broken_rules(tree, "rooms") == {names()["rooms"]}


def test_billing_has_no_ninth_slice(tree: Path) -> None:
    (tree / "services/billing/helpers.py").touch()
    assert broken_rules(tree, "slices") == {names()["slices"]}
