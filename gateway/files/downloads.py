"""Answers that are files: CSV that is sent as it is read."""

from collections.abc import AsyncIterator
from typing import Any

from fastapi.responses import Response, StreamingResponse

from gateway.identity.requests import CSV


def csv_answer(description: str) -> dict[int | str, dict[str, Any]]:
    """Return what the OpenAPI document says of an answer in CSV."""
    return {200: {"description": description, "content": {CSV: {"schema": {"type": "string"}}}}}


def csv_response(pieces: AsyncIterator[str], name: str) -> Response:
    """Return CSV text as a file that a browser saves under a name."""
    return StreamingResponse(
        pieces,
        media_type=f"{CSV}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
