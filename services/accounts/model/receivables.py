"""What an account owes, what follows from it, and how changes of an account are told."""

from accounts_manager.formatting import money
from contracts.billing import Receivables
from services.accounts.model import billing_details
from services.accounts.model.accounts import StoredAccount


def is_newer(receivables: Receivables, known: Receivables | None) -> bool:
    """Tell whether receivables are newer than what was heard so far."""
    return known is None or receivables.version > known.version


def after_receivables(account: StoredAccount) -> StoredAccount:
    """Return the account suspended, or lifted, as its receivables say; disabled ones stay so."""
    works = account.status in ("active", "suspended")
    if not works or account.status == account.working_status:
        return account
    return account.with_status(account.working_status)


def unpaid_text(account: StoredAccount) -> str:
    """Return how many invoices are unpaid and what they come to; empty when none is."""
    if account.receivables is None or not account.unpaid_invoices:
        return ""
    count = account.unpaid_invoices
    amount = money(account.receivables.unpaid, account.currency)
    return f"{count} invoice{'' if count == 1 else 's'}, {amount}"


def described(account: StoredAccount) -> dict[str, str]:
    """Return what of an account changes, by what it is called, as the audit trail tells it."""
    person = account.administrator
    return {
        "status": account.status,
        "reason": account.disabled_reason or (account.failure.detail if account.failure else ""),
        "unpaid": unpaid_text(account),
        "name": account.name,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "phone": person.phone,
        **billing_details.described(account.billing_details),
    }
