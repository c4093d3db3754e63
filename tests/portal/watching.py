"""What goes wrong on a page: errors, warnings, and requests to elsewhere."""

from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Error, Page, Request

HERE = ("127.0.0.1", "localhost")


def watch(page: Page) -> list[str]:
    """Return a list that fills with what went wrong on the page."""
    wrong: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            wrong.append(f"console: {message.text}")

    def on_error(error: Error) -> None:
        wrong.append(f"page error: {error.message}")

    def on_request(request: Request) -> None:
        if urlsplit(request.url).hostname not in HERE:
            wrong.append(f"request to elsewhere: {request.url}")

    page.on("console", on_console)
    page.on("pageerror", on_error)
    page.on("request", on_request)
    return wrong
