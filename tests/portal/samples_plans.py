"""Sample view models of plans that are changed, and of the pages that look after a business."""

from dataclasses import replace
from datetime import date, timedelta

from contracts.billing import PlanChangeQuote, QuoteLine, RestingNumber
from gateway.features.accounts.views import OverviewPage
from gateway.features.audit.views import AuditPage, ChangedField, ChangeRow
from gateway.features.billing_settings.views import BillingSettingsFields, BillingSettingsPage
from gateway.features.health.views import HealthPage, PartRow
from gateway.features.opening.views import OpenCountry, PlanFields, SheetSummary
from gateway.features.plans.views import (
    AccountNumbersPage,
    ChangePlanPage,
    PlanChangeFields,
    PlanTab,
    ShownQuote,
    StartPlanPage,
)
from gateway.portal.views.parts import Choice, Kpi, Link, ListQuery, Pager
from tests.portal.samples import LONG_NAME, LONG_WORD, NOW, UNIT, ZONE, overview
from tests.portal.samples_calls import HEAD, plan_tab
from tests.portal.samples_opening import new_plan

RENEWAL = date(2026, 12, 12)
LATER = ("Cost per user: $14.50 (was $14.00).", "India: 200 minutes (was 300).")
_LINE = QuoteLine(
    type="users",
    text="2 users added, 20 of 30 days",
    quantity=2,
    unit_price=14 * UNIT,
    amount=18_670_000,
)
_QUOTE = PlanChangeQuote(
    lines=(_LINE,),
    total=18_670_000,
    available=326_480_000,
    balance_after=308_630_000,
    currency="USD",
    monthly_charge=199_700_000,
    next_renewal=RENEWAL,
    scheduled_changes=LATER,
    sufficient_credit=True,
    balance=277_300_000,
    credit_limit=50_000_000,
    held=820_000,
    available_after=307_810_000,
)
_NONE = ShownQuote(
    quote=None,
    missing="Make a change to see what it costs today.",
    seen="",
    patch="",
    button="Change plan",
)


def _shown(quote: PlanChangeQuote, button: str) -> ShownQuote:
    return ShownQuote(
        quote=quote,
        missing="",
        seen="18.67 199.70",
        patch='{"users":14}',
        button=button,
    )


def _uncovered() -> PlanChangeQuote:
    update = {"available": 10 * UNIT, "balance_after": -8_670_000, "sufficient_credit": False}
    return _QUOTE.model_copy(update=update)


def _credited() -> PlanChangeQuote:
    line = _LINE.model_copy(update={"text": "1 user removed, 19 of 30 days", "amount": -8_870_000})
    amounts = {"total": -8_870_000, "balance_after": 336_170_000, "scheduled_changes": ()}
    return _QUOTE.model_copy(update={"lines": (line,), **amounts})


# --- a plan that is changed -------------------------------------------------------------------


def change_plan() -> ChangePlanPage:
    """Return a plan with two users more, and changes that wait for the next period."""
    return ChangePlanPage(
        id="a4",
        name="Harbour & Vale Legal",
        plan_name="Office 12",
        currency="USD",
        version="7",
        request="0193-key",
        fields=PlanChangeFields(
            users="14",
            cost_per_user="14.00",
            apply_now=False,
            rate_sheet_id="s1",
            domestic_policy="included",
            premium_allowed="no",
        ),
        countries=(
            OpenCountry(country="IN", minutes="300", lowest_rate=21_000),
            OpenCountry(country="AE", minutes="", lowest_rate=164_000),
        ),
        closed=(
            Choice(value="BR", label="Brazil, from $0.0320"),
            Choice(value="DE", label="Germany, from $0.0120"),
        ),
        sheets=(Choice(value="s1", label="Standard A–Z"), Choice(value="s2", label="Gold")),
        sheet=SheetSummary(id="s1", rates=214, lowest=8_500, highest=231_000),
        numbers=overview().numbers,
        scheduled_changes=LATER,
        next_renewal=RENEWAL,
        shown=_shown(_QUOTE, "Change plan, pay $18.67"),
    )


