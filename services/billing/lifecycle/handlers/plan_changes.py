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
from services.billing.ledger.handlers.accounts import record_of_account, wallet_seen_by_asker
from services.billing.ledger.model.ledger import BillingAccount, entries_after, head_of
from services.billing.ledger.store import ledger, wallets
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
    wallet = await changeable_wallet(db, query.account_id)
    plan = await plan_of(db, wallet)
    return await quoted(db, wallet, await _proposed(db, wallet, plan, query.change))


@router.answers(ChangePlan)
async def change_plan(command: ChangePlan, tx: Transaction) -> Plan:
    """Change a plan, unless someone else did meanwhile, and charge what it comes to today."""
    wallet = await changeable_wallet(tx, command.account_id)
    plan = await plan_of(tx, wallet)
    if plan.version != command.version:
        raise Refused("version-conflict", "Load the plan again and repeat your change.")
    proposal = await _proposed(tx, wallet, plan, command.change)
    if proposal.plan == plan:
        return await shown_plan(tx, wallet, plan, await ledger.head(tx, wallet))
    cause = tx.cause.message_id
    key = f"plan:{cause}"
    if await ledger.has_entries_of(tx, key):
        # the receipt of an earlier change has been forgotten; the ledger forgets nothing
        detail = "This Idempotency-Key was used for another request. Use a new key."
        raise Refused("idempotency-key-reused", detail)
    await record_of_account(
        tx,
        "plan.changed",
        wallet,
        subject=plan.name,
        before=await _told(tx, wallet, plan),
        after=await _told(tx, wallet, proposal.plan),
    )
    return await carry_out(
        tx, wallet, proposal, key=key, cause=cause, expected_total=command.expected_total
    )


async def _proposed(
    db: Reader, wallet: BillingAccount, plan: model.Plan, change: PlanChange
) -> Proposal:
    if change.model_dump(exclude={"users", "apply_now"}, exclude_none=True):
        refuse_all_but_parent(
            db,
            wallet,
            "You can only change the number of users. Contact your reseller about the rest.",
        )
    sheet_id = plan.rate_sheet_id if change.rate_sheet_id is None else change.rate_sheet_id
    if sheet_id == plan.rate_sheet_id:
        sheet = await sheets.find_used(db, sheet_id)
    else:
        sheet = await sheets.find(db, plan.reseller_id, sheet_id)
    refuse_fields(check_change(plan, change, sheet, wallet.currency))
    settings = await billing_settings.find(db, wallet.reseller_id)
    return propose(plan, change, Today.of(wallet, db.now, settings)).taxed(
        settings, wallet.currency
    )


async def _told(db: Reader, wallet: BillingAccount, plan: model.Plan) -> dict[str, str]:
    """Return a plan as the audit trail tells of it."""
    names = country_names()
    return {
        "users": str(plan.users),
        "cost per user": amount_text(plan.cost_per_user, wallet.currency),
        "rates": await sheets.find_name(db, plan.rate_sheet_id),
        "countries": ", ".join(
            f"{names.get(one.country, one.country)} {one.minutes}" for one in plan.countries
        ),
        "home calls": plan.domestic_policy,
        "premium numbers": "allowed" if plan.premium_allowed else "not allowed",
        "scheduled changes": " ".join(scheduled_sentences(plan, wallet.currency)),
    }


# --- what changes of a plan have in common ----------------------------------------------------


async def changeable_wallet(db: Reader, account_id: str) -> BillingAccount:
    """Return a wallet that the asker may see and whose plan can be changed now."""
    wallet = await wallet_seen_by_asker(db, account_id)
    if wallet.status == "closed":
        raise Refused("account-not-active", "The account is closed. Its plan can’t be changed.")
    # what a renewal left due is owed once its draft is issued: a smaller plan before that would be
    # credited money that was never paid
    if wallet.is_behind(db.now) or await draft_invoices.has_due_draft(db, wallet.id):
        raise Refused("unavailable", "The account is being renewed. Try again in a minute.")
    return wallet


