"""`make setup`: says what to install, starts no service, and leaves the machine as it was."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from local.processes import ROOT

PYTHONS = ("python3", "python3.14", "python3.13", "python3.12", "python3.11")
FONTS = "fonts-noto-core fonts-wqy-microhei fonts-droid-fallback"
DRAWING = f"libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 {FONTS}"
COMMON = dict.fromkeys(("ca-certificates", *DRAWING.split()), "1")
SIP = (
    "kamailio",
    "kamailio-utils-modules",
    "kamailio-radius-modules",
    "sip-tester",
    "freeradius-utils",
)
DEBIAN_12 = COMMON | {
    "python3": "3.11.2-1+b1",
    "python3.11": "3.11.2-6+deb12u6",
    "libcurl4": "7.88.1-10",
    "rabbitmq-server": "3.10.8-1.1+deb12u1",
    "chromium": "140.0",
    "chromium-headless-shell": "140.0",
}
DEBIAN_13 = COMMON | {
    "python3": "3.13.5-1",
    "python3.13": "3.13.5-2",
    "libcurl4t64": "8.14.1-2",
    "rabbitmq-server": "4.0.5-6",
    "chromium": "140.0",
    "chromium-headless-shell": "140.0",
}
UBUNTU_22_04 = COMMON | {
    "python3": "3.10.6-1~22.04",
    "python3.11": "3.11.0~rc1-1~22.04",
    "libcurl4": "7.81.0-1ubuntu1",
    "rabbitmq-server": "3.9.13-1ubuntu0.22.04.2",
}
UBUNTU_24_04 = COMMON | {
    "python3": "3.12.3-0ubuntu2",
    "python3.12": "3.12.3-1ubuntu0",
    "libcurl4t64": "8.5.0-2ubuntu10",
    "rabbitmq-server": "3.12.1-1ubuntu1",
}
UBUNTU_26_04 = COMMON | {
    "python3": "3.14.3-0ubuntu1",
    "python3.14": "3.14.3-1",
    "libcurl4t64": "8.18.0-1ubuntu1",
    "rabbitmq-server": "4.2.2-1",
}


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Give a folder for stand-ins of the machine's programs; no Python, no library and no font."""
    for name in PYTHONS:
        stand_in(tmp_path, name, "exit 1")
    stand_in(tmp_path, "ldconfig", "exit 0")
    stand_in(tmp_path, "fc-list", "exit 1")
    offers(tmp_path, {})
    return tmp_path


