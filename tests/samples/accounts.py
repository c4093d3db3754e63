"""A reseller's list of accounts, and one account in all its states."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from contracts.billing import BilledCall, LedgerEntry
from gateway.features.accounts import views as accounts
from gateway.features.accounts.list_address import MONEY_FIELDS, SORT_CHOICES
from gateway.portal.presenters import country_choices
from gateway.portal.views.parts import Kpi, Link, ListQuery, Pager, Step
from tests.samples.factories import made, seen_by, segments, table, wrong
from tests.samples.names import AMARA, LONG_NAME, LONG_PERSON, LONG_WORD, NOW, UNIT

LONG_REALM: Final = f"{LONG_WORD}.voice.example"
DEBT: Final = -123_456_789_120_000
ACCOUNTS: Final = (
    ("Atlas Machine Parts", "Wei", "Okafor", "Office 40", 40, 12, 1, 551, 1_000, 174_810_000),
    ("Bluefin Logistics", "Yuki", "Bell", "Office 3", 3, 18, 4, 80, 1_000, 246_260_000),
    ("Bluefin Logistics West", "Priya", "Petrova", "Contact centre 40", 40, 12, 6, 0, 0, 5_050_000),
    ("Brightwater Energy", "Wei", "Novak", "Essential 12", 12, 12, 2, 417, 1_000, 280_190_000),
    ("Harbour & Vale Legal", "Amara", "Okafor", "Office 12", 12, 14, 2, 960, 1_000, 327_300_000),
    ("Larkspur Dental", "Noor", "Lin", "Contact centre 3", 3, 12, 6, 205, 500, -1_830_000),
    ("Meridian Freight", "Hanna", "Whitfield", "Essential 3", 3, 12, 2, 341, 1_000, 845_560_000),
    ("Orchard & Pine", "Mei", "Bello", "Office 5", 5, 9, 2, 0, 0, 740_950_000),
    ("Pelican Print", "Wei", "Ortega", "Contact centre 5", 5, 18, 6, 473, 1_000, 70_100_000),
    ("Quayside Hotels", "Rafael", "Silva", "Office 65", 65, 12, 1, 178, 500, 255_060_000),
)
STATUSES: Final = {2: "suspended", 5: "disabled", 6: "opening"}
LASTS: Final = ("over a year left", "≈ 14 days left", "under a day left", "")


def _row(index: int) -> accounts.AccountRow:
    name, first, last, plan, users, cost, numbers, used, minutes, balance = ACCOUNTS[index]
    slug = name.lower().replace(" & ", "-and-").replace(" ", "-")
    return made(
        accounts.AccountRow,
        id=f"a{index}",
        name=name,
        realm=f"{slug}-k{index}x7.voice.example",
        administrator=AMARA.model_copy(update={"first_name": first, "last_name": last}),
        plan_name=plan,
        users=users,
        cost_per_user=cost * UNIT,
        numbers=numbers,
        bundle_minutes=minutes,
        bundle_minutes_left=minutes - used,
        balance=balance,
        lasts=LASTS[index % 4],
        low=balance < 10 * UNIT,
        renews_at=NOW + timedelta(days=3 * index) if index else None,
        status=STATUSES.get(index, "active"),
    )


def _list(query: ListQuery) -> accounts.AccountsPage:
    statuses = {"": "All", "active": "Active", "low": "Low balance"}
    statuses |= {"opening": "Opening", "disabled": "Disabled"}
    return made(
        accounts.AccountsPage,
        query=query,
        kpis=(
            Kpi(label="Active accounts", value=119, trend="6 this month"),
            Kpi(label="Monthly recurring", value=30_933_500_000, currency="USD"),
            Kpi(label="Credit held by customers", value=143_321_710_000, currency="USD"),
            made(Kpi, label="Running low", value=2, link=REVIEW, warns=True),
        ),
        segments=segments(query, "status", statuses, 128, 118, 2, 1, 9),
        columns=accounts.account_columns(query, query.value("sort") or "name"),
        fields=dict.fromkeys(MONEY_FIELDS, ""),
        sort=query.value("sort") or "name",
        sorts=SORT_CHOICES,
        filtered=False,
        export_url="/v1/accounts.csv",
        rows=tuple(map(_row, range(len(ACCOUNTS)))),
        pager=Pager(text="1–10 of 128 accounts", next_url=query.url(after="eyJuIjoxMH0")),
        any_account=True,
    )


REVIEW: Final = Link(label="Review", url="?status=low")
QUERY: Final = ListQuery(path="/accounts", parameters={"sort": "name"})
LIST: Final = _list(QUERY)
NO_MATCH: Final = _list(ListQuery(path="/accounts", parameters={"q": "zzz"}))
LONG_ROW: Final = replace(
    _row(0),
    name=LONG_NAME,
    realm=LONG_REALM,
    administrator=LONG_PERSON,
    plan_name=LONG_NAME,
    users=10_000,
    cost_per_user=999_999_999_900,
    balance=DEBT,
)

# --- one account ------------------------------------------------------------------------------

LEDGER: Final = table(
    LedgerEntry,
    "seq text type amount balance_after",
    (5, "+1 415-555-0142, first month", "number-rent", -1_500_000, 327_300_000),
    (4, "+44 20 7946 0321, first month", "number-rent", -2_200_000, 328_800_000),
    (3, "Set-up of +44 20 7946 0321", "number-setup", -1_000_000, 331_000_000),
    (2, "Office 12: 12 users × $14.00", "users", -168_000_000, 332_000_000),
    (1, "Credit: bank transfer 4711", "credit", 500_000_000, 500_000_000),
    at=NOW - timedelta(minutes=5),
    cause="0193-request",
    actor="user",
)
CALLS: Final = tuple(
    call.model_copy(
        update={
            "call_id": f"c{at}",
            "answered_at": NOW - timedelta(hours=7 * at),
            "charged_at": NOW
            - timedelta(hours=7 * at)
            + timedelta(seconds=call.seconds, days=at % 2),
        }
    )
    for at, call in enumerate(
        table(
            BilledCall,
            "destination country caller seconds rated_seconds rate cost",
            ("+971501234567", "AE", "104", 221, 222, 164_000, 606_800),
            ("+27215550123", "ZA", "112", 668, 672, 46_000, 515_200),
            ("+971501234567", "AE", "104", 1_357, 1_362, 164_000, 3_722_800),
            ("+6325550123", "PH", "101", 62, 66, 112_000, 123_200),
            ("+553155550123", "BR", "108", 439, 444, 32_000, 236_800),
            ("+881612345678", None, "+14155550142", 4_240, 4_240, 1_138_000, 80_418_700),
            call_id="c",
            answered_at=NOW,
            charged_at=NOW,
        )
    )
)
PLAN: Final = made(
    accounts.PlanSummary,
    name="Office 12",
    rate_sheet="Standard A–Z",
    home_calls="Free",
    premium_calls="Blocked",
    monthly_charge=171_700_000,
    renews_at=NOW + timedelta(days=30),
)
NUMBERS: Final = (
    made(
        accounts.AssignedNumber,
        e164="+14155550142",
        monthly_fee=1_500_000,
        setup_fee=0,
        locality="San Francisco",
    ),
    made(accounts.AssignedNumber, e164="+442079460321"),
)
BUNDLES: Final = table(
    accounts.Bundle, "country minutes minutes_left", ("IN", 300, 14), ("GB", 500, 500), ("AE", 0, 0)
)
OVERVIEW: Final = made(
    accounts.OverviewPage,
    status_reason="",
    balance=277_300_000,
    credit_limit=50_000_000,
    held=820_000,
    available=326_480_000,
    plan=PLAN,
    numbers=NUMBERS,
    bundles=BUNDLES,
    calls=CALLS,
    transactions=LEDGER,
    unpaid_invoices=0,
)
BARE: Final = replace(OVERVIEW, transactions=(), held=0, balance=0)
DISABLED: Final = replace(OVERVIEW, status="disabled", dialog="enable")


def _filled(dialog: accounts.OverviewDialog, **typed: str) -> accounts.OverviewPage:
    return replace(OVERVIEW, dialog=dialog, forms=made(accounts.DialogForms, **typed))


STEPS: Final = (
    Step(label="Account made", state="done", note="harbour-and-vale-legal-k4x7"),
    Step(label="Numbers reserved", state="done", note="2 numbers"),
    Step(label="Credit added, plan charged", state="now"),
    Step(label="Account active, welcome e-mail sent", state="next"),
)
FAILED: Final = made(
    accounts.FailedPage,
    reason="+44 20 7946 0321 was taken by another account",
    advice="Choose another number and submit again; what you typed is kept.",
    steps=(
        replace(STEPS[0], note=""),
        replace(STEPS[1], state="failed", note="Number taken"),
        replace(STEPS[2], state="next"),
        STEPS[3],
    ),
)
BASIC: Final = made(
    accounts.BasicFields,
    name="Harbour & Vale Legal",
    email=AMARA.email,
    phone="+1 415 555 7651",
    first_name="Amara",
    last_name="Okafor",
)
STORED: Final = replace(BASIC, name="Harbour and Vale", phone="+1 415 555 0100")
EDIT: Final = made(accounts.EditPage, version='"3"', fields=BASIC, countries=country_choices())

PAGES: Final = seen_by(
    reseller={
        "accounts": LIST,
        "accounts-no-match": replace(NO_MATCH, rows=(), pager=Pager(text="0 accounts")),
        "accounts-first-day": replace(LIST, rows=(), kpis=(), any_account=False),
        "accounts-filtered": wrong(
            replace(
                LIST,
                fields=dict(zip(MONEY_FIELDS, ("x", "40", "1 Dec 2026", ""), strict=True)),
                filtered=True,
                renewals=True,
                columns=accounts.account_columns(QUERY, "name", renewals=True),
            ),
            balance_from="Enter the balance as an amount such as 12.50.",
        ),
        "accounts-bulk": wrong(
            replace(LIST, selected=frozenset({"a1", "a3"}), dialog="disable"),
            reason="Enter a reason, such as “Unpaid since October”.",
        ),
        "accounts-long": replace(LIST, rows=(LONG_ROW, _row(1))),
        "overview": OVERVIEW,
        "overview-bare": replace(BARE, plan=None, numbers=(), bundles=(), calls=()),
        "overview-long": replace(
            OVERVIEW,
            name=LONG_NAME,
            realm=LONG_REALM,
            administrator=LONG_PERSON,
            plan=replace(PLAN, name=LONG_NAME, rate_sheet=LONG_NAME),
            balance=DEBT,
            transactions=(LEDGER[0].model_copy(update={"text": LONG_NAME}),),
        ),
        "overview-disabled": replace(DISABLED, status_reason="Unpaid since October."),
        "overview-credit": wrong(
            _filled("credit", credit_amount="0", credit_note="Bank transfer"),
            credit_amount="Enter an amount above zero, such as 50.00.",
        ),
        "overview-adjust": wrong(
            replace(_filled("adjust", adjust_amount="-900.00"), corrected=LEDGER[-1]),
            adjust_amount="A correction of transaction 1 can be -500.00 USD at most.",
            adjust_reason="Enter a reason. The customer reads it.",
        ),
        "overview-limit": _filled("limit"),
        "overview-disable": wrong(_filled("disable"), reason="Enter a reason."),
        "overview-delete": wrong(
            _filled("delete", confirm_name="Harbour"),
            confirm_name="Type “Harbour & Vale Legal” exactly as it is written.",
        ),
        "overview-delete-unpaid": replace(_filled("delete"), unpaid_invoices=2),
        "opening": made(accounts.OpeningPage, steps=STEPS),
        "failed": FAILED,
        "edit": EDIT,
        "edit-conflict": replace(EDIT, changed_meanwhile=STORED),
    },
    operator={"reseller-edit": EDIT},
)
