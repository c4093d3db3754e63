"""The head of the tabs of one's own account."""

from contracts.accounts import Account
from contracts.base import Refused
from gateway.features.accounts import actions as accounts
from gateway.portal.browser import Browser
from gateway.portal.frame import account_name_of
from gateway.portal.views.parts import SettingsHead


async def own_head(browser: Browser) -> SettingsHead:
    """Return the head of the signed-in user's tabs."""
    if browser.user.role == "operator":
        return SettingsHead(account_name=account_name_of(browser.user), seller=True)
    return await settings_head(browser, await accounts.find_own_account(browser.caller))


async def settings_head(browser: Browser, account: Account) -> SettingsHead:
    """Return the head of the tabs; the tabs are worth showing without the credit, too."""
    try:
        balance = await accounts.find_balance(browser.caller, account.id)
    except Refused as refusal:
        if refusal.problem.code != "unavailable":
            raise
        return head_of(account, None)
    return head_of(account, balance.available)


def head_of(account: Account, available: int | None) -> SettingsHead:
    """Return the head of the tabs of an account, where the credit is known."""
    return SettingsHead(
        account_name=account.name,
        account_id=account.id,
        realm=account.realm,
        currency=account.currency,
        available=available,
        unpaid_bills=account.unpaid_invoices,
        suspended=account.status == "suspended",
        seller=account.reseller is not None,
    )
