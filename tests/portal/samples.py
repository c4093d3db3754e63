"""Sample view models of a reseller's account pages, in the states worth looking at."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from gateway.portal.views.accounts import (
    AccountRow,
    AccountsPage,
    AccountStatus,
    Administrator,
    AssignedNumber,
    BasicFields,
    Bundle,
    DialogForms,
    EditPage,
    FailedPage,
    OpeningPage,
    OverviewPage,
    PlanSummary,
    Transaction,
    TransactionsPage,
    account_columns,
)
from gateway.portal.views.opening import (
    BasicPage,
    CountryChoice,
    OpenCountry,
    PlanFields,
    PlanPage,
    Quote,
    QuoteLine,
    SheetSummary,
    SpareNumber,
)
from gateway.portal.views.parts import Choice, Kpi, Link, ListQuery, Pager, Step

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
        administrator=replace(AMARA, first_name=first, last_name=last),
        plan_name=plan,
        users=users,
        cost_per_user=cost * UNIT,
        numbers=numbers,
        bundle_minutes=minutes,
        bundle_minutes_used=used,
        balance=balance,
        status=statuses[index],
    )


_QUERY = ListQuery(path="/accounts", parameters={"sort": "name"})


def accounts_page(query: ListQuery = _QUERY) -> AccountsPage:
    """Return a full list."""
    rows = tuple(_row(index) for index in range(len(_NAMES)))
    return AccountsPage(
        query=query,
        currency="USD",
        kpis=(
            Kpi(label="Active accounts", value=119),
            Kpi(label="Monthly recurring", value=30_933_500_000, currency="USD"),
            Kpi(label="Credit held by customers", value=143_321_710_000, currency="USD"),
            Kpi(label="Spare numbers", value=46, link=Link(label="See them", url="/numbers")),
        ),
        segments=(
            query.segment("status", "", "All", 128),
            query.segment("status", "active", "Active", 118),
            query.segment("status", "opening", "Opening", 1),
            query.segment("status", "disabled", "Disabled", 9),
        ),
        columns=account_columns(query),
        rows=rows,
        pager=Pager(text="1–10 of 128 accounts", next_url=query.url(after="eyJuIjoxMH0")),
        any_account=True,
    )


def no_match() -> AccountsPage:
    """Return a list that a search left empty."""
    query = ListQuery(path="/accounts", parameters={"q": "zzz"})
    return replace(accounts_page(query), rows=(), pager=Pager(text="0 accounts"))


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


_LEDGER = (
    ("Credit: bank transfer 4711", "credit", 500_000_000, 500_000_000, "Sara Elwood"),
    ("Office 12: 12 users × $14.00", "users", -168_000_000, 332_000_000, ""),
    ("Set-up of +44 20 7946 0321", "number-setup", -1_000_000, 331_000_000, ""),
    ("+44 20 7946 0321, first month", "number-rent", -2_200_000, 328_800_000, ""),
    ("+1 415-555-0142, first month", "number-rent", -1_500_000, 327_300_000, ""),
)
TRANSACTIONS = tuple(
    Transaction(
        sequence=index + 1,
        at=NOW - timedelta(minutes=5),
        kind=kind,
        amount=amount,
        balance_after=after,
        text=text,
        actor=actor,
    )
    for index, (text, kind, amount, after, actor) in reversed(list(enumerate(_LEDGER)))
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
        balance=327_300_000,
        available=327_300_000,
        plan=PlanSummary(
            name="Office 12",
            users=12,
            cost_per_user=14 * UNIT,
            rate_sheet="Standard A–Z",
            monthly_charge=171_700_000,
            renews_at=NOW + timedelta(days=30),
        ),
        numbers=(
            AssignedNumber(e164="+14155550142", monthly_fee=1_500_000, setup_fee=0),
            AssignedNumber(e164="+442079460321", monthly_fee=2_200_000, setup_fee=UNIT),
        ),
        bundles=(
            Bundle(country="IN", minutes=300, minutes_used=286),
            Bundle(country="GB", minutes=500, minutes_used=0),
            Bundle(country="AE", minutes=0, minutes_used=0),
        ),
        transactions=TRANSACTIONS,
        request="0193-key",
    )


def disabled_overview() -> OverviewPage:
    """Return a disabled account, the dialog that enables it standing open."""
    return replace(
        overview(), status="disabled", status_reason="Unpaid since October.", dialog="enable"
    )


def bare_overview() -> OverviewPage:
    """Return an account with the least it can have."""
    return replace(overview(), plan=None, numbers=(), bundles=(), transactions=(), balance=0)


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
        transactions=(replace(TRANSACTIONS[0], text=LONG_NAME),),
    )


def _no_plan() -> PlanSummary:
    return PlanSummary(
        name="", users=1, cost_per_user=0, rate_sheet="", monthly_charge=0, renews_at=None
    )


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
        forms=DialogForms(typed_name="Harbour"),
        errors={"typed_name": "Type “Harbour & Vale Legal” exactly as it is written."},
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
    return EditPage(id="a4", name="Harbour & Vale Legal", version='"3"', fields=_BASIC)


def edit_conflict() -> EditPage:
    """Return the edit form after somebody else saved first."""
    stored = replace(_BASIC, name="Harbour and Vale", phone="+1 415 555 0100")
    return replace(edit(), changed_meanwhile=stored)


def transactions() -> TransactionsPage:
    """Return a ledger."""
    return TransactionsPage(
        id="a4",
        name="Harbour & Vale Legal",
        currency="USD",
        zone=ZONE,
        opening_balance=0,
        closing_balance=327_300_000,
        rows=TRANSACTIONS,
        pager=Pager(text="1–5 of 5 entries"),
    )


def new_basic() -> BasicPage:
    """Return the wizard's first page, empty."""
    return BasicPage(fields=BasicFields())


