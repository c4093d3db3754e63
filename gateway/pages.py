"""Puts the portal into the gateway: its pages and its files."""

from typing import Final

from fastapi import FastAPI
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from starlette.types import Scope

from gateway.features.account_imports import pages as account_imports
from gateway.features.accounts.pages import accounts, overview, transactions
from gateway.features.audit import pages as audit
from gateway.features.billing_settings.pages import billing_details, billing_settings
from gateway.features.calls.pages import imports as call_import
from gateway.features.calls.pages import per_minute as calls
from gateway.features.health.pages import health, mailbox
from gateway.features.invoices.pages import invoice, invoices
from gateway.features.keys import pages as keys
from gateway.features.live import pages as live
from gateway.features.numbers import pages as numbers
from gateway.features.opening.pages import basic_info as opening
from gateway.features.opening.pages import service_plan as plan
from gateway.features.people.pages import entry, settings
from gateway.features.plans.pages import (
    new_plan,
    own_plan,
)
from gateway.features.plans.pages import (
    numbers as account_numbers,
)
from gateway.features.plans.pages import (
    plan as account_plan,
)
from gateway.features.rates.pages import changes as rate_changes
from gateway.features.rates.pages import rates
from gateway.features.rejected_calls import pages as rejected_calls
from gateway.features.resellers import pages as resellers
from gateway.features.search import pages as search
from gateway.portal.pages import STATIC

VERSIONED_SECONDS: Final = 31_536_000
UNVERSIONED_SECONDS: Final = 86_400


class Files(StaticFiles):
    """The portal's style sheets, scripts, fonts and flags, and those of documents; kept long."""

    def __init__(self) -> None:
        super().__init__(directory=STATIC, packages=[("accounts_manager.documents", "static")])

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
