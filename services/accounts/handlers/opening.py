"""Ordering an account: everything is checked first, then the opening goes by itself."""

from collections.abc import Collection

from contracts import accounts as contracts
from contracts.accounts import (
    PLATFORM_ID,
    AccountCheck,
    AccountChecks,
    AccountOpening,
    BillingDetails,
    CheckAccount,
    CheckAccounts,
    OpenAccount,
    ResellerProfile,
    billing_fields,
)
from contracts.base import FieldError, Refused
from contracts.billing import PlanSummary
from contracts.names import name_key, trimmed
from services.accounts import store
from services.accounts.handlers.saga import tell_next_step
from services.accounts.handlers.service import accounts, refuse_unless_active, router
from services.accounts.model import checks
from services.accounts.model.accounts import Opening, StoredAccount, User, account_view, realm_of
from services.accounts.model.billing_details import check_billing_details
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


async def _errors(
    db: Reader, order: CheckAccount | OpenAccount, profile: ResellerProfile
) -> list[FieldError]:
    names = [checks.check_name(order.name)[0]]
    taken = await imports.names_taken(db, db.principal.account_id, names)
    return _errors_of(order, profile, taken)


def _errors_of(
    order: CheckAccount | OpenAccount, profile: ResellerProfile, taken: Collection[str]
) -> list[FieldError]:
    """Return what needs correcting; `taken` are the keys of names that other accounts have."""
    name, errors = checks.check_name(order.name)
    if not errors and name_key(name) in taken:
        errors = [checks.name_taken()]
    _, wrong = checks.check_administrator(order.administrator, profile.country)
    _, details = _billing_details(order, profile)
    own = checks.check_profile(order.reseller) if order.reseller else []
    return [*errors, *wrong, *details, *own]


def _billing_details(
    order: CheckAccount | OpenAccount, profile: ResellerProfile
) -> tuple[BillingDetails, list[FieldError]]:
    return check_billing_details(order.billing_details, profile.country)


@accounts.replies(CheckAccount)
async def check_account(query: CheckAccount, db: Reader) -> AccountCheck:
    """Tell every field of the basic info that needs correcting."""
    profile = await _profile_above(db, query)
    return AccountCheck(errors=tuple(await _errors(db, query, profile)))


@accounts.replies(CheckAccounts)
async def check_accounts(query: CheckAccounts, db: Reader) -> AccountChecks:
    """Tell the same of rows of a file, with one look at the names that are taken."""
    if not query.accounts:
        return AccountChecks(data=())
    first, *others = query.accounts
    profile = await _profile_above(db, first)
    if any(order.reseller != first.reseller for order in others):
        raise Refused("forbidden", "Only customer accounts can be opened from a file.")
    names = [checks.check_name(order.name)[0] for order in query.accounts]
    taken = await imports.names_taken(db, db.principal.account_id, names)
    return AccountChecks(
        data=tuple(
            AccountCheck(errors=tuple(_errors_of(order, profile, taken)))
            for order in query.accounts
        )
    )


@router.answers(OpenAccount)
async def open_account(command: OpenAccount, tx: Transaction) -> contracts.Account:
    """Begin to open an account; the next step reserves numbers, or opens its billing account."""
    return await begin_opening(command, tx)


async def begin_opening(command: OpenAccount, tx: Transaction) -> contracts.Account:
    """Check an order and keep its account as `opening`, below the asker."""
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
    command: OpenAccount, tx: Transaction, profile: ResellerProfile
) -> StoredAccount:
    parent_id = tx.principal.account_id
    parent = await store.find_account(tx, parent_id)
    name, _ = checks.check_name(command.name)
    administrator, _ = checks.check_administrator(command.administrator, profile.country)
    assert administrator is not None, "the errors were checked before"
    details, _ = _billing_details(command, profile)
    plan = command.plan
    suffix = tx.new_suffix(REALM_SUFFIX_CHARACTERS)
    return StoredAccount(
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
        **billing_fields(details),
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
