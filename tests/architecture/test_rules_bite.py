"""Each house rule finds what it is there to find, and leaves good code alone."""

import pytest

from tests.architecture import rules
from tests.architecture.documents import (
    Project,
    broken_references,
    decision_faults,
    machine_faults,
    switched_off_without_reason,
)
from tests.architecture.rules import Rule, Source

HANDLERS = "services/probe/handlers.py"
MODEL = "services/probe/model.py"
STORE = "services/probe/store/things.py"
HANDLER = "@probe.hears(Added)\nasync def added(event, tx):\n"
LONG_BODY = "".join(f"    x = {number}\n" for number in range(49))

# the rule, where, what breaks it, and the same done well
SAMPLES: list[tuple[Rule, str, str, str]] = [
    (
        rules.functions_are_short,
        "local/a.py",
        f"def far():\n{LONG_BODY}    return x\n",
        f"def far():\n{LONG_BODY}",
    ),
    (rules.files_are_short, "gateway/a.py", "x = 1\n" * 401, "x = 1\n" * 400),
    (rules.files_are_short, MODEL, "x = 1\n" * 301, "x = 1\n" * 300),
    (rules.files_are_short, STORE, "x = 1\n" * 201, "x = 1\n" * 200),
    (rules.files_are_short, HANDLERS, "x = 1\n" * 301, "x = 1\n" * 300),
    (rules.files_are_short, "services/probe/app.py", "x = 1\n" * 21, "x = 1\n" * 20),
    (rules.models_only_decide, MODEL, "import asyncio\n", "import re\n"),
    (rules.models_only_decide, MODEL, "import random\n", "import math\n"),
    (rules.models_only_decide, MODEL, "from uuid import uuid4\n", "from typing import Final\n"),
    (
        rules.models_only_decide,
        MODEL,
        "from services.probe.store import find\n",
        "from services.probe.model.parts import Part\n",
    ),
    (rules.models_only_decide, MODEL, "from motor import x\n", "from pydantic import BaseModel\n"),
    (rules.models_only_decide, MODEL, "now = datetime.now(UTC)\n", "def at(now): return now\n"),
    (rules.models_only_decide, MODEL, "day = date.today()\n", "day = moment.date()\n"),
    (rules.models_only_decide, MODEL, "key = uuid4()\n", "key = given\n"),
    (rules.models_only_decide, MODEL, "text = open('a').read()\n", "text = 'a'\n"),
    (rules.models_only_decide, MODEL, "async def decide(): ...\n", "def decide(): ...\n"),
    (rules.stores_send_nothing, STORE, "tx.announce(x)\n", "tx.documents('x')\n"),
    (rules.stores_send_nothing, STORE, "tx.tell(x)\n", "tx.documents('x')\n"),
    (
        rules.handlers_leave_the_rest_to_the_chassis,
        HANDLERS,
        "from services.chassis import mongo\n",
        "from services.chassis.database import Transaction\n",
    ),
    (
        rules.handlers_leave_the_rest_to_the_chassis,
        HANDLERS,
        "from services.chassis.bus import Bus\n",
        "from services.chassis.service import Service\n",
    ),
    (
        rules.handlers_leave_the_rest_to_the_chassis,
        HANDLERS,
        f"{HANDLER}    try:\n        pass\n    except ValueError:\n        pass\n",
        f"{HANDLER}    pass\n",
    ),
    (
        rules.handlers_say_what_they_do,
        HANDLERS,
        f"{HANDLER}    pass\n",
        f'{HANDLER}    """Count what was added."""\n',
    ),
    (
        rules.handlers_say_what_they_do,
        HANDLERS,
        f'{HANDLER}    """Count it. Then go."""\n',
        f'{HANDLER}    """Count what was added, as often as\n    it was added."""\n',
    ),
    (
        rules.handlers_say_what_they_do,
        HANDLERS,
        '@probe.each_minute\nasync def sweep(tx):\n    """sweep"""\n',
        '@probe.each_minute\nasync def sweep(tx):\n    """Sweep."""\n',
    ),
    (
        rules.every_excuse_has_a_reason,
        "local/a.py",
        "x = 1  # no" + "qa: S101\n",
        "x = 1  # no" + "qa: S101 - it is a sample\n",
    ),
    (
        rules.every_excuse_has_a_reason,
        "local/a.py",
        "x = 1  # no" + "qa - all of it\n",
        "x = '# no" + "qa'\n",
    ),
    (
        rules.every_excuse_has_a_reason,
        "local/a.py",
        "x = 1  # py" + "right: ignore[reportAny]\n",
        "x = 1  # py" + "right: ignore[reportAny] - it is a sample\n",
    ),
    (
        rules.every_excuse_has_a_reason,
        "local/a.py",
        "x = 1  # no" + "qa: S101 - why  # py" + "right: ignore[reportAny]\n",
        "x = 1  # no" + "qa: S101 - why  # py" + "right: ignore[reportAny] - why\n",
    ),
    (
        rules.every_excuse_has_a_reason,
        "local/a.py",
        "# ru" + "ff: no" + "qa: F403\n",
        "# ru" + "ff: no" + "qa: F403 - it is a sample\n",
    ),
    (
        rules.every_excuse_has_a_reason,
        "local/a.py",
        "x = 1  # ty" + "pe: ignore\n",
        "x = 1  # the type is known\n",
    ),
    (
        rules.tests_do_not_sleep,
        "tests/probe/test_a.py",
        "async def test_it():\n    await asyncio.sleep(1)\n",
        "async def wait():\n    await asyncio.sleep(1)\n",
    ),
    (
        rules.the_language_stands_alone,
        "contracts/probe.py",
        "from services.chassis import wire\n",
        "import subprocess\n",
    ),
    (
        rules.the_language_stands_alone,
        "contracts/probe.py",
        "import orjson\n",
        "from pydantic import Field\n",
    ),
]


