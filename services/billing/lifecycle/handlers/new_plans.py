"""The first plan of an account that was opened without one: quoted, charged, in force."""

from contracts.base import Refused
from contracts.billing import Plan, PlanChangeQuote, PlanOrder, QuoteNewPlan, StartPlan
from contracts.names import trimmed
from services.billing.base.handlers.service import billing, refuse_fields
from services.billing.base.store import billing_settings
from services.billing.ledger.handlers.accounts import record_of_account
from services.billing.ledger.model.ledger import BillingAccount
from services.billing.ledger.store import wallets
from services.billing.lifecycle.handlers.plan_changes import (
    carry_out,
    changeable_wallet,
    quoted,
    refuse_all_but_parent,
)
from services.billing.lifecycle.handlers.router import router
from services.billing.plans.model.plan import Order, with_plan_from
from services.billing.plans.model.plan import Plan as Kept
from services.billing.plans.model.plan_change import Proposal
from services.billing.plans.model.plan_checks import check_order
from services.billing.plans.store import plans
from services.billing.rating.store import sheets
from services.chassis.annotations import Transaction
from services.chassis.database import Reader


@billing.replies(QuoteNewPlan)
async def quote_new_plan(query: QuoteNewPlan, db: Reader) -> PlanChangeQuote:
    """Say what a first plan would charge; refuse with every field that is wrong."""
    wallet, proposal = await _proposed(db, query.account_id, query.plan)
    return await quoted(db, wallet, proposal)


@router.answers(StartPlan)
async def start_plan(command: StartPlan, tx: Transaction) -> Plan:
    """Give an account its first plan: its periods begin today, and the first month is charged."""
    wallet, proposal = await _proposed(tx, command.account_id, command.plan)
    cause = tx.cause.message_id
    await record_of_account(tx, "plan.started", wallet, subject=proposal.plan.name)
    await wallets.save_plan_start(tx, wallet)
    return await carry_out(
        tx,
        wallet,
        proposal,
        key=f"plan:{cause}",
        cause=cause,
        expected_total=command.expected_total,
    )


async def _proposed(
    db: Reader, account_id: str, plan: PlanOrder
) -> tuple[BillingAccount, Proposal]:
    wallet = await changeable_wallet(db, account_id)
    refuse_all_but_parent(db, wallet, "Send the service plan to open.")
    if await plans.find(db, wallet.id) is not None:
        raise Refused("plan-exists", "The account has a service plan. Change that one.")
    settings = await billing_settings.find(db, wallet.reseller_id)
    order = Order(
        plan=plan.model_copy(update={"numbers": ()}),
        credit=None,
        numbers=(),
        currency=wallet.currency,
        time_zone=wallet.time_zone,
        settings=settings,
        accepted_at=db.now,
    )
    sheet = await sheets.find(db, wallet.reseller_id, plan.rate_sheet_id)
    taken = await plans.is_name_taken(db, wallet.reseller_id, plan.name)
    refuse_fields(check_order(order, sheet, name_taken=taken))
    kept = _plan(wallet, plan, db)
    return with_plan_from(wallet, db.now), Proposal(kept, order.charges, kept.bundle_seconds)


def _plan(wallet: BillingAccount, plan: PlanOrder, db: Reader) -> Kept:
    return Kept(
        account_id=wallet.id,
        reseller_id=wallet.reseller_id,
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
