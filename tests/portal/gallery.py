"""Every page in the states worth looking at, served with the portal's own headers, no backend.

`python -m tests.portal.gallery FOLDER` takes a screenshot of each.
"""

import argparse
import socket
import threading
from collections.abc import AsyncIterator, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, StreamingResponse
from playwright.sync_api import Browser, sync_playwright

from gateway.http.security import SECURITY_HEADERS
from gateway.pages import Files
from gateway.portal.pages import render
from gateway.portal.views.shell import (
    Person,
    Role,
    Shell,
    Theme,
    Toast,
    Undo,
    entries_for,
    search_for,
)
from local.browser import CHROMIUM, CHROMIUM_ARGUMENTS
from tests.samples import (
    accounts,
    business,
    calls,
    imports,
    invoices,
    numbers,
    opening,
    operator,
    people,
    plans,
    rates,
)
from tests.samples.factories import Pages

STOP_SECONDS_MAX = 10
PHONE_PIXELS_MAX = 860
WIDTHS = (1440, 390)
THEMES: tuple[Theme, ...] = ("light", "dark")

PAGES: Pages = {
    name: page
    for about in (
        *(accounts, opening, imports, plans, rates, numbers, calls, invoices),
        *(business, people, operator),
    )
    for name, page in about.PAGES.items()
}

_PEOPLE: Mapping[Role, Person] = {
    "operator": Person(
        role="operator", name="Iris Chen", account_name="Platform", brand="Accounts Manager"
    ),
    "reseller": Person(
        role="reseller", name="Sara Elwood", account_name="Northwind Voice", brand="Northwind Voice"
    ),
    "customer": Person(
        role="customer",
        name="Amara Okafor",
        account_name="Harbour & Vale Legal",
        brand="Northwind Voice",
    ),
}
_TOAST = Toast(
    text="1 account disabled",
    undo=Undo(url="/accounts/bulk", fields=(("action", "enable"), ("account", "a5"))),
)


def shell(name: str, role: Role | None, theme: Theme) -> Shell:
    """Return the frame of a gallery page; the first one has a toast."""
    address = f"/gallery/{name}"
    if role is None:
        return Shell(address=address, theme=theme)
    return Shell(
        address=address,
        theme=theme,
        person=_PEOPLE[role],
        entries=entries_for(role, spare_numbers=46, demo=role == "operator"),
        search=search_for(role),
        toasts=(_TOAST,) if name == "accounts" else (),
    )


def application() -> FastAPI:
    """Return the gallery: `/gallery/{name}?theme=`, the static files, and a quiet event stream."""
    app = FastAPI()
    app.mount("/static", Files())

    @app.get("/gallery/{name}")
    async def page(name: str, request: Request) -> Response:
        """Render one page."""
        role, shown = PAGES[name]
        theme: Theme = "dark" if request.query_params.get("theme") == "dark" else "light"
        html = render(shown, shell(name, role, theme))
        return HTMLResponse(html, headers=dict(SECURITY_HEADERS))

    @app.post("/accounts/new/basic")
    @app.post("/accounts/new/plan")
    async def draft() -> Response:
        """Answer as the wizard does after any button but the last: with its second page."""
        frame = shell("new-plan", "reseller", "light")
        return HTMLResponse(render(PAGES["new-plan"][1], frame))

    @app.get("/accounts/imports/{import_id}")
    async def running(import_id: str) -> Response:
        """Answer as an import that is still running does, whenever its page looks again."""
        role, running_import = PAGES["open-many-running"]
        return HTMLResponse(render(running_import, shell(import_id, role, "light")))

    @app.get("/live")
    async def live() -> Response:
        """Say that the stream is there, and end it: nothing ever happens here."""

        async def nothing() -> AsyncIterator[str]:
            yield "retry: 60000\n\n: connected\n\n"

        return StreamingResponse(nothing(), media_type="text/event-stream")

    del page, draft, running, live  # FastAPI keeps them
    return app


@contextmanager
def serving() -> Generator[str]:
    """Serve the gallery on a free port of this machine; give its address.

    The socket listens before the server runs: a caller that is early waits in its queue.
    """
    server = uvicorn.Server(uvicorn.Config(application(), log_level="warning"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=STOP_SECONDS_MAX)


def take_pictures(browser: Browser, address: str, folder: Path, names: list[str]) -> None:
    """Write a screenshot of each page, width and theme; the whole page, as a person scrolls it."""
    for width in WIDTHS:
        for theme in THEMES:
            page = browser.new_page(
                viewport={"width": width, "height": 940 if width > PHONE_PIXELS_MAX else 844},
                reduced_motion="reduce",
            )
            for name in names:
                page.goto(f"{address}/gallery/{name}?theme={theme}")
                page.evaluate("document.fonts.ready")
                page.screenshot(path=folder / f"{name}-{width}-{theme}.png")
            page.close()


def main() -> None:
    """Take the pictures that are asked for, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", default=list(PAGES))
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with serving() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        take_pictures(browser, address, arguments.folder, arguments.names)


if __name__ == "__main__":
    main()
