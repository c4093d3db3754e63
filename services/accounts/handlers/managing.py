"""Finding, listing and changing accounts, and what lists show of other services."""

from contracts import accounts as contracts
from contracts.accounts import (
    ACCOUNTS_PICKED_MAX,
    AccountChanged,
    AccountCounts,
    AccountPage,
    AccountState,
    AccountStates,
    ChangeAccount,
    CountAccounts,
    FindAccount,
    FindAccountStates,
    ListAccounts,
    PickAccounts,
    PickedAccounts,
    billing_fields,
)
from contracts.base import FieldError, Refused
from contracts.billing import PlanChanged
from contracts.numbers import NumberReleased, NumbersAssigned
from services.accounts import store
from services.accounts.handlers.service import (
    account_changed_by,
    accounts,
    no_such_account,
    record_change,
    router,
    shown,
)
from services.accounts.model import checks
from services.accounts.model.accounts import StoredAccount, account_view, month_start
from services.accounts.model.billing_details import check_billing_details
from services.chassis.annotations import Transaction
from services.chassis.database import Reader


@accounts.replies(FindAccount)
async def find_account(query: FindAccount, db: Reader) -> contracts.Account:
    """Show an account to its parent or its own administrator."""
    account = await store.find_account_seen_by(db, db.principal.account_id, query.account_id)
    if account is None:
        raise no_such_account()
    return await shown(db, account)


@accounts.replies(FindAccountStates)
async def find_account_states(query: FindAccountStates, db: Reader) -> AccountStates:
    """Tell other services in which state accounts are."""
    states = await store.states_of(db, query.account_ids)
    return AccountStates(
        data=tuple(AccountState(account_id=key, status=status) for key, status in states.items())
    )


@accounts.replies(ListAccounts)
async def list_accounts(query: ListAccounts, db: Reader) -> AccountPage:
    """List the accounts directly below the asker's own."""
    found, after, before = await store.list_accounts(
        db,
        db.principal.account_id,
        search=query.search,
        status=query.status,
        account_ids=query.account_ids,
        sort=query.sort,
        limit=query.limit,
        cursor=query.cursor,
    )
    name = await store.parent_name(db, found[0]) if found else ""
    return AccountPage(
        data=tuple(account_view(account, name) for account in found), next=after, previous=before
    )


@accounts.replies(PickAccounts)
async def pick_accounts(query: PickAccounts, db: Reader) -> PickedAccounts:
    """Answer with the ids of accounts directly below the asker's own."""
    found = await store.pick_accounts(db, db.principal.account_id, query.search, query.status)
    return PickedAccounts(
        account_ids=tuple(found[:ACCOUNTS_PICKED_MAX]), more=len(found) > ACCOUNTS_PICKED_MAX
    )


@accounts.replies(CountAccounts)
async def count_accounts(query: CountAccounts, db: Reader) -> AccountCounts:
    """Count the accounts directly below the asker's own, by state."""
    own = await store.find_account(db, db.principal.account_id)
    month = month_start(db.now, own.time_zone if own else "UTC")
    counts, fresh = await store.count_accounts(db, db.principal.account_id, query.search, month)
    return AccountCounts(
        opening=counts.get("opening", 0),
        active=counts.get("active", 0),
        disabled=counts.get("disabled", 0),
        suspended=counts.get("suspended", 0),
        closed=counts.get("closed", 0),
        opened_this_month=fresh,
    )


@router.answers(ChangeAccount)
async def change_account(command: ChangeAccount, tx: Transaction) -> contracts.Account:
    """Change name, contacts and billing details, unless the account changed in the meantime."""
    details_only = command.name is None and command.administrator is None
    account = await account_changed_by(tx, command.account_id, details_only=details_only)
    if account.status not in ("active", "disabled", "suspended"):
        raise Refused("account-not-active", f"The account is {account.status}; it stays as it is.")
    if account.version != command.version:
        raise Refused("version-conflict", "Load the account again and repeat your change.")
    changed = await _with_changes(tx, account, command)
    if changed == account:
        return await shown(tx, account)
    changed = changed.with_status(account.status)
    await store.save_account(tx, changed)
    await _change_user(tx, changed)
    await record_change(tx, "account.changed", changed, before=account)
    tx.announce(
        AccountChanged(
            account_id=changed.id,
            reseller_id=changed.parent_id,
            version=changed.version,
            name=changed.name,
            administrator=changed.administrator,
            **billing_fields(changed.billing_details),
        )
    )
    return await shown(tx, changed)


async def _with_changes(
    db: Reader, account: StoredAccount, command: ChangeAccount
) -> StoredAccount:
    errors: list[FieldError] = []
    name, administrator = account.name, account.administrator
    if command.name is not None:
        name, errors = checks.check_name(command.name)
        if not errors and await store.name_is_taken(
            db, account.parent_id, name, but_for=account.id
        ):
            errors = [checks.name_taken()]
    if command.administrator is not None:
        order = checks.merged(administrator, command.administrator)
        checked, wrong = checks.check_administrator(order, account.country)
        errors = [*errors, *wrong]
        administrator = checked or administrator
    details = account.billing_details
    if command.billing_details is not None:
        details, wrong = check_billing_details(command.billing_details, account.country)
        errors = [*errors, *wrong]
    if errors:
        raise checks.refusal(errors)
    return account.model_copy(
        update={
            "name": name,
            "administrator": administrator,
            **billing_fields(details),
        }
    )


async def _change_user(tx: Transaction, account: StoredAccount) -> None:
    user = await store.find_user(tx, account.administrator_user_id)
    assert user is not None, f"{account.id} has no administrator"
    person = account.administrator
    changed = user.model_copy(
        update={
            "email": person.email,
            "first_name": person.first_name,
            "last_name": person.last_name,
        }
    )
    await store.save_user(tx, changed)
    if changed.email != user.email:
        # Whoever reads the old address shall not get in by a link that was sent there.
        await store.use_up_links(tx, user.id, tx.now)


# --- what lists show of other services ------------------------------------------------------


@router.hears(NumbersAssigned)
async def numbers_assigned(event: NumbersAssigned, tx: Transaction) -> None:
    """Show and find the account by its numbers."""
    account = await store.find_account(tx, event.account_id)
    if account is not None and account.status not in ("closed", "failed"):
        await _show_numbers(tx, account, event.numbers, event.version)


@router.hears(NumberReleased)
async def number_released(event: NumberReleased, tx: Transaction) -> None:
    """Stop finding the account by a number that left it."""
    account = await store.find_account(tx, event.account_id)
    if account is None:
        return
    remaining = event.remaining
    if remaining is None:
        remaining = tuple(number for number in account.numbers if number != event.number)
    await _show_numbers(tx, account, remaining, event.version)


async def _show_numbers(
    tx: Transaction, account: StoredAccount, numbers: tuple[str, ...], version: int
) -> None:
    """Keep the numbers of an account, unless something newer was heard of them."""
    if version < account.numbers_version:
        return
    update = {"numbers": numbers, "numbers_version": version}
    await store.save_account(tx, account.model_copy(update=update))


@router.hears(PlanChanged)
async def plan_changed(event: PlanChanged, tx: Transaction) -> None:
    """Show the plan as it is now."""
    account = await store.find_account(tx, event.account_id)
    if account is None or event.version <= account.plan_version:
        return
    update = {"plan": event.plan, "plan_version": event.version}
    await store.save_account(tx, account.model_copy(update=update))