def plan_unchanged() -> ChangePlanPage:
    """Return a plan as it is first shown, without rates, countries or numbers."""
    page = change_plan()
    bare = {"countries": (), "closed": (), "sheet": None, "numbers": (), "scheduled_changes": ()}
    fields = replace(page.fields, rate_sheet_id="")
    return replace(page, fields=fields, shown=_NONE, **bare)


def change_plan_errors() -> ChangePlanPage:
    """Return a change that is refused, of an account with a long name and little credit."""
    return replace(
        change_plan(),
        name=LONG_NAME,
        plan_name=LONG_WORD,
        shown=_shown(_uncovered(), "Change plan, pay $18.67"),
        errors={
            "users": "Enter a number of users from 1 to 10,000.",
            "cost_per_user": "Enter the cost per user as an amount such as 12.50.",
            "minutes-IN": "Enter the bundled minutes as a whole number.",
        },
    )


def change_plan_overtaken() -> ChangePlanPage:
    """Return a change that somebody else was faster with, and that credits something."""
    shown = _shown(_credited(), "Change plan, $8.87 credited")
    return replace(change_plan(), overtaken=True, shown=shown)


def account_numbers() -> AccountNumbersPage:
    """Return an account's numbers, with spare ones ticked."""
    return AccountNumbersPage(
        id="a4",
        name="Harbour & Vale Legal",
        currency="USD",
        changeable=True,
        numbers=overview().numbers,
        spare=new_plan().spare,
        more_spare=True,
        search="",
        request="0193-key",
        shown=_shown(
            _QUOTE.model_copy(update={"scheduled_changes": ()}), "Add 2 numbers, pay $18.67"
        ),
        resting=(
            RestingNumber(number="+442079460188", monthly_fee=2_200_000, until=NOW, charge=0),
            RestingNumber(
                number="+14155550177",
                monthly_fee=1_500_000,
                until=NOW,
                charge=850_000,
            ),
        ),
    )


def start_plan() -> StartPlanPage:
    """Return the first plan of an account that was opened without one."""
    return StartPlanPage(
        id="a4",
        name="Harbour & Vale Legal",
        currency="USD",
        fields=PlanFields(plan_name="Harbour Team", users="2", cost_per_user="9.335"),
        sheets=change_plan().sheets,
        request="0193-key",
        shown=_shown(_QUOTE.model_copy(update={"scheduled_changes": ()}), "Start plan, pay $18.67"),
    )


def start_plan_errors() -> StartPlanPage:
    """Return a first plan that cannot be."""
    errors = {"plan_name": "Enter the plan name.", "users": "Enter the number of users."}
    fields = PlanFields(users="", cost_per_user="10")
    shown = replace(_NONE, button="Start plan")
    return replace(start_plan(), fields=fields, shown=shown, errors=errors)


def removing_number() -> AccountNumbersPage:
    """Return the dialog that takes a number away."""
    return replace(account_numbers(), removing="+14155550142")


def no_account_numbers() -> AccountNumbersPage:
    """Return an account without numbers, of a reseller without spare ones."""
    return replace(
        account_numbers(), numbers=(), spare=(), more_spare=False, search="", shown=_NONE
    )


def users_added() -> PlanTab:
    """Return the customer's plan with two users more, and changes that wait."""
    plan = plan_tab().plan
    assert plan is not None
    return replace(
        plan_tab(),
        plan=replace(plan, scheduled_changes=LATER),
        users="14",
        changeable=True,
        version="7",
        request="0193-key",
        shown=_shown(_QUOTE, "Add 2 users, pay $18.67"),
    )


def users_refused() -> PlanTab:
    """Return the customer's plan after a number of users that cannot be."""
    page = users_added()
    errors = {"users": "Enter a number of users from 1 to 10,000."}
    return replace(page, users="0", shown=replace(_NONE, button="Change users"), errors=errors)


