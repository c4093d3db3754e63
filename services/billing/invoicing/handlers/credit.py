"""What the parent of an account does with its money: credit, adjustments, the credit limit."""

from contracts.base import FieldError, Refused
from contracts.billing import (
    ENTRY_SEQ_MAX,
    AddCredit,
    AdjustBalance,
    Balance,
    BalanceAdjusted,
    CreditAdded,
    CreditLimitChanged,
    LedgerEntry,
    SetCreditLimit,
)
from contracts.names import trimmed
from contracts.values import decimal_text
from services.billing.base.handlers.service import refuse_fields, seller_of
from services.billing.base.model.money import amount_text
from services.billing.charging.handlers.balances import balance_of, warn_of_low_balance
from services.billing.invoicing.handlers.payments import pay_what_is_due
from services.billing.invoicing.handlers.router import router
from services.billing.invoicing.model.payment import adjustment_movement
from services.billing.ledger.handlers.accounts import account_seen_by_asker, record_of_account
from services.billing.ledger.handlers.transactions import answer_of
from services.billing.ledger.model.adjustment import (
    check_adjustment,
    check_correction,
    check_credit_limit,
)
from services.billing.ledger.model.credit_limit import CREDIT_LIMIT, CREDIT_LIMIT_CHANGED
from services.billing.ledger.model.ledger import (
    BALANCE_MICROS_MAX,
    BillingAccount,
    Entry,
    entries_after,
)
from services.billing.ledger.model.movement import Movement, credit_movement
from services.billing.ledger.store import billing_accounts, ledger
from services.billing.plans.model.plan_checks import check_credit
from services.chassis.annotations import Transaction
from services.chassis.database import Reader


@router.answers(AddCredit)
async def add_credit(command: AddCredit, tx: Transaction) -> LedgerEntry:
    """Add prepaid credit to an account directly below the asker; it pays what is due first."""
    account = await _account_below(tx, command.account_id, "Credit is added")
    movement = credit_movement(
        f"credit:{tx.trigger.message_id}", command.credit.amount, trimmed(command.credit.note)
    )
    if (done := await ledger.find(tx, movement.key)) is not None:
        # the receipt of this request has been forgotten; the ledger forgets nothing
        return _same(done, movement, command.account_id)
    _refuse_closed(account)
    refuse_fields(check_credit(command.credit, account.currency, ""))
    entry = await _append(tx, account, movement, "credit.added", {"note": movement.text})
    announce_credit(tx, account, entry)
    await pay_what_is_due(tx, account)
    return answer_of(entry)


@router.answers(AdjustBalance)
async def adjust_balance(command: AdjustBalance, tx: Transaction) -> LedgerEntry:
    """Adjust the balance of an account directly below the asker; more of it pays what is due."""
    account = await _account_below(tx, command.account_id, "A balance is adjusted")
    corrected = await _corrected(tx, account, command.entry_seq)
    movement = adjustment_movement(
        account.id, tx.trigger.message_id, command.amount, trimmed(command.reason), corrected
    )
    if (done := await ledger.find(tx, movement.key)) is not None:
        return _same(done, movement, account.id)
    _refuse_closed(account)
    refuse_fields(await _check(tx, account, command, corrected))
    before = (await ledger.head(tx, account)).balance
    details = {"reason": trimmed(command.reason)}
    if corrected is not None:
        details["corrects"] = f"entry {corrected.seq}: {corrected.text}"
    entry = await _append(tx, account, movement, "balance.adjusted", details)
    tx.announce(
        BalanceAdjusted(
            account_id=account.id,
            reseller_id=account.reseller_id,
            seq=entry.seq,
            amount=entry.amount,
            balance_after=entry.balance_after,
            currency=account.currency,
            corrects_seq=entry.corrects_seq,
        )
    )
    warn_of_low_balance(tx, account, before, [entry])
    if entry.amount > 0:
        await pay_what_is_due(tx, account)
    return answer_of(entry)


