"""Puts the portal into the gateway: its pages and its files."""

from typing import Final

from fastapi import FastAPI
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from starlette.types import Scope

from gateway.portal.pages import STATIC
from gateway.portal.routes import (
    account_imports,
    account_numbers,
    account_plan,
    accounts,
    audit,
    billing_details,
    billing_settings,
    call_import,
    calls,
    entry,
    health,
    invoice,
    invoices,
    keys,
    live,
    mailbox,
    new_plan,
    numbers,
    opening,
    overview,
    own_plan,
    plan,
    rate_changes,
    rates,
    rejected_calls,
    resellers,
    search,
    settings,
    transactions,
)

VERSIONED_SECONDS: Final = 31_536_000
UNVERSIONED_SECONDS: Final = 86_400


class Files(StaticFiles):
    """The portal's style sheets, scripts, fonts and flags, and those of documents; kept long."""

    def __init__(self) -> None:
        super().__init__(directory=STATIC, packages=[("documents", "static")])

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with a file; one whose address has its content's mark never changes."""
        answer = await super().get_response(path, scope)
        marked = b"v=" in scope["query_string"]
        if answer.status_code < 300:  # noqa: PLR2004 - what was found
            kept = (
                f"max-age={VERSIONED_SECONDS}, immutable"
                if marked
                else f"max-age={UNVERSIONED_SECONDS}"
            )
            answer.headers["Cache-Control"] = f"public, {kept}"
        return answer


def install(app: FastAPI) -> None:
    """Add the portal to the app. The wizard's fixed addresses come before accounts' ids."""
    for routes in (
        entry,
        live,
        account_imports,
        accounts,
        opening,
        plan,
        account_plan,
        new_plan,
        account_numbers,
        transactions,
        calls,
        call_import,
        invoices,
        invoice,
        overview,
        numbers,
        rates,
        rejected_calls,
        rate_changes,
        keys,
        settings,
        billing_details,
        billing_settings,
        own_plan,
        audit,
        search,
        resellers,
        health,
        mailbox,
    ):
        app.include_router(routes.router)
    app.mount("/static", Files())
