"""The service that all handlers of billing register with, and whom it serves."""

from typing import Final

from contracts.accounts import PLATFORM_ID
from contracts.base import FieldError, Refused
from contracts.billing import (
    BalanceAdjusted,
    BalanceLow,
    BundleExhausted,
    CallRejected,
    CallsCharged,
    CreditAdded,
    CreditLimitChanged,
    InvoiceIssued,
    InvoiceOverdue,
    InvoicePaid,
    Overdraft,
    PlanChanged,
    RateJobChanged,
    RateSheetChanged,
    StandingChanged,
    WalletOpened,
    WalletRefused,
)
from contracts.numbers import GiveUpNumber, TakeNumbers
from services.billing.model.ledger import Wallet
from services.billing.store import (
    accepted,
    audits,
    intents,
    invoice_sums,
    invoices,
    ledger,
    limits_audit,
    number_orders,
    plans,
    rate_jobs,
    rates,
    refusals,
    rejected_calls,
    sheets,
    usage,
    wallets,
)
from services.chassis.database import Reader
from services.chassis.service import Service

billing: Final = Service(
    "billing",
    sends=(
        BalanceAdjusted,
        BalanceLow,
        BundleExhausted,
        CallRejected,
        CallsCharged,
        CreditAdded,
        CreditLimitChanged,
        GiveUpNumber,
        InvoiceIssued,
        InvoiceOverdue,
        InvoicePaid,
        Overdraft,
        PlanChanged,
        RateJobChanged,
        RateSheetChanged,
        StandingChanged,
        TakeNumbers,
        WalletOpened,
        WalletRefused,
    ),
)
for store in (
    sheets,
    rates,
    rate_jobs,
    plans,
    wallets,
    ledger,
    usage,
    number_orders,
    refusals,
    rejected_calls,
    intents,
    invoices,
    invoice_sums,
    audits,
    accepted,
    limits_audit,
):
    billing.prepare(store.prepare)

PLATFORM_TIME_ZONE: Final = "UTC"


def seller_of(tx: Reader) -> str:
    """Return the account whose customers the asker serves: a reseller's, or the platform."""
    if tx.principal.role not in {"operator", "reseller"}:
        raise Refused("forbidden", "Only a reseller may do this.")
    return tx.principal.account_id


async def wallet_seen_by_asker(tx: Reader, account_id: str) -> Wallet:
    """Return the wallet of an account that is the asker's own or directly below it."""
    if tx.principal.role == "switch":
        raise Refused("forbidden", "A key of the switch is for calls only.")
    wallet = await wallets.find_seen_by(tx, tx.principal.account_id, account_id)
    if wallet is None:
        raise Refused("not-found", "There is no such account.")
    return wallet


async def own_wallet(tx: Reader, seller_id: str) -> Wallet | None:
    """Return the wallet of a seller itself; the platform has none."""
    if seller_id == PLATFORM_ID:
        return None
    wallet = await wallets.find(tx, seller_id)
    if wallet is None:
        raise Refused("account-not-active", "This reseller is still being opened; try again soon.")
    return wallet


def refuse_fields(errors: list[FieldError]) -> None:
    """Refuse what was asked when a field needs correcting; a taken name alone is told as such."""
    if not errors:
        return
    raise Refused(kind_of(errors), " ".join(error.detail for error in errors), tuple(errors))


def kind_of(errors: list[FieldError]) -> str:
    """Return the problem that some field errors are together."""
    own = {"plan-name-taken", "rate-sheet-name-taken", "more-than-due"}
    only = errors[0].type if len(errors) == 1 else ""
    return only if only in own else "invalid-fields"
