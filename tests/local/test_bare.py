"""`make bare`: the part on this machine, with stand-ins for what builds and enters the tree."""

import os
import subprocess
from pathlib import Path

import pytest

from local.processes import ROOT
from tests.local.test_setup import stand_in

SECONDS_MAX = 60


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Give a folder of stand-ins: root, an empty tree, and one that shows what was entered."""
    folder = tmp_path / "programs"
    folder.mkdir()
    stand_in(folder, "id", "echo 0")
    stand_in(folder, "apt-get", "echo Debian elsewhere mirror:/debian")
    stand_in(
        folder,
        "mmdebstrap",
        'for word; do [ -d "${word%/new}" ] && mkdir -p "$word/etc"; done; true',
    )
    # what it is told, and how the tree, its ninth word, knows the machine's own address
    stand_in(folder, "unshare", 'echo "$@"; cat "$9/etc/hosts"; exit 7')
    return folder


def bare(machine: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run it on that machine."""
    environment = {
        **os.environ,
        "PATH": f"{machine}:{os.environ['PATH']}",
        "BARE_FOLDER": str(machine.parent / "kept"),
        **settings,
    }
    return subprocess.run(  # noqa: S603 - ours
        [ROOT / "local/bare"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )


def test_without_root_it_says_so_and_builds_nothing(machine: Path) -> None:
    stand_in(machine, "id", "echo 1000")
    done = bare(machine)
    assert done.returncode == 1
    assert "run it as root" in done.stderr
    assert not (machine.parent / "kept").exists()


def test_a_failure_in_the_tree_is_its_own_and_only_what_the_next_run_uses_is_kept(
    machine: Path,
) -> None:
    done = bare(machine)
    assert done.returncode == 7, done.stderr
    assert "A minimal tree of Debian trixie: " in done.stdout
    assert "127.0.0.1 localhost\n" in done.stdout
    kept = {path.name for path in (machine.parent / "kept").iterdir()}
    assert kept == {"trixie", "apt", "apt.conf", "cache"}
    again = bare(machine)
    assert again.returncode == 7
    assert "A minimal tree" not in again.stdout


def test_a_tree_that_was_not_built_to_its_end_is_not_used(machine: Path) -> None:
    stand_in(machine, "mmdebstrap", "exit 3")
    assert bare(machine).returncode == 3
    assert not (machine.parent / "kept/trixie").exists()


def test_settings_of_indexes_and_proxies_reach_the_tree_and_nothing_else_does(
    machine: Path,
) -> None:
    given = {
        "PIP_INDEX_URL": "https://index.example/simple",
        "https_proxy": "http://proxy.example:3128",
        "npm_config_registry": "https://npm.example",
        "MY_SECRET": "kept-here",
    }
    done = bare(machine, **given)
    secret = given.pop("MY_SECRET")
    assert all(f"{name}={value}" in done.stdout for name, value in given.items())
    assert secret not in done.stdout
