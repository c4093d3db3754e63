"""From answers about accounts to what pages show of them."""

from typing import Final

from contracts import accounts as contracts
from gateway.features.accounts.lists import ListedAccount
from gateway.features.accounts.views import AccountRow, Administrator, BasicFields
from gateway.features.billing_settings.details import stored_details
from gateway.portal.formatting import plural

DAYS_OF_A_YEAR: Final = 366


def administrator(person: contracts.Administrator) -> Administrator:
    """Return an account's administrator."""
    return Administrator(
        first_name=person.first_name,
        last_name=person.last_name,
        email=person.email,
        phone=person.phone,
    )


def basic_fields(account: contracts.Account) -> BasicFields:
    """Return an account's name and contacts as a form shows them."""
    person = account.administrator
    return BasicFields(
        name=account.name,
        email=person.email,
        first_name=person.first_name,
        last_name=person.last_name,
        phone=person.phone,
        billing=stored_details(account),
    )


def lasts_text(days: int | None) -> str:
    """Say for how long credit lasts, in few words; nothing while nothing is spent."""
    if days is None:
        return ""
    if days >= DAYS_OF_A_YEAR:
        return "over a year left"
    return f"≈ {plural(days, 'day')} left" if days else "under a day left"


def account_row(account: ListedAccount) -> AccountRow:
    """Return a row of the list of accounts; one that is still opening has no money."""
    plan, billing_account = account.plan, account.billing_account
    return AccountRow(
        id=account.id,
        name=account.name,
        realm=account.realm,
        administrator=administrator(account.administrator),
        plan_name=plan.name if plan else "",
        users=plan.users if plan else 0,
        cost_per_user=plan.cost_per_user if plan else 0,
        numbers=len(account.numbers),
        bundle_minutes=billing_account.bundle_minutes if billing_account else 0,
        bundle_minutes_left=billing_account.bundle_minutes_left if billing_account else 0,
        balance=billing_account.balance if billing_account else 0,
        credit_limit=billing_account.credit_limit if billing_account else 0,
        renews_at=billing_account.renews_at if billing_account else None,
        lasts=lasts_text(billing_account.days_left if billing_account else None),
        low=billing_account.low if billing_account else False,
        status=account.status,
    )
