"""Bodies that FastAPI does not read by itself: CSV, and JSON where CSV is welcome too."""

from typing import Any, Final, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import TypeAdapter, ValidationError

from gateway.identity.requests import CSV, JSON

Item = TypeVar("Item")


XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
GZIP: Final = "application/gzip"
TABLES: Final = (CSV, XLSX, GZIP)
"""The media types of tables. What the bytes are decides, not the name that they come with."""

XML: Final = ("application/xml", "text/xml")


def is_table(request: Request) -> bool:
    """Tell whether the body came as a table."""
    return request.headers.get("content-type", "").lower().startswith(TABLES)


async def json_body(request: Request, kind: TypeAdapter[Item]) -> Item:
    """Return the JSON body as the kind of value that it must be."""
    try:
        return kind.validate_json(await request.body())
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        raise RequestValidationError(
            [{**fault, "loc": ("body", *fault["loc"])} for fault in faults]
        ) from None


def documented_table(example: str, json_schema: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what the OpenAPI document says of a body that is a table."""
    content: dict[str, Any] = {CSV: {"schema": {"type": "string"}, "example": example}}
    for kind in (XLSX, GZIP):
        content[kind] = {"schema": {"type": "string", "format": "binary"}}
    if json_schema:
        content[JSON] = {"schema": json_schema}
    return {"requestBody": {"required": True, "content": content}}
