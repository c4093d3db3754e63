"""Every page in the states worth looking at, served with the portal's own headers, no backend.

`python -m tests.portal.gallery FOLDER` takes a screenshot of each.
"""

import argparse
import socket
import threading
from collections.abc import AsyncIterator, Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, StreamingResponse
from playwright.sync_api import Browser, sync_playwright

from gateway.features.health.reference import PROBLEM_ROWS
from gateway.features.health.views import ProblemsPage
from gateway.http.security import SECURITY_HEADERS
from gateway.pages import Files
from gateway.portal.pages import Page, render
from gateway.portal.views.shell import (
    Person,
    Role,
    Shell,
    Theme,
    Toast,
    Undo,
    entries_for,
    search_for,
)
from local.browser import CHROMIUM, CHROMIUM_ARGUMENTS
from tests.portal import (
    samples,
    samples_call_import,
    samples_calls,
    samples_imports,
    samples_invoices,
    samples_more,
    samples_opening,
    samples_operator,
    samples_plans,
    samples_rates,
    samples_search,
)

STOP_SECONDS_MAX = 10
PHONE_PIXELS_MAX = 860
WIDTHS = (1440, 390)
THEMES: tuple[Theme, ...] = ("light", "dark")

# name → (who looks at it, the page)
PAGES: Mapping[str, tuple[Role | None, Callable[[], Page]]] = {
    "accounts": ("reseller", samples.accounts_page),
    "accounts-no-match": ("reseller", samples.no_match),
    "accounts-first-day": ("reseller", samples.no_accounts),
    "search": ("reseller", samples_search.found),
    "search-nothing": ("operator", samples_search.nothing),
    "search-empty": ("reseller", samples_search.empty),
    "accounts-filtered": ("reseller", samples.filtered_accounts),
    "accounts-bulk": ("reseller", samples.bulk_page),
    "accounts-long": ("reseller", samples.long_accounts),
    "open-many": ("reseller", samples_imports.open_many),
    "open-many-asked": ("reseller", samples_imports.open_many_asked),
    "open-many-checked": ("reseller", samples_imports.open_many_checked),
    "open-many-wrong": ("reseller", samples_imports.open_many_wrong),
    "open-many-running": ("reseller", samples_imports.importing),
    "open-many-done": ("reseller", samples_imports.imported),
    "new-basic": ("reseller", samples_opening.new_basic),
    "new-basic-errors": ("reseller", samples_opening.new_basic_errors),
    "new-basic-discard": ("reseller", samples_opening.discarding_basic),
    "new-plan": ("reseller", samples_opening.new_plan),
    "new-plan-first": ("reseller", samples_opening.new_plan_first),
    "new-plan-errors": ("reseller", samples_opening.new_plan_errors),
    "new-plan-credit": ("reseller", samples_opening.plan_credit_dialog),
    "new-plan-numbers": ("reseller", samples_opening.plan_numbers_dialog),
    "new-plan-countries": ("reseller", samples_opening.plan_countries_dialog),
    "new-plan-discard": ("reseller", samples_opening.plan_discard_dialog),
    "overview": ("reseller", samples.overview),
    "overview-bare": ("reseller", samples.bare_overview),
    "overview-long": ("reseller", samples.long_overview),
    "overview-disabled": ("reseller", samples.disabled_overview),
    "overview-credit": ("reseller", samples.credit_dialog),
    "overview-adjust": ("reseller", samples.adjust_dialog),
    "overview-limit": ("reseller", samples.limit_dialog),
    "overview-disable": ("reseller", samples.disable_dialog),
    "overview-delete": ("reseller", samples.delete_dialog),
    "overview-delete-unpaid": ("reseller", samples_plans.delete_unpaid),
    "opening": ("reseller", samples.opening),
    "failed": ("reseller", samples.failed),
    "edit": ("reseller", samples.edit),
    "edit-conflict": ("reseller", samples.edit_conflict),
    "change-plan": ("reseller", samples_plans.change_plan),
    "change-plan-first": ("reseller", samples_plans.plan_unchanged),
    "change-plan-errors": ("reseller", samples_plans.change_plan_errors),
    "change-plan-overtaken": ("reseller", samples_plans.change_plan_overtaken),
    "start-plan": ("operator", samples_plans.start_plan),
    "start-plan-errors": ("reseller", samples_plans.start_plan_errors),
    "account-numbers": ("reseller", samples_plans.account_numbers),
    "account-numbers-remove": ("reseller", samples_plans.removing_number),
    "account-numbers-none": ("reseller", samples_plans.no_account_numbers),
    "billing-details": ("customer", samples_more.billing_details),
    "billing-details-platform": ("operator", samples_more.platforms_billing_details),
    "settings": ("reseller", samples_plans.billing_settings),
    "settings-overtaken": ("operator", samples_plans.overtaken_settings),
    "audit": ("reseller", samples_plans.audit),
    "audit-none": ("operator", samples_plans.no_changes),
    "health": ("operator", samples_plans.health),
    "transactions": ("reseller", samples_calls.transactions),
    "calls": ("reseller", samples_calls.calls_of_customer),
    "invoices": ("reseller", samples_invoices.invoices),
    "invoices-none": ("operator", samples_invoices.no_invoices),
    "account-invoices": ("reseller", samples_invoices.invoices_of_account),
    "invoice": ("reseller", samples_invoices.sent_invoice),
    "invoice-pay": ("reseller", samples_invoices.paying_invoice),
    "invoice-outside": ("reseller", samples_invoices.recording_payment),
    "invoice-credit": ("reseller", samples_invoices.crediting_invoice),
    "invoice-credited": ("reseller", samples_invoices.corrected_invoice),
    "invoice-long": ("operator", samples_invoices.long_invoice),
    "bills": ("customer", samples_invoices.bills),
    "bills-suspended": ("customer", samples_invoices.suspended_bills),
    "bills-paid": ("customer", samples_invoices.paid_bills),
    "bills-refused": ("customer", samples_invoices.refused_payment),
    "bill": ("customer", samples_invoices.bill),
    "bill-paid": ("customer", samples_invoices.paid_bill),
    "bill-credit-note": ("customer", samples_invoices.credited_bill),
    "account-suspended": ("customer", samples_invoices.suspended_account_tab),
    "numbers": ("reseller", samples_more.numbers),
    "numbers-checked": ("reseller", samples_more.numbers_checked),
    "number-fees": ("reseller", samples_more.number_fees),
    "number-remove": ("reseller", samples_more.number_removed),
    "numbers-first-day": ("reseller", samples_more.no_numbers),
    "rates": ("reseller", samples_rates.sheets),
    "rates-archived": ("reseller", samples_rates.archived_sheets),
    "rates-none-archived": ("reseller", samples_rates.no_archived_sheets),
    "rates-new": ("reseller", samples_rates.new_sheet),
    "sheet": ("reseller", samples_rates.sheet),
    "sheet-importing": ("reseller", samples_rates.sheet_importing),
    "sheet-checked": ("reseller", samples_rates.sheet_checked),
    "sheet-check-refused": ("reseller", samples_rates.sheet_check_refused),
    "sheet-refused": ("reseller", samples_rates.sheet_refused),
    "sheet-imported": ("reseller", samples_rates.sheet_imported),
    "sheet-imported-as-before": ("reseller", samples_rates.sheet_imported_as_before),
    "sheet-mapping": ("reseller", samples_rates.sheet_mapping),
    "sheet-priced": ("reseller", samples_rates.sheet_priced),
    "sheet-rename": ("reseller", samples_rates.sheet_renamed),
    "sheet-copy": ("reseller", samples_rates.sheet_copied),
    "sheet-archived": ("reseller", samples_rates.archived_sheet),
    "sheet-delete": ("reseller", samples_rates.sheet_deleted),
    "sheet-first": ("reseller", samples_rates.new_sheet_page),
    "rate-new": ("reseller", samples_rates.new_rate),
    "rate-change": ("reseller", samples_rates.rate_changed),
    "rate-remove": ("reseller", samples_rates.rate_removed),
    "versions": ("reseller", samples_rates.versions),
    "versions-back": ("reseller", samples_rates.going_back),
    "versions-first": ("reseller", samples_rates.no_versions),
    "keys": ("reseller", samples_more.keys),
    "keys-first": ("reseller", samples_more.no_keys),
    "user": ("customer", samples_more.user_tab),
    "user-password": ("customer", samples_more.change_password),
    "user-operator": ("operator", samples_more.operators_user_tab),
    "account": ("customer", samples_more.account_tab),
    "plan": ("customer", samples_calls.plan_tab),
    "plan-users": ("customer", samples_plans.users_added),
    "plan-users-refused": ("customer", samples_plans.users_refused),
    "plan-none": ("reseller", samples_calls.no_plan_tab),
    "per-minute": ("customer", samples_calls.per_minute),
    "per-minute-none": ("reseller", samples_calls.no_calls),
    "my-transactions": ("customer", samples_calls.own_transactions),
    "rejected-calls": ("operator", samples_calls.rejected_calls),
    "rejected-calls-none": ("reseller", samples_calls.no_rejected_calls),
    "rejected-call": ("reseller", samples_calls.rejected_call),
    "rejected-call-dismissed": ("operator", samples_calls.dismissed_call),
    "call-import": ("reseller", samples_call_import.first),
    "call-import-times": ("reseller", samples_call_import.local_times),
    "call-import-question": ("operator", samples_call_import.asking),
    "call-import-checked": ("reseller", samples_call_import.checked),
    "call-import-done": ("reseller", samples_call_import.imported),
    "resellers": ("operator", samples_operator.resellers),
    "resellers-first-day": ("operator", samples_operator.no_resellers),
    "reseller-new": ("operator", samples_operator.new_reseller),
    "reseller-new-plan": ("operator", samples_operator.new_reseller_with_plan),
    "reseller": ("operator", samples_operator.reseller),
    "reseller-mapping": ("operator", samples_operator.reseller_mapping),
    "reseller-disabled": ("operator", samples_operator.disabled_reseller),
    "reseller-disable": ("operator", samples_operator.disabling_reseller),
    "reseller-delete": ("operator", samples_operator.deleting_reseller),
    "reseller-failed": ("operator", samples_operator.failed_reseller),
    "reseller-plan": ("operator", samples_operator.resellers_plan),
    "reseller-edit": ("operator", samples.edit),
    "reseller-transactions": ("operator", samples_calls.transactions),
    "reseller-invoices": ("operator", samples_invoices.invoices_of_account),
    "login": (None, samples_more.login),
    "login-refused": (None, samples_more.login_refused),
    "forgot": (None, samples_more.forgot),
    "forgot-sent": (None, samples_more.forgot_sent),
    "reset": (None, samples_more.reset),
    "reset-keys": (None, samples_more.reset_with_keys),
    "reset-expired": (None, samples_more.reset_expired),
    "help": ("reseller", samples_more.help_page),
    "help-customer": ("customer", samples_more.customers_help),
    "help-operator": ("operator", samples_more.operators_help),
    "help-nobody": (None, samples_more.nobodys_help),
    "problems": (None, lambda: ProblemsPage(problems=PROBLEM_ROWS)),
    "mailbox": (None, samples_more.mailbox),
    "mailbox-empty": ("operator", samples_more.empty_mailbox),
    "error-403": ("customer", lambda: samples_more.error(403)),
    "error-404": (None, lambda: samples_more.error(404)),
    "error-500": ("reseller", lambda: samples_more.error(500)),
}

