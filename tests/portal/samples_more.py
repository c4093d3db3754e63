"""Sample view models of the other pages, in the states worth looking at."""

from dataclasses import replace
from datetime import timedelta

from contracts.numbers import NumberDifference
from gateway.features.billing_settings.details_views import (
    BillingDetailsFields,
    BillingDetailsPage,
    Detail,
)
from gateway.features.health.views import Email, EmailRow, MailboxPage
from gateway.features.keys.views import KeyRow, KeysPage
from gateway.features.numbers.imports import RESELLERS_MODES, empty_import
from gateway.features.numbers.views import (
    FeesForm,
    NumbersPage,
    StockImport,
    StockRow,
    number_columns,
)
from gateway.features.people.views import AccountTab, UserTab
from gateway.portal.presenters import country_choices
from gateway.portal.views.entry import (
    ErrorPage,
    ForgotPage,
    HelpPage,
    LoginPage,
    ResetPage,
    error_page,
)
from gateway.portal.views.parts import (
    Choice,
    ImportReport,
    Link,
    ListQuery,
    Pager,
    RowRefusal,
    SettingsHead,
)
from tests.portal.samples import AMARA, LONG_NAME, NOW, UNIT, ZONE
from tests.portal.samples_calls import HEAD


def numbers() -> NumbersPage:
    """Return a stock with a number in every state."""
    query = ListQuery(path="/numbers", parameters={"state": "", "sort": "number"})
    harbour = Link(label="Harbour & Vale Legal", url="/accounts/a4")
    long_account = Link(label=LONG_NAME, url="/accounts/a5")
    return NumbersPage(
        query=query,
        currency="USD",
        zone=ZONE,
        segments=(
            query.segment("state", "", "All", 52),
            query.segment("state", "available", "Spare", 46),
            query.segment("state", "reserved", "Reserved", 1),
            query.segment("state", "assigned", "Assigned", 4),
            query.segment("state", "quarantine", "Quarantine", 1),
        ),
        columns=number_columns(),
        rows=(
            _number("+14155550142", "assigned", account=harbour),
            _number("+442079460321", "assigned", account=long_account),
            _number("+18885550199", "available"),
            replace(_number("+4930555010", "reserved"), until=NOW + timedelta(minutes=15)),
            replace(_number("+97145550100", "quarantine"), until=NOW + timedelta(days=30)),
        ),
        pager=Pager(text="1–5 of 52 numbers", next_url="/numbers?after=x"),
        any_number=True,
        request="0193-key",
        sending=empty_import(RESELLERS_MODES),
    )


def numbers_checked() -> NumbersPage:
    """Return a stock after a list was checked that changes fees and has a refused row."""
    page = numbers()
    refused = RowRefusal(
        line=4,
        content="+14155550142",
        reason="+14155550142 belongs to an account. Remove it from the account first.",
    )
    sending = StockImport(
        modes=RESELLERS_MODES,
        mode="reprice",
        csv="DID,MRC\n+18885550199,2.50\n",
        answers=(("has_header", "yes"),),
        report=ImportReport(
            outcome="checked",
            added=0,
            changed=2,
            unchanged=3,
            file="spare-numbers.xlsx",
            refusals=1,
            refused=(refused,),
        ),
        differences=(
            NumberDifference(
                number="+18885550199",
                setup_fee_before=UNIT,
                setup_fee_after=UNIT,
                monthly_fee_before=2_200_000,
                monthly_fee_after=2_500_000,
            ),
            NumberDifference(
                number="+442079460321", setup_fee_before=0, monthly_fee_before=2_200_000
            ),
        ),
    )
    return replace(page, sending=sending)


def number_fees() -> NumbersPage:
    """Return the dialog that changes the fees of a number after one was wrong."""
    fees = FeesForm(number="+18885550199", setup_fee="1.00", monthly_fee="ten")
    errors = {"monthly_fee": "Enter the monthly fee as an amount such as 12.50."}
    return replace(numbers(), dialog="fees", fees=fees, errors=errors)


def number_removed() -> NumbersPage:
    """Return the dialog that removes a number, which was held meanwhile."""
    detail = "+18885550199 is held for an account that is being opened. Try again later."
    fees = FeesForm(number="+18885550199")
    return replace(numbers(), dialog="remove", fees=fees, errors={"": detail})


def _number(e164: str, state: str, account: Link | None = None) -> StockRow:
    row = StockRow(e164=e164, state="available", setup_fee=UNIT, monthly_fee=2_200_000)
    match state:
        case "assigned":
            return replace(row, state="assigned", account=account)
        case "reserved":
            return replace(row, state="reserved")
        case "quarantine":
            return replace(row, state="quarantine")
        case _:
            return row


def no_numbers() -> NumbersPage:
    """Return an empty stock."""
    return replace(numbers(), rows=(), any_number=False)


def user_tab() -> UserTab:
    """Return the User tab."""
    return UserTab(
        head=HEAD,
        name="Amara Okafor",
        email=AMARA.email,
        zone=ZONE,
        password_set_at=NOW,
    )


def operators_user_tab() -> UserTab:
    """Return the only tab of an operator, who has no account."""
    return replace(user_tab(), head=SettingsHead(account_name="Platform"))


def change_password() -> UserTab:
    """Return the User tab while the password is changed, with errors."""
    return replace(
        user_tab(),
        changing=True,
        keys=3,
        revoke_keys=True,
        errors={
            "current": "This is not your current password.",
            "confirm": "The two new passwords differ. Type the same one twice.",
        },
    )