def stand_in(folder: Path, name: str, script: str) -> None:
    """Put a program of this name before the machine's own."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def offers(machine: Path, packages: Mapping[str, str]) -> None:
    """Let apt offer these packages in these versions and no others."""
    lines = [f"{name}) echo '  Candidate: {version}' ;;" for name, version in packages.items()]
    stand_in(
        machine, "apt-cache", f'case $2 in {" ".join(lines)} *) echo "  Candidate: (none)" ;; esac'
    )


def set_up(machine: Path, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run it on that machine."""
    environment = {
        **os.environ,
        "PATH": f"{machine}:{os.environ['PATH']}",
        "POLICY_FILE": str(machine / "policy-rc.d"),
        "RABBITMQ_FOLDER": str(machine / "rabbitmq"),
        "VENV_FOLDER": str(machine / "venv"),
        "MONGODB_URL": "",
        "MONGOD": "",
        "RABBITMQ_URL": "",
        **settings,
    }
    return subprocess.run(  # noqa: S603 - ours
        [ROOT / "local/setup", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def asked_for(machine: Path, *arguments: str, **settings: str) -> str:
    """Return the packages that it names to somebody who is not root."""
    stand_in(machine, "id", "echo 1000")
    done = set_up(machine, *arguments, **settings)
    assert done.returncode == 1
    _, _, packages = done.stderr.partition("apt-get install --no-install-recommends ")
    assert packages, done.stderr
    return packages.partition("\n")[0]


@pytest.mark.parametrize(
    ("distribution", "python", "curl"),
    [
        (DEBIAN_12, "python3 python3.11-venv", "libcurl4"),
        (DEBIAN_13, "python3 python3.13-venv", "libcurl4t64"),
        (UBUNTU_24_04, "python3 python3.12-venv", "libcurl4t64"),
        (UBUNTU_26_04, "python3 python3.14-venv", "libcurl4t64"),
    ],
    ids=["debian-12", "debian-13", "ubuntu-24.04", "ubuntu-26.04"],
)
def test_each_distribution_is_asked_for_its_own_packages(
    machine: Path, distribution: Mapping[str, str], python: str, curl: str
) -> None:
    offers(machine, distribution)
    assert asked_for(machine) == f"{python} rabbitmq-server {curl} {DRAWING}"


def test_a_rabbitmq_that_is_too_old_is_refused_with_what_to_do(machine: Path) -> None:
    offers(machine, UBUNTU_22_04)
    stand_in(machine, "id", "echo 1000")
    done = set_up(machine)
    assert done.returncode == 1
    assert "offers RabbitMQ 3.9.13-1ubuntu0.22.04.2; 3.10 to 4.x is needed" in done.stderr
    assert "RABBITMQ_URL" in done.stderr
    named = asked_for(machine, RABBITMQ_URL="amqp://elsewhere")
    assert named == f"python3.11 python3.11-venv libcurl4 {DRAWING}"


@pytest.mark.parametrize(
    ("version", "fits"), [("3.9.13", False), ("3.10.8", True), ("4.2.1", True), ("5.0.0", False)]
)
def test_an_installed_rabbitmq_is_used_from_3_10_to_4(
    machine: Path, version: str, *, fits: bool
) -> None:
    offers(machine, DEBIAN_13)
    (machine / f"rabbitmq/lib/rabbitmq_server-{version}").mkdir(parents=True)
    (machine / "rabbitmq/bin").mkdir()
    stand_in(machine / "rabbitmq/bin", "rabbitmq-server", "exit 0")
    assert ("rabbitmq-server" not in asked_for(machine)) is fits


@pytest.mark.parametrize("name", PYTHONS)
def test_any_python_that_fits_is_used_and_only_its_venv_is_asked_for(
    machine: Path, name: str
) -> None:
    offers(machine, DEBIAN_12)
    # it fits, cannot make a virtual environment, and says its version
    stand_in(machine, name, "case $2 in *ensurepip*) exit 1 ;; *print*) echo 3.12 ;; esac")
    assert asked_for(machine) == f"python3.12-venv rabbitmq-server libcurl4 {DRAWING}"


def test_a_distribution_without_a_python_that_fits_is_refused(machine: Path) -> None:
    offers(machine, COMMON | {"python3": "3.9.2-3", "rabbitmq-server": "3.12.1-1"})
    stand_in(machine, "id", "echo 1000")
    done = set_up(machine)
    assert done.returncode == 1
    assert "no Python 3.11 to 3.14" in done.stderr


def test_before_apt_has_any_list_the_common_names_are_said(machine: Path) -> None:
    assert asked_for(machine) == f"python3 python3-venv rabbitmq-server libcurl4 {DRAWING}"


def test_a_library_or_a_font_counts_as_there_whatever_its_package_is_called(machine: Path) -> None:
    offers(machine, DEBIAN_13)
    names = (
        "libcurl.so.4",
        "libpango-1.0.so.0",
        "libpangoft2-1.0.so.0",
        "libharfbuzz-subset.so.0",
    )
    lines = "\n".join(f"\t{name} (libc6,x86-64) => /lib/{name}" for name in names)
    stand_in(machine, "ldconfig", f"cat <<'end'\n{lines}\nend")
    assert asked_for(machine) == f"python3 python3.13-venv rabbitmq-server {FONTS}"
    stand_in(machine, "fc-list", "exit 0")
    assert asked_for(machine) == "python3 python3.13-venv rabbitmq-server"


def test_kamailio_is_asked_for_when_switches_are_tested(machine: Path) -> None:
    offers(machine, DEBIAN_12 | dict.fromkeys(SIP, "1"))
    none: dict[str, str] = {
        "KAMAILIO_MODULES": str(machine),
        "SYSTEM_PROGRAMS": str(machine),
        "PATH": f"{machine}:/usr/bin:/bin",
    }
    assert " kamailio" not in asked_for(machine, **none)
    # sipp may be on the path of whoever runs this
    assert " kamailio kamailio-utils-modules" in asked_for(machine, "--sip", **none)
    for name in ("kamailio", "sipp", "radclient", "http_client.so", "acc_radius.so"):
        stand_in(machine, name, "exit 0")
    assert not [name for name in SIP if name in asked_for(machine, "--sip", **none)]


def test_a_mongod_or_a_mongodb_of_its_own_needs_no_library(machine: Path) -> None:
    offers(machine, DEBIAN_12)
    assert " libcurl4 " in asked_for(machine)
    assert " libcurl4 " not in asked_for(machine, MONGOD="mongod")
    assert " libcurl4 " not in asked_for(machine, MONGODB_URL="mongodb://elsewhere/")


@pytest.mark.parametrize("before", ["#!/bin/sh\nexit 42\n", None])
def test_with_root_no_service_is_started_and_the_policy_is_put_back(
    machine: Path, before: str | None
) -> None:
    offers(machine, DEBIAN_12)
    policy = machine / "policy-rc.d"
    if before:
        policy.write_text(before)
    stand_in(machine, "id", "echo 0")
    stand_in(
        machine,
        "apt-get",
        f'echo "apt-get $*"; [ "$1" = update ] && exit; {policy}; echo "may start: $?"; exit 1',
    )
    done = set_up(machine)
    assert done.returncode != 0  # the stand-in's install failed, and that is not passed over
    assert "may start: 101" in done.stdout
    assert "apt-get install -qq -y --no-install-recommends " in done.stdout
    assert f" libcurl4 {DRAWING}" in done.stdout
    assert (policy.read_text() if policy.exists() else None) == before


def test_what_is_still_missing_after_the_installation_is_said(machine: Path) -> None:
    offers(machine, DEBIAN_12)
    stand_in(machine, "id", "echo 0")
    stand_in(machine, "apt-get", "exit 0")
    done = set_up(machine)
    assert done.returncode == 1
    assert "still missing: python rabbitmq-server libcurl4" in done.stderr
