"""Opening an account: the saga accounts → numbers → billing → accounts → notifications."""

from datetime import timedelta

from contracts import accounts as contracts
from contracts.accounts import (
    PLATFORM_ID,
    AccountActivated,
    AccountCheck,
    AccountFailed,
    AccountOpening,
    CheckAccount,
    Failure,
    OpenAccount,
    ResellerProfile,
)
from contracts.base import FieldError, Refused
from contracts.billing import OpenWallet, PlanSummary, WalletOpened, WalletRefused
from contracts.numbers import (
    AssignNumbers,
    HoldNumbers,
    NumbersHeld,
    NumbersRefused,
    ReleaseNumbers,
)
from services.accounts import store
from services.accounts.handlers.service import accounts
from services.accounts.model import checks
from services.accounts.model.accounts import (
    OPENING_MINUTES_MAX,
    OPENING_RETRY_MINUTES,
    Account,
    Opening,
    OpeningStep,
    User,
    account_view,
    realm_of,
)
from services.chassis.database import Cause, Reader, Transaction
from services.chassis.service import Running

REALM_SUFFIX_CHARACTERS = 4


async def _profile_above(tx: Reader, order: CheckAccount | OpenAccount) -> ResellerProfile:
    """Return the currency, country, zone and domain that the new account will live under."""
    principal = tx.principal
    if principal.role == "operator":
        if order.reseller is None:
            raise Refused("forbidden", "The platform opens resellers only.")
        return order.reseller
    if principal.role != "reseller" or order.reseller is not None:
        raise Refused("forbidden", "Only a reseller opens customer accounts.")
    parent = await store.find_account(tx, principal.account_id)
    if parent is None or parent.reseller is None:
        raise Refused("not-found", "There is no such reseller.")
    if parent.status != "active":
        raise Refused("account-disabled", "Your account is disabled; ask the platform about it.")
    return parent.reseller


async def _errors(
    tx: Reader, order: CheckAccount | OpenAccount, profile: ResellerProfile
) -> list[FieldError]:
    name, errors = checks.check_name(order.name)
    if not errors and await store.name_is_taken(tx, tx.principal.account_id, name):
        errors = [checks.name_taken()]
    _, wrong = checks.check_administrator(order.administrator, profile.country)
    own = checks.check_profile(order.reseller) if order.reseller else []
    return [*errors, *wrong, *own]


@accounts.replies(CheckAccount)
async def check_account(query: CheckAccount, tx: Reader) -> AccountCheck:
    """Tell every field of the basic info that needs correcting."""
    profile = await _profile_above(tx, query)
    return AccountCheck(errors=tuple(await _errors(tx, query, profile)))


@accounts.answers(OpenAccount)
async def open_account(command: OpenAccount, tx: Transaction) -> contracts.Account:
    """Begin to open an account; the next step is holding its numbers, or else its wallet."""
    profile = await _profile_above(tx, command)
    errors = await _errors(tx, command, profile)
    if errors:
        only_taken = [error.type for error in errors] == ["account-name-taken"]
        kind = "account-name-taken" if only_taken else "invalid-fields"
        raise Refused(kind, checks.joined(errors), tuple(errors))
    account = await _new_account(command, tx, profile)
    user = User(
        id=account.administrator_user_id,
        account_id=account.id,
        email=account.administrator.email,
        first_name=account.administrator.first_name,
        last_name=account.administrator.last_name,
        created_at=tx.now,
    )
    await store.add_accounts(tx, account)
    await store.add_user(tx, user)
    tx.announce(
        AccountOpening(
            account_id=account.id,
            reseller_id=account.parent_id,
            version=account.version,
            name=account.name,
            realm=account.realm,
        )
    )
    _tell_next_step(tx, account)
    return account_view(account, await store.parent_name(tx, account))


async def _new_account(command: OpenAccount, tx: Transaction, profile: ResellerProfile) -> Account:
    parent_id = tx.principal.account_id
    parent = await store.find_account(tx, parent_id)
    name, _ = checks.check_name(command.name)
    administrator, _ = checks.check_administrator(command.administrator, profile.country)
    assert administrator is not None, "the errors were checked before"
    plan = command.plan
    suffix = tx.new_suffix(REALM_SUFFIX_CHARACTERS)
    return Account(
        id=tx.new_id("acc"),
        parent_path=(*parent.parent_path, parent_id) if parent else (PLATFORM_ID,),
        name=name,
        realm=realm_of(name, suffix, profile.domain),
        status="opening",
        administrator=administrator,
        administrator_user_id=tx.new_id("usr"),
        currency=profile.currency,
        country=profile.country,
        time_zone=profile.time_zone,
        reseller=command.reseller,
        plan=(
            PlanSummary(
                name=checks.trimmed(plan.name), users=plan.users, cost_per_user=plan.cost_per_user
            )
            if plan
            else None
        ),
        opening=Opening(
            step="numbers" if plan and plan.numbers else "wallet",
            step_at=tx.now,
            plan=plan,
            credit=command.credit,
            hold_id=command.hold_id,
            send_welcome=command.send_welcome,
            actor=tx.principal.id,
        ),
        created_at=tx.now,
    )


