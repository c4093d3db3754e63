"""The opening saga: accounts → numbers → billing → accounts → notifications."""

from datetime import timedelta

from contracts.accounts import AccountActivated, AccountFailed, Failure, billing_fields
from contracts.billing import BillingAccountOpened, BillingAccountRefused, OpenBillingAccount
from contracts.numbers import (
    AssignNumbers,
    CancelReservation,
    NumbersRefused,
    NumbersReserved,
    ReserveAccountNumbers,
)
from services.accounts import store
from services.accounts.handlers.receivables import follow_receivables
from services.accounts.handlers.service import accounts, record_change, router
from services.accounts.model.accounts import (
    OPENING_MINUTES_MAX,
    OPENING_RETRY_MINUTES,
    Opening,
    OpeningStep,
    StoredAccount,
)
from services.chassis.annotations import Transaction
from services.chassis.changes import Actor
from services.chassis.database import Reader
from services.chassis.service import Running


def tell_next_step(tx: Transaction, account: StoredAccount) -> None:
    """Tell the service whose turn it is; telling it twice does no harm."""
    opening = account.opening
    assert opening is not None, f"{account.id} is not opening"
    if opening.step == "numbers":
        assert opening.plan is not None, "there are no numbers without a plan"
        tx.tell(
            ReserveAccountNumbers(
                account_id=account.id,
                reseller_id=account.parent_id,
                numbers=opening.plan.numbers,
                reservation_id=opening.reservation_id,
            )
        )
        return
    tx.tell(
        OpenBillingAccount(
            account_id=account.id,
            parent_path=account.parent_path,
            currency=account.currency,
            country=account.country,
            time_zone=account.time_zone,
            plan=opening.plan,
            credit=opening.credit,
            numbers=opening.numbers,
            opened_at=account.created_at,
            actor=opening.actor,
            realm=account.realm,
            accepted_total=opening.accepted.total if opening.accepted else None,
        )
    )


async def _awaiting(
    db: Reader, account_id: str, step: OpeningStep
) -> tuple[StoredAccount, Opening] | None:
    """Return the account if its opening waits for the answer to this step.

    None means that the answer came before: it is repeated, or was overtaken.
    """
    account = await store.find_account(db, account_id)
    if account is None or account.opening is None or account.opening.step != step:
        return None
    return account, account.opening


@router.hears(NumbersReserved)
async def numbers_reserved(event: NumbersReserved, tx: Transaction) -> None:
    """Go on to the billing account: the account has its numbers."""
    if (awaiting := await _awaiting(tx, event.account_id, "numbers")) is None:
        await _release_late_hold(tx, event.account_id)
        return
    account, opening = awaiting
    numbers = opening.with_numbers(event.numbers)
    onward = opening.model_copy(update={"step": "wallet", "step_at": tx.now, "numbers": numbers})
    account = account.model_copy(update={"opening": onward})
    await store.save_account(tx, account)
    tell_next_step(tx, account)


async def _release_late_hold(tx: Transaction, account_id: str) -> None:
    """Give numbers back that were held after their account had come to its end."""
    account = await store.find_account(tx, account_id)
    if account is not None and account.status in ("failed", "closed"):
        tx.tell(CancelReservation(account_id=account.id, reseller_id=account.parent_id))


@router.hears(NumbersRefused)
async def numbers_refused(event: NumbersRefused, tx: Transaction) -> None:
    """Give the opening up: not all numbers were to be had, and none is held."""
    if (awaiting := await _awaiting(tx, event.account_id, "numbers")) is not None:
        await _give_up(tx, *awaiting, Failure(type=event.reason, detail=event.detail))


@router.hears(BillingAccountOpened)
async def billing_account_opened(event: BillingAccountOpened, tx: Transaction) -> None:
    """Activate the account: it is charged, and its numbers can be assigned."""
    if (awaiting := await _awaiting(tx, event.account_id, "wallet")) is None:
        return
    account, opening = awaiting
    active = account.with_status("active", opening=None)
    await store.save_account(tx, active)
    if opening.numbers:
        tx.tell(AssignNumbers(account_id=active.id, reseller_id=active.parent_id))
    tx.announce(
        AccountActivated(
            account_id=active.id,
            reseller_id=active.parent_id,
            version=active.version,
            name=active.name,
            realm=active.realm,
            currency=active.currency,
            country=active.country,
            time_zone=active.time_zone,
            administrator=active.administrator,
            administrator_user_id=active.administrator_user_id,
            reseller_name=await store.parent_name(tx, active),
            send_welcome=opening.send_welcome,
            **billing_fields(active.billing_details),
        )
    )
    await record_change(tx, "account.opened", active, by=_orderer(account, opening))
    await follow_receivables(tx, active)


def _orderer(account: StoredAccount, opening: Opening) -> Actor:
    """Return who ordered an account: somebody of its parent."""
    return Actor(id=opening.actor, account_id=account.parent_id)


@router.hears(BillingAccountRefused)
async def billing_account_refused(event: BillingAccountRefused, tx: Transaction) -> None:
    """Give the opening up: nothing was charged, and its numbers become spare again."""
    if (awaiting := await _awaiting(tx, event.account_id, "wallet")) is not None:
        await _give_up(tx, *awaiting, Failure(type=event.reason, detail=event.detail))


async def _give_up(
    tx: Transaction, account: StoredAccount, opening: Opening, failure: Failure
) -> None:
    failed = account.with_status("failed", failure=failure, opening=None)
    await store.save_account(tx, failed)
    if opening.numbers:
        tx.tell(CancelReservation(account_id=failed.id, reseller_id=failed.parent_id))
    tx.announce(
        AccountFailed(
            account_id=failed.id,
            reseller_id=failed.parent_id,
            version=failed.version,
            name=failed.name,
            failure=failure,
        )
    )
    await record_change(tx, "account.failed", failed, by=_orderer(account, opening))


@accounts.each_minute
async def push_stuck_openings(tx: Transaction) -> None:
    """Tell the step again to whoever an opening waits for too long."""
    before = tx.now - timedelta(minutes=OPENING_RETRY_MINUTES)
    for account in await store.openings_unmoved_since(tx, before):
        assert account.opening is not None, f"{account.id} is opening without an order"
        waiting = account.opening.model_copy(update={"step_at": tx.now})
        await store.save_account(tx, account.model_copy(update={"opening": waiting}))
        tell_next_step(tx, account)


@accounts.audit
async def no_opening_is_stuck(running: Running) -> list[str]:
    """Every account that opens is younger than a quarter of an hour."""
    reader = running.database.reader()
    oldest = reader.now - timedelta(minutes=OPENING_MINUTES_MAX)
    return [
        f"account {account.id} is opening since {account.created_at:%Y-%m-%d %H:%M:%S}"
        for account in await store.openings_unmoved_since(reader, reader.now)
        if account.created_at < oldest
    ]
