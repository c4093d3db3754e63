"""The API's reference and its problems as pages, from assets of our own alone."""

from pathlib import Path
from typing import Final

import fastapi_offline
from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from contracts.base import Refused
from contracts.problems import PROBLEMS, REMEDIES
from gateway.features.health.views import ProblemRow, ProblemsPage
from gateway.http.security import CONTENT_SECURITY_POLICY
from gateway.portal.frame import shell_of
from gateway.portal.pages import render

router = APIRouter(prefix="/docs", include_in_schema=False)

ASSETS: Final = Path(fastapi_offline.__file__).parent / "static"
ASSET_TYPES: Final = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
}
ASSET_SECONDS: Final = 86_400
PAGE: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API reference · Accounts Manager</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<main id="reference"></main>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
SCRIPT: Final = (
    'SwaggerUIBundle({ url: "/openapi.json", dom_id: "#reference", deepLinking: true });\n'
)
PAGE_POLICY: Final = CONTENT_SECURITY_POLICY.replace("img-src 'self'", "img-src 'self' data:")
"""The page's own drawings are in its style sheet."""

PROBLEM_ROWS: Final = tuple(
    ProblemRow(code=code, status=status, title=title, remedy=REMEDIES[code])
    for code, (status, title) in PROBLEMS.items()
)


@router.get("")
async def page() -> HTMLResponse:
    """Show the reference."""
    return HTMLResponse(PAGE, headers={"Content-Security-Policy": PAGE_POLICY})


@router.get("/start.js")
async def script() -> Response:
    """Fill the page; a script of its own, because none may stand in the page."""
    return Response(SCRIPT, media_type="text/javascript")


@router.get("/problems")
async def list_problems(request: Request) -> HTMLResponse:
    """Explain every problem: the `type` of each leads here, to the anchor of its code."""
    return HTMLResponse(render(ProblemsPage(problems=PROBLEM_ROWS), shell_of(request, None)))


@router.get("/{name}")
async def asset(name: str) -> FileResponse:
    """Give one of the page's two files."""
    if name not in ASSET_TYPES:
        raise Refused("not-found", "There is no such file.")
    headers = {"Cache-Control": f"public, max-age={ASSET_SECONDS}"}
    return FileResponse(ASSETS / name, media_type=ASSET_TYPES[name], headers=headers)
