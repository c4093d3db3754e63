"""Every form that a person finds in the portal by following its links, and how to send one."""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urldefrag, urljoin, urlsplit

import httpx
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

PAGE: Final = {"Accept": "text/html,*/*;q=0.8"}
PAGES_MAX: Final = 120
NOT_FOLLOWED: Final = ("/static", "/v1", "/live", "/mailbox")
BUTTON: Final = "action"


@dataclass(slots=True)
class FoundForm:
    """A form as a page shows it."""

    action: str
    fields: dict[str, str] = field(default_factory=dict[str, str])
    """With the values that they have when the page is loaded."""

    hidden: set[str] = field(default_factory=set[str])
    files: set[str] = field(default_factory=set[str])
    buttons: set[str] = field(default_factory=set[str])
    """Values of its submit buttons that have the name `action`."""

    @property
    def typed(self) -> tuple[str, ...]:
        """The fields that a person fills in or chooses."""
        return tuple(name for name in self.fields if name not in self.hidden)

    def add(self, other: "FoundForm") -> None:
        """Take over what another form has that is sent to the same route."""
        self.hidden |= {name for name in other.hidden if name not in self.fields}
        self.fields = {**other.fields, **self.fields}
        self.files |= other.files
        self.buttons |= other.buttons


class _Reader(HTMLParser):
    """Collects the forms and the links of a page."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.forms: list[FoundForm] = []
        self.links: list[str] = []
        self._address = address
        self._form: FoundForm | None = None
        self._by_id: dict[str, FoundForm] = {}
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what stands here."""
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in given:
            self.links.append(urldefrag(urljoin(self._address, given["href"])).url)
        elif tag == "form" and given.get("method", "").lower() == "post":
            self._form = FoundForm(urljoin(self._address, given.get("action") or self._address))
            self._by_id[given.get("id", "")] = self._form
            self.forms.append(self._form)
        form = self._by_id.get(given["form"]) if "form" in given else self._form
        if form is not None:
            self._note(form, tag, given)

    def _note(self, form: FoundForm, tag: str, given: Mapping[str, str]) -> None:
        name, kind = given.get("name", ""), given.get("type", "")
        if tag == "button" and name == BUTTON:
            form.buttons.add(given.get("value", ""))
        elif tag == "option" and self._select and "selected" in given:
            form.fields[self._select] = given.get("value", "")
        elif tag == "select" and name:
            self._select = name
            form.fields.setdefault(name, "")
        elif tag == "input" and kind == "file":
            form.files.add(name)
        elif tag == "input" and kind in ("checkbox", "radio") and name in form.fields:
            pass  # one value of each is enough
        elif tag in ("input", "textarea") and name:
            form.fields[name] = given.get("value", "")
            if kind == "hidden":
                form.hidden.add(name)

    def handle_endtag(self, tag: str) -> None:
        """Note where a form ends."""
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""


class Portal:
    """The portal's routes, by the addresses that lead to them."""

    def __init__(self, app: FastAPI) -> None:
        self._routes = [
            (path, re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)), route.methods or set())
            for context in iter_route_contexts(app.routes)
            if isinstance(route := context.original_route, APIRoute)
            and (path := context.path_format or "")
            and not path.startswith("/v1")
        ]

    def posts(self) -> set[str]:
        """Return the paths of all routes that take a form."""
        return {path for path, _, methods in self._routes if "POST" in methods}

    def route_of(self, address: str, method: str) -> str:
        """Return the path of the route that an address leads to; empty for none."""
        asked = urlsplit(address).path
        for path, pattern, methods in self._routes:
            if method in methods and pattern.fullmatch(asked):
                return path
        return ""

    async def forms(
        self, person: httpx.AsyncClient, *starts: str, but_for: tuple[str, ...] = ()
    ) -> dict[str, FoundForm]:
        """Return a form for each route that a person's pages send one to.

        The pages of `starts` are read, and one of each other kind: the first that a link leads to,
        unless its address begins with one of `but_for`.
        """
        found: dict[str, FoundForm] = {}
        waiting, seen = deque(starts), set[str]()
        while waiting and len(seen) < 2 * PAGES_MAX:
            address = waiting.popleft()
            kind = self._kind(address)
            known = address in seen or (kind in seen and address not in starts)
            if not kind or known or address.startswith((*NOT_FOLLOWED, *but_for)):
                continue
            seen |= {kind, address}
            answer = await person.get(address, headers=PAGE, follow_redirects=True)
            assert answer.status_code < 500, f"{address}: {answer.status_code}"
            if not answer.headers.get("content-type", "").startswith("text/html"):
                continue
            reader = _Reader(str(answer.url))
            reader.feed(answer.text)
            waiting.extend(_local(reader.links, answer.url.host))
            for form in reader.forms:
                found.setdefault(self.route_of(form.action, "POST"), form).add(form)
        return found

    def _kind(self, address: str) -> str:
        parts = urlsplit(address)
        route = self.route_of(address, "GET")
        if not route:
            return ""
        names = sorted(part.partition("=")[0] for part in parts.query.split("&"))
        dialog = re.search(r"dialog=[a-z]+", parts.query)
        return f"{route}?{','.join(names)}&{dialog.group() if dialog else ''}"


def _local(links: Iterable[str], host: str) -> Iterator[str]:
    for link in links:
        parts = urlsplit(link)
        if parts.hostname == host:
            yield f"{parts.path}?{parts.query}" if parts.query else parts.path
