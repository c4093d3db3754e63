"""Turn a typed page into HTML: one template environment, one function."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

import jinja2
from lucide.jinja import lucide
from markupsafe import Markup, escape

from accounts_manager.documents.files import STATIC as DOCUMENTS
from gateway.portal.days import day_fault
from gateway.portal.formatting import FILTERS
from gateway.portal.limits import CHARACTERS_MAX
from gateway.portal.views.parts import STATUS_LABELS, STATUS_TONES
from gateway.portal.views.shell import PORTAL_NAMES, Shell

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"
ICON_PIXELS = 18
STROKE_WIDTH = 1.75
_VERSION_DIGITS = 12
WRONG_FIELD = 'aria-invalid="true"'
_LINK = re.compile(r"https?://[^\s<>\"']+")


class Page(Protocol):
    """What every page's view model says beside its own content."""

    template: ClassVar[str]

    @property
    def title(self) -> str:
        """What the browser's tab shows."""
        ...

    @property
    def section(self) -> str:
        """The entry of the side bar that the page belongs to; empty for none."""
        ...


@runtime_checkable
class FormPage(Page, Protocol):
    """A page with forms, whose errors it shows by the names of their fields."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def errors(self) -> Mapping[str, str]:
        """What is wrong with what was sent."""
        ...


def with_errors(page: FormPage, errors: Mapping[str, str]) -> Page:
    """Return a page with other errors."""
    return replace(page, errors=errors)


def render(page: Page, shell: Shell) -> str:
    """Return the page's HTML. A page with errors has a title that says so."""
    errors: Mapping[str, str] = getattr(page, "errors", {})
    title = f"Error: {page.title}" if errors else page.title
    html = (
        _environment()
        .get_template(page.template)
        .render(page=page, shell=shell, title=title, errors=errors)
    )
    # the first field to correct has the focus, also without a script
    return html.replace(WRONG_FIELD, f"{WRONG_FIELD} autofocus", 1) if errors else html


@cache
def icon(name: str, size: int = ICON_PIXELS) -> Markup:
    """Return an icon as inline SVG, hidden from screen readers: the text beside it speaks."""
    attributes = {"stroke_width": STROKE_WIDTH, "aria_hidden": "true", "class": "icon"}
    return Markup(lucide(name, size=size, **attributes))  # noqa: S704 - the library's own drawing


@cache
def asset(path: str) -> str:
    """Return the URL of a static file, with its content's mark: it may be kept for ever."""
    folder = STATIC if (STATIC / path).is_file() else DOCUMENTS
    mark = hashlib.sha256((folder / path).read_bytes()).hexdigest()[:_VERSION_DIGITS]
    return f"/static/{path}?v={mark}"


@cache
def flag(country: str) -> str:
    """Return the URL of a country's flag; empty where there is none."""
    path = f"vendor/flags/{country}.svg"
    known = re.fullmatch("[A-Z]{2}", country) and (STATIC / path).exists()
    return f"/static/{path}" if known else ""


def linked(text: str) -> Markup:
    """Return text with its web addresses as links; everything else escaped."""
    parts: list[Markup] = []
    end = 0
    for found in _LINK.finditer(text):
        address = Markup('<a href="{0}">{0}</a>').format(found.group())
        parts += [Markup.escape(text[end : found.start()]), address]
        end = found.end()
    return Markup("").join([*parts, Markup.escape(text[end:])])


def unshown(errors: Mapping[str, str], html: str) -> dict[str, str]:
    """Return the errors that a page doesn't show at a field, as one of the page as a whole."""
    said = [text for text in errors.values() if escape(text) not in html]
    return {"": " ".join(said)} if said else {}


def _feature_loaders() -> dict[str, jinja2.BaseLoader]:
    """Return where the templates of each feature are: `rates/list.html` is one of rates'."""
    folders = sorted((FOLDER.parent / "features").glob("*/templates"))
    return {folder.parent.name: jinja2.FileSystemLoader(folder) for folder in folders}


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [jinja2.PrefixLoader(_feature_loaders()), jinja2.FileSystemLoader(FOLDER / "templates")]
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = environment.filters
    filters.update(FILTERS, day_fault=day_fault, linked=linked, unshown=unshown)
    known: dict[str, Any] = environment.globals
    known.update(
        asset=asset,
        characters_max=CHARACTERS_MAX,
        flag_url=flag,
        icon=icon,
        portal_names=PORTAL_NAMES,
        status_labels=STATUS_LABELS,
        status_tones=STATUS_TONES,
    )
    return environment