def _tell_next_step(tx: Transaction, account: Account) -> None:
    """Tell the service whose turn it is; telling it twice does no harm."""
    opening = account.opening
    assert opening is not None, f"{account.id} is not opening"
    if opening.step == "numbers":
        assert opening.plan is not None, "there are no numbers without a plan"
        tx.tell(
            HoldNumbers(
                account_id=account.id,
                reseller_id=account.parent_id,
                numbers=opening.plan.numbers,
                hold_id=opening.hold_id,
            )
        )
        return
    tx.tell(
        OpenWallet(
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
        )
    )


async def _awaiting(
    tx: Transaction, account_id: str, step: OpeningStep
) -> tuple[Account, Opening] | None:
    """Return the account if its opening waits for the answer to this step.

    None means that the answer came before: it is repeated, or was overtaken.
    """
    account = await store.find_account(tx, account_id)
    if account is None or account.opening is None or account.opening.step != step:
        return None
    return account, account.opening


@accounts.hears(NumbersHeld)
async def numbers_held(event: NumbersHeld, tx: Transaction) -> None:
    """Go on to the wallet: the account has its numbers."""
    if (awaiting := await _awaiting(tx, event.account_id, "numbers")) is None:
        await _release_late_hold(tx, event.account_id)
        return
    account, opening = awaiting
    onward = opening.model_copy(
        update={"step": "wallet", "step_at": tx.now, "numbers": event.numbers}
    )
    account = account.model_copy(update={"opening": onward})
    await store.save_account(tx, account)
    _tell_next_step(tx, account)


async def _release_late_hold(tx: Transaction, account_id: str) -> None:
    """Give numbers back that were held after their account had come to its end."""
    account = await store.find_account(tx, account_id)
    if account is not None and account.status in ("failed", "closed"):
        tx.tell(ReleaseNumbers(account_id=account.id, reseller_id=account.parent_id))


@accounts.hears(NumbersRefused)
async def numbers_refused(event: NumbersRefused, tx: Transaction) -> None:
    """Give the opening up: not all numbers were to be had, and none is held."""
    if (awaiting := await _awaiting(tx, event.account_id, "numbers")) is not None:
        await _give_up(tx, *awaiting, Failure(type=event.reason, detail=event.detail))


@accounts.hears(WalletOpened)
async def wallet_opened(event: WalletOpened, tx: Transaction) -> None:
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
        )
    )


@accounts.hears(WalletRefused)
async def wallet_refused(event: WalletRefused, tx: Transaction) -> None:
    """Give the opening up: nothing was charged, and its numbers become spare again."""
    if (awaiting := await _awaiting(tx, event.account_id, "wallet")) is not None:
        await _give_up(tx, *awaiting, Failure(type=event.reason, detail=event.detail))


async def _give_up(tx: Transaction, account: Account, opening: Opening, failure: Failure) -> None:
    failed = account.with_status("failed", failure=failure, opening=None)
    await store.save_account(tx, failed)
    if opening.numbers:
        tx.tell(ReleaseNumbers(account_id=failed.id, reseller_id=failed.parent_id))
    tx.announce(
        AccountFailed(
            account_id=failed.id,
            reseller_id=failed.parent_id,
            version=failed.version,
            name=failed.name,
            failure=failure,
        )
    )


@accounts.each_minute
async def push_stuck_openings(tx: Transaction) -> None:
    """Tell the step again to whoever an opening waits for too long."""
    before = tx.now - timedelta(minutes=OPENING_RETRY_MINUTES)
    for account in await store.openings_unmoved_since(tx, before):
        assert account.opening is not None, f"{account.id} is opening without an order"
        waiting = account.opening.model_copy(update={"step_at": tx.now})
        await store.save_account(tx, account.model_copy(update={"opening": waiting}))
        _tell_next_step(tx, account)


@accounts.audit
async def no_opening_is_stuck(running: Running) -> list[str]:
    """Every account that opens is younger than a quarter of an hour."""
    reader = running.database.reader(Cause(message_id="", correlation_id="audit"))
    oldest = reader.now - timedelta(minutes=OPENING_MINUTES_MAX)
    return [
        f"account {account.id} is opening since {account.created_at:%Y-%m-%d %H:%M:%S}"
        for account in await store.openings_unmoved_since(reader, reader.now)
        if account.created_at < oldest
    ]