def refuse_all_but_parent(db: Reader, wallet: BillingAccount, detail: str) -> None:
    """Refuse what only the parent of an account may do; prices are the parent's."""
    if wallet.reseller_id != db.principal.account_id:
        raise Refused("forbidden", f"Only the account's provider does this. {detail}")


async def quoted(db: Reader, wallet: BillingAccount, proposal: Proposal) -> PlanChangeQuote:
    """Return a proposal as it is shown before it is carried out."""
    balance = await balance_of(db, wallet)
    left = balance.balance - proposal.total
    unpaid = await invoices.unpaid(db, [wallet.id]) if proposal.total < 0 else []
    paid = sum(part for _, part in parts_paid(unpaid, wallet.payable(left, balance.held)))
    return PlanChangeQuote(
        lines=tuple(QuoteLine.model_validate(line.model_dump()) for line in proposal.lines),
        total=proposal.total,
        available=balance.available,
        balance_after=left - paid,
        currency=wallet.currency,
        monthly_charge=proposal.plan.renewed().monthly_charge(wallet.currency),
        next_renewal=wallet.next_renewal(db.now),
        scheduled_changes=scheduled_sentences(proposal.plan, wallet.currency),
        sufficient_credit=_is_covered(proposal.total, balance.available),
        balance=balance.balance,
        credit_limit=balance.credit_limit,
        held=balance.held,
        pays_invoices=paid,
        available_after=balance.available - proposal.total - paid,
    )


async def carry_out(
    tx: Transaction,
    wallet: BillingAccount,
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
        total = price(proposal.total, wallet.currency)
        detail = f"This now costs {total}, so nothing was changed. Check it and submit it again."
        raise Refused("quote-changed", detail)
    available = (await balance_of(tx, wallet)).available
    if not _is_covered(proposal.total, available):
        raise await _insufficient_credit(tx, wallet, proposal.total, available)
    before = await ledger.head(tx, wallet)
    entries = entries_after(
        before,
        proposal.movements(key),
        now=tx.now,
        cause=cause,
        actor=tx.actor,
        seconds=proposal.seconds(before.seconds),
    )
    await ledger.append(tx, wallet, entries)
    await _keep_accepted(tx, wallet, proposal, key, cause)
    warn_of_low_balance(tx, wallet, before.balance, entries)
    if proposal.total < 0:
        await pay_what_is_due(tx, wallet)
    wallet = await put_in_force(tx, wallet, proposal.plan)
    head = head_of(wallet, entries[-1]) if entries else before
    return await shown_plan(tx, wallet, proposal.plan, head)


async def _keep_accepted(
    tx: Transaction, wallet: BillingAccount, proposal: Proposal, key: str, cause: str
) -> None:
    """Keep what was accepted, for the audit; a change that charges nothing leaves nothing."""
    lines = accepted_lines(proposal.lines)
    if not lines:
        return
    await accepted.add(
        tx,
        AcceptedQuote(
            key=key,
            account_id=wallet.id,
            cause=cause,
            at=tx.now,
            lines=lines,
            total=proposal.total,
        ),
    )


async def put_in_force(tx: Transaction, wallet: BillingAccount, plan: model.Plan) -> BillingAccount:
    """Keep the next version of a plan and what it means for its wallet, and announce it."""
    wallet = plan.applied_to(wallet, tx.now)
    await (plans.add if plan.is_first else plans.save)(tx, plan)
    await wallets.save_terms(tx, wallet)
    announce_plan(tx, wallet, plan)
    return wallet


def _is_covered(total: int, available: int) -> bool:
    return total <= max(available, 0)


async def _insufficient_credit(
    db: Reader, wallet: BillingAccount, total: int, available: int
) -> Refused:
    charge, credit = (price(amount, wallet.currency) for amount in (total, available))
    remedy = await how_to_add(db, wallet, total - available)
    detail = f"This costs {charge}, but {credit} is available: {remedy}."
    return Refused("insufficient-credit", detail)
