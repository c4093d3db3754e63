"""Ordering an account: everything is checked first, then the opening goes by itself."""

from contracts import accounts as contracts
from contracts.accounts import (
    PLATFORM_ID,
    AccountCheck,
    AccountChecks,
    AccountOpening,
    CheckAccount,
    CheckAccounts,
    OpenAccount,
    ResellerProfile,
    billing_fields,
)
from contracts.base import FieldError, Refused
from contracts.billing import PlanSummary
from contracts.names import trimmed
from services.accounts import store
from services.accounts.handlers.saga import tell_next_step
from services.accounts.handlers.service import accounts, refuse_unless_active, router
from services.accounts.model import checks
from services.accounts.model.accounts import Opening, StoredAccount, User, account_view, realm_of
from services.accounts.model.basic_info import BasicInfo, check_basic_info
from services.accounts.store import imports
from services.chassis.annotations import Transaction
from services.chassis.database import Reader

REALM_SUFFIX_CHARACTERS = 4


async def _profile_above(db: Reader, order: CheckAccount | OpenAccount) -> ResellerProfile:
    """Return the currency, country, zone and domain that the new account will live under."""
    principal = db.principal
    if principal.role == "operator":
        if order.reseller is None:
            raise Refused("forbidden", "The platform can only open resellers.")
        return order.reseller
    if principal.role != "reseller" or order.reseller is not None:
        raise Refused("forbidden", "Only resellers can open customer accounts.")
    parent = await store.find_account(db, principal.account_id)
    if parent is None or parent.reseller is None:
        raise Refused("not-found", "There is no such reseller.")
    refuse_unless_active(parent)
    return parent.reseller


async def _checked(
    db: Reader, order: CheckAccount | OpenAccount, profile: ResellerProfile
) -> BasicInfo | tuple[FieldError, ...]:
    taken = await imports.names_taken(db, db.principal.account_id, [trimmed(order.name)])
    return check_basic_info(order, profile, taken)


def _errors_of(checked: BasicInfo | tuple[FieldError, ...]) -> AccountCheck:
    return AccountCheck(errors=() if isinstance(checked, BasicInfo) else checked)


@accounts.replies(CheckAccount)
async def check_account(query: CheckAccount, db: Reader) -> AccountCheck:
    """Tell every field of the basic info that needs correcting."""
    profile = await _profile_above(db, query)
    return _errors_of(await _checked(db, query, profile))


@accounts.replies(CheckAccounts)
async def check_accounts(query: CheckAccounts, db: Reader) -> AccountChecks:
    """Tell the same of rows of a file, with one look at the names that are taken."""
    if not query.accounts:
        return AccountChecks(data=())
    first, *others = query.accounts
    profile = await _profile_above(db, first)
    if any(order.reseller != first.reseller for order in others):
        raise Refused("forbidden", "Only customer accounts can be opened from a file.")
    names = [trimmed(order.name) for order in query.accounts]
    taken = await imports.names_taken(db, db.principal.account_id, names)
    return AccountChecks(
        data=tuple(_errors_of(check_basic_info(order, profile, taken)) for order in query.accounts)
    )


@router.answers(OpenAccount)
async def open_account(command: OpenAccount, tx: Transaction) -> contracts.Account:
    """Begin to open an account; the next step reserves numbers, or opens its billing account."""
    return await begin_opening(command, tx)


async def begin_opening(command: OpenAccount, tx: Transaction) -> contracts.Account:
    """Check an order and keep its account as `opening`, below the asker."""
    profile = await _profile_above(tx, command)
    basic = await _checked(tx, command, profile)
    if not isinstance(basic, BasicInfo):
        raise checks.refusal(basic)
    account = await _new_account(command, basic, tx, profile)
    user = User(
        id=account.administrator_user_id,
        account_id=account.id,
        email=account.administrator.email,
        first_name=account.administrator.first_name,
        last_name=account.administrator.last_name,
        created_at=tx.now,
    )
    await store.meet_closing(tx, account)
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
    tell_next_step(tx, account)
    return account_view(account, await store.parent_name(tx, account))


async def _new_account(
    command: OpenAccount, basic: BasicInfo, tx: Transaction, profile: ResellerProfile
) -> StoredAccount:
    parent_id = tx.principal.account_id
    parent = await store.find_account(tx, parent_id)
    plan = command.plan
    suffix = tx.new_suffix(REALM_SUFFIX_CHARACTERS)
    return StoredAccount(
        id=tx.new_id("acc"),
        parent_path=(*parent.parent_path, parent_id) if parent else (PLATFORM_ID,),
        name=basic.name,
        realm=realm_of(basic.name, suffix, profile.domain),
        status="opening",
        administrator=basic.administrator,
        administrator_user_id=tx.new_id("usr"),
        currency=profile.currency,
        country=profile.country,
        time_zone=profile.time_zone,
        **billing_fields(basic.billing_details),
        reseller=command.reseller,
        plan=(
            PlanSummary(
                name=trimmed(plan.name),
                users=plan.users,
                cost_per_user=plan.cost_per_user,
                premium_allowed=plan.premium_allowed,
            )
            if plan
            else None
        ),
        opening=Opening(
            step="numbers" if plan and plan.numbers else "wallet",
            step_at=tx.now,
            plan=plan,
            credit=command.credit,
            reservation_id=command.reservation_id,
            send_welcome=command.send_welcome,
            actor=tx.principal.id,
            accepted=command.accepted,
        ),
        created_at=tx.now,
    )
