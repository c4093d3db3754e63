"""From an HTML page to a PDF: WeasyPrint, which only workers load, and which fetches nothing."""

from collections.abc import Mapping
from typing import Final

from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from accounts_manager.documents.files import FONTS, STATIC

VARIANT: Final = "pdf/ua-1"
"""PDF for everybody: tagged, so that a screen reader can read it (ISO 14289-1)."""


class OwnFonts(URLFetcher):
    """Hands out our own font files, and nothing from anywhere else."""

    def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> URLFetcherResponse:
        """Return a font of ours; whatever else a text of an invoice brought in is a fault."""
        del headers
        for path in FONTS.glob("*.woff2"):
            if url == path.as_uri():
                return URLFetcherResponse(url, path.read_bytes(), {"Content-Type": "font/woff2"})
        raise FatalURLFetchingError(f"a document refers to {url[:200]}")


class Press:
    """Prints page after page; fonts and style sheets are read once."""

    def __init__(self) -> None:
        self._fetcher = OwnFonts()
        self._fonts = FontConfiguration()
        self._sheets = [
            CSS(
                string=(STATIC / name).read_text("utf-8"),
                base_url=FONTS.as_uri() + "/",
                url_fetcher=self._fetcher,
                font_config=self._fonts,
            )
            for name in ("paper.css", "invoice.css")
        ]

    def print(self, html: str) -> bytes:
        """Return the page as a PDF with embedded fonts, tagged for screen readers."""
        page = HTML(string=html, url_fetcher=self._fetcher)
        content = page.write_pdf(
            stylesheets=self._sheets, font_config=self._fonts, pdf_variant=VARIANT
        )
        assert content is not None, "without a target the content is returned"
        return content
