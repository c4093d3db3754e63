"""The opening of an account: its quote, then its billing account, plan and first charges."""

from datetime import datetime

from accounts_manager.formatting import money
from contracts.base import FieldError
from contracts.billing import (
    BillingAccountOpened,
    BillingAccountRefused,
    OpenBillingAccount,
    OpeningQuote,
    OpeningQuotes,
    PlanChanged,
    Quote,
    QuoteLine,
    QuoteOpening,
    QuoteOpenings,
)
from contracts.names import name_key, trimmed
from services.billing.base.handlers.service import billing, kind_of, refuse_fields, seller_of
from services.billing.base.model.billing_settings import StoredSettings
from services.billing.base.model.period import local_day, renewal_after
from services.billing.base.store import billing_settings
from services.billing.invoicing.handlers.credit import announce_credit
from services.billing.ledger.model.ledger import BillingAccount, LedgerHead, entries_after, head_of
from services.billing.ledger.store import billing_accounts, ledger
from services.billing.lifecycle.handlers.router import router
from services.billing.lifecycle.model.accepted import AcceptedQuote, accepted_lines
from services.billing.lifecycle.store import accepted, refusals
from services.billing.lifecycle.store.refusals import Refusal
from services.billing.plans.model.plan import OpeningOrder, StoredPlan, monthly_charge
from services.billing.plans.model.plan_checks import check_order
from services.billing.plans.store import plans
from services.billing.rating.store import sheets
from services.chassis.annotations import Transaction
from services.chassis.database import Reader


@billing.replies(QuoteOpening)
async def quote_opening(query: QuoteOpening, db: Reader) -> Quote:
    """Say what opening an account would charge; refuse with every field that is wrong."""
    order = await _order(db, seller_of(db), query)
    refuse_fields(await _check(db, seller_of(db), order))
    return _quote(order, db.now)


@billing.replies(QuoteOpenings)
async def quote_openings(query: QuoteOpenings, db: Reader) -> OpeningQuotes:
    """Say the same of some openings, with one look at what they have in common."""
    reseller_id = seller_of(db)
    settings = await billing_settings.find(db, reseller_id)
    asked = [opening.plan for opening in query.openings if opening.plan is not None]
    taken = await plans.names_taken(db, reseller_id, [plan.name for plan in asked])
    ids = dict.fromkeys(plan.rate_sheet_id for plan in asked)
    known = {one: await sheets.find(db, reseller_id, one) for one in ids}
    found: list[OpeningQuote] = []
    for opening in query.openings:
        order, plan = _order_with(opening, settings, db.now), opening.plan
        sheet = known[plan.rate_sheet_id] if plan else None
        is_taken = plan is not None and name_key(plan.name) in taken
        errors = check_order(order, sheet, name_taken=is_taken)
        quote = None if errors else _quote(order, db.now)
        found.append(OpeningQuote(quote=quote, errors=tuple(errors)))
    return OpeningQuotes(data=tuple(found))


def _quote(order: OpeningOrder, now: datetime) -> Quote:
    today = local_day(now, order.time_zone)
    balance_after = order.credit_amount - order.total
    return Quote(
        lines=tuple(QuoteLine.model_validate(charge.model_dump()) for charge in order.charges),
        total=order.total,
        credit=order.credit_amount,
        balance_after=balance_after,
        currency=order.currency,
        monthly_charge=monthly_charge(order.charges_before_tax),
        next_renewal=renewal_after(today, today.day),
        sufficient_credit=balance_after >= 0,
    )


@router.answers(OpenBillingAccount)
async def open_billing_account(command: OpenBillingAccount, tx: Transaction) -> None:
    """Open the billing account of a new account: credit, then every charge, or nothing at all."""
    # the decision is made once: an order that comes again is answered the same
    if (account := await billing_accounts.find(tx, command.account_id)) is not None:
        _announce_opened(tx, account, await ledger.head(tx, account))
        return
    refusal = await refusals.find(tx, command.account_id)
    if refusal is None and (refusal := await _refusal(tx, command)) is not None:
        await refusals.add(tx, command.account_id, refusal)
    if refusal is None:
        await _open(tx, command)
    else:
        tx.announce(
            BillingAccountRefused(
                account_id=command.account_id,
                reseller_id=command.parent_path[-1],
                reason=refusal.reason,
                detail=refusal.detail,
            )
        )


async def _order(
    db: Reader, reseller_id: str, asked: QuoteOpening | OpenBillingAccount
) -> OpeningOrder:
    accepted_at = asked.opened_at if isinstance(asked, OpenBillingAccount) else db.now
    return _order_with(asked, await billing_settings.find(db, reseller_id), accepted_at)


