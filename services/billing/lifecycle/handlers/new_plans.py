"""The first plan of an account that was opened without one: quoted, charged, in force."""

from contracts.base import Refused
from contracts.billing import Plan, PlanChangeQuote, PlanOrder, QuoteNewPlan, StartPlan
from contracts.names import trimmed
from services.billing.base.handlers.service import billing, refuse_fields
from services.billing.base.store import billing_settings
from services.billing.ledger.handlers.accounts import record_of_account
from services.billing.ledger.model.ledger import BillingAccount
from services.billing.ledger.store import billing_accounts
from services.billing.lifecycle.handlers.plan_changes import (
    carry_out,
    changeable_account,
    quoted,
    refuse_all_but_parent,
)
from services.billing.lifecycle.handlers.router import router
from services.billing.plans.model.plan import OpeningOrder, with_plan_from
from services.billing.plans.model.plan import StoredPlan as Kept
from services.billing.plans.model.plan_change import Proposal
from services.billing.plans.model.plan_checks import check_order
from services.billing.plans.store import plans
from services.billing.rating.store import sheets
from services.chassis.annotations import Transaction
from services.chassis.database import Reader


@billing.replies(QuoteNewPlan)
async def quote_new_plan(query: QuoteNewPlan, db: Reader) -> PlanChangeQuote:
    """Say what a first plan would charge; refuse with every field that is wrong."""
    account, proposal = await _proposed(db, query.account_id, query.plan)
    return await quoted(db, account, proposal)


@router.answers(StartPlan)
async def start_plan(command: StartPlan, tx: Transaction) -> Plan:
    """Give an account its first plan: its periods begin today, and the first month is charged."""
    account, proposal = await _proposed(tx, command.account_id, command.plan)
    cause = tx.trigger.message_id
    await record_of_account(tx, "plan.started", account, subject=proposal.plan.name)
    await billing_accounts.save_plan_start(tx, account)
    return await carry_out(
        tx,
        account,
        proposal,
        key=f"plan:{cause}",
        cause=cause,
        expected_total=command.expected_total,
    )


async def _proposed(
    db: Reader, account_id: str, plan: PlanOrder
) -> tuple[BillingAccount, Proposal]:
    account = await changeable_account(db, account_id)
    refuse_all_but_parent(db, account, "Send the service plan to open.")
    if await plans.find(db, account.id) is not None:
        raise Refused("plan-exists", "The account has a service plan. Change that one.")
    settings = await billing_settings.find(db, account.reseller_id)
    order = OpeningOrder(
        plan=plan.model_copy(update={"numbers": ()}),
        credit=None,
        numbers=(),
        currency=account.currency,
        time_zone=account.time_zone,
        settings=settings,
        accepted_at=db.now,
    )
    sheet = await sheets.find(db, account.reseller_id, plan.rate_sheet_id)
    taken = await plans.is_name_taken(db, account.reseller_id, plan.name)
    refuse_fields(check_order(order, sheet, name_taken=taken))
    kept = _plan(account, plan, db)
    return with_plan_from(account, db.now), Proposal(kept, order.charges, kept.bundle_seconds)


def _plan(account: BillingAccount, plan: PlanOrder, db: Reader) -> Kept:
    return Kept(
        account_id=account.id,
        reseller_id=account.reseller_id,
        name=trimmed(plan.name),
        users=plan.users,
        cost_per_user=plan.cost_per_user,
        rate_sheet_id=plan.rate_sheet_id,
        numbers=(),
        countries=plan.countries,
        domestic_policy=plan.domestic_policy,
        premium_allowed=plan.premium_allowed,
        created_at=db.now,
    )
