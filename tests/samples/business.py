"""Pages that look after a business: search, settings, audit trail, health and mailbox."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from gateway.features.audit.views import AuditPage, ChangedField, ChangeRow
from gateway.features.billing_settings.views import BillingSettingsFields, BillingSettingsPage
from gateway.features.health import views as health
from gateway.features.health.reference import PROBLEM_ROWS
from gateway.features.search.views import Group, Hit, SearchPage
from gateway.portal.dialling import DIAL_FORMAT_CHOICES
from gateway.portal.views.parts import Kpi, Link, ListQuery, Pager
from tests.samples.factories import choices, made, seen_by, segments, table, wrong
from tests.samples.names import AMARA, HEAD, LONG_NAME, LONG_WORD, NAME, NOW, SELLER, ZONE


def _search(text: str, *groups: Group) -> SearchPage:
    return SearchPage(
        query=ListQuery(path="/search", parameters={"q": text} if text else {}),
        kinds="accounts by name; numbers; invoices by number; calls by their whole id",
        groups=groups,
    )


HITS: Final = table(
    Hit,
    "label url note status",
    (NAME, "/accounts/a4", "Amara Okafor, amara@harbourvale.example", "active"),
    (LONG_NAME, "/accounts/a5", LONG_WORD, "suspended"),
    ("+1 415-555-0142", "/numbers", "", "available"),
    ("HARB-000123", "/invoices/i1", "$66.94", "overdue"),
    (LONG_WORD, "/rejected-calls/r1", "", "waiting"),
)
FOUND: Final = table(
    Group,
    "label icon hits more_url",
    ("Accounts", "building-2", HITS[:2], "/accounts?q=harb"),
    ("Numbers", "hash", HITS[2:3], ""),
    ("Invoices", "receipt-text", HITS[3:4], ""),
    ("Calls", "phone-outgoing", HITS[4:], ""),
)
SETTINGS: Final = made(
    BillingSettingsPage,
    head=replace(HEAD, account_name=SELLER, seller=True),
    fields=BillingSettingsFields(
        seller_name="Northwind Voice Inc.",
        seller_address="1 Harbour Street\nSan Francisco, CA 94105",
        invoice_prefix="NW-",
        tax_name="Sales tax",
        tax_percent="8.625",
        invoice_footer="Thank you for your business.",
        dial_format="e164",
        slice_seconds="300",
    ),
    dial_formats=DIAL_FORMAT_CHOICES,
)
CHANGED: Final = ListQuery(path="/audit", parameters={"account": "a4"})
HARBOUR: Final = Link(label=NAME, url="/audit?account=a4")
FIELDS: Final = table(
    ChangedField,
    "name before after",
    ("E-mail", "a@harbour.example", "b@harbour.example"),
    ("Contact number", "", "+14155550142"),
    ("Reason", "Unpaid", ""),
)
AUDIT: Final = made(
    AuditPage,
    query=CHANGED,
    last_day="",
    presets=segments(
        CHANGED, "from", {"": "All time", "2026-11-22": "Today", "2026-11-01": "This month"}
    ),
    people=choices({"u1": "Sara Elwood", "k1": "CRM"}),
    filters=(Link(label="Account: Harbour & Vale Legal", url="/audit"),),
    export_url="/v1/audit.csv",
    rows=table(
        ChangeRow,
        "what account actor_account subject fields",
        ("Account changed", HARBOUR, SELLER, NAME, FIELDS),
        ("Account changed", replace(HARBOUR, label=LONG_NAME), "", LONG_WORD, FIELDS),
        ("Account disabled", None, SELLER, "", ()),
        ("Account renewed", HARBOUR, "", "", ()),
        actor=Link(label="Sara Elwood", url="/audit?actor=u1"),
    ),
    pager=Pager(text="4 changes", next_url="/audit?after=x"),
)
NOT_TAKEN: Final = "Nobody takes some of its messages: start the service. 12 messages waiting."
HEALTH: Final = health.HealthPage(
    figures=table(
        Kpi, "label value", ("Services ready", 3), ("Messages waiting", 12), ("Dead letters", 1)
    ),
    parts=table(
        health.PartRow,
        "name status note",
        ("RabbitMQ", "ready", ""),
        ("MongoDB", "ready", ""),
        ("Accounts", "ready", ""),
        ("Billing", "failing", NOT_TAKEN),
        ("Notifications", "attention", "1 dead letter to replay or drop."),
    ),
    zone=ZONE,
    looked_at=NOW + timedelta(seconds=6),
)
EMAILS: Final = table(
    health.EmailRow,
    "id subject",
    ("l1", "Welcome to Northwind Voice"),
    ("l2", "Your password was changed"),
    to=AMARA.email,
)
TEXT: Final = (
    "Hello Amara,\n\nyour account Harbour & Vale Legal is open. Set your password here "
    "within 7 days:\nhttp://localhost:8000/reset/" + "x" * 43 + "\n\nNorthwind Voice\n"
)
MAILBOX: Final = health.MailboxPage(
    zone=ZONE, rows=EMAILS, email=health.Email(row=EMAILS[0], text=TEXT)
)

PAGES: Final = seen_by(
    reseller={
        "search": _search("harb", *FOUND),
        "search-empty": _search(""),
        "settings": wrong(SETTINGS, invoice_prefix="Enter letters and digits only, such as ACME."),
        "audit": AUDIT,
    },
    operator={
        "search-nothing": _search("zzz"),
        "settings-overtaken": replace(SETTINGS, overtaken=True),
        "audit-none": replace(
            AUDIT,
            query=ListQuery(path="/audit"),
            rows=(),
            people=(),
            filters=(),
            first_day="",
            pager=Pager(text=""),
        ),
        "health": HEALTH,
        "mailbox-empty": health.MailboxPage(zone=ZONE, rows=()),
    },
    nobody={"mailbox": MAILBOX, "problems": health.ProblemsPage(problems=PROBLEM_ROWS)},
)
