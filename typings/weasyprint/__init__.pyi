# What of WeasyPrint is used here: it has no types of its own.
from collections.abc import Sequence

from weasyprint.formatting_structure.boxes import Box
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher

class CSS:
    def __init__(
        self,
        *,
        string: str,
        base_url: str,
        url_fetcher: URLFetcher | None = None,
        font_config: FontConfiguration,
    ) -> None: ...

class Page:
    _page_box: Box

class Document:
    pages: Sequence[Page]

class HTML:
    def __init__(self, *, string: str, url_fetcher: URLFetcher | None = None) -> None: ...
    def write_pdf(
        self, *, stylesheets: Sequence[CSS], font_config: FontConfiguration, pdf_variant: str
    ) -> bytes | None: ...
    def render(self, font_config: FontConfiguration, *, stylesheets: Sequence[CSS]) -> Document: ...
