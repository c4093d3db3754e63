"""Service plans as they are shown."""

from contracts.base import Refused
from contracts.billing import Bundle, FindPlan, Plan, RestingNumber
from services.billing.base.handlers.service import billing
from services.billing.base.store import billing_settings
from services.billing.ledger.handlers.accounts import wallet_seen_by_asker
from services.billing.ledger.model.ledger import BillingAccount, LedgerHead
from services.billing.ledger.store import ledger
from services.billing.plans.model import plan as model
from services.billing.plans.model.plan_change import Today, scheduled_sentences
from services.billing.plans.model.taking_back import propose_taking_back
from services.billing.plans.store import plans
from services.billing.rating.store import sheets
from services.chassis.database import Reader


@billing.replies(FindPlan)
async def find_plan(query: FindPlan, db: Reader) -> Plan:
    """Answer with the plan of an account, the minutes left of its bundles and its next renewal."""
    wallet = await wallet_seen_by_asker(db, query.account_id)
    plan = await plan_of(db, wallet)
    return await shown_plan(db, wallet, plan, await ledger.head(db, wallet))


async def plan_of(db: Reader, wallet: BillingAccount) -> model.Plan:
    """Return the plan that a wallet pays for; Refused without one."""
    plan = await plans.find(db, wallet.id)
    if plan is None:
        raise Refused("not-found", "This account has no service plan.")
    return plan


async def shown_plan(
    db: Reader, wallet: BillingAccount, plan: model.Plan, head: LedgerHead
) -> Plan:
    """Return a plan as it is shown."""
    return Plan(
        account_id=wallet.id,
        name=plan.name,
        users=plan.users,
        cost_per_user=plan.cost_per_user,
        currency=wallet.currency,
        rate_sheet_id=plan.rate_sheet_id,
        rate_sheet_name=await sheets.find_name(db, plan.rate_sheet_id),
        numbers=plan.numbers,
        countries=tuple(
            Bundle(
                country=opened.country,
                minutes=opened.minutes,
                seconds_left=head.seconds.get(opened.country, 0),
            )
            for opened in plan.countries
        ),
        domestic_policy=plan.domestic_policy,
        premium_allowed=plan.premium_allowed,
        monthly_charge=wallet.monthly_charge,
        next_renewal=wallet.next_renewal(db.now),
        version=plan.version,
        next_cost_per_user=plan.next_cost_per_user,
        next_countries=plan.next_countries,
        scheduled_changes=scheduled_sentences(plan, wallet.currency),
        resting=await _resting(db, wallet, plan),
    )


async def _resting(
    db: Reader, wallet: BillingAccount, plan: model.Plan
) -> tuple[RestingNumber, ...]:
    """Return the numbers that can be taken back, with what that would charge."""
    rests = [one for one in plan.given_up if one.until > db.now]
    if not rests:
        return ()
    settings = await billing_settings.find(db, wallet.reseller_id)
    today = Today.of(wallet, db.now, settings)
    return tuple(
        RestingNumber(
            number=one.priced.number,
            monthly_fee=one.priced.monthly_fee,
            until=one.until,
            charge=propose_taking_back(plan, one, today, db.now)
            .taxed(settings, wallet.currency)
            .total,
        )
        for one in rests
    )