def _order_with(
    asked: QuoteOpening | OpenBillingAccount, settings: StoredSettings, accepted_at: datetime
) -> OpeningOrder:
    return OpeningOrder(
        plan=asked.plan,
        credit=asked.credit,
        numbers=asked.numbers,
        currency=asked.currency,
        time_zone=asked.time_zone,
        settings=settings,
        accepted_at=accepted_at,
    )


async def _check(db: Reader, reseller_id: str, order: OpeningOrder) -> list[FieldError]:
    if order.plan is None:
        return check_order(order, None, name_taken=False)
    sheet = await sheets.find(db, reseller_id, order.plan.rate_sheet_id)
    taken = await plans.is_name_taken(db, reseller_id, order.plan.name)
    return check_order(order, sheet, name_taken=taken)


async def _refusal(db: Reader, command: OpenBillingAccount) -> Refusal | None:
    """Return why an account cannot be opened so; None when it can."""
    order = await _order(db, command.parent_path[-1], command)
    errors = await _check(db, command.parent_path[-1], order)
    if errors:
        return Refusal(kind_of(errors), " ".join(error.detail for error in errors))
    if command.accepted_total not in {None, order.total}:
        now, accepted = (
            money(amount, order.currency) for amount in (order.total, command.accepted_total or 0)
        )
        detail = f"The charges are now {now}, not {accepted} as accepted, so nothing was charged."
        return Refusal("quote-changed", detail)
    if order.credit_amount < order.total:
        detail = "Not enough credit for the charges. Add credit or choose a smaller plan."
        return Refusal("insufficient-credit", detail)
    return None


async def _open(tx: Transaction, command: OpenBillingAccount) -> None:
    order = await _order(tx, command.parent_path[-1], command)
    plan = _plan(command)
    account = BillingAccount(
        id=command.account_id,
        parent_path=command.parent_path,
        currency=command.currency,
        country=command.country,
        time_zone=command.time_zone,
        opened_at=command.opened_at,
        anchor_day=local_day(command.opened_at, command.time_zone).day,
        opening_seconds=plan.bundle_seconds if plan else {},
        bundle_minutes=sum(bundle.minutes for bundle in plan.countries) if plan else 0,
        monthly_charge=monthly_charge(order.charges_before_tax),
        realm=command.realm,
        terms=(plan.call_terms(command.opened_at),) if plan else (),
        renews_at=command.opened_at if plan else None,
    )
    entries = entries_after(
        head_of(account, None),
        order.movements(account.id),
        now=tx.now,
        cause=tx.trigger.message_id,
        actor=command.actor,
    )
    head = head_of(account, entries[-1] if entries else None)
    await billing_accounts.add(tx, account, head)
    await ledger.append(tx, account, entries)
    await _keep_accepted(tx, command, order)
    for entry in entries:
        if entry.type == "credit":
            announce_credit(tx, account, entry)
    if plan is not None:
        await plans.add(tx, plan)
        announce_plan(tx, account, plan)
    _announce_opened(tx, account, head)


async def _keep_accepted(tx: Transaction, command: OpenBillingAccount, order: OpeningOrder) -> None:
    """Keep what was accepted, for the audit."""
    if not order.charges and not order.credit_amount:
        return
    quote = AcceptedQuote(
        key=f"open:{command.account_id}",
        account_id=command.account_id,
        cause=tx.trigger.message_id,
        at=tx.now,
        lines=accepted_lines(order.charges),
        # what was said to be accepted, which the lines must come to
        total=order.total if command.accepted_total is None else command.accepted_total,
        credit=order.credit_amount,
    )
    await accepted.add(tx, quote)


def _plan(command: OpenBillingAccount) -> StoredPlan | None:
    order = command.plan
    if order is None:
        return None
    return StoredPlan(
        account_id=command.account_id,
        reseller_id=command.parent_path[-1],
        name=trimmed(order.name),
        users=order.users,
        cost_per_user=order.cost_per_user,
        rate_sheet_id=order.rate_sheet_id,
        numbers=command.numbers,
        countries=order.countries,
        domestic_policy=order.domestic_policy,
        premium_allowed=order.premium_allowed,
        created_at=command.opened_at,
    )


def _announce_opened(tx: Transaction, account: BillingAccount, head: LedgerHead) -> None:
    tx.announce(
        BillingAccountOpened(
            account_id=account.id,
            reseller_id=account.reseller_id,
            balance=head.balance,
            currency=account.currency,
        )
    )


def announce_plan(tx: Transaction, account: BillingAccount, plan: StoredPlan) -> None:
    """Tell everyone that a plan was made or changed."""
    tx.announce(
        PlanChanged(
            account_id=account.id,
            reseller_id=account.reseller_id,
            version=plan.version,
            plan=plan.summary,
            monthly_charge=account.monthly_charge,
            currency=account.currency,
        )
    )
