"""The Chromium of the portal's tests and pictures, the system's own, which asks for no updates."""

import shutil
from typing import Final

NAMES: Final = ("chromium-headless-shell", "chromium", "google-chrome-stable")
"""As `local/setup` knows them; the first is quickest."""

CHROMIUM: Final = next((path for path in map(shutil.which, NAMES) if path), f"/usr/bin/{NAMES[0]}")
CHROMIUM_ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
