"""The FastAPI app: routes, error documents and the OpenAPI description, around one gateway."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

from fastapi import FastAPI
from fastapi.middleware import Middleware
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic.json_schema import models_json_schema
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.types import Receive, Scope, Send

from gateway import pages as portal
from gateway.features.account_imports import api as account_imports
from gateway.features.accounts import api as accounts
from gateway.features.audit import api as audit
from gateway.features.billing_settings import api as billing_settings
from gateway.features.billing_settings import platform_api as platform
from gateway.features.calls import api as calls
from gateway.features.calls import imports_api as call_files
from gateway.features.calls.schemas import AuthorizeBody, CallBatchBody
from gateway.features.exports import api as exports
from gateway.features.health import api as documents
from gateway.features.health import reference
from gateway.features.invoices import api as invoices
from gateway.features.keys import api as keys
from gateway.features.live import api as events
from gateway.features.numbers import api as numbers
from gateway.features.numbers.schemas import NewNumberBody
from gateway.features.people import api as people
from gateway.features.plans import api as plans
from gateway.features.rates import api as rates
from gateway.features.rates import changes_api as rate_changes
from gateway.features.rejected_calls import api as rejected_calls
from gateway.features.resellers import api as resellers
from gateway.features.search import api as search
from gateway.http import problems
from gateway.http.exact_rates import widen_rates
from gateway.http.problems import ProblemDocument
from gateway.http.security import Guard
from gateway.identity.runtime import Gateway
from gateway.portal import error_pages
from gateway.settings import GatewaySettings

GZIP_BYTES_MIN: Final = 1_500
"""What fits one packet is sent as it is: no answer about a call is larger."""

GZIP_LEVEL: Final = 5
CALLS: Final = "/v1/calls"
"""Where switches ask for every call; what they are answered is never compressed."""

TITLE: Final = "Accounts Manager"
VERSION: Final = "1.0.0"
DESCRIPTION: Final = """\
Open, fund, control and bill the hosted-PBX accounts of a telephony reseller.

Money is a decimal text with its currency, never a number. Times are RFC 3339; ranges are half-open.
Every error is a problem document (RFC 9457) with a `code` that never changes; its `type` is the
address of the page that explains the code. Where money or numbers move, an
`Idempotency-Key` makes a request safe to repeat."""


ROUTES: Final = (
    calls,
    call_files,
    people,
    keys,
    exports,
    resellers,
    account_imports,
    search,
    accounts,
    invoices,
    plans,
    numbers,
    billing_settings,
    platform,
    audit,
    rates,
    rejected_calls,
    rate_changes,
    events,
    documents,
    reference,
)
"""In the order in which they are looked at: the switch asks for every call, so its come first."""


def create_app(gateway: Gateway) -> FastAPI:
    """Return the app of a gateway, which starts and stops with it."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        await gateway.start()
        # It takes a second to make, which the first person to ask would not like to wait.
        describing = asyncio.create_task(asyncio.to_thread(app.openapi))
        try:
            yield
        finally:
            await describing
            await gateway.stop()

    app = FastAPI(
        title=TITLE,
        version=VERSION,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
        middleware=_layers(gateway.settings),
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.gateway = gateway
    problems.install(app, error_pages, gateway.settings.portal_url)
    for routes in ROUTES:
        app.include_router(routes.router)
    portal.install(app)
    app.openapi = lambda: _description(app)
    return app


def _layers(settings: GatewaySettings) -> list[Middleware]:
    return [
        Middleware(Guard, settings=settings),
        Middleware(
            _Compressing,
            minimum_size=GZIP_BYTES_MIN,
            compresslevel=GZIP_LEVEL,
            exclude_content_types=(*DEFAULT_EXCLUDED_CONTENT_TYPES, "application/pdf"),
        ),
    ]


class _Compressing(GZipMiddleware):
    """Compresses what people and programs read; keeps out of the way of calls."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] == "http" and scope["path"].startswith(CALLS):
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def _operation_id(route: APIRoute) -> str:
    return route.name


def _description(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        app.openapi_schema = get_openapi(
            title=app.title,
            version=app.version,
            openapi_version=app.openapi_version,
            description=app.description,
            routes=app.routes,
        )
        # What routes refer to by name only.
        _, named = models_json_schema(
            [
                (ProblemDocument, "serialization"),
                (NewNumberBody, "validation"),
                (AuthorizeBody, "validation"),
                (CallBatchBody, "validation"),
            ],
            ref_template="#/components/schemas/{model}",
        )
        app.openapi_schema["components"]["schemas"].update(named["$defs"])
        widen_rates(app.openapi_schema["components"]["schemas"])
    return app.openapi_schema
