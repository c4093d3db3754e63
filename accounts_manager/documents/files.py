"""What documents are made of besides code."""

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
TEMPLATES: Final = FOLDER / "templates"
STATIC: Final = FOLDER / "static"
FONTS: Final = FOLDER.parent.parent / "gateway" / "portal" / "static" / "vendor"
"""The fonts that the build fetches; a page on the screen has them from the portal."""
