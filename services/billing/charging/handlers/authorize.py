"""Calls that want to be made: authorised, extended, released. No transaction, one guarded write."""

from datetime import timedelta

from contracts.accounts import PLATFORM_ID
from contracts.base import Done, Refused
from contracts.billing import (
    AuthorizeCall,
    CallAuthorization,
    CallRefusal,
    ExtendCall,
    ReleaseCall,
)
from contracts.exact_rates import exact_of
from services.billing.base.handlers.service import billing
from services.billing.charging.model.hold import CallAccount, is_served
from services.billing.charging.model.refusals import DETAILS
from services.billing.charging.model.slices import (
    ALWAYS_ALLOWED_HELD_MAX,
    CALL_SECONDS_MAX,
    Asked,
    AskedMore,
    Dialled,
    Grant,
    Tariff,
    another_slice,
    first_slice,
    refusal_of_destination,
    refusal_of_rate,
    refusal_of_state,
)
from services.billing.charging.store import charging, holds
from services.billing.charging.store.account_cache import Memory
from services.billing.charging.store.call_settings import CallSettings
from services.billing.charging.store.hold_writes import HoldWrites, Outcome
from services.billing.charging.store.own_numbers import OwnNumbers
from services.billing.ledger.model.ledger import BillingAccount
from services.billing.rating.model.call_rate import FREE, rate_of
from services.billing.rating.model.destination import e164_of
from services.billing.rating.store.price_lists import PriceLists
from services.chassis.database import Reader, Transaction, Writer

TRIES_MAX = 200
"""Each try that fails is one that another call won; so many at once are no crowd but a fault."""


@billing.answers_at_once(AuthorizeCall)
async def authorize_call(query: AuthorizeCall, db: Writer) -> CallAuthorization:
    """Say whether a call may be made, and hold what its first slice may cost."""
    switch = _switch(db)
    account_id = await _account_asked(db, query)
    async with db.memory(Memory).turn(account_id):
        for fresh in _tries():
            account = await db.memory(Memory).account(db, account_id, fresh=fresh)
            if account is None or not is_served(account.billing_account, switch):
                return _refused("account-not-found")
            asked = await _asked(db, query, account.billing_account)
            tariff = await _tariff(db, account, asked.dialled, fresh=fresh)
            outcome = (
                first_slice(account, asked, tariff, db.now)
                if isinstance(tariff, Tariff)
                else tariff
            )
            if isinstance(outcome, Grant):
                begins = not outcome.hold.is_always_allowed
                held = await _hold(db, account, outcome, fresh=fresh, begins=begins)
                if held == "charged":
                    return _refused("call-already-charged")
                if held == "kept":
                    return _granted(account, outcome)
            elif fresh:
                return _refused(outcome)
    raise _busy()


async def _account_asked(db: Reader, query: AuthorizeCall) -> str:
    """Return whose call is meant; empty when nobody's."""
    if query.account_id or query.realm:
        memory = db.memory(Memory)
        return query.account_id or await memory.account_of_realm(db, query.realm or "")
    number = e164_of(query.destination) if query.direction == "in" else None
    return await db.memory(OwnNumbers).owner(db, number) if number else ""


async def _asked(db: Reader, query: AuthorizeCall, account: BillingAccount) -> Asked:
    """Return what is asked, with the reseller's settings where the call doesn't say its own."""
    dial_format, slice_seconds = query.dial_format, query.slice_seconds
    if dial_format is None or slice_seconds is None:
        settings = await db.memory(CallSettings).of_account(db, account)
        dial_format = dial_format or settings.dial_format
        slice_seconds = slice_seconds or settings.slice_seconds
    return Asked(
        call_id=query.call_id,
        dialled=Dialled(
            number=query.destination,
            begins_at=db.now - timedelta(seconds=query.elapsed_seconds or 0),
            dial_format=dial_format,
            internal=query.internal,
            is_inbound=query.direction == "in",
        ),
        seconds=query.requested_seconds or CALL_SECONDS_MAX + 1,
        elapsed_seconds=query.elapsed_seconds,
        slice_seconds=slice_seconds,
        caller=query.caller or "",
        carrier=query.carrier or "",
        switch_call_id=query.switch_call_id or "",
    )


@billing.answers_at_once(ExtendCall)
async def extend_call(query: ExtendCall, db: Writer) -> CallAuthorization:
    """Say whether a running call may go on, and hold what more of it may cost."""
    account_id = await _account_of_call(db, query)
    more = AskedMore(
        seconds=query.total_seconds or query.requested_seconds,
        at_once=query.total_seconds is not None,
        elapsed_seconds=query.elapsed_seconds,
        slice_seconds=query.slice_seconds,
    )
    async with db.memory(Memory).turn(account_id):
        for fresh in _tries():
            account = await db.memory(Memory).account(db, account_id, fresh=fresh)
            hold = account.hold_of(query.call_id, db.now) if account else None
            if account is None or hold is None:
                if fresh:
                    raise Refused("not-found", "This call has no hold. Authorize it again.")
                continue
            dialled = Dialled(
                number=hold.destination,
                begins_at=hold.began_at,
                internal=hold.kind == "extension",
                is_inbound=hold.kind == "inbound",
            )
            tariff = await _tariff(db, account, dialled, fresh=fresh)
            outcome = (
                another_slice(account, hold, more, tariff, db.now)
                if isinstance(tariff, Tariff)
                else tariff
            )
            if isinstance(outcome, Grant):
                if await _hold(db, account, outcome, fresh=fresh, begins=False) == "kept":
                    return _granted(account, outcome)
            elif fresh:
                return _refused(outcome, account_id)
    raise _busy()


