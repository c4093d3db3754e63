"""Routes without sign-in: health, and the descriptions of API and messages."""

import re
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

import contracts
from contracts.base import Refused
from gateway.http.problems import documented
from gateway.identity.authentication import gateway_of

router = APIRouter()

CONTRACTS: Final = Path(contracts.__file__).parent
PUBLIC_SECONDS: Final = 300
_NAME: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")
_ANY_JSON: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"application/json": {"schema": {"type": "object"}}}},
}


@router.get("/health", tags=["operation"])
async def health() -> dict[str, str]:
    """Tell that the process is alive."""
    return {"status": "alive"}


@router.get("/ready", tags=["operation"], responses={503: {"description": "Not ready"}})
async def ready(request: Request) -> Response:
    """Tell whether the gateway can work, and what keeps it from working."""
    faults = await gateway_of(request).what_is_wrong()
    state = {"status": "waiting" if faults else "ready", "faults": faults}
    return JSONResponse(state, 503 if faults else 200)


@router.get(
    "/asyncapi/{service}.json",
    tags=["contracts"],
    responses={**_ANY_JSON, **documented("not-found")},
)
async def asyncapi(service: str) -> Response:
    """Describe the messages of a service (AsyncAPI 3.0)."""
    return _file("asyncapi", service)


@router.get(
    "/schemas/{topic}.json",
    tags=["contracts"],
    responses={**_ANY_JSON, **documented("not-found")},
)
async def schema(topic: str) -> Response:
    """Describe the body of a message (JSON Schema)."""
    return _file("schemas", topic)


def _file(folder: str, name: str) -> Response:
    path = CONTRACTS / folder / f"{name}.json"
    if _NAME.fullmatch(name) is None or not path.is_file():
        raise Refused("not-found", f"There is no document of the name {name[:100]}.")
    headers = {"Cache-Control": f"public, max-age={PUBLIC_SECONDS}"}
    return Response(path.read_bytes(), media_type="application/json", headers=headers)