@pytest.mark.parametrize(("rule", "path", "bad", "good"), SAMPLES)
def test_the_rule_finds_the_bad_and_leaves_the_good(
    rule: Rule, path: str, bad: str, good: str
) -> None:
    faults = [*rule(Source(path, bad))]
    assert len(faults) >= 1
    assert all(fault.startswith(f"{path}:") for fault in faults)
    assert [*rule(Source(path, good))] == []


def test_every_rule_has_a_sample() -> None:
    assert {rule for rule, *_ in SAMPLES} == set(rules.RULES)


@pytest.mark.parametrize(
    ("rule", "bad"),
    [
        (rules.models_only_decide, "import asyncio\n"),
        (rules.stores_send_nothing, "tx.announce(x)\n"),
        (rules.handlers_say_what_they_do, f"{HANDLER}    pass\n"),
    ],
)
def test_a_rule_of_a_room_leaves_other_rooms_alone(rule: Rule, bad: str) -> None:
    assert [*rule(Source("services/chassis/model.py", bad))] == []
    assert [*rule(Source("gateway/store.py", bad))] == []


# --- documents ------------------------------------------------------------------------------

PROJECT = Project(
    files={
        "README.md",
        "Makefile",
        "docs/decisions/0001-a.md",
        "docs/pictures/list.png",
        "services/__main__.py",
        "services/billing/app.py",
        "services/chassis/__main__.py",
        "local/setup",
    },
    left_out={".run"},
    targets={"run", "test"},
    topics={"accounts.account-opening.v1"},
    operations={"audit"},
)


@pytest.mark.parametrize(
    "text",
    [
        "![list](docs/pictures/gone.png)",
        "[ways](#ways-to-go)",
        "`services/billing/gone.py`",
        "`gone.yml`",
        "`docs/gone/`",
        "`make everything`",
        "`python -m services mail`",
        "`python -m services.nothing`",
        "`accounts-manager dance`",
        "`docker compose up`",
        "`accounts.account-gone.v1`",
        "```sh\nmake run everything\n```",
        "```sh\n.venv/bin/python -m local.gone  # starts it\n```",
        "```sh\nlocal/gone --browser\n```",
    ],
)
def test_what_a_document_names_in_vain_is_told(text: str) -> None:
    (fault,) = broken_references("README.md", text, PROJECT)
    assert fault.startswith("README.md: ")