def delete_unpaid() -> OverviewPage:
    """Return the dialog that deletes an account with unpaid invoices."""
    return replace(overview(), unpaid_invoices=2, dialog="delete")


# --- a business -------------------------------------------------------------------------------


def billing_settings() -> BillingSettingsPage:
    """Return a reseller's settings with what can be wrong."""
    return BillingSettingsPage(
        head=replace(HEAD, account_name="Northwind Voice", seller=True),
        fields=BillingSettingsFields(
            seller_name="Northwind Voice Inc.",
            seller_address="1 Harbour Street\nSan Francisco, CA 94105",
            invoice_prefix="NW-",
            tax_name="Sales tax",
            tax_percent="8.625",
            invoice_footer="Thank you for your business.",
            dial_format="e164",
        ),
        dial_formats=(
            Choice(value="national", label="As dialled in the account’s country"),
            Choice(value="e164", label="Always international (E.164)"),
        ),
        version="3",
        errors={"invoice_prefix": "Enter letters and digits only, such as ACME."},
    )


def overtaken_settings() -> BillingSettingsPage:
    """Return settings that somebody else was faster to save."""
    return replace(billing_settings(), overtaken=True, errors={})


def audit() -> AuditPage:
    """Return some changes, with and without fields, one on behalf of a customer."""
    query = ListQuery(path="/audit", parameters={"account": "a4"})
    sara = Link(label="Sara Elwood", url="/audit?actor=u1")
    harbour = Link(label="Harbour & Vale Legal", url="/audit?account=a4")
    first = ChangeRow(
        at=NOW,
        actor=sara,
        actor_account="Northwind Voice",
        account=harbour,
        what="Account changed",
        subject="Harbour & Vale Legal",
        fields=(
            ChangedField(name="E-mail", before="a@harbour.example", after="b@harbour.example"),
            ChangedField(name="Contact number", before="", after="+14155550142"),
            ChangedField(name="Reason", before="Unpaid", after=""),
        ),
    )
    long = replace(
        first, subject=LONG_WORD, account=replace(harbour, label=LONG_NAME), actor_account=""
    )
    bare = replace(first, what="Account disabled", fields=(), account=None, subject="")
    short = replace(first, what="Account renewed", fields=(), actor_account="", subject="")
    return AuditPage(
        query=query,
        zone=ZONE,
        first_day="1 Nov 2026",
        last_day="",
        presets=(
            query.segment("from", "", "All time"),
            query.segment("from", "2026-11-22", "Today"),
            query.segment("from", "2026-11-01", "This month"),
        ),
        people=(Choice(value="u1", label="Sara Elwood"), Choice(value="k1", label="CRM")),
        filters=(Link(label="Account: Harbour & Vale Legal", url="/audit"),),
        export_url="/v1/audit.csv",
        rows=(first, long, bare, short),
        pager=Pager(text="4 changes", next_url="/audit?after=x"),
    )


def no_changes() -> AuditPage:
    """Return the trail of a business on its first day."""
    query = ListQuery(path="/audit")
    return replace(
        audit(), query=query, rows=(), people=(), filters=(), first_day="", pager=Pager(text="")
    )


def health() -> HealthPage:
    """Return a system with a service that is down and one with dead letters."""
    return HealthPage(
        figures=(
            Kpi(label="Services ready", value=3),
            Kpi(label="Messages waiting", value=12),
            Kpi(label="Dead letters", value=1),
        ),
        parts=(
            PartRow(name="RabbitMQ", status="ready", note=""),
            PartRow(name="MongoDB", status="ready", note=""),
            PartRow(name="Accounts", status="ready", note=""),
            PartRow(
                name="Billing",
                status="failing",
                note="Nobody takes some of its messages: start the service. 12 messages waiting.",
            ),
            PartRow(
                name="Notifications", status="attention", note="1 dead letter to replay or drop."
            ),
        ),
        zone=ZONE,
        looked_at=NOW + timedelta(seconds=6),
    )
