"""Forms as a page shows them, filled in as they are: what a browser without a script sends."""

from html.parser import HTMLParser
from typing import Final
from urllib.parse import urlsplit

import httpx

from gateway.portal.forms import Field

PAGE: Final = {"Accept": "text/html,*/*;q=0.8"}


class _Forms(HTMLParser):
    """Collects the fields of each form with their values."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, list[Field]]] = []
        self._name = ""
        self._selects = False
        self._parts: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a form, or a field of the one that is open."""
        given = {name: value or "" for name, value in attrs}
        name, kind = given.get("name", ""), given.get("type", "")
        if tag == "form":
            self.forms.append((given.get("action", ""), []))
        elif not self.forms:
            return
        elif tag == "input" and name and kind != "file":
            if kind not in ("checkbox", "radio") or "checked" in given:
                self._add(name, given.get("value", ""))
        elif tag == "textarea":
            self._name, self._parts = name, []
        elif tag == "select":
            self._name, self._selects = name, True
        elif tag == "option" and self._selects and "selected" in given:
            self._add(self._name, given.get("value", ""))

    def handle_data(self, data: str) -> None:
        """Take the text of a text area."""
        if self._parts is not None:
            self._parts.append(data)

    def handle_endtag(self, tag: str) -> None:
        """End a field."""
        if tag == "textarea" and self._parts is not None:
            self._add(self._name, "".join(self._parts).removeprefix("\n"))
            self._parts = None
        elif tag == "select":
            self._selects = False

    def _add(self, name: str, value: str) -> None:
        self.forms[-1][1].append((name, value))


def forms_of(html: str, path: str, having: str = "") -> list[dict[str, str]]:
    """Return the forms of a page that are sent to a path, those that have a field."""
    reader = _Forms()
    reader.feed(html)
    found = [dict(fields) for action, fields in reader.forms if urlsplit(action).path == path]
    return [fields for fields in found if not having or having in fields]


def form_of(html: str, path: str, having: str = "") -> dict[str, str]:
    """Return the only such form."""
    (fields,) = forms_of(html, path, having)
    return fields


async def submit(
    person: httpx.AsyncClient,
    path: str,
    fields: dict[str, str],
    file: bytes = b"",
    name: str = "file",
) -> httpx.Response:
    """Send a form as a browser does: in parts, with lines that end as browsers end them."""
    parts: list[tuple[str, tuple[str | None, bytes]]] = [
        (one, (None, "\r\n".join(value.split("\n")).encode())) for one, value in fields.items()
    ]
    parts.append((name, ("file" if file else "", file)))
    return await person.post(path, files=parts, headers=PAGE)
