"""Plans that are changed, by their seller and by whoever has them, and numbers of an account."""

from dataclasses import replace
from datetime import date
from typing import Final

from contracts.billing import PlanChangeQuote, QuarantinedNumber, QuoteLine
from gateway.features.opening.views import PlanFields
from gateway.features.plans import views as plans
from tests.samples.accounts import BUNDLES, NUMBERS, PLAN
from tests.samples.factories import choices, made, seen_by, table, wrong
from tests.samples.names import HEAD, LONG_NAME, LONG_WORD, NOW, UNIT
from tests.samples.opening import OPENED, SHEET, SHEETS, SPARE

USERS_WRONG: Final = "Enter a number of users from 1 to 10,000."
RENEWAL: Final = date(2026, 12, 12)
LATER: Final = ("Cost per user: $14.50 (was $14.00).", "India: 200 minutes (was 300).")
LINE: Final = QuoteLine(
    type="users",
    text="2 users added, 20 of 30 days",
    quantity=2,
    unit_price=14 * UNIT,
    amount=18_670_000,
)
QUOTE: Final = made(
    PlanChangeQuote,
    lines=(LINE,),
    total=18_670_000,
    available=326_480_000,
    balance_after=308_630_000,
    monthly_charge=199_700_000,
    next_renewal=RENEWAL,
    scheduled_changes=LATER,
    sufficient_credit=True,
    balance=277_300_000,
    credit_limit=50_000_000,
    held=820_000,
    available_after=307_810_000,
)
UNCOVERED: Final = {
    "available": 10 * UNIT,
    "balance_after": -8_670_000,
    "sufficient_credit": False,
}
REMOVED: Final = {"text": "1 user removed, 19 of 30 days", "amount": -8_870_000}
CREDITED: Final = {
    "lines": (LINE.model_copy(update=REMOVED),),
    "total": -8_870_000,
    "balance_after": 336_170_000,
    "scheduled_changes": (),
}
NOTHING: Final = plans.ShownQuote(
    quote=None,
    missing="Make a change to see what it costs today.",
    seen="",
    patch="",
    button="Change plan",
)


def _shown(button: str, **changes: object) -> plans.ShownQuote:
    quote = QUOTE.model_copy(update=changes)
    return plans.ShownQuote(
        quote=quote, missing="", seen="18.67 199.70", patch='{"users":14}', button=button
    )


CHANGED: Final = made(
    plans.ChangePlanPage,
    plan_name="Office 12",
    version="7",
    fields=plans.PlanChangeFields(
        users="14",
        cost_per_user="14.00",
        apply_now=False,
        rate_sheet_id="s1",
        domestic_policy="included",
        premium_allowed="no",
    ),
    countries=OPENED,
    closed=choices({"BR": "Brazil, from $0.0320", "DE": "Germany, from $0.0120"}),
    sheets=SHEETS,
    sheet=SHEET,
    numbers=NUMBERS,
    scheduled_changes=LATER,
    next_renewal=RENEWAL,
    shown=_shown("Change plan, pay $18.67"),
)
UNCHANGED: Final = replace(
    CHANGED,
    fields=replace(CHANGED.fields, rate_sheet_id=""),
    shown=NOTHING,
    countries=(),
    closed=(),
    sheet=None,
    numbers=(),
    scheduled_changes=(),
)
STARTED: Final = made(
    plans.StartPlanPage,
    fields=PlanFields(plan_name="Harbour Team", users="2", cost_per_user="9.335"),
    sheets=SHEETS,
    shown=_shown("Start plan, pay $18.67", scheduled_changes=()),
)
ACCOUNTS_NUMBERS: Final = made(
    plans.AccountNumbersPage,
    changeable=True,
    numbers=NUMBERS,
    spare=SPARE,
    more_spare=True,
    search="",
    shown=_shown("Add 2 numbers, pay $18.67", scheduled_changes=()),
    quarantined=table(
        QuarantinedNumber,
        "number monthly_fee charge",
        ("+442079460188", 2_200_000, 0),
        ("+14155550177", 1_500_000, 850_000),
        until=NOW,
    ),
)
OWN: Final = made(
    plans.PlanTab,
    plan=replace(PLAN, premium_calls="Charged by the rate sheet"),
    lines=table(
        plans.ServiceLine,
        "text quantity unit_cost",
        ("Users", 12, 14 * UNIT),
        ("+1 415-555-0142", 1, 1_500_000),
        ("+44 20 7946 0321", 1, 2_200_000),
    ),
    bundles=BUNDLES,
)
USERS_ADDED: Final = replace(
    OWN,
    plan=replace(PLAN, premium_calls="Charged by the rate sheet", scheduled_changes=LATER),
    users="14",
    changeable=True,
    version="7",
    request="0193-key",
    shown=_shown("Add 2 users, pay $18.67"),
)

PAGES: Final = seen_by(
    reseller={
        "change-plan": CHANGED,
        "change-plan-first": UNCHANGED,
        "change-plan-errors": replace(
            CHANGED,
            name=LONG_NAME,
            plan_name=LONG_WORD,
            shown=_shown("Change plan, pay $18.67", **UNCOVERED),
            errors={
                "users": USERS_WRONG,
                "cost_per_user": "Enter the cost per user as an amount such as 12.50.",
                "minutes-IN": "Enter the bundled minutes as a whole number.",
            },
        ),
        "change-plan-overtaken": replace(
            CHANGED, overtaken=True, shown=_shown("Change plan, $8.87 credited", **CREDITED)
        ),
        "start-plan-errors": wrong(
            replace(
                STARTED,
                fields=PlanFields(users="", cost_per_user="10"),
                shown=replace(NOTHING, button="Start plan"),
            ),
            plan_name="Enter the plan name.",
            users="Enter the number of users.",
        ),
        "account-numbers": ACCOUNTS_NUMBERS,
        "account-numbers-remove": replace(ACCOUNTS_NUMBERS, removing="+14155550142"),
        "account-numbers-none": replace(
            ACCOUNTS_NUMBERS, numbers=(), spare=(), more_spare=False, shown=NOTHING
        ),
        "plan-none": plans.PlanTab(
            head=replace(HEAD, available=None), parent="Northwind Voice", plan=None
        ),
    },
    customer={
        "plan": OWN,
        "plan-users": USERS_ADDED,
        "plan-users-refused": wrong(
            replace(USERS_ADDED, users="0", shown=replace(NOTHING, button="Change users")),
            users=USERS_WRONG,
        ),
    },
    operator={"start-plan": STARTED},
)
