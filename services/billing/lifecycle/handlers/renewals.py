"""The billing month: each period of each account is billed once, whoever does it."""

import asyncio
import uuid
from collections.abc import Sequence
from typing import Final

import structlog

from services.billing.base.handlers.service import billing
from services.billing.base.handlers.workers import process_each
from services.billing.base.model.period import begin_of
from services.billing.base.store import billing_settings
from services.billing.charging.handlers.balances import warn_of_low_balance
from services.billing.charging.store import holds
from services.billing.invoicing.handlers.issuing import announce_receivables, issue
from services.billing.invoicing.handlers.payments import pay_what_is_due
from services.billing.invoicing.model.invoice_lines import Arrears
from services.billing.invoicing.store import arrears, draft_invoices, invoices
from services.billing.ledger.model.ledger import BillingAccount, entries_after
from services.billing.ledger.store import billing_accounts, ledger
from services.billing.lifecycle.handlers.account_events import settle_late, write_off_closed
from services.billing.lifecycle.handlers.opening import announce_plan
from services.billing.lifecycle.model.billing_run import bundle_reset, last_bundles, renewal_bill
from services.billing.lifecycle.store import renewals
from services.billing.plans.store import plans
from services.chassis.database import Reader, Transaction, Trigger, is_of_database
from services.chassis.service import Running

LOOK_SECONDS: Final = 2.0
ACCOUNTS_PER_LOOK: Final = 200
SELLERS_PER_LOOK: Final = 100
DRAFTS_PER_TRANSACTION: Final = 100

log = structlog.get_logger()


@billing.background
async def keep_billing(running: Running) -> None:
    """Bill what is due, again and again."""
    while True:
        await renew_due(running)
        await asyncio.sleep(LOOK_SECONDS)


@billing.background
async def keep_settling(running: Running) -> None:
    """Settle what comes after a closing, again and again, also while no account can be billed."""
    while True:
        await settle_closed(running)
        await asyncio.sleep(LOOK_SECONDS)


@billing.background
async def keep_issuing(running: Running) -> None:
    """Give drafts their numbers, again and again, also while many accounts are being billed."""
    while True:
        await issue_drafts(running)
        await asyncio.sleep(LOOK_SECONDS)


def _reader(running: Running) -> Reader:
    return running.database.reader()


# --- drafts ---------------------------------------------------------------------------------


async def renew_due(running: Running) -> int:
    """Bill every period that is due, those of one account in order; return for how many accounts.

    An account that fails is logged and left for the next time.
    """
    failed: list[str] = []
    accounts = 0

    async def renew(account_id: str) -> None:
        while await _bill_next(running, account_id):
            pass  # it may have missed some periods

    while due := await renewals.due(_reader(running), except_for=failed, limit=ACCOUNTS_PER_LOOK):
        failed += await process_each(due, renew, str)
        accounts += len(due)
    return accounts - len(failed)


async def _bill_next(running: Running, account_id: str) -> bool:
    """Bill one period of an account, if one is due; tell whether it was.

    What has been charged is added up before the transaction, which is short then.
    """
    reader = _reader(running)
    account = await billing_accounts.find(reader, account_id)
    if account is None or not account.is_due(reader.now):
        return False
    border = account.period.end if account.is_new else account.period.start
    settings = await billing_settings.find(reader, account.reseller_id)
    before = begin_of(border, account.time_zone)
    owed = await arrears.since_last_invoice(reader, account, settings, before)

    async def bill(tx: Transaction) -> None:
        await _bill(tx, account, owed)

    key = f"{account_id}:{account.period.start}"
    trigger = Trigger(message_id=key, correlation_id=f"renewal:{key}")
    await running.database.once(f"{billing.name}.renewals", trigger, bill)
    return True


