"""Changes of a service plan: the quote, and the change itself."""

from accounts_manager.formatting import price
from contracts.base import Refused
from contracts.billing import (
    ChangePlan,
    Plan,
    PlanChange,
    PlanChangeQuote,
    QuoteLine,
    QuotePlanChange,
)
from services.billing.base.handlers.service import billing, refuse_fields
from services.billing.base.model.country import country_names
from services.billing.base.model.money import amount_text
from services.billing.base.store import billing_settings
from services.billing.charging.handlers.balances import balance_of, how_to_add, warn_of_low_balance
from services.billing.invoicing.handlers.payments import pay_what_is_due
from services.billing.invoicing.model.payment import parts_paid
from services.billing.invoicing.store import draft_invoices, invoices
from services.billing.ledger.handlers.accounts import account_seen_by_asker, record_of_account
from services.billing.ledger.model.ledger import BillingAccount, entries_after, head_of
from services.billing.ledger.store import billing_accounts, ledger
from services.billing.lifecycle.handlers.opening import announce_plan
from services.billing.lifecycle.handlers.router import router
from services.billing.lifecycle.model.accepted import AcceptedQuote, accepted_lines
from services.billing.lifecycle.store import accepted
from services.billing.plans.handlers.plans import plan_of, shown_plan
from services.billing.plans.model import plan as model
from services.billing.plans.model.plan_change import (
    Proposal,
    Today,
    check_change,
    propose,
    scheduled_sentences,
)
from services.billing.plans.store import plans
from services.billing.rating.store import sheets
from services.chassis.annotations import Transaction
from services.chassis.database import Reader


@billing.replies(QuotePlanChange)
async def quote_plan_change(query: QuotePlanChange, db: Reader) -> PlanChangeQuote:
    """Say what a change of a plan would charge; refuse with every field that is wrong."""
    account = await changeable_account(db, query.account_id)
    plan = await plan_of(db, account)
    return await quoted(db, account, await _proposed(db, account, plan, query.change))


@router.answers(ChangePlan)
async def change_plan(command: ChangePlan, tx: Transaction) -> Plan:
    """Change a plan, unless someone else did meanwhile, and charge what it comes to today."""
    account = await changeable_account(tx, command.account_id)
    plan = await plan_of(tx, account)
    if plan.version != command.version:
        raise Refused("version-conflict", "Load the plan again and repeat your change.")
    proposal = await _proposed(tx, account, plan, command.change)
    if proposal.plan == plan:
        return await shown_plan(tx, account, plan, await ledger.head(tx, account))
    cause = tx.trigger.message_id
    key = f"plan:{cause}"
    if await ledger.has_entries_of(tx, key):
        # the receipt of an earlier change has been forgotten; the ledger forgets nothing
        detail = "This Idempotency-Key was used for another request. Use a new key."
        raise Refused("idempotency-key-reused", detail)
    await record_of_account(
        tx,
        "plan.changed",
        account,
        subject=plan.name,
        before=await _told(tx, account, plan),
        after=await _told(tx, account, proposal.plan),
    )
    return await carry_out(
        tx, account, proposal, key=key, cause=cause, expected_total=command.expected_total
    )


async def _proposed(
    db: Reader, account: BillingAccount, plan: model.StoredPlan, change: PlanChange
) -> Proposal:
    if change.model_dump(exclude={"users", "apply_now"}, exclude_none=True):
        refuse_all_but_parent(
            db,
            account,
            "You can only change the number of users. Contact your reseller about the rest.",
        )
    sheet_id = plan.rate_sheet_id if change.rate_sheet_id is None else change.rate_sheet_id
    if sheet_id == plan.rate_sheet_id:
        sheet = await sheets.find_used(db, sheet_id)
    else:
        sheet = await sheets.find(db, plan.reseller_id, sheet_id)
    refuse_fields(check_change(plan, change, sheet, account.currency))
    settings = await billing_settings.find(db, account.reseller_id)
    return propose(plan, change, Today.of(account, db.now, settings)).taxed(
        settings, account.currency
    )


async def _told(db: Reader, account: BillingAccount, plan: model.StoredPlan) -> dict[str, str]:
    """Return a plan as the audit trail tells of it."""
    names = country_names()
    return {
        "users": str(plan.users),
        "cost per user": amount_text(plan.cost_per_user, account.currency),
        "rates": await sheets.find_name(db, plan.rate_sheet_id),
        "countries": ", ".join(
            f"{names.get(one.country, one.country)} {one.minutes}" for one in plan.countries
        ),
        "home calls": plan.domestic_policy,
        "premium numbers": "allowed" if plan.premium_allowed else "not allowed",
        "scheduled changes": " ".join(scheduled_sentences(plan, account.currency)),
    }


# --- what changes of a plan have in common ----------------------------------------------------