@billing.answers_at_once(ReleaseCall)
async def release_call(query: ReleaseCall, db: Writer) -> Done:
    """Free what is held for a call that came to nothing; a call that holds nothing is no error."""
    if account_id := await _account_of_call(db, query):
        freed = holds.Settlement(account_id, None, [query.call_id])
        await db.memory(Memory).settle(db, [freed])
    return Done()


@billing.each_minute
async def sweep_holds(tx: Transaction) -> None:
    """Remove the holds that have expired; they count for nothing since they did."""
    await holds.sweep(tx, tx.now)


def _switch(db: Reader) -> str:
    """Return the account whose switch asks; refuse all others.

    Over HTTP the gateway says who asks; over AMQP only the platform's switch has the right to.
    """
    principal = db.asker
    if principal is None:
        return PLATFORM_ID
    if principal.role != "switch":
        raise Refused("forbidden", "Only a switch can ask for calls.")
    return principal.account_id


def _tries() -> tuple[bool, ...]:
    """Return for each try whether the account is to be read anew: what is remembered goes first."""
    return (False, *(True,) * TRIES_MAX)


async def _tariff(
    db: Reader, account: CallAccount, dialled: Dialled, *, fresh: bool
) -> Tariff | CallRefusal:
    """Return what a call is rated by, or why it may not be made whatever it costs."""
    billing_account = account.billing_account
    home = billing_account.country
    destination = dialled.destination(home)
    kind = destination.call_kind(home)
    terms = billing_account.terms_at(dialled.begins_at)
    is_free = destination.always_allowed and not dialled.is_inbound
    if is_free and billing_account.status != "closed":
        return Tariff(destination, kind, FREE, terms)
    above = await db.memory(Memory).states_above(db, billing_account, fresh=fresh)
    if (refusal := refusal_of_state(billing_account, above)) is not None:
        return refusal
    if dialled.is_inbound:
        owner = await db.memory(OwnNumbers).owner(db, destination.number)
        is_own = owner == billing_account.id
        return Tariff(destination, "inbound", FREE, terms) if is_own else "invalid-destination"
    refusal = refusal_of_destination(destination, home, terms)
    if refusal is not None:
        return refusal
    prices = None
    if terms is not None and terms.rate_sheet_id:
        prices = await db.memory(PriceLists).find(
            db, terms.rate_sheet_id, dialled.begins_at, fresh=fresh
        )
    rate = rate_of(destination, home, terms, prices, dialled.begins_at)
    if isinstance(rate, str):
        return rate
    return refusal_of_rate(destination, rate, terms) or Tariff(destination, kind, rate, terms)


async def _account_of_call(db: Reader, query: ExtendCall | ReleaseCall) -> str:
    """Return whose running call is meant; empty when nothing is held for such a call.

    Refused when the switch does not say whose it is and several of its accounts have one.
    """
    switch, memory = _switch(db), db.memory(Memory)
    if not (query.account_id or query.realm):
        found = await holds.find_by_call(db, switch, query.call_id)
        if len(found) > 1:
            detail = "Several accounts have a hold for a call with this id. Name the account."
            raise Refused("ambiguous-account", detail)
        return found[0] if found else ""
    account_id = query.account_id or await memory.account_of_realm(db, query.realm or "")
    account = await memory.account(db, account_id, fresh=False)
    return account_id if account is not None and is_served(account.billing_account, switch) else ""


async def _hold(
    db: Writer, account: CallAccount, grant: Grant, *, fresh: bool, begins: bool
) -> Outcome:
    """Hold what a call was granted; `begins` says that it is not running yet."""
    hold = grant.hold
    if hold in account.holds:
        if not fresh:
            return "changed"  # what is only remembered may have been released since
        call = (account.billing_account.id, hold.call_id)
        # its hold may not have been freed yet
        is_charged = begins and await charging.charged_among(db, [call])
        return "charged" if is_charged else "kept"
    if hold.is_always_allowed and account.number_of(hold.kind) >= ALWAYS_ALLOWED_HELD_MAX:
        return "kept" if fresh else "changed"  # it's made whether or not that is noted
    others = account.other_holds(hold.call_id, db.now)
    outcome = await db.memory(HoldWrites).save(db, account, others, hold, begins=begins)
    if outcome == "kept":
        after = account._replace(holds=(*others, hold), revision=account.revision + 1)
        db.memory(Memory).keep(after)
    return outcome


def _granted(account: CallAccount, grant: Grant) -> CallAuthorization:
    tariff, hold = grant.tariff, grant.hold
    return CallAuthorization(
        granted=True,
        account_id=account.billing_account.id,
        kind=tariff.kind,
        seconds=hold.seconds,
        max_seconds=grant.max_seconds,
        expires_at=hold.expires_at,
        country=tariff.destination.country,
        rate=tariff.rate.rate,
        rate_exact=exact_of(tariff.rate.rate, tariff.rate.rate_fraction),
    )


def _refused(reason: CallRefusal, account_id: str | None = None) -> CallAuthorization:
    return CallAuthorization(
        granted=False, reason=reason, detail=DETAILS[reason], account_id=account_id
    )


def _busy() -> Refused:
    return Refused("unavailable", "Too many calls of this account at once. Try again.")
