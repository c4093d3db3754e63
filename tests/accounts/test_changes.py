"""Who changed what of accounts and passwords: kept with each change, for the parent to see."""

from contracts.accounts import (
    Account,
    AdministratorChange,
    ChangeAccount,
    ChangePassword,
    CloseAccount,
    CreateOperator,
    DisableAccount,
    EnableAccount,
    ListAccountChanges,
    RegisterLink,
    SetPassword,
)
from contracts.audit import AuditFilter, AuditRecord
from services.chassis.principal import Principal
from tests.accounts.opened import (
    administrator_user_id,
    billing_account_refused,
    open_account,
    open_reseller,
    order,
    plan,
    principal_of,
)
from tests.harness import OPERATOR, Harness

HASH = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$aGFzaA"


async def trail(
    harness: Harness, viewer: Principal, account: Account | None = None
) -> list[AuditRecord]:
    """Return what somebody sees of an account, oldest first."""
    wanted = AuditFilter(account_id=account.id if account else None)
    page = await harness.ask(ListAccountChanges(filter=wanted), viewer)
    return list(reversed(page.data))


async def test_each_change_of_an_account_is_told_with_what_was_before_and_after(
    harness: Harness, reseller: Principal
) -> None:
    account = await open_account(harness, reseller)
    person = AdministratorChange(last_name="Ray")
    await harness.ask(
        ChangeAccount(
            account_id=account.id, version=account.version, name="Acme Two", administrator=person
        ),
        reseller,
    )
    await harness.ask(DisableAccount(account_id=account.id, reason="Fraud"), reseller)
    await harness.ask(EnableAccount(account_id=account.id), reseller)
    await harness.ask(CloseAccount(account_id=account.id, confirm_name="Acme Two"), reseller)
    opened, *kept = await trail(harness, reseller, account)
    assert (opened.action, opened.subject, opened.before) == ("account.opened", "Acme", {})
    assert opened.after["status"] == "active"
    assert [(one.action, one.before, one.after) for one in kept] == [
        (
            "account.changed",
            {"name": "Acme", "last_name": "Lee"},
            {"name": "Acme Two", "last_name": "Ray"},
        ),
        ("account.disabled", {"status": "active"}, {"status": "disabled", "reason": "Fraud"}),
        ("account.enabled", {"status": "disabled", "reason": "Fraud"}, {"status": "active"}),
        ("account.closed", {"status": "active"}, {"status": "closed"}),
    ]
    for one in (opened, *kept):
        assert (one.actor, one.actor_account_id) == (reseller.id, reseller.account_id)
        assert (one.account_id, one.at) == (account.id, harness.clock.now)


async def test_what_changes_nothing_or_is_refused_is_not_told(
    harness: Harness, reseller: Principal
) -> None:
    account = await open_account(harness, reseller)
    told = await trail(harness, reseller, account)
    await harness.ask(ChangeAccount(account_id=account.id, version=account.version), reseller)
    await harness.ask(EnableAccount(account_id=account.id), reseller)
    await harness.problem(CloseAccount(account_id=account.id, confirm_name="wrong"), reseller)
    assert await trail(harness, reseller, account) == told


async def test_an_opening_that_fails_is_told_with_its_reason_by_whoever_ordered_it(
    harness: Harness, reseller: Principal
) -> None:
    account = await harness.ask(order(plan=plan()), reseller)
    await harness.hear(billing_account_refused(account))
    (failed,) = await trail(harness, reseller, account)
    assert (failed.action, failed.actor) == ("account.failed", reseller.id)
    assert failed.after["reason"] == "Add 10.00 of credit."


async def test_passwords_are_told_as_changed_and_never_told(
    harness: Harness, reseller: Principal
) -> None:
    account = await open_account(harness, reseller)
    user_id = await administrator_user_id(harness, account)
    for password_version in (0, 1):
        token_sha256 = f"{password_version}" * 64
        await harness.ask(
            RegisterLink(user_id=user_id, token_sha256=token_sha256, purpose="reset-password")
        )
        await harness.ask(SetPassword(token_sha256=token_sha256, password_hash=HASH))
    own = Principal(
        id=user_id, account_id=account.id, parent_id=reseller.account_id, role="customer"
    )
    await harness.ask(ChangePassword(user_id=user_id, password_version=2, password_hash=HASH), own)
    kept = (await trail(harness, reseller, account))[1:]
    assert [one.action for one in kept] == ["password.set", "password.reset", "password.changed"]
    for one in kept:
        assert (one.actor, one.actor_account_id) == (user_id, account.id)
        assert one.subject == "ann@acme.example"
        assert HASH not in one.model_dump_json()


async def test_another_reseller_never_sees_a_record_and_a_customer_sees_none(
    harness: Harness, reseller: Principal
) -> None:
    account = await open_account(harness, reseller)
    other = await open_reseller(harness, "Voice Two")
    assert [one.account_id for one in await trail(harness, other)] == [other.account_id]
    assert await trail(harness, other, account) == []
    question = ListAccountChanges(filter=AuditFilter())
    assert (await harness.problem(question, principal_of(account))).type == "forbidden"
    seen = await trail(harness, OPERATOR)
    assert {one.account_id for one in seen} == {reseller.account_id, other.account_id}


async def test_a_new_operator_is_told_once(harness: Harness) -> None:
    command = CreateOperator(email="ops@platform.example", first_name="Olga", last_name="Ops")
    for _ in range(2):
        await harness.ask(command)
    (created,) = await trail(harness, OPERATOR)
    assert (created.action, created.actor) == ("operator.created", "system")
    assert created.subject == "ops@platform.example"
