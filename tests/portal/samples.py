"""Sample view models of a reseller's account pages, in the states worth looking at."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from contracts.accounts import AccountStatus, Administrator
from contracts.billing import BilledCall, EntryType, LedgerEntry
from gateway.features.accounts.list_address import MONEY_FIELDS, SORT_CHOICES
from gateway.features.accounts.views import (
    AccountRow,
    AccountsPage,
    AssignedNumber,
    BasicFields,
    Bundle,
    DialogForms,
    EditPage,
    FailedPage,
    OpeningPage,
    OverviewPage,
    PlanSummary,
    account_columns,
)
from gateway.portal.presenters import country_choices
from gateway.portal.views.parts import Kpi, Link, ListQuery, Pager, Step

NOW = datetime(2026, 11, 22, 9, 14, tzinfo=UTC)
ZONE = "America/Los_Angeles"
UNIT = 1_000_000
LONG_NAME = (
    "Wolfeschlegelsteinhausenbergerdorff & Sons International Telecommunications Holding "
    "Company of Greater Northern Territories Ltd"
)[:128]
LONG_WORD = "wolfeschlegelsteinhausenbergerdorff-and-sons-international-telecommunications-h7k2"

AMARA = Administrator(
    first_name="Amara", last_name="Okafor", email="amara@harbourvale.example", phone="+14155557651"
)
LONG_PERSON = Administrator(
    first_name="Hubert Blaine Maximilian Ferdinand Alexander",
    last_name="Wolfeschlegelsteinhausenbergerdorff-Montgomery",
    email="hubert.blaine.maximilian@very-long-mail-domain-of-the-company.example",
    phone="+442079460321",
)

_NAMES = (
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
_STATUSES: tuple[AccountStatus, ...] = ("active", "active", "suspended", "active", "active")


def _row(index: int) -> AccountRow:
    name, first, last, plan, users, cost, numbers, used, minutes, balance = _NAMES[index]
    slug = name.lower().replace(" & ", "-and-").replace(" ", "-")
    statuses = (*_STATUSES, "disabled", "opening", "active", "active", "active")
    return AccountRow(
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
        renews_at=NOW + timedelta(days=3 * index) if index else None,
        lasts=("over a year left", "≈ 14 days left", "under a day left", "")[index % 4],
        low=balance < 10 * UNIT,
        status=statuses[index],
    )


_QUERY = ListQuery(path="/accounts", parameters={"sort": "name"})
_REVIEW = Link(label="Review", url="?status=low")


def accounts_page(query: ListQuery = _QUERY) -> AccountsPage:
    """Return a full list."""
    rows = tuple(_row(index) for index in range(len(_NAMES)))
    return AccountsPage(
        query=query,
        currency="USD",
        kpis=(
            Kpi(label="Active accounts", value=119, trend="6 this month"),
            Kpi(label="Monthly recurring", value=30_933_500_000, currency="USD"),
            Kpi(label="Credit held by customers", value=143_321_710_000, currency="USD"),
            Kpi(label="Running low", value=2, link=_REVIEW, warns=True),
        ),
        segments=(
            query.segment("status", "", "All", 128),
            query.segment("status", "active", "Active", 118),
            query.segment("status", "low", "Low balance", 2),
            query.segment("status", "opening", "Opening", 1),
            query.segment("status", "disabled", "Disabled", 9),
        ),
        columns=account_columns(query, query.value("sort") or "name"),
        zone=ZONE,
        fields=dict.fromkeys(MONEY_FIELDS, ""),
        sort=query.value("sort") or "name",
        sorts=SORT_CHOICES,
        filtered=False,
        export_url="/v1/accounts.csv",
        rows=rows,
        pager=Pager(text="1–10 of 128 accounts", next_url=query.url(after="eyJuIjoxMH0")),
        any_account=True,
    )


def no_match() -> AccountsPage:
    """Return a list that a search left empty."""
    query = ListQuery(path="/accounts", parameters={"q": "zzz"})
    return replace(accounts_page(query), rows=(), pager=Pager(text="0 accounts"))


def filtered_accounts() -> AccountsPage:
    """Return a list of some balances and renewal days, with a bound that is no amount."""
    fields = {"balance_from": "x", "balance_to": "40", "renews_from": "1 Dec 2026", "renews_to": ""}
    error = "Enter the balance as an amount such as 12.50."
    return replace(
        accounts_page(),
        fields=fields,
        filtered=True,
        renewals=True,
        columns=account_columns(_QUERY, "name", renewals=True),
        errors={"balance_from": error},
    )


def no_accounts() -> AccountsPage:
    """Return the list of a reseller on its first day."""
    return replace(accounts_page(), rows=(), kpis=(), any_account=False)


def bulk_page() -> AccountsPage:
    """Return a list with ticked rows and the reason for disabling them missing."""
    return replace(
        accounts_page(),
        selected=frozenset({"a1", "a3"}),
        dialog="disable",
        errors={"reason": "Enter a reason, such as “Unpaid since October”."},
    )


def long_accounts() -> AccountsPage:
    """Return a list with the longest texts that the rules allow."""
    row = replace(
        _row(0),
        name=LONG_NAME,
        realm=f"{LONG_WORD}.voice.example",
        administrator=LONG_PERSON,
        plan_name=LONG_NAME,
        users=10_000,
        cost_per_user=999_999_999_900,
        balance=-123_456_789_120_000,
    )
    return replace(accounts_page(), rows=(row, _row(1)))


_LEDGER: tuple[tuple[str, EntryType, int, int], ...] = (
    ("Credit: bank transfer 4711", "credit", 500_000_000, 500_000_000),
    ("Office 12: 12 users × $14.00", "users", -168_000_000, 332_000_000),
    ("Set-up of +44 20 7946 0321", "number-setup", -1_000_000, 331_000_000),
    ("+44 20 7946 0321, first month", "number-rent", -2_200_000, 328_800_000),
    ("+1 415-555-0142, first month", "number-rent", -1_500_000, 327_300_000),
)
TRANSACTIONS = tuple(
    LedgerEntry(
        seq=index + 1,
        at=NOW - timedelta(minutes=5),
        type=kind,
        amount=amount,
        balance_after=after,
        text=text,
        cause="0193-request",
        actor="user",
    )
    for index, (text, kind, amount, after) in reversed(list(enumerate(_LEDGER)))
)


_CALLS = (
    ("+971501234567", "AE", "104", 221, 222, 164_000, 606_800),
    ("+27215550123", "ZA", "112", 668, 672, 46_000, 515_200),
    ("+971501234567", "AE", "104", 1_357, 1_362, 164_000, 3_722_800),
    ("+6325550123", "PH", "101", 62, 66, 112_000, 123_200),
    ("+553155550123", "BR", "108", 439, 444, 32_000, 236_800),
    ("+881612345678", None, "+14155550142", 4_240, 4_240, 1_138_000, 80_418_700),
)
CALLS = tuple(
    BilledCall(
        call_id=f"c{at}",
        answered_at=NOW - timedelta(hours=7 * at),
        caller=caller,
        destination=destination,
        country=country,
        seconds=seconds,
        rated_seconds=rated,
        rate=rate,
        cost=cost,
        charged_at=NOW - timedelta(hours=7 * at) + timedelta(seconds=seconds, days=at % 2),
    )
    for at, (destination, country, caller, seconds, rated, rate, cost) in enumerate(_CALLS)
)


def overview() -> OverviewPage:
    """Return an account with everything."""
    return OverviewPage(
        id="a4",
        name="Harbour & Vale Legal",
        realm="harbour-and-vale-legal-k4x7.voice.example",
        status="active",
        status_reason="",
        opened_at=NOW,
        zone=ZONE,
        currency="USD",
        administrator=AMARA,
        balance=277_300_000,
        credit_limit=50_000_000,
        held=820_000,
        available=326_480_000,
        plan=PlanSummary(
            name="Office 12",
            users=12,
            cost_per_user=14 * UNIT,
            rate_sheet="Standard A–Z",
            home_calls="Free",
            premium_calls="Blocked",
            monthly_charge=171_700_000,
            renews_at=NOW + timedelta(days=30),
        ),
        numbers=(
            AssignedNumber(
                e164="+14155550142", monthly_fee=1_500_000, setup_fee=0, locality="San Francisco"
            ),
            AssignedNumber(e164="+442079460321", monthly_fee=2_200_000, setup_fee=UNIT),
        ),
        bundles=(
            Bundle(country="IN", minutes=300, minutes_left=14),
            Bundle(country="GB", minutes=500, minutes_left=500),
            Bundle(country="AE", minutes=0, minutes_left=0),
        ),
        calls=CALLS,
        transactions=TRANSACTIONS,
        unpaid_invoices=0,
        request="0193-key",
    )


def disabled_overview() -> OverviewPage:
    """Return a disabled account, the dialog that enables it standing open."""
    return replace(
        overview(), status="disabled", status_reason="Unpaid since October.", dialog="enable"
    )


def bare_overview() -> OverviewPage:
    """Return an account with the least it can have."""
    return replace(
        overview(), plan=None, numbers=(), bundles=(), calls=(), transactions=(), held=0, balance=0
    )


def long_overview() -> OverviewPage:
    """Return an account of long names and huge amounts."""
    page = overview()
    plan = replace(page.plan or _no_plan(), name=LONG_NAME, rate_sheet=LONG_NAME)
    return replace(
        page,
        name=LONG_NAME,
        realm=f"{LONG_WORD}.voice.example",
        administrator=LONG_PERSON,
        plan=plan,
        balance=-123_456_789_120_000,
        transactions=(TRANSACTIONS[0].model_copy(update={"text": LONG_NAME}),),
    )


def _no_plan() -> PlanSummary:
    return PlanSummary(
        name="",
        users=1,
        cost_per_user=0,
        rate_sheet="",
        home_calls="",
        premium_calls="",
        monthly_charge=0,
        renews_at=None,
    )


def adjust_dialog() -> OverviewPage:
    """Return the overview with a correction of an entry that was refused."""
    return replace(
        overview(),
        dialog="adjust",
        corrected=TRANSACTIONS[-1],
        forms=DialogForms(adjust_amount="-900.00"),
        errors={
            "adjust_amount": "A correction of transaction 1 can be -500.00 USD at most.",
            "adjust_reason": "Enter a reason. The customer reads it.",
        },
    )


def limit_dialog() -> OverviewPage:
    """Return the overview with the credit limit being set."""
    return replace(overview(), dialog="limit")


def credit_dialog() -> OverviewPage:
    """Return the overview after a credit that was refused."""
    return replace(
        overview(),
        dialog="credit",
        forms=DialogForms(credit_amount="0", credit_note="Bank transfer"),
        errors={"credit_amount": "Enter an amount above zero, such as 50.00."},
    )


def disable_dialog() -> OverviewPage:
    """Return the overview with the reason for disabling asked."""
    return replace(overview(), dialog="disable", errors={"reason": "Enter a reason."})


def delete_dialog() -> OverviewPage:
    """Return the overview after a name that did not match was typed."""
    return replace(
        overview(),
        dialog="delete",
        forms=DialogForms(confirm_name="Harbour"),
        errors={"confirm_name": "Type “Harbour & Vale Legal” exactly as it is written."},
    )


def opening() -> OpeningPage:
    """Return an account on its way."""
    return OpeningPage(
        id="a4",
        name="Harbour & Vale Legal",
        steps=(
            Step(label="Account made", state="done", note="harbour-and-vale-legal-k4x7"),
            Step(label="Numbers reserved", state="done", note="2 numbers"),
            Step(label="Credit added, plan charged", state="now"),
            Step(label="Account active, welcome e-mail sent", state="next"),
        ),
    )


def failed() -> FailedPage:
    """Return an account that lost a number to somebody else."""
    return FailedPage(
        id="a4",
        name="Harbour & Vale Legal",
        reason="+44 20 7946 0321 was taken by another account",
        advice="Choose another number and submit again; what you typed is kept.",
        steps=(
            Step(label="Account made", state="done"),
            Step(label="Numbers reserved", state="failed", note="Number taken"),
            Step(label="Credit added, plan charged", state="next"),
            Step(label="Account active, welcome e-mail sent", state="next"),
        ),
    )


_BASIC = BasicFields(
    name="Harbour & Vale Legal",
    email="amara@harbourvale.example",
    first_name="Amara",
    last_name="Okafor",
    phone="+1 415 555 7651",
)


def edit() -> EditPage:
    """Return the edit form."""
    return EditPage(
        id="a4",
        name="Harbour & Vale Legal",
        version='"3"',
        fields=_BASIC,
        countries=country_choices(),
    )


def edit_conflict() -> EditPage:
    """Return the edit form after somebody else saved first."""
    stored = replace(_BASIC, name="Harbour and Vale", phone="+1 415 555 0100")
    return replace(edit(), changed_meanwhile=stored)