async def _bill(tx: Transaction, seen: BillingAccount, owed: Arrears) -> None:
    """Charge what is recurring if the balance covers it, and leave a draft of the invoice."""
    found = await holds.find(tx, seen.id)
    assert found is not None, f"{seen.id} has lost its billing account"
    account = found.billing_account
    if (account.renews_at, account.invoiced_seq) != (seen.renews_at, seen.invoiced_seq):
        return  # it was closed meanwhile
    plan = await plans.find(tx, account.id)
    assert plan is not None, f"{account.id} renews without a plan"
    after = plan if account.is_new else plan.renewed()
    head = await ledger.head(tx, account)
    held = sum(hold.money for hold in found.holds if hold.until > tx.now)
    bill = renewal_bill(
        account,
        plan,
        after,
        owed,
        settings=await billing_settings.find(tx, account.reseller_id),
        available=account.available(head.balance, held),
    )
    seconds = head.seconds if account.is_new else after.bundle_seconds
    movements = [movement for movement in bill.movements if movement.amount]
    last = last_bundles(account, head, seconds, tx.now)
    if (seconds != head.seconds or last is not None) and not movements:
        movements.append(bundle_reset(account))
    entries = entries_after(
        head,
        movements,
        now=tx.now,
        cause=bill.invoice.id,
        actor=tx.actor,
        seconds=seconds,
        last_bundles=last,
    )
    await ledger.append(tx, account, entries)
    warn_of_low_balance(tx, account, head.balance, entries)
    if not bill.is_nothing:
        await invoices.add(tx, bill.invoice)
    if sum(entry.amount for entry in entries) > 0:
        await pay_what_is_due(tx, account)  # tax was given back
    if bill.invoice.due:
        await announce_receivables(tx, account)  # or it could close as paid
    if after is not plan:
        account = after.applied_to(account, tx.now)
        await plans.save(tx, after)
        await billing_accounts.save_terms(tx, account)
        announce_plan(tx, account, after)
    await renewals.save(tx, account.billed(bill.through_seq))


async def settle_closed(running: Running) -> None:
    """Settle what was charged to accounts after their closing."""

    async def settle(account_id: str) -> None:
        trigger = Trigger(message_id=uuid.uuid4().hex, correlation_id=f"closing:{account_id}")
        await running.database.once(
            f"{billing.name}.closing", trigger, lambda tx: settle_late(tx, account_id)
        )

    await process_each(
        await renewals.closed_with_balance(_reader(running), limit=ACCOUNTS_PER_LOOK), settle, str
    )


# --- numbers --------------------------------------------------------------------------------


async def issue_drafts(running: Running) -> None:
    """Issue all drafts in order, so many of one seller in a transaction.

    Sellers count for themselves, and one counter is changed by one transaction at a time: batches
    keep thousands of renewals from waiting for it one by one.
    """
    reseller_id = ""
    while sellers := await invoices.sellers_with_drafts(
        _reader(running), after=reseller_id, limit=SELLERS_PER_LOOK
    ):
        await process_each(sellers, lambda seller: _issue_drafts_of(running, seller), str)
        reseller_id = sellers[-1]


async def _issue_drafts_of(running: Running, reseller_id: str) -> None:
    """Issue drafts of a seller, many together. After a failure each goes for itself.

    One that fails then is logged and left for the next time: it keeps no other back.
    """
    last = ""
    while drafts := await invoices.drafts(
        _reader(running), reseller_id, after=last, limit=DRAFTS_PER_TRANSACTION
    ):
        ids = [draft.id for draft in drafts]
        last = ids[-1]
        try:
            await _issue_together(running, reseller_id, ids)
        except Exception as error:
            if is_of_database(error):
                raise
            for draft_id in ids:
                await _issue_alone(running, reseller_id, draft_id)


async def _issue_alone(running: Running, reseller_id: str, draft_id: str) -> None:
    try:
        await _issue_together(running, reseller_id, [draft_id])
    except Exception as error:
        if is_of_database(error):
            raise
        log.exception("left for the next time", item=draft_id)


async def _issue_together(running: Running, reseller_id: str, draft_ids: Sequence[str]) -> None:
    async def issue_all(tx: Transaction) -> None:
        issued = await issue(tx, reseller_id, await draft_invoices.drafts_among(tx, draft_ids))
        await write_off_closed(tx, issued)

    # what waits for the name of an account is tried again with each look, under another key
    trigger = Trigger(message_id=uuid.uuid4().hex, correlation_id=f"issuing:{reseller_id}")
    await running.database.once(f"{billing.name}.issuing", trigger, issue_all)