async def changeable_account(db: Reader, account_id: str) -> BillingAccount:
    """Return a billing account that the asker may see and whose plan can be changed now."""
    account = await account_seen_by_asker(db, account_id)
    if account.status == "closed":
        raise Refused("account-not-active", "The account is closed. Its plan can’t be changed.")
    # what a renewal left due is owed once its draft is issued: a smaller plan before that would be
    # credited money that was never paid
    if account.is_behind(db.now) or await draft_invoices.has_due_draft(db, account.id):
        raise Refused("unavailable", "The account is being renewed. Try again in a minute.")
    return account


def refuse_all_but_parent(db: Reader, account: BillingAccount, detail: str) -> None:
    """Refuse what only the parent of an account may do; prices are the parent's."""
    if account.reseller_id != db.principal.account_id:
        raise Refused("forbidden", f"Only the account's provider does this. {detail}")


async def quoted(db: Reader, account: BillingAccount, proposal: Proposal) -> PlanChangeQuote:
    """Return a proposal as it is shown before it is carried out."""
    balance = await balance_of(db, account)
    left = balance.balance - proposal.total
    unpaid = await invoices.unpaid(db, [account.id]) if proposal.total < 0 else []
    paid = sum(part for _, part in parts_paid(unpaid, account.payable(left, balance.held)))
    return PlanChangeQuote(
        lines=tuple(QuoteLine.model_validate(line.model_dump()) for line in proposal.lines),
        total=proposal.total,
        available=balance.available,
        balance_after=left - paid,
        currency=account.currency,
        monthly_charge=proposal.plan.renewed().monthly_charge(account.currency),
        next_renewal=account.next_renewal(db.now),
        scheduled_changes=scheduled_sentences(proposal.plan, account.currency),
        sufficient_credit=_is_covered(proposal.total, balance.available),
        balance=balance.balance,
        credit_limit=balance.credit_limit,
        held=balance.held,
        pays_invoices=paid,
        available_after=balance.available - proposal.total - paid,
    )


async def carry_out(
    tx: Transaction,
    account: BillingAccount,
    proposal: Proposal,
    *,
    key: str,
    cause: str,
    expected_total: int | None,
) -> Plan:
    """Charge or credit a proposal, put its plan in force, and return it as it is shown.

    Refused when it comes to another total than the expected one, or when the balance and the
    credit limit, less what running calls hold, do not cover it. `key` begins the keys of its
    ledger entries.
    """
    if expected_total not in {None, proposal.total}:
        total = price(proposal.total, account.currency)
        detail = f"This now costs {total}, so nothing was changed. Check it and submit it again."
        raise Refused("quote-changed", detail)
    available = (await balance_of(tx, account)).available
    if not _is_covered(proposal.total, available):
        raise await _insufficient_credit(tx, account, proposal.total, available)
    before = await ledger.head(tx, account)
    entries = entries_after(
        before,
        proposal.movements(key),
        now=tx.now,
        cause=cause,
        actor=tx.actor,
        seconds=proposal.seconds(before.seconds),
    )
    await ledger.append(tx, account, entries)
    await _keep_accepted(tx, account, proposal, key, cause)
    warn_of_low_balance(tx, account, before.balance, entries)
    if proposal.total < 0:
        await pay_what_is_due(tx, account)
    account = await put_in_force(tx, account, proposal.plan)
    head = head_of(account, entries[-1]) if entries else before
    return await shown_plan(tx, account, proposal.plan, head)


async def _keep_accepted(
    tx: Transaction, account: BillingAccount, proposal: Proposal, key: str, cause: str
) -> None:
    """Keep what was accepted, for the audit; a change that charges nothing leaves nothing."""
    lines = accepted_lines(proposal.lines)
    if not lines:
        return
    await accepted.add(
        tx,
        AcceptedQuote(
            key=key,
            account_id=account.id,
            cause=cause,
            at=tx.now,
            lines=lines,
            total=proposal.total,
        ),
    )


async def put_in_force(
    tx: Transaction, account: BillingAccount, plan: model.StoredPlan
) -> BillingAccount:
    """Store and announce a plan's next version, and apply it to the billing account."""
    account = plan.applied_to(account, tx.now)
    await (plans.add if plan.is_first else plans.save)(tx, plan)
    await billing_accounts.save_terms(tx, account)
    announce_plan(tx, account, plan)
    return account


def _is_covered(total: int, available: int) -> bool:
    return total <= max(available, 0)


async def _insufficient_credit(
    db: Reader, account: BillingAccount, total: int, available: int
) -> Refused:
    charge, credit = (price(amount, account.currency) for amount in (total, available))
    remedy = await how_to_add(db, account, total - available)
    detail = f"This costs {charge}, but {credit} is available: {remedy}."
    return Refused("insufficient-credit", detail)