@pytest.mark.parametrize(
    "text",
    [
        "## Ways to run\n[ways](#ways-to-run)",
        "![list](docs/pictures/list.png) [why](docs/decisions/) [spec](https://example.org/a.md)",
        "`docs/pictures/*.png`, `app.py`, `services/billing/`, `.run/demo.json`, `docs/decisions`",
        "`/v1/accounts`, `/openapi.json`, `application/problem+json`, `accounts.#`, `a/b`",
        '`make run` and `make test TESTS="tests/billing -k billing account"`',
        "`python -m services billing`, `accounts-manager audit`, `python -m http.server`",
        "`accounts.account-opening.v1`",
        "```sh\n$ make run test  # both\nlocal/setup --browser\ncurl 'https://example.org'\n```",
        "```mermaid\nflowchart LR\n  a --> `gone.py`\n```",
    ],
)
def test_what_a_document_names_rightly_is_left_alone(text: str) -> None:
    assert [*broken_references("README.md", text, PROJECT)] == []


DECISION = (
    "# 0001: Ask first\n\n## Context\nWhy.\n\n## Decision\nAsk.\n\n## Consequences\nTime.\n\n"
    "## Alternatives\nNone.\n\n## Revisit when\nNever.\n"
)


SUPERSEDED = "# 0001: Ask first\n\nSuperseded in part by [0002](0002-ask-twice.md): how often.\n"


def test_a_whole_decision_is_left_alone() -> None:
    for text in (DECISION, DECISION.replace("# 0001: Ask first\n", SUPERSEDED)):
        assert [*decision_faults("0001-ask-first.md", text)] == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("0001-ask-first.md", DECISION.replace("## Alternatives\nNone.\n\n", "")),
        ("0001-ask-first.md", DECISION.replace("Ask.\n", "")),
        ("0001-ask-first.md", DECISION + "More.\n" * 60),
        ("0002-ask-first.md", DECISION),
        ("0001-ask-first.md", DECISION.replace("first\n", "first\n\nSuperseded by 0002.\n")),
        ("0001-ask-first.md", DECISION.replace("# 0001: Ask first\n", SUPERSEDED[:-12])),
        ("0002-a.md", DECISION.replace("# 0001: Ask first\n", SUPERSEDED.replace("0001", "0002"))),
        ("0001 Ask.md", DECISION.replace("0001", "0001 Ask.md")),
        (
            "0001-ask-first.md",
            DECISION.replace("Context", "x")
            .replace("Decision", "Context")
            .replace("x", "Decision"),
        ),
    ],
)
def test_a_decision_that_lacks_something_is_told(name: str, text: str) -> None:
    assert [*decision_faults(name, text)]


@pytest.mark.parametrize(
    "line",
    [
        "cd /" + "home/ann/project",
        "path = '/" + "root/.cache'",
        "/" + "work/main/README.md",
        "https://pypi" + ".org/simple",
        "registry.npm" + "js.org",
    ],
)
def test_a_line_that_holds_on_one_machine_only_is_told(line: str) -> None:
    (fault,) = machine_faults("a.txt", f"fine\n{line}\n")
    assert fault.startswith("a.txt:2: ")


@pytest.mark.parametrize(
    "line", ["/var/lib/mongodb/", "docs/work/main", "https://example.org/home", "USER /home", "a"]
)
def test_a_line_that_holds_everywhere_is_left_alone(line: str) -> None:
    assert [*machine_faults("a.txt", line)] == []


PYPROJECT = """
[tool.ruff.lint]
ignore = [
    "D203", # contradicts D211
    "S101"{reason}
]
[tool.ruff.lint.per-file-ignores]
"tests/**" = [
    "D103", # a test's name is its sentence
]
[tool.pyright]
{setting}
"""


def test_a_check_that_is_switched_off_without_a_reason_is_told() -> None:
    good = PYPROJECT.format(reason=", # why", setting="reportAny = false # why")
    assert [*switched_off_without_reason(good)] == []
    bad = PYPROJECT.format(reason=",", setting="reportAny = false")
    names = [fault.split()[1] for fault in switched_off_without_reason(bad)]
    assert names == ["S101", "reportAny"]
