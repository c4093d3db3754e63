"""Service plans as they are shown."""

from contracts.base import Refused
from contracts.billing import Bundle, FindPlan, Plan, QuarantinedNumber
from services.billing.base.handlers.service import billing
from services.billing.base.store import billing_settings
from services.billing.ledger.handlers.accounts import account_seen_by_asker
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
    account = await account_seen_by_asker(db, query.account_id)
    plan = await plan_of(db, account)
    return await shown_plan(db, account, plan, await ledger.head(db, account))


async def plan_of(db: Reader, account: BillingAccount) -> model.StoredPlan:
    """Return the plan that a billing account pays for; Refused without one."""
    plan = await plans.find(db, account.id)
    if plan is None:
        raise Refused("not-found", "This account has no service plan.")
    return plan


async def shown_plan(
    db: Reader, account: BillingAccount, plan: model.StoredPlan, head: LedgerHead
) -> Plan:
    """Return a plan as it is shown."""
    return Plan(
        account_id=account.id,
        name=plan.name,
        users=plan.users,
        cost_per_user=plan.cost_per_user,
        currency=account.currency,
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
        monthly_charge=account.monthly_charge,
        next_renewal=account.next_renewal(db.now),
        version=plan.version,
        next_cost_per_user=plan.next_cost_per_user,
        next_countries=plan.next_countries,
        scheduled_changes=scheduled_sentences(plan, account.currency),
        quarantined_numbers=await _quarantined(db, account, plan),
    )


async def _quarantined(
    db: Reader, account: BillingAccount, plan: model.StoredPlan
) -> tuple[QuarantinedNumber, ...]:
    """Return the numbers that can be taken back, with what that would charge."""
    removed = [one for one in plan.given_up if one.until > db.now]
    if not removed:
        return ()
    settings = await billing_settings.find(db, account.reseller_id)
    today = Today.of(account, db.now, settings)
    return tuple(
        QuarantinedNumber(
            number=one.priced.number,
            monthly_fee=one.priced.monthly_fee,
            until=one.until,
            charge=propose_taking_back(plan, one, today, db.now)
            .taxed(settings, account.currency)
            .total,
        )
        for one in removed
    )
