"""Where people come in, their own settings and keys, and help."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from gateway.features.billing_settings import details_views
from gateway.features.keys.views import KeyRow, KeysPage
from gateway.features.people.views import AccountTab, UserTab
from gateway.portal.dialling import DIAL_FORMAT_CHOICES
from gateway.portal.presenters import country_choices
from gateway.portal.views.entry import ForgotPage, HelpPage, LoginPage, ResetPage, error_page
from gateway.portal.views.parts import Link, SettingsHead
from tests.samples.factories import choices, made, seen_by, table, wrong
from tests.samples.names import AMARA, HEAD, LONG_NAME, NAME, NOW

PLATFORM: Final = SettingsHead(account_name="Platform")
BACK: Final = Link(label="Back to accounts", url="/accounts")
USER: Final = made(UserTab, name="Amara Okafor", password_set_at=NOW)
ACCOUNT: Final = made(
    AccountTab,
    phone=AMARA.phone,
    billing=(
        details_views.Detail(
            "Billing address",
            ("1 Harbour Street", "Floor 12", "London, SW1A 1AA", "United Kingdom"),
        ),
        details_views.Detail("Tax ID", ("434031494",), is_code=True),
    ),
)
STORED: Final = details_views.BillingDetailsFields(
    line1="1 Harbour Street", locality="London", postal_code="SW1A 1AA", country="GB"
)
DETAILS: Final = made(
    details_views.BillingDetailsPage,
    fields=replace(STORED, line1="2 Harbour Street", tax_id="434031494"),
    countries=country_choices(),
    changed_meanwhile=STORED,
)
KEYS: Final = KeysPage(
    zone=USER.zone,
    rows=table(
        KeyRow,
        "id name scope dial_format slice_seconds used_at expires_at expired",
        ("k1", "CRM", "account", "", None, None, None, False),
        (
            *("k2", "Switch in San Francisco", "calls", "Always international (E.164)", 300),
            *(NOW, NOW + timedelta(days=90), False),
        ),
        ("k3", "Trial", "account", "", None, None, NOW - timedelta(days=3), True),
        hint="am_7f3a",
        made_at=NOW,
    ),
    scopes=choices({"account": "Everything you can do", "calls": "Calls only, for a switch"}),
    dial_formats=DIAL_FORMAT_CHOICES,
    request="0193-key",
    secret="am_7f3a0000000000000000000000000000000000000",
    secret_name="CRM",
)
RESET: Final = made(ResetPage, token="sample", first=True)

PAGES: Final = seen_by(
    customer={
        "user": USER,
        "user-password": wrong(
            replace(USER, changing=True, keys=3, revoke_keys=True),
            current="This is not your current password.",
            confirm="The two new passwords differ. Type the same one twice.",
        ),
        "account": ACCOUNT,
        "account-suspended": replace(ACCOUNT, head=replace(HEAD, unpaid_bills=1, suspended=True)),
        "billing-details": DETAILS,
        "help-customer": HelpPage(role="customer"),
        "error-403": error_page(403, BACK),
    },
    operator={
        "user-operator": replace(USER, head=PLATFORM),
        "billing-details-platform": replace(
            DETAILS,
            head=replace(PLATFORM, seller=True),
            back="/settings",
            changed_meanwhile=None,
            version="2",
        ),
        "help-operator": HelpPage(role="operator"),
    },
    reseller={
        "keys": KEYS,
        "keys-first": wrong(
            replace(KEYS, rows=(), secret="", dialog="new", scope="calls"),
            name="Enter what uses the key.",
        ),
        "help": HelpPage(role="reseller"),
        "error-500": error_page(500, BACK, correlation_id="0193f2c4-7d3e"),
    },
    nobody={
        "login": LoginPage(notice="Your password is changed. Sign in with the new one."),
        "login-refused": LoginPage(
            email=AMARA.email,
            accounts=choices({"a4": NAME, "a5": LONG_NAME}),
            errors={
                "account": "Choose the account to sign in to, and type the password once more."
            },
        ),
        "forgot": ForgotPage(
            email="amara@",
            errors={"email": "Enter an e-mail address such as name@company.com."},
        ),
        "forgot-sent": ForgotPage(email=AMARA.email, sent=True),
        "reset": wrong(
            RESET, new="Too easy to guess: it contains your name. Add another word or two."
        ),
        "reset-keys": replace(RESET, first=False, keys=1),
        "reset-expired": replace(RESET, usable=False),
        "help-nobody": HelpPage(role=""),
        "error-404": error_page(404, BACK),
    },
)