def new_basic_errors() -> BasicPage:
    """Return the wizard's first page with all that can be wrong."""
    return BasicPage(
        fields=BasicFields(name="Harbour & Vale Legal", email="amara@", phone="12"),
        errors={
            "email": "Enter an e-mail address such as name@company.com.",
            "first_name": "Enter the administrator’s first name.",
            "last_name": "Enter the administrator’s last name.",
            "phone": "Enter a phone number with its country code, such as +1 415 555 0142.",
        },
    )


_SPARE = tuple(
    SpareNumber(e164=e164, monthly_fee=monthly, setup_fee=setup, chosen=chosen)
    for e164, monthly, setup, chosen in (
        ("+14155550142", 1_500_000, 0, True),
        ("+14155550187", 1_500_000, 0, False),
        ("+12125550110", 1_500_000, 0, False),
        ("+442079460321", 2_200_000, UNIT, True),
        ("+442079460322", 2_200_000, UNIT, False),
        ("+18885550199", 4_000_000, 2 * UNIT, False),
        ("+4930555010", 2_600_000, 1_500_000, False),
        ("+97145550100", 9_000_000, 5 * UNIT, False),
    )
)


def new_plan() -> PlanPage:
    """Return the wizard's second page, filled in."""
    return PlanPage(
        account_name="Harbour & Vale Legal",
        currency="USD",
        zone=ZONE,
        fields=PlanFields(
            plan_name="Office 12",
            users="12",
            cost_per_user="14.00",
            rate_sheet_id="s1",
            credit_amount="500.00",
        ),
        credit=500_000_000,
        credit_note="Bank transfer 4711",
        sheets=(Choice(value="s1", label="Standard A–Z"), Choice(value="s2", label="Gold")),
        sheet=SheetSummary(id="s1", rates=214, lowest=8_500, highest=231_000),
        numbers=tuple(number for number in _SPARE if number.chosen),
        held_until=NOW + timedelta(minutes=15),
        countries=(
            OpenCountry(country="IN", minutes="300", lowest_rate=21_000),
            OpenCountry(country="GB", minutes="500", lowest_rate=12_000),
            OpenCountry(country="AE", minutes="", lowest_rate=164_000),
        ),
        spare=_SPARE,
        more_spare=38,
        country_choices=tuple(
            CountryChoice(country=code, lowest_rate=rate)
            for code, rate in (("BR", 32_000), ("DE", 12_000), ("NG", 138_000), ("PH", 112_000))
        ),
        quote=Quote(
            lines=(
                QuoteLine(text="12 users × $14.00", amount=168_000_000),
                QuoteLine(text="2 numbers, first month", amount=3_700_000),
                QuoteLine(text="Number set-up", amount=1_000_000),
            ),
            total=172_700_000,
            credit=500_000_000,
            balance_after=327_300_000,
            monthly_charge=171_700_000,
            renewal_day=22,
        ),
        quote_missing="",
        request="0193-key",
    )


def new_plan_first() -> PlanPage:
    """Return the wizard's second page as it is first met, by a reseller without sheets or stock."""
    return replace(
        new_plan(),
        fields=PlanFields(),
        credit=0,
        credit_note="",
        sheets=(),
        sheet=None,
        numbers=(),
        held_until=None,
        countries=(),
        spare=(),
        more_spare=0,
        country_choices=(),
        quote=None,
        quote_missing="Enter the cost per user, and the charge is worked out here.",
    )


def new_plan_errors() -> PlanPage:
    """Return the wizard's second page with all that can be wrong, and too little credit."""
    page = new_plan()
    quote = replace(page.quote or _no_quote(), credit=0, balance_after=-172_700_000)
    return replace(
        page,
        account_name=LONG_NAME,
        fields=replace(page.fields, plan_name="", users="0", cost_per_user="14,5"),
        credit=0,
        credit_note="",
        countries=(OpenCountry(country="AE", minutes="many", lowest_rate=None),),
        quote=quote,
        errors={
            "plan_name": "Enter a name for the plan, such as “Office 12”.",
            "users": "Enter a whole number from 1 to 10,000.",
            "cost_per_user": "Enter an amount such as 14.00, with up to 4 decimals.",
            "rate_sheet_id": "Choose a rate sheet.",
            "numbers": "+44 20 7946 0321 was taken meanwhile. Choose another number.",
            "minutes-AE": "Enter whole minutes, or nothing.",
            "": "Add at least $172.70 of credit: the charges must be covered.",
        },
    )


def _no_quote() -> Quote:
    return Quote(lines=(), total=0, credit=0, balance_after=0, monthly_charge=0, renewal_day=1)


def plan_credit_dialog() -> PlanPage:
    """Return the wizard with the [Add credit] dialog and its error."""
    return replace(
        new_plan(),
        dialog="credit",
        fields=replace(new_plan().fields, credit_amount="-5"),
        errors={"credit_amount": "Enter an amount above zero, such as 500.00."},
    )


def plan_numbers_dialog() -> PlanPage:
    """Return the wizard with the [Select number] dialog."""
    return replace(new_plan(), dialog="numbers")


def plan_countries_dialog() -> PlanPage:
    """Return the wizard with the [Open a country] dialog."""
    return replace(new_plan(), dialog="countries")