@router.answers(SetCreditLimit)
async def set_credit_limit(command: SetCreditLimit, tx: Transaction) -> Balance:
    """Set the credit limit of an account directly below the asker; it counts at once."""
    account = await _account_below(tx, command.account_id, "A credit limit is set")
    _refuse_closed(account)
    refuse_fields(check_credit_limit(command.credit_limit, account.currency))
    changed = account.model_copy(update={"credit_limit": command.credit_limit})
    if changed == account:
        return await balance_of(tx, account)
    await billing_accounts.save_credit_limit(tx, changed)
    tx.announce(
        CreditLimitChanged(
            account_id=account.id,
            reseller_id=account.reseller_id,
            credit_limit=changed.credit_limit,
            credit_limit_before=account.credit_limit,
            currency=account.currency,
        )
    )
    await record_of_account(
        tx,
        CREDIT_LIMIT_CHANGED,
        account,
        subject=amount_text(changed.credit_limit, account.currency),
        before={CREDIT_LIMIT: amount_text(account.credit_limit, account.currency)},
        after={CREDIT_LIMIT: amount_text(changed.credit_limit, account.currency)},
    )
    return await balance_of(tx, changed)


async def _account_below(db: Reader, account_id: str, done: str) -> BillingAccount:
    """Return the billing account of an account directly below the asker; refuse all others."""
    seller_of(db)
    account = await account_seen_by_asker(db, account_id)
    if account.reseller_id != db.principal.account_id:
        raise Refused("forbidden", f"{done} by the account's parent, not by the account itself.")
    return account


def _refuse_closed(account: BillingAccount) -> None:
    if account.status == "closed":
        raise Refused("account-not-active", "The account is closed. Its balance can't be changed.")


async def _corrected(db: Reader, account: BillingAccount, entry_seq: int | None) -> Entry | None:
    """Return the entry of an account that is to be corrected; None if there is none."""
    if entry_seq is None or not 0 < entry_seq <= ENTRY_SEQ_MAX:
        return None
    return await ledger.find_by_seq(db, account.id, entry_seq)


async def _check(
    db: Reader, account: BillingAccount, command: AdjustBalance, corrected: Entry | None
) -> list[FieldError]:
    """Return every field of an adjustment that needs correcting."""
    if corrected is None:
        errors = check_adjustment(command.amount, trimmed(command.reason), account.currency)
        if command.entry_seq is not None:
            detail = f"This account has no transaction {command.entry_seq}."
            errors.append(FieldError(pointer="/entry_seq", type="not-found", detail=detail))
        return errors
    taken_back = await ledger.corrected_by(db, account.id, corrected.seq)
    reason = trimmed(command.reason)
    return check_correction(command.amount, reason, corrected, taken_back, account.currency)


async def _append(
    tx: Transaction,
    account: BillingAccount,
    movement: Movement,
    action: str,
    details: dict[str, str],
) -> Entry:
    """Carry on a ledger by one movement, unless the balance would leave its bounds."""
    head = await ledger.head(tx, account)
    if abs(head.balance + movement.amount) > BALANCE_MICROS_MAX:
        most = decimal_text(BALANCE_MICROS_MAX)
        detail = f"A balance must stay between -{most} and {most}."
        refuse_fields([FieldError(pointer="/amount", type="too-large", detail=detail)])
    (entry,) = entries_after(
        head, [movement], now=tx.now, cause=tx.trigger.message_id, actor=tx.actor
    )
    await ledger.append(tx, account, [entry])
    await record_of_account(
        tx,
        action,
        account,
        subject=amount_text(entry.amount, account.currency),
        before={"balance": amount_text(head.balance, account.currency)},
        after={"balance": amount_text(entry.balance_after, account.currency), **details},
    )
    return entry


def _same(done: Entry, movement: Movement, account_id: str) -> LedgerEntry:
    """Return the entry of a request that comes again; refuse another one under its key."""
    same = (done.account_id, done.amount, done.corrects_seq)
    if same != (account_id, movement.amount, movement.corrects_seq):
        detail = "This Idempotency-Key was used for another request. Use a new key."
        raise Refused("idempotency-key-reused", detail)
    return answer_of(done)


def announce_credit(tx: Transaction, account: BillingAccount, entry: Entry) -> None:
    """Tell everyone that credit was added."""
    tx.announce(
        CreditAdded(
            account_id=account.id,
            reseller_id=account.reseller_id,
            seq=entry.seq,
            amount=entry.amount,
            balance_after=entry.balance_after,
            currency=account.currency,
        )
    )