def account_tab() -> AccountTab:
    """Return the Account tab."""
    return AccountTab(
        head=HEAD,
        email=AMARA.email,
        phone=AMARA.phone,
        parent="Northwind Voice",
        billing=(
            Detail(
                "Billing address",
                ("1 Harbour Street", "Floor 12", "London, SW1A 1AA", "United Kingdom"),
            ),
            Detail("Tax ID", ("434031494",), is_code=True),
        ),
    )


def billing_details() -> BillingDetailsPage:
    """Return the form of one's own billing details after someone else saved first."""
    stored = BillingDetailsFields(
        line1="1 Harbour Street", locality="London", postal_code="SW1A 1AA", country="GB"
    )
    return BillingDetailsPage(
        head=HEAD,
        fields=replace(stored, line1="2 Harbour Street", tax_id="434031494"),
        countries=country_choices(),
        version="3",
        changed_meanwhile=stored,
    )


def keys() -> KeysPage:
    """Return some keys, one of them just made."""
    row = KeyRow(id="k1", name="CRM", scope="account", hint="am_7f3a", made_at=NOW, used_at=None)
    return KeysPage(
        zone=ZONE,
        rows=(
            row,
            replace(
                row,
                id="k2",
                name="Switch in San Francisco",
                scope="calls",
                dial_format="Always international (E.164)",
                used_at=NOW,
                expires_at=NOW + timedelta(days=90),
            ),
            replace(row, id="k3", name="Trial", expires_at=NOW - timedelta(days=3), expired=True),
        ),
        scopes=(
            Choice(value="account", label="Everything you can do"),
            Choice(value="calls", label="Calls only, for a switch"),
        ),
        dial_formats=(
            Choice(value="national", label="As dialled in the account’s country"),
            Choice(value="e164", label="Always international (E.164)"),
        ),
        request="0193-key",
        secret="am_7f3a0000000000000000000000000000000000000",
        secret_name="CRM",
    )


def no_keys() -> KeysPage:
    """Return the keys page without keys, and the dialog that makes one."""
    return replace(
        keys(),
        rows=(),
        secret="",
        dialog="new",
        scope="calls",
        errors={"name": "Enter what uses the key."},
    )


def login() -> LoginPage:
    """Return the sign-in page."""
    return LoginPage(notice="Your password is changed. Sign in with the new one.")


def login_refused() -> LoginPage:
    """Return the sign-in page after a log-in that belongs to several accounts."""
    return LoginPage(
        email="amara@harbourvale.example",
        accounts=(
            Choice(value="a4", label="Harbour & Vale Legal"),
            Choice(value="a5", label=LONG_NAME),
        ),
        errors={"account": "Choose the account to sign in to, and type the password once more."},
    )


def forgot() -> ForgotPage:
    """Return the form with an error."""
    return ForgotPage(
        email="amara@", errors={"email": "Enter an e-mail address such as name@company.com."}
    )


def forgot_sent() -> ForgotPage:
    """Return the answer that is the same for all."""
    return ForgotPage(email="amara@harbourvale.example", sent=True)


def reset() -> ResetPage:
    """Return the first password's page with errors."""
    return ResetPage(
        token="sample",
        email="amara@harbourvale.example",
        account_name="Harbour & Vale Legal",
        first=True,
        errors={"new": "Too easy to guess: it contains your name. Add another word or two."},
    )


def reset_with_keys() -> ResetPage:
    """Return the page of a forgotten password, of somebody who has an API key."""
    return replace(reset(), first=False, keys=1, errors={})


def reset_expired() -> ResetPage:
    """Return the page of a link that was used."""
    return replace(reset(), usable=False, errors={})


def help_page() -> HelpPage:
    """Return a reseller's help."""
    return HelpPage(role="reseller")


def customers_help() -> HelpPage:
    """Return a customer's help."""
    return HelpPage(role="customer")


def operators_help() -> HelpPage:
    """Return an operator's help."""
    return HelpPage(role="operator")


def nobodys_help() -> HelpPage:
    """Return the help of somebody who is not signed in."""
    return HelpPage(role="")


def mailbox() -> MailboxPage:
    """Return the demo's e-mails, one of them open."""
    row = EmailRow(id="l1", to=AMARA.email, subject="Welcome to Northwind Voice", at=NOW)
    text = (
        "Hello Amara,\n\nyour account Harbour & Vale Legal is open. Set your password here "
        "within 7 days:\nhttp://localhost:8000/reset/" + "x" * 43 + "\n\nNorthwind Voice\n"
    )
    rows = (row, replace(row, id="l2", subject="Your password was changed"))
    return MailboxPage(zone=ZONE, rows=rows, email=Email(row=row, text=text))


def empty_mailbox() -> MailboxPage:
    """Return the mailbox before the first e-mail."""
    return MailboxPage(zone=ZONE, rows=())


def error(status: int) -> ErrorPage:
    """Return an error page."""
    back = Link(label="Back to accounts", url="/accounts")
    return error_page(status, back, correlation_id="0193f2c4-7d3e" if status >= 500 else "")


def platforms_billing_details() -> BillingDetailsPage:
    """Return the page on which an operator enters the platform's billing details."""
    head = SettingsHead(account_name="Platform", seller=True)
    return replace(
        billing_details(), head=head, back="/settings", changed_meanwhile=None, version="2"
    )