_PEOPLE: Mapping[Role, Person] = {
    "operator": Person(
        role="operator", name="Iris Chen", account_name="Platform", brand="Accounts Manager"
    ),
    "reseller": Person(
        role="reseller", name="Sara Elwood", account_name="Northwind Voice", brand="Northwind Voice"
    ),
    "customer": Person(
        role="customer",
        name="Amara Okafor",
        account_name="Harbour & Vale Legal",
        brand="Northwind Voice",
    ),
}
_TOAST = Toast(
    text="1 account disabled",
    undo=Undo(url="/accounts/bulk", fields=(("action", "enable"), ("account", "a5"))),
)


def shell(name: str, role: Role | None, theme: Theme) -> Shell:
    """Return the frame of a gallery page; the first one has a toast."""
    address = f"/gallery/{name}"
    if role is None:
        return Shell(address=address, theme=theme)
    return Shell(
        address=address,
        theme=theme,
        person=_PEOPLE[role],
        entries=entries_for(role, spare_numbers=46, demo=role == "operator"),
        search=search_for(role),
        toasts=(_TOAST,) if name == "accounts" else (),
    )


def application() -> FastAPI:
    """Return the gallery: `/gallery/{name}?theme=`, the static files, and a quiet event stream."""
    app = FastAPI()
    app.mount("/static", Files())

    @app.get("/gallery/{name}")
    async def page(name: str, request: Request) -> Response:
        """Render one page."""
        role, make = PAGES[name]
        theme: Theme = "dark" if request.query_params.get("theme") == "dark" else "light"
        html = render(make(), shell(name, role, theme))
        return HTMLResponse(html, headers=dict(SECURITY_HEADERS))

    @app.post("/accounts/new/basic")
    @app.post("/accounts/new/plan")
    async def draft() -> Response:
        """Answer as the wizard does after any button but the last: with its second page."""
        frame = shell("new-plan", "reseller", "light")
        return HTMLResponse(render(samples_opening.new_plan(), frame))

    @app.get("/accounts/imports/{import_id}")
    async def running(import_id: str) -> Response:
        """Answer as an import that is still running does, whenever its page looks again."""
        role, make = PAGES["open-many-running"]
        return HTMLResponse(render(make(), shell(import_id, role, "light")))

    @app.get("/live")
    async def live() -> Response:
        """Say that the stream is there, and end it: nothing ever happens here."""

        async def nothing() -> AsyncIterator[str]:
            yield "retry: 60000\n\n: connected\n\n"

        return StreamingResponse(nothing(), media_type="text/event-stream")

    del page, draft, running, live  # FastAPI keeps them
    return app


@contextmanager
def serving() -> Generator[str]:
    """Serve the gallery on a free port of this machine; give its address.

    The socket listens before the server runs: a caller that is early waits in its queue.
    """
    server = uvicorn.Server(uvicorn.Config(application(), log_level="warning"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=STOP_SECONDS_MAX)


def take_pictures(browser: Browser, address: str, folder: Path, names: list[str]) -> None:
    """Write a screenshot of each page, width and theme; the whole page, as a person scrolls it."""
    for width in WIDTHS:
        for theme in THEMES:
            page = browser.new_page(
                viewport={"width": width, "height": 940 if width > PHONE_PIXELS_MAX else 844},
                reduced_motion="reduce",
            )
            for name in names:
                page.goto(f"{address}/gallery/{name}?theme={theme}")
                page.evaluate("document.fonts.ready")
                page.screenshot(path=folder / f"{name}-{width}-{theme}.png")
            page.close()


def main() -> None:
    """Take the pictures that are asked for, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", default=list(PAGES))
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with serving() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        take_pictures(browser, address, arguments.folder, arguments.names)


if __name__ == "__main__":
    main()
